"""The frontier against a comparison of every pair."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.combined.frontier import cheapest, pareto

Points = list[tuple[float, float]]
few = st.integers(0, 6).map(float)  # few values, so that many are equal
points = st.lists(st.tuples(few, few), max_size=30)


def x(point: tuple[float, float]) -> float:
    return point[0]


def y(point: tuple[float, float]) -> float:
    return point[1]


def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] <= other[0] and one[1] >= other[1] and one != other


@given(points)
def test_it_holds_what_nothing_beats_and_all_of_it(given_points: Points) -> None:
    front = pareto(given_points, x, y)
    unbeaten = {p for p in given_points if not any(beats(other, p) for other in given_points)}
    assert set(front) == unbeaten
    assert len(front) == len(unbeaten)


@given(points)
def test_both_scales_rise_along_it(given_points: Points) -> None:
    front = pareto(given_points, x, y)
    for one, following in pairwise(front):
        assert one[0] < following[0]
        assert one[1] < following[1]


@given(points, few)
def test_the_cheapest_is_the_least_of_those_above_the_floor(
    given_points: Points, floor: float
) -> None:
    found = cheapest(given_points, x, y, floor)
    enough = [point for point in given_points if point[1] >= floor]
    if found is None:
        assert not enough
        return
    assert found == min(enough, key=lambda point: (point[0], -point[1]))
    assert found in pareto(given_points, x, y)


def test_of_equal_points_the_first_stays() -> None:
    named = [("a", 1.0, 2.0), ("b", 1.0, 2.0), ("c", 0.5, 1.0)]
    front = pareto(named, lambda p: p[1], lambda p: p[2])
    assert [name for name, *_ in front] == ["c", "a"]


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="leave that point out"):
        pareto([(wrong, 1.0)], x, y)
    with pytest.raises(ValueError, match="finite"):
        cheapest([(1.0, 1.0)], x, y, wrong)
