"""Numbers as people type them; the oracle is Python's own formatting."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.course.prediction_controls import NumberBox, parsed

numbers = st.floats(-1e9, 1e9)
units = st.sampled_from(["", "×", "points", "ms", "MB", "%", "$"])


@settings(deadline=None)
@given(numbers, units, st.sampled_from(["", " "]))
def test_a_number_with_or_without_its_unit(value: float, unit: str, gap: str) -> None:
    typed = f"${value!r}" if unit == "$" else f"{value!r}{gap}{unit}"
    assert parsed(typed, unit) == value
    assert parsed(f"  {value!r} ", unit) == value


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12))
def test_thousands_in_groups(value: int) -> None:
    assert parsed(f"{value:,}", "bytes") == value
    assert parsed(f"{value:,}.50", "") == float(f"{value}.50")


@settings(deadline=None)
@given(st.integers(0, 999), st.text("0123456789", min_size=1, max_size=2))
def test_a_decimal_comma_is_never_read_as_another_number(whole: int, decimals: str) -> None:
    with pytest.raises(ValueError, match="decimal point"):
        parsed(f"{whole},{decimals}", "")


@pytest.mark.parametrize("typed", ["4x", "4 x", "4X", "4×", "4 ×", "4"])
def test_times_is_typed_in_several_ways(typed: str) -> None:
    assert parsed(typed, "×") == 4


def test_a_true_minus_sign() -> None:
    assert parsed("−0.5 points", "points") == -0.5


@settings(deadline=None)
@given(numbers, st.one_of(st.none(), numbers), st.one_of(st.none(), numbers))
def test_a_range_may_have_either_end(value: float, low: float | None, high: float | None) -> None:
    box = NumberBox("", low, high, value=repr(value))
    if value >= (low if low is not None else value) and value <= (
        high if high is not None else value
    ):
        assert box.number() == value
    else:
        with pytest.raises(ValueError, match="out of range; write a number of at"):
            box.number()


@pytest.mark.parametrize("empty", ["", "  "])
def test_nothing_typed_asks_for_a_number(empty: str) -> None:
    with pytest.raises(ValueError, match="Write your number first"):
        parsed(empty, "×")
