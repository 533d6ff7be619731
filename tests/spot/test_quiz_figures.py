"""The figures in the quiz of lesson 3 are what the formulas and the recorded traces give."""

import math

import pytest
from spot_data import recorded, reference

from mlopt_lessons.course.questions import questions
from mlopt_lessons.spot.closed_forms import (
    best_interval,
    break_even,
    break_even_without,
    expected_billed,
    inflation,
)
from mlopt_lessons.spot.job import STORY_JOB, STORY_RATES, Job
from mlopt_lessons.spot.market import Checkpoints, Market

LONG = Job(1e6)  # so long that its first launch does not count
NEVER = Checkpoints(math.inf)


def told(question: str) -> str:
    """All explanations of a question."""
    (found,) = [each for each in questions("03_spot") if each.id == question]
    return " ".join(option.explanation for option in found.options)


def billed(rate: float, restart_h: float, cost_h: float, interval_h: float) -> float:
    """Hours billed for an hour of work in a long job."""
    market = Market(rate, restart_h=restart_h)
    return expected_billed(LONG, market, Checkpoints(interval_h, cost_h)) / LONG.work_h


def test_the_discount_is_not_the_saving() -> None:
    market = Market(0.1, restart_h=0.25)
    hours = expected_billed(STORY_JOB, market, Checkpoints(2, 0.05))
    saved = 1 - hours * STORY_RATES.spot / 2400
    text = told("q03-discount")
    for figure in (f"{hours:.1f} hours", f"${hours * 7:.0f} ", f"{saved:.1%}".replace("%", " %")):
        assert figure in text


@pytest.mark.parametrize(("interval_h", "figure"), [(0.1, 1.51), (1, 1.11), (10, 1.73), (2, 1.14)])
def test_what_an_interval_costs(interval_h: float, figure: float) -> None:
    assert billed(0.1, 0, 0.05, interval_h) == pytest.approx(figure, abs=0.005)
    assert f"{figure}" in told("q03-interval")


def test_the_best_interval() -> None:
    assert f"{best_interval(Market(0.1), 0.05):.2f}" in told("q03-interval")


def test_a_save_of_90_seconds_and_one_every_hour() -> None:
    assert f"{billed(0.1, 0.25, 0.025, 2 / 3):.2f} hours" in told("q03-notice")
    hourly = billed(0.1, 0.25, 0.05, 1)
    assert f"{hourly:.2f} hours" in told("q03-suits")
    assert f"${7 * hourly:.2f}" in told("q03-suits")


def test_where_spot_is_the_dearer_one() -> None:
    never = 1 / break_even_without(STORY_JOB, STORY_RATES, 0)
    saved = 1 / break_even(STORY_RATES, 0.25, 0.05)
    assert (int(never), int(60 * saved), round(never / saved)) == (47, 22, 127)
    assert inflation(Market(1 / saved, restart_h=0.25), 0.05) == pytest.approx(24 / 7)
    text = told("q03-break-even")
    for rate, figure in ((1 / 100, "$1,203"), (24 / 700, "$6,091")):
        dollars = 7 * expected_billed(STORY_JOB, Market(rate), NEVER)
        assert f"${dollars:,.0f}" == figure
        assert figure in text


def test_a_job_that_cannot_be_saved() -> None:
    hours = expected_billed(Job(300), Market(1 / 50), NEVER)
    assert f"{hours / 300:.0f} times" in told("q03-suits")
    worth = 50 * 100 * break_even_without(STORY_JOB, STORY_RATES, 0)
    assert f"{worth:.0f} hours" in told("q03-suits")


def test_zones_are_missing_together() -> None:
    first, second = (~recorded(f"us-west-2{zone}_v100_1").available for zone in "ab")
    both = (first & second).mean()
    assert [round(100 * part.mean()) for part in (first, second)] == [21, 28]
    assert round(100 * both) == 14
    assert round(both / (first.mean() * second.mean()), 1) == 2.4
    assert round(100 * (1 - both / first.mean())) == 31


def test_the_policies_on_recorded_traces() -> None:
    table = reference()
    keys = ["zone", "start", "deadline_h", "overhead_h"]
    two = table[table.policy.isin(["greedy", "up"])]
    cost = two.pivot(index=keys, columns="policy", values="cost")
    more = cost.up - cost.greedy
    counts = ((more < -1e-6).sum(), (more > 1e-6).sum(), (more.abs() <= 1e-6).sum())
    assert counts == (186, 127, 71)
    assert round(more.max()) == 31
    assert cost.mean().round().tolist() == [94, 87]
    assert cost.xs(52, level="deadline_h").mean().round().tolist() == [119, 102]
    assert (round(two.cost.min()), round(two.cost.max())) == (47, 151)


def test_three_policies_on_one_trace() -> None:
    table = reference()
    rows = table[(table.zone == "us-west-2a_v100_1") & (table.start == 477)]
    rows = rows[rows.overhead_h.eq(0.1) & rows.finish_h.notna()]
    paced = rows[rows.policy.eq("up") & rows.deadline_h.eq(60)].iloc[0]
    spot, full = (rows[rows.policy.eq(name)].iloc[0] for name in ("spot_only", "on_demand"))
    assert [round(each.cost) for each in (spot, paced, full)] == [48, 58, 147]
    assert [round(each.finish_h, 1) for each in (spot, paced, full)] == [71.5, 60.0, 48.2]
    assert f"{1 - paced.cost / full.cost:.0%}" == "60%"
