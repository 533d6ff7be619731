"""Simulated runs keep their books, meet deadlines, and agree with their own timelines and with hand counts."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.spot.billing import first_hour_free, per_second, whole_hours
from mlopt_lessons.spot.job import STORY_JOB, STORY_RATES, Job
from mlopt_lessons.spot.market import Checkpoints, Market
from mlopt_lessons.spot.runs import bill, costs, simulate
from mlopt_lessons.spot.timeline import timeline

NEVER = Checkpoints(math.inf)
markets = st.builds(
    Market, st.floats(0, 1), st.floats(0, 2), st.floats(0, 0.3), st.sampled_from([0, 30, 120])
)
plans = st.builds(Checkpoints, st.floats(0.2, 2), st.floats(0, 0.1))
jobs = st.builds(Job, st.floats(4, 20), st.sampled_from([21.0, 30.0, math.inf]))
GAIN = 1e-9


@settings(deadline=None, max_examples=60)
@given(jobs, markets, plans, st.integers(0, 9))
def test_hours_add_up(job, market, plan, seed):
    runs = simulate(job, market, plan, runs=40, seed=seed)
    done_there = np.where(runs.on_demand > 0, runs.on_demand - market.restart_h, 0)
    np.testing.assert_allclose(runs.useful + done_there, job.work_h, rtol=1e-9)
    for each in (
        runs.useful,
        runs.lost,
        runs.restart,
        runs.checkpoint,
        runs.on_demand,
        runs.waiting,
    ):
        assert (each >= 0).all()
    np.testing.assert_allclose(runs.billed, runs.spot)
    dollars = costs(runs, STORY_RATES)
    assert sum(bill(runs, STORY_RATES).values()) == pytest.approx(dollars.mean(), rel=1e-9)
    if market.outage_h == 0:
        assert (runs.waiting == 0).all()


@settings(deadline=None, max_examples=60)
@given(jobs, markets, plans, st.integers(0, 9))
def test_with_the_fallback_nobody_is_late_when_one_restart_fits(job, market, plan, seed):
    if job.work_h + market.restart_h <= job.deadline_h:
        runs = simulate(job, market, plan, runs=40, seed=seed)
        assert not runs.missed(job.deadline_h).any()


@settings(deadline=None, max_examples=40)
@given(jobs, markets, plans, st.integers(0, 19))
def test_a_timeline_tells_the_hours_of_its_run(job, market, plan, run):
    runs = simulate(job, market, plan, runs=20, seed=4)
    segments = timeline(job, market, plan, runs=20, seed=4, run=run)
    coarse = timeline(job, market, plan, runs=20, seed=4, run=run, detail=False)
    assert len(coarse) <= len(segments)
    for found in (segments, coarse):
        for kind in ("useful", "lost", "restart", "checkpoint", "waiting", "on-demand"):
            hours = sum(s.end_h - s.start_h for s in found if s.kind == kind)
            assert hours == pytest.approx(getattr(runs, kind.replace("-", "_"))[run], abs=1e-9)
        assert [s.end_h for s in found[:-1]] == [s.start_h for s in found[1:]]
        assert found[-1].end_h == pytest.approx(runs.wall[run])


def test_the_same_seed_gives_the_same_runs_and_another_other_ones():
    market, plan = Market(0.3, 1.0, 0.1), Checkpoints(1.0, 0.05)
    first, again, other = (simulate(STORY_JOB, market, plan, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.wall, again.wall)
    assert not np.array_equal(first.wall, other.wall)


def test_a_slider_moves_the_same_runs_smoothly():
    plan = Checkpoints(1.0, 0.05)
    means = [
        simulate(STORY_JOB, Market(rate, 1.0, 0.1), plan).wall.mean()
        for rate in np.linspace(0.1, 0.2, 11)
    ]
    assert (np.diff(means) > 0).all()


def test_without_preemptions_it_is_arithmetic():
    runs = simulate(STORY_JOB, Market(0.0, 1.0, 0.5), Checkpoints(10.0, 0.1), runs=3)
    assert runs.wall == pytest.approx([100 + 10 * 0.1 + 0.5] * 3)
    assert costs(runs, STORY_RATES) == pytest.approx([7 * 101.5] * 3)


def test_the_story_s_own_figures():
    runs = simulate(STORY_JOB, Market(0.0), NEVER, runs=1)
    assert costs(runs, STORY_RATES).tolist() == [700.0]


def test_without_the_fallback_some_are_late():
    job = Job(100.0, 110.0)
    market, plan = Market(0.05, 1.0, 0.1), Checkpoints(1.0, 0.02)
    stays = simulate(job, market, plan, fallback=False)
    assert 0 < stays.missed(110).mean() < 1
    assert (stays.on_demand == 0).all()
    safe = simulate(job, market, plan)
    assert not safe.missed(110).any()
    assert costs(safe, STORY_RATES).mean() > costs(stays, STORY_RATES).mean()


def test_a_save_longer_than_the_notice_loses_the_work():
    slow, quick = Checkpoints(2.0, 3 / 60), Checkpoints(2.0, 1 / 60)
    market = Market(0.3, 0.0, 0.1, notice_s=120)
    assert simulate(STORY_JOB, market, slow).lost.mean() > 10
    assert simulate(STORY_JOB, market, quick).lost.max() == 0


def test_bills_counted_by_hand():
    lives, taken = np.array([0.5, 1.0, 2.25, 0.9]), np.array([True, True, True, False])
    assert per_second(lives, taken).tolist() == [0.5, 1.0, 2.25, 0.9]
    assert whole_hours(lives, taken).tolist() == [1.0, 1.0, 3.0, 1.0]
    # Free only if it was taken away, and within the first hour.
    assert first_hour_free(lives, taken).tolist() == [0.0, 1.0, 2.25, 0.9]


def test_billing_changes_the_bill_and_nothing_else():
    market, plan = Market(0.8, 0.2, 0.1), Checkpoints(0.5, 0.02)
    plain, whole, free = (
        simulate(STORY_JOB, market, plan, billing=how)
        for how in (per_second, whole_hours, first_hour_free)
    )
    assert np.array_equal(plain.wall, whole.wall)
    assert (whole.billed >= plain.billed - GAIN).all()
    assert (free.billed <= plain.billed + GAIN).all()
    # A life ends after an exponential time: E[ceil(L)] − E[L] and E[L; L < 1] in closed form.
    lives = plain.preemptions.mean()
    rounded = 1 / -math.expm1(-0.8) - 1 / 0.8
    assert (whole.billed - plain.billed).mean() == pytest.approx(lives * rounded, rel=0.02)
    short = (1 - math.exp(-0.8) * (1 + 0.8)) / 0.8
    assert (plain.billed - free.billed).mean() == pytest.approx(lives * short, rel=0.02)
    for runs in (plain, whole, free):
        dollars = costs(runs, STORY_RATES).mean()
        assert sum(bill(runs, STORY_RATES).values()) == pytest.approx(dollars, rel=1e-12)


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: simulate(STORY_JOB, Market(0.1), Checkpoints(200.0, 0.1)), "never comes in 100 h"),
        (lambda: simulate(STORY_JOB, Market(0.1), NEVER), "hardly ever end"),
        (lambda: simulate(STORY_JOB, Market(5.0), Checkpoints(50.0)), "hardly ever end"),
        (lambda: simulate(Job(100, 150), Market(1e6), Checkpoints(1.0)), "Lower the rate"),
        (lambda: simulate(STORY_JOB, Market(1e6, 0, 0, 60), Checkpoints(1.0)), "hardly ever end"),
        (lambda: simulate(STORY_JOB, Market(0.1), Checkpoints(1.0), runs=0), "At least one run"),
        (lambda: timeline(STORY_JOB, Market(0.1), Checkpoints(1.0), runs=5, run=5), "runs 0 to 4"),
    ],
)
def test_what_cannot_be_simulated_is_told(ask, told):
    with pytest.raises(ValueError, match=told):
        ask()


def test_a_deadline_makes_a_job_that_never_ends_finite():
    runs = simulate(Job(100.0, 150.0), Market(0.5), NEVER, runs=200)
    assert (runs.on_demand > 0).all()
    assert not runs.missed(150.0).any()
