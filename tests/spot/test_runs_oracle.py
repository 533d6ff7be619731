"""Simulated runs against a slow simulator of one run at a time, which takes the same unit exponentials."""

import itertools
import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlopt_lessons.spot.job import Job
from mlopt_lessons.spot.ledger import Draws
from mlopt_lessons.spot.market import Checkpoints, Market
from mlopt_lessons.spot.runs import simulate
from mlopt_lessons.spot.timeline import timeline

RUNS = 12
NAMES = ("useful", "lost", "restart", "checkpoint", "on_demand", "waiting", "preemptions")
LATE = 1e-8


class OneRun:
    """One run, told as a story: launch, work, save, be taken away, wait; on demand in the end."""

    def __init__(self, job, market, plan, lives, outages):
        self.job, self.market, self.plan = job, market, plan
        self.lives, self.outages = iter(lives), iter(outages)
        self.notice = plan.saved_on_notice(market)
        self.save = plan.cost_h if self.notice or math.isfinite(plan.interval_h) else 0.0
        self.saved = self.now = 0.0
        self.hours = dict.fromkeys(NAMES, 0.0)
        self.story = []

    def spend(self, kind, hours):
        self.hours[kind] += hours
        self.now += hours
        self.story.append((kind.replace("_", "-"), hours))

    def left(self):
        return self.job.work_h - self.saved

    def at_risk(self):
        """Hours that the next stretch may take without bringing the end nearer."""
        if self.notice:
            return self.save * (2 if math.isfinite(self.plan.interval_h) else 1)
        return min(self.plan.interval_h, self.left()) + self.save

    def spare(self):
        """Hours to idle away before on demand, one restart included, is just in time."""
        return self.job.deadline_h - self.now - self.left() - self.market.restart_h

    def fits(self, hours):
        return self.spare() >= hours - LATE / 10

    def play(self):
        while self.left() > LATE:
            if not self.fits(self.market.restart_h + self.at_risk()) or self.launch() == "leave":
                self.spend("on_demand", self.left() + self.market.restart_h)
                break

    def launch(self):
        life = next(self.lives)
        life = life / self.market.preemptions_per_hour if self.market.preemptions_per_hour else 1e9
        restart = min(life, self.market.restart_h)
        self.spend("restart", restart)
        life -= restart
        worked = False
        while life > 0 and self.left() > LATE:
            if not self.fits(self.at_risk()):
                return "leave"
            worked = True
            life = self.stretch(life)
        return self.taken(worked) if self.left() > LATE or life <= 0 else "done"

    def stretch(self, life):
        work = min(self.plan.interval_h, self.left())
        if life >= work + self.save * math.isfinite(self.plan.interval_h):
            self.spend("useful", work)
            self.spend("checkpoint", self.save * math.isfinite(self.plan.interval_h))
            self.saved += work
            return life - work - self.save * math.isfinite(self.plan.interval_h)
        if self.notice:
            self.spend("useful", min(life, work))
            self.spend("checkpoint", max(life - work, 0.0))
            self.saved += min(life, work)
        else:
            self.spend("lost", life)
        return 0.0

    def taken(self, worked):
        self.hours["preemptions"] += 1
        if self.notice and worked:
            self.spend("checkpoint", self.save)
        outage = next(self.outages) * self.market.outage_h
        if self.left() > LATE:
            room = self.spare() - self.market.restart_h - self.at_risk()
            self.spend("waiting", min(outage, max(room, 0.0)))
            return "leave" if room < outage else "again"
        return "done"


def told(job, market, plan, seed):
    """Every run, played to its end."""
    return [_played(job, market, plan, Draws(seed, RUNS), run) for run in range(RUNS)]


def _played(job, market, plan, draws, run):
    one = OneRun(job, market, plan, _units(draws, 0, run), _units(draws, 1, run))
    one.play()
    return one


def _units(draws, kind, run):
    for life in itertools.count():
        yield draws(kind, life)[run]


def joined(story):
    """Kinds and hours with stretches of the same kind made one, and those of no length left out."""
    long = [(kind, hours) for kind, hours in story if hours > LATE]
    groups = itertools.groupby(long, key=lambda piece: piece[0])
    return [(kind, sum(hours for _, hours in pieces)) for kind, pieces in groups]


markets = st.builds(
    Market,
    st.sampled_from([0.0, 0.05, 0.3, 1.0]),
    st.sampled_from([0.0, 0.7, 2.0]),
    st.just(0.0) | st.floats(1e-4, 0.3),
    st.sampled_from([0, 30, 120]),
)
intervals = st.floats(0.05, 4) | st.just(math.inf)
plans = st.builds(Checkpoints, intervals, st.just(0.0) | st.floats(1e-4, 0.08))
jobs = st.builds(Job, st.floats(4, 12), st.one_of(st.floats(12, 30), st.just(math.inf)))
# A whole stretch does not fit before the deadline any more, but the short last one does.
SHORT_LAST = (Job(4.2, 5.65), Market(0.0), Checkpoints(1.0, 0.1), 0)
# Some runs are taken away while they save what they have done: they need not wait for a machine.
TAKEN_AT_THE_END = (Job(4.0), Market(1.0, 2.0, 0.1, 120), Checkpoints(4.0, 1 / 30), 3)
TIGHT = (Job(10.0, 10.3), Market(0.05, 0.0, 0.1, 120), Checkpoints(0.2, 0.02), 0)


@settings(deadline=None, max_examples=120)
@given(jobs, markets, plans, st.integers(0, 9))
@example(*TIGHT)
@example(*SHORT_LAST)
@example(*TAKEN_AT_THE_END)
def test_every_run_is_the_one_that_is_told_step_by_step(job, market, plan, seed):
    if math.isinf(job.deadline_h) and math.isinf(plan.interval_h):
        job = Job(job.work_h, 40.0)  # without both it might not end
    runs, expected = (
        simulate(job, market, plan, runs=RUNS, seed=seed),
        told(job, market, plan, seed),
    )
    assert runs.wall == pytest.approx([each.now for each in expected], abs=1e-6)
    for name in NAMES:
        hours = [each.hours[name] for each in expected]
        assert getattr(runs, name) == pytest.approx(hours, abs=1e-6), name
    segments = timeline(job, market, plan, RUNS, seed, run=5)
    drawn = joined((each.kind, each.end_h - each.start_h) for each in segments)
    story = joined(expected[5].story)
    assert [kind for kind, _ in drawn] == [kind for kind, _ in story]
    assert [hours for _, hours in drawn] == pytest.approx([hours for _, hours in story], abs=1e-6)


@settings(deadline=None, max_examples=80)
@given(jobs, markets, plans, st.integers(0, 9))
@example(*TIGHT)
@example(Job(100.0, 150.0), Market(0.3, 1.0, 1 / 6, 120), Checkpoints(1 / 30, 1 / 60), 0)
def test_on_demand_comes_in_time_also_where_saves_fit_the_notice(job, market, plan, seed):
    if job.work_h + market.restart_h <= job.deadline_h < math.inf:
        assert not simulate(job, market, plan, runs=40, seed=seed).missed(job.deadline_h).any()
