"""Shapley values against every order, against an integral, and against the axioms that define them."""

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from lever_plans import plans
from numpy.polynomial import Polynomial

from mlopt_lessons.combined.levers import Lever, total
from mlopt_lessons.combined.levers_data import assumed_interactions, cautious, story
from mlopt_lessons.combined.order import all_orders
from mlopt_lessons.combined.shapley import alone, last, shapley_split


def mean_over_all_orders(spend, levers, pairs=()) -> dict[str, float]:
    """By definition: the mean row of each lever over the n! waterfalls."""
    orders = list(all_orders(spend, levers, pairs))
    return {
        lever.name: float(
            np.mean([step.saved for steps in orders for step in steps if step.lever == lever.name])
        )
        for lever in levers
    }


def by_integral(spend, levers) -> list[float]:
    """Owen's multilinear extension (1972): the integral over t of a_i times Π (1 − a_j t), j not i."""
    cuts = [lever.eligibility * lever.saves for lever in levers]
    values = []
    for i, cut in enumerate(cuts):
        others = prod(
            (Polynomial([1, -each]) for j, each in enumerate(cuts) if j != i),
            start=Polynomial([cut]),
        )
        values.append(spend * float(others.integ()(1)))
    return values


def test_the_storys_split_to_the_cent() -> None:
    split = shapley_split(10_000, story())
    assert {name: round(each, 2) for name, each in split.items()} == {
        "spot": 4620.0, "right-size": 1920.0, "scheduling": 1220.0,
    }  # fmt: skip


@given(plans(most=5))
@settings(max_examples=40, deadline=None)
def test_it_is_the_mean_over_all_orders(plan) -> None:
    spend, levers, pairs = plan
    expected = mean_over_all_orders(spend, levers, pairs)
    assert shapley_split(spend, levers, pairs) == pytest.approx(expected, abs=1e-9 * max(1, spend))


@given(plans(most=9, interacting=False, named=False))
@settings(max_examples=60, deadline=None)
def test_it_is_the_integral_of_the_multilinear_extension(plan) -> None:
    spend, levers, _ = plan
    found = list(shapley_split(spend, levers).values())
    assert found == pytest.approx(by_integral(spend, levers), abs=1e-9 * max(1, spend))


@given(plans(most=6))
@settings(max_examples=60, deadline=None)
def test_parts_sum_to_the_total_in_every_order_of_the_levers(plan) -> None:
    spend, levers, pairs = plan
    split, tolerance = shapley_split(spend, levers, pairs), 1e-9 * max(1, spend)
    assert sum(split.values()) == pytest.approx(total(spend, levers, pairs).saved, abs=tolerance)
    turned = shapley_split(spend, levers[::-1], pairs)
    assert turned == pytest.approx(split, abs=tolerance)


def test_equal_levers_get_equal_parts_and_an_idle_one_nothing() -> None:
    split = shapley_split(1_000, (Lever("a", 0.5, 0.6), Lever("b", 0.3), Lever("no", 0.9, 0)))
    assert split["a"] == pytest.approx(split["b"])
    assert split["no"] == pytest.approx(0)


def test_ten_levers_are_still_exact() -> None:
    levers = [Lever(f"l{i}", 0.05 * (i + 1), 0.1 * i) for i in range(10)]
    assert list(shapley_split(7_000, levers).values()) == pytest.approx(by_integral(7_000, levers))


def test_alone_and_last_bracket_the_split_and_miss_the_total() -> None:
    first, after = alone(10_000, story()), last(10_000, story())
    assert first == pytest.approx({"spot": 6000, "right-size": 3000, "scheduling": 2000})
    assert after == pytest.approx({"spot": 3360, "right-size": 960, "scheduling": 560})
    assert sum(first.values()) > 7_760 > sum(after.values())


def test_an_interaction_is_shared_by_its_two_levers() -> None:
    before = shapley_split(10_000, cautious())
    with_it = shapley_split(10_000, cautious(), assumed_interactions())
    lost = {name: before[name] - with_it[name] for name in before}
    assert lost["spot"] == pytest.approx(lost["right-size"])
    assert lost["spot"] > 0


def test_no_lever_has_no_part() -> None:
    assert shapley_split(10, ()) == {}
