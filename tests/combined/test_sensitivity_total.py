"""The interval against closed forms and numerical integration, and the tornado by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lever_plans import parts
from scipy.integrate import quad
from scipy.stats import norm

from mlopt_lessons.combined.levers import Interaction, Lever, total
from mlopt_lessons.combined.levers_data import assumed_interactions, cautious
from mlopt_lessons.combined.sensitivity import (
    closed_form,
    drawn,
    interval,
    saves_moments,
    tornado,
)

Z95 = norm.ppf(0.975)


def integrated(lever: Lever, power: int) -> float:
    """The moment of what a lever saves, by quadrature over a normal variable."""
    low, high = lever.range

    def value(z: float) -> float:
        width = (high - lever.saves) if z > 0 else (lever.saves - low)
        return min(1.0, lever.saves + z * width / Z95) ** power * norm.pdf(z)

    cut = (1 - lever.saves) * Z95 / (high - lever.saves) if high > lever.saves else 12
    points = sorted({0.0, min(cut, 12.0)})
    return quad(value, -12, 12, points=points, limit=200)[0]


@given(st.tuples(parts, parts, parts))
@settings(max_examples=60, deadline=None)
def test_moments_are_those_of_the_stated_distribution(three) -> None:
    low, middle, high = sorted(three)
    lever = Lever("x", middle, low=low, high=high)
    mean, variance = saves_moments(lever)
    first, second = integrated(lever, 1), integrated(lever, 2)
    assert mean == pytest.approx(first, abs=1e-7)
    assert variance == pytest.approx(second - first**2, abs=1e-7)


def test_draws_agree_with_the_closed_form() -> None:
    levers = (*cautious(), Lever("prune", 0.9, 0.7, low=0.5, high=0.99))
    left = drawn(10_000, levers, draws=200_000, seed=3)
    mean, deviation = closed_form(10_000, levers)
    assert left.mean() == pytest.approx(mean, abs=4 * deviation / np.sqrt(len(left)))
    assert left.std() == pytest.approx(deviation, rel=0.01)


def test_named_parts_agree_with_the_closed_form_and_with_totals() -> None:
    parted = (
        Lever("spot", 0.6, 0.5, 0.4, 0.7, part="training"),
        Lever("right-size", 0.3, 0.4, 0.1, 0.5, part="training"),
        Lever("quantize", 0.5, 0.3, 0.2, 0.75, part="serving"),
        Lever("budget", 0.1, 0.8, 0.0, 0.2),
    )
    left = drawn(10_000, parted, draws=200_000, seed=4)
    mean, deviation = closed_form(10_000, parted)
    assert left.mean() == pytest.approx(mean, abs=4 * deviation / np.sqrt(len(left)))
    assert left.std() == pytest.approx(deviation, rel=0.01)
    certain = tuple(replace(lever, low=None, high=None) for lever in parted)
    for pairs in ((), (Interaction("spot", "right-size", 1.2, "x"),)):
        expected = total(10_000, certain, pairs).after
        assert drawn(10_000, certain, pairs, draws=100) == pytest.approx(expected)


def test_one_lever_gives_back_its_own_range() -> None:
    found = interval(1_000, (Lever("x", 0.5, 0.8, low=0.2, high=0.6),), draws=100_000)
    assert found.low == pytest.approx(1_000 * (1 - 0.8 * 0.6), rel=0.01)
    assert found.high == pytest.approx(1_000 * (1 - 0.8 * 0.2), rel=0.01)
    assert found.middle == pytest.approx(600, rel=0.01)


def test_draws_with_interactions_are_totals_of_levers_with_drawn_savings() -> None:
    levers, pairs = cautious(), assumed_interactions()
    left = drawn(10_000, levers, pairs, draws=100, seed=5)
    z = np.random.default_rng(5).standard_normal((3, 100))
    for i in (0, 17, 99):
        drawn_levers = [
            Lever(
                lever.name,
                lever.saves
                + z[k, i]
                * ((lever.high - lever.saves) if z[k, i] > 0 else (lever.saves - lever.low))
                / Z95,
                lever.eligibility,
            )
            for k, lever in enumerate(levers)
        ]
        assert left[i] == pytest.approx(total(10_000, drawn_levers, pairs).after)


def test_the_same_seed_gives_the_same_interval() -> None:
    first, again, other = (interval(10_000, cautious(), seed=seed) for seed in (1, 1, 2))
    assert first == again != other


def test_without_ranges_the_interval_is_the_total() -> None:
    found = interval(100, (Lever("a", 0.25),))
    assert (found.low, found.middle, found.high) == pytest.approx((75, 75, 75))
    assert found.deviation == pytest.approx(0)
    assert closed_form(100, (Lever("a", 0.25),)) == pytest.approx((75, 0), abs=1e-5)


def test_the_tornado_moves_one_lever_at_a_time() -> None:
    levers = (Lever("small", 0.5, 0.1, 0.0, 1.0), Lever("big", 0.5, 1.0, 0.4, 0.6))
    first, second = tornado(1_000, levers)
    assert (first.lever, second.lever) == ("big", "small")
    assert (first.at_low, first.at_high) == pytest.approx((950 * 0.6 / 1, 950 * 0.4 / 1))
    assert (second.at_low, second.at_high) == pytest.approx((500, 450))
    assert first.width == pytest.approx(190)


def test_a_range_below_zero_may_cost() -> None:
    lever = Lever("quantize", 0.1, low=-0.2, high=0.3)
    (swing,) = tornado(1_000, (lever,))
    assert swing.at_low == pytest.approx(1_200)


def test_too_few_draws_say_so() -> None:
    with pytest.raises(ValueError, match="10 draws are too few"):
        interval(100, cautious(), draws=10)
