"""What the lab shows of the levers: the story's preset, moves, words, and speed."""

import time
from dataclasses import replace

import pytest

from mlopt_lessons.combined.explore_levers import dollars, levers_view, percent, plan_view
from mlopt_lessons.combined.levers import Lever, total
from mlopt_lessons.combined.levers_data import assumed_interactions, cautious, story
from mlopt_lessons.combined.sensitivity import closed_form

WHOLE = {"spot": 1.0, "right-size": 1.0, "scheduling": 1.0}


def test_the_storys_preset_reaches_its_figures() -> None:
    view = levers_view(eligibility=WHOLE)
    assert [round(step.saved) for step in view.steps] == [6_000, 1_200, 560]
    assert {name: round(each, 2) for name, each in view.split.items()} == {
        "spot": 4620, "right-size": 1920, "scheduling": 1220,
    }  # fmt: skip
    assert view.note.startswith("$10,000 → $2,240, 77.6 % saved (95 %: $")
    assert view.added == pytest.approx(-1_000)


def test_the_order_moves_rows_and_nothing_else() -> None:
    one = levers_view(("spot", "right-size", "scheduling"), WHOLE)
    other = levers_view(("scheduling", "right-size", "spot"), WHOLE)
    assert [round(step.saved) for step in other.steps] == [2_000, 2_400, 3_360]
    assert other.combined.after == pytest.approx(one.combined.after)
    assert other.split == pytest.approx(one.split)
    for view in (one, other):
        assert sum(step.saved for step in view.steps) == pytest.approx(7_760)
        for step in view.steps:
            low, high = view.row_ranges[step.lever]
            assert low - 1e-9 <= step.saved <= high + 1e-9


def test_default_shares_leave_5001_and_the_interaction_adds_to_it() -> None:
    view = levers_view()
    assert dollars(view.combined.after) == "$5,001"
    assert view.interactions == ()
    with_it = levers_view(interactions=True)
    expected = total(10_000, cautious(), assumed_interactions()).after
    assert with_it.combined.after == pytest.approx(expected) != view.combined.after
    # Quantize is not among the levers, so what it does to them does not act.
    assert [each.second for each in with_it.interactions] == ["right-size"]


def test_a_lever_left_out_of_the_order_is_not_pulled() -> None:
    view = levers_view(("scheduling",), WHOLE, interactions=True)
    assert view.combined.after == pytest.approx(8_000)
    assert list(view.split) == ["scheduling"]


def test_the_range_moves_along_with_what_a_lever_saves() -> None:
    (lever,) = levers_view(("spot",), saves={"spot": 0.3}).levers
    assert lever.range == pytest.approx((0.2, 0.35))
    (all_of_it,) = levers_view(("spot",), saves={"spot": 1.0}).levers
    assert all_of_it.range == pytest.approx((2 / 3, 1.0))
    (none,) = levers_view(("spot",), saves={"spot": 0.0}).levers
    assert none.range == (0, 0)


def test_the_interval_holds_the_closed_forms_mean() -> None:
    view = levers_view()
    mean, deviation = closed_form(10_000, view.levers)
    assert view.interval.mean == pytest.approx(mean, abs=5 * deviation / 4_000**0.5)
    assert view.interval.low < mean < view.interval.high


def test_the_finding_names_rows_split_and_what_to_measure() -> None:
    view = levers_view()
    for text in ("spot $3,000", "right-size $1,680", "$5,001 is left", "The range of spot moves"):
        assert text in view.finding
    assert view.first_to_measure == "spot"
    assert view.largest == "spot"
    told = levers_view(levers=story())
    assert told.first_to_measure is None
    assert "95 %" not in told.note + told.finding
    assert levers_view(()).finding == "$10,000 and no lever pulled."


def test_names_that_are_no_lever_say_so() -> None:
    for wrong in ({"order": ["spott"]}, {"saves": {"spott": 0.1}}, {"eligibility": {"spott": 1}}):
        with pytest.raises(
            ValueError, match="'spott' is no lever here; choose from spot, right-size"
        ):
            levers_view(**wrong)
    with pytest.raises(ValueError, match="'spot' is there twice"):
        levers_view(("spot", "spot"))


def test_a_plan_of_ten_levers_needs_no_default() -> None:
    levers = [replace(cautious()[0], name=f"l{i}") for i in range(10)]
    view = plan_view(500, levers)
    assert sum(view.split.values()) == pytest.approx(500 * (1 - 0.7**10))


def test_amounts_read_as_dollars() -> None:
    assert [dollars(each) for each in (2240.4, 99.5, -1000, 0, -0.001)] == [
        "$2,240", "$99.50", "−$1,000", "$0.00", "$0.00",
    ]  # fmt: skip
    assert [percent(each) for each in (0.6, 0.776, 0, -0.1)] == ["60 %", "77.6 %", "0 %", "−10 %"]


@pytest.mark.timing
def test_a_view_is_quick() -> None:
    levers_view(interactions=True)
    start = time.process_time()
    for share in range(50):
        levers_view(eligibility={"spot": share / 50}, interactions=True)
    # About 1 ms each; the bound only catches what a learner would feel.
    assert (time.process_time() - start) / 50 < 0.05


def test_levers_may_be_the_learners_own() -> None:
    own = (Lever("cache", 0.4, 0.25),)
    assert levers_view(levers=own, spend=2_000).combined.after == pytest.approx(1_800)
