"""Savings that multiply: the story's figures by hand, every dollar counted one by one, and properties."""

from dataclasses import replace
from itertools import pairwise, permutations
from math import isclose, prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lever_plans import plans

from mlopt_lessons.combined.levers import Interaction, Lever, added_up, total
from mlopt_lessons.combined.levers_data import (
    assumed_interactions,
    cautious,
    story,
    story_rows,
)
from mlopt_lessons.combined.order import all_orders, row_ranges, waterfall
from mlopt_lessons.combined.overlap import overlap_bounds
from mlopt_lessons.combined.own_figures import SOURCES, own_bill, own_levers
from mlopt_lessons.course.store import Store


def by_the_dollar(levers, interactions, cells: int) -> float:
    """The part that is left of a bill cut into cells^n equal pieces, each touched by a lever or not."""
    left = np.ones((cells,) * len(levers))
    touched = []
    for axis, lever in enumerate(levers):
        mask = np.arange(cells) < round(lever.eligibility * cells)
        touched.append(mask.reshape([-1 if i == axis else 1 for i in range(len(levers))]))
        left = np.where(touched[-1], left * (1 - lever.saves), left)
    names = [lever.name for lever in levers]
    for each in interactions:
        both = touched[names.index(each.first)] & touched[names.index(each.second)]
        left = np.where(both, left * each.factor, left)
    return float(left.mean())


def test_the_story_leaves_2240_and_saves_7760() -> None:
    made = total(10_000, story())
    assert made.after == pytest.approx(2_240, abs=0.005)
    assert made.saved == pytest.approx(7_760, abs=0.005)
    assert made.factors == pytest.approx((0.4, 0.7, 0.8))
    assert made.share == pytest.approx(0.776)


def test_with_shares_of_the_bill_it_leaves_5001() -> None:
    made = total(10_000, cautious())
    assert made.after == pytest.approx(10_000 * (1 - 0.5 * 0.6) * (1 - 0.8 * 0.3) * (1 - 0.3 * 0.2))
    assert round(made.after) == 5_001


def test_adding_percentages_falls_below_nothing() -> None:
    assert added_up(10_000, story()) == pytest.approx(-1_000)


def test_the_storys_first_row_states_what_remains() -> None:
    first, *others = story_rows()
    assert (first.stated, first.states, first.saved, first.left) == (4000, "remains", 6000, 4000)
    assert [(row.stated, row.states) for row in others] == [(1200, "saved"), (560, "saved")]
    assert others[-1].left == 2240


def test_an_interaction_acts_on_the_dollars_that_both_touch() -> None:
    levers = cautious()
    # 0.5 × 0.8 of the bill is touched by both; 0.4 × 0.7 of it is left, and 5 % of that comes on top.
    more = 10_000 * 0.4 * 0.4 * 0.7 * 0.05 * (1 - 0.3 * 0.2)
    made = total(10_000, levers, assumed_interactions())
    assert made.after == pytest.approx(total(10_000, levers).after + more)
    assert made.after == pytest.approx(made.before * prod(made.factors) * made.interaction)


def test_the_total_is_the_mean_over_all_dollars() -> None:
    levers = (
        Lever("a", 0.6, 0.5),
        Lever("b", 0.3, 0.8),
        Lever("c", 0.25, 0.3),
        Lever("d", 1.0, 0.1),
    )
    pairs = (Interaction("a", "c", 1.3, "x"), Interaction("d", "b", 0.7, "y"),
             Interaction("a", "b", 1.1, "z"))  # fmt: skip
    assert total(1.0, levers, pairs).after == pytest.approx(by_the_dollar(levers, pairs, 10))


def test_levers_of_one_part_share_its_dollars_and_others_never_do() -> None:
    levers = (
        Lever("spot", 0.6, 0.5, part="training"),
        Lever("right-size", 0.3, 0.5, part="training"),
        Lever("quantize", 0.5, 0.2, part="serving"),
        Lever("budget", 0.1),
    )
    left = 0.5 * 0.4 * 0.7 + 0.2 * 0.5 + 0.3
    assert total(1_000, levers).after == pytest.approx(1_000 * left * 0.9)
    hurdle = (Interaction("spot", "right-size", 1.1, "x"), Interaction("spot", "quantize", 9, "y"))
    left += 0.5 * 0.4 * 0.7 * 0.1  # the second interaction has no dollar to work on
    assert total(1_000, levers, hurdle).after == pytest.approx(1_000 * left * 0.9)
    assert overlap_bounds(1_000, levers, hurdle) == pytest.approx((1_000 * left * 0.9,) * 2)


def test_a_smaller_share_lies_evenly_in_its_part() -> None:
    levers = (Lever("a", 0.5, 0.4, part="x"), Lever("b", 1.0, 0.1, part="x"))
    assert total(100, levers).after == pytest.approx(60 + 40 * 0.5 * (1 - 0.1 / 0.4))
    least, most = overlap_bounds(100, levers)
    assert (least, most) == pytest.approx((60 + 20 - 5, 60 + 20 - 5))


def test_own_levers_make_the_own_bill() -> None:
    ledger = Store(None)
    part = {source.name: source.part for source in SOURCES}
    levers = [replace(lever, part=part[lever.name]) for lever in own_levers(ledger)]
    rows = own_bill(ledger, 10_000)
    assert total(10_000, levers).after == pytest.approx(sum(row.after for row in rows))


