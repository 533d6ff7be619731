"""What the lab shows is what the scorer and the rules say one by one."""

import itertools
import math

import numpy as np
import pytest

from mlopt_lessons.resources.explore import (
    HALF_LIVES_H,
    MARGINS,
    MAX,
    MEMORY_RULES,
    PERCENTILES,
    SAME,
    Sizing,
)
from mlopt_lessons.resources.generator import generate
from mlopt_lessons.resources.rules import rule
from mlopt_lessons.resources.score import FARGATE, kill_starts, score_rule, split

JOBS = generate(jobs=12, days=14, seed=5)
SIZING = Sizing(JOBS)


def lab_rule(percentile, margin, half_life_h, memory_rule):
    memory = 100 if memory_rule == MAX else percentile
    return rule(percentile, margin, memory, margin, half_life_h)


@pytest.mark.parametrize(
    ("percentile", "margin", "half_life_h", "memory_rule"),
    list(itertools.product((50, 97, 100), (0.0, 0.15), (6.0, math.inf), MEMORY_RULES)),
)
def test_a_view_is_the_score_of_its_rule(percentile, margin, half_life_h, memory_rule):
    used = lab_rule(percentile, margin, half_life_h, memory_rule)
    shown = SIZING.view("job-04", percentile, margin, half_life_h, memory_rule, kill_price=3)
    found = score_rule(used, JOBS, kill_price=3)
    assert shown.outcome.usd_month == pytest.approx(found.usd_month)
    assert shown.before_usd_month == pytest.approx(found.before_usd_month)
    assert shown.outcome.kills_month == pytest.approx(found.kills_month)
    assert (shown.outcome.killed, shown.outcome.short) == (found.killed, found.short)
    seen, rest = split(JOBS[3])
    assert shown.request.cpu == pytest.approx(used(seen).cpu)
    assert shown.request.memory_gib == pytest.approx(used(seen).memory_gib)
    assert shown.judged_from == len(seen.cpu)
    expected = len(seen.cpu) + kill_starts(rest.memory_gib, shown.request.memory_gib)
    assert shown.kills.tolist() == expected.tolist()


@pytest.mark.parametrize("memory_rule", MEMORY_RULES)
def test_the_frontier_holds_every_pair(memory_rule):
    shown = SIZING.view("job-01", 90, 0.1, 24, memory_rule)
    found = shown.frontier
    assert found.saved.shape == found.killed.shape == (len(PERCENTILES), len(MARGINS))
    old = FARGATE.month(sum(u.request.cpu for u in JOBS), sum(u.request.memory_gib for u in JOBS))
    for row, column in ((0, 0), (3, 2), (6, 5)):
        one = score_rule(
            lab_rule(PERCENTILES[row], MARGINS[column], 24, memory_rule), JOBS, kill_price=0
        )
        assert found.killed[row, column] == one.killed
        assert found.saved[row, column] == pytest.approx(1 - one.usd_month / old)
    at = PERCENTILES.index(90.0), MARGINS.index(0.1)
    assert (shown.outcome.saved, shown.outcome.killed) == pytest.approx(
        (found.saved[at], found.killed[at])
    )


def test_the_best_pairs_are_those_that_no_other_beats():
    found = SIZING.view("job-01", 90, 0.1).frontier
    points = list(zip(found.saved.ravel(), found.killed.ravel(), strict=True))
    for (saved, killed), best in zip(points, found.best.ravel(), strict=True):
        beaten = any(s >= saved and k <= killed and (s > saved or k < killed) for s, k in points)
        assert best != beaten


def test_more_margin_and_the_maximum_never_kill_more():
    same, top = (SIZING.view("job-01", 90, 0.1, 24, each).frontier for each in (SAME, MAX))
    for found in (same, top):
        assert (np.diff(found.killed, axis=1) <= 0).all()
        assert (np.diff(found.saved, axis=1) <= 1e-12).all()
    assert (top.killed <= same.killed).all()


def test_what_is_said_holds_the_figures():
    shown = SIZING.view("job-02", 95, 0.15)
    assert f"${shown.outcome.usd_month:,.0f} a month" in shown.note
    assert f"{100 * shown.outcome.killed:.0f} % of jobs killed" in shown.note
    assert shown.finding.startswith("job-02 asks for ")
    assert shown.note in shown.finding
    times = SIZING.view("job-02", 100, 20).finding
    assert "is killed never" not in times
    assert "is never killed" in times


def test_a_slider_waits_for_nothing():
    sizing = Sizing(JOBS)
    sizing.prepare()
    before = sizing.view("job-01", 90, 0.1, 24)
    assert before.frontier is sizing.view("job-02", 50, 1.0, 24).frontier
    assert len(HALF_LIVES_H) == 5


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("nobody", 90, 0.1), "no job 'nobody'"),
        (("job-01", 101, 0.1), "cannot be"),
        (("job-01", math.nan, 0.1), "cannot be"),
        (("job-01", 90, -1), "cannot be"),
        (("job-01", 90, 0.1, 0), "half-life"),
        (("job-01", 90, 0.1, 24, "mean"), "memory_rule is one of"),
    ],
)
def test_a_view_that_cannot_be_is_refused(asked, told):
    with pytest.raises(ValueError, match=told):
        SIZING.view(*asked)


def test_no_jobs_are_refused():
    with pytest.raises(ValueError, match="At least one job"):
        Sizing([])
