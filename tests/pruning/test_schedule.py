"""The cubic schedule against its closed form, its ends and its slope."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.pruning import cubic


@given(st.integers(1, 500), st.integers(0, 100), st.integers(0, 100), st.data())
def test_it_is_the_paper_s_formula(steps: int, a: int, b: int, data: st.DataObject) -> None:
    initial, final = sorted((Fraction(a, 100), Fraction(b, 100)))
    step = data.draw(st.integers(0, steps))
    exact = final + (initial - final) * (1 - Fraction(step, steps)) ** 3
    assert cubic(step, steps, float(final), float(initial)) == pytest.approx(float(exact))


@given(st.integers(1, 200), st.floats(0, 1))
def test_it_starts_at_nothing_ends_at_the_amount_and_slows_down(steps: int, final: float) -> None:
    amounts = [cubic(step, steps, final) for step in range(steps + 1)]
    cuts = [after - before for before, after in pairwise(amounts)]
    assert amounts[0] == 0
    assert amounts[-1] == cubic(steps + 5, steps, final) == final
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(cuts))


def test_half_way_seven_eighths_are_cut() -> None:
    assert cubic(5, 10, final=0.8) == pytest.approx(0.7)


@pytest.mark.parametrize(("step", "steps"), [(0, 0), (-1, 5)])
def test_impossible_steps_are_told(step: int, steps: int) -> None:
    with pytest.raises(ValueError, match="at least 1 step"):
        cubic(step, steps, 0.5)


@pytest.mark.parametrize(
    ("initial", "final"), [(0.5, 0.4), (-0.1, 0.4), (0, 1.1), (0, float("nan"))]
)
def test_impossible_amounts_are_told(initial: float, final: float) -> None:
    with pytest.raises(ValueError, match="must rise"):
        cubic(1, 2, final, initial)