def test_an_interaction_of_a_lever_that_is_not_pulled_does_nothing() -> None:
    made = total(100, story()[:1], assumed_interactions())
    assert (made.after, made.interaction) == (pytest.approx(40), 1)


@given(plans(most=4))
@settings(max_examples=60, deadline=None)
def test_any_order_has_other_rows_and_the_same_total(plan) -> None:
    spend, levers, pairs = plan
    made = total(spend, levers, pairs)
    for steps in all_orders(spend, levers, pairs):
        assert isclose(sum(step.saved for step in steps), made.saved, abs_tol=1e-9 * max(1, spend))
        assert all(isclose(a.after, b.before) for a, b in pairwise(steps))
    for order in permutations(levers):
        assert isclose(
            total(spend, order, pairs[::-1]).after, made.after, rel_tol=1e-12, abs_tol=1e-12
        )


@given(plans(most=4))
@settings(max_examples=40, deadline=None)
def test_row_ranges_are_those_of_all_orders(plan) -> None:
    spend, levers, pairs = plan
    ranges = row_ranges(spend, levers, pairs)
    rows = [step for steps in all_orders(spend, levers, pairs) for step in steps]
    for lever in levers:
        seen = [step.saved for step in rows if step.lever == lever.name]
        assert ranges[lever.name] == pytest.approx((min(seen), max(seen)), abs=1e-9 * max(1, spend))


def test_the_storys_rows_in_another_order() -> None:
    steps = waterfall(10_000, story(), order=("scheduling", "right-size", "spot"))
    assert [round(step.saved, 6) for step in steps] == [2_000, 2_400, 3_360]
    assert steps[-1].after == pytest.approx(2_240)


@given(plans(most=4, interacting=False, named=False))
@settings(max_examples=40, deadline=None)
def test_overlap_lies_between_nested_shares_and_shares_apart(plan) -> None:
    spend, levers, _ = plan
    least, most = overlap_bounds(spend, levers)
    slack = 1e-6 * max(1, spend)
    assert least - slack <= total(spend, levers).after <= most + slack
    # Nested: the bill cut where a share ends; in each slice the levers with larger shares all work.
    ends = sorted({0.0, 1.0, *(lever.eligibility for lever in levers)})
    nested = sum(
        (high - low) * prod(1 - lever.saves for lever in levers if lever.eligibility >= high)
        for low, high in pairwise(ends)
    )
    assert most == pytest.approx(spend * nested, abs=slack)
    if sum(lever.eligibility for lever in levers) <= 1:
        assert least == pytest.approx(added_up(spend, levers), abs=slack)


def test_no_lever_and_no_spend() -> None:
    assert total(500, ()).after == 500
    nothing = total(0, story())
    assert (nothing.after, nothing.saved, nothing.share) == (0, 0, 0)
    assert waterfall(500, ()) == ()


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"saves": 60}, "spot: saves is a part of 1, so 60 % is written 0.6; got 60. Write 0.6 if"),
        ({"saves": 0.6, "eligibility": 50}, "eligibility is a part of 1"),
        ({"saves": -0.1}, "saves must lie between 0 and 1, got -0.1"),
        ({"saves": 101}, "saves must lie between 0 and 1"),
        ({"saves": float("nan")}, "saves must lie between 0 and 1"),
        ({"saves": 0.5, "low": 0.1}, "both low and high, or neither"),
        ({"saves": 0.5, "low": 0.6, "high": 0.7}, "must lie between low 0.6 and high 0.7"),
        ({"saves": 0.5, "kind": "guessed"}, "kind must be one of measured"),
    ],
)
def test_a_lever_that_cannot_be_says_so(given_, says) -> None:
    with pytest.raises(ValueError, match=says.replace("(", "[(]")):
        Lever("spot", **given_)


def test_other_plans_that_cannot_be() -> None:
    spot = Lever("spot", 0.5)
    with pytest.raises(ValueError, match="0 dollars or more, got -5"):
        total(-5, (spot,))
    with pytest.raises(TypeError, match="must be a number of dollars"):
        total("5", (spot,))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'spot' is there twice"):
        total(5, (spot, spot))
    with pytest.raises(ValueError, match="11 levers are too many"):
        total(5, [Lever(f"l{i}", 0.1) for i in range(11)])
    with pytest.raises(ValueError, match="make 120 % of it"):
        total(5, (Lever("a", 0.1, 0.6, part="x"), Lever("b", 0.1, 0.6, part="y")))
    with pytest.raises(ValueError, match="a and b interact twice"):
        total(5, (), (Interaction("a", "b", 2, "x"), Interaction("b", "a", 2, "y")))
    with pytest.raises(ValueError, match="must name each of spot once"):
        waterfall(5, (spot,), order=("spot", "spot"))
    with pytest.raises(ValueError, match="cannot interact with itself"):
        Interaction("a", "a", 2, "x")
    with pytest.raises(ValueError, match="the factor must be above 0"):
        Interaction("a", "b", 0, "x")
    with pytest.raises(ValueError, match="say why"):
        Interaction("a", "b", 1.1, " ")
    with pytest.raises(ValueError, match="8 levers have too many orders"):
        all_orders(5, [Lever(f"l{i}", 0.1) for i in range(8)])


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_lever_never_makes_a_bill_negative_or_larger(saves, share, other) -> None:
    left = total(100, (Lever("a", saves, share), Lever("b", other))).after
    assert -1e-12 <= left <= 100
