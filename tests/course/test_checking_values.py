"""Comparing values: numpy's own comparison is the oracle for numbers, Python's == for the rest."""

import time
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlopt_lessons.course.checking_values import difference_of_kind, plain, same, short

TOLERANCE = 1e-6
shapes = hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)
floats = hnp.arrays(np.float64, shapes, elements=st.floats(-1e6, 1e6))
integers = hnp.arrays(np.int64, shapes, elements=st.integers(-(2**40), 2**40))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text() | st.floats(-1e6, 1e6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(values)
def test_every_value_is_the_same_as_itself(value: Any) -> None:
    assert same(plain(value), plain(value), TOLERANCE)


@settings(deadline=None)
@given(values, values)
def test_a_value_is_same_only_if_it_is_equal(one: Any, other: Any) -> None:
    if same(plain(one), plain(other), 0.0):
        assert one == other


@settings(deadline=None)
@given(floats, st.floats(-1e-5, 1e-5))
def test_floats_agree_within_the_relative_tolerance(array: np.ndarray, change: float) -> None:
    moved = array * (1 + change)
    oracle = np.allclose(moved, array, rtol=TOLERANCE, atol=TOLERANCE * 1e-3)
    assert same(plain(moved), plain(array), TOLERANCE) == oracle
    assert same(plain(torch.tensor(moved)), plain(array), TOLERANCE) == oracle


@settings(deadline=None)
@given(integers, st.integers(-1, 1))
def test_integers_agree_exactly(array: np.ndarray, change: int) -> None:
    assert same(plain(array + change), plain(array), 0.5) == (change == 0 or array.size == 0)


@settings(deadline=None)
@given(integers)
def test_floats_are_no_integers_unless_that_is_allowed(array: np.ndarray) -> None:
    assert not same(array.astype(float), array, TOLERANCE)
    assert same(array.astype(float), array, TOLERANCE, whole=False)
    assert same(array, array.astype(float), TOLERANCE)


@pytest.mark.parametrize(
    ("got", "expected", "agree"),
    [
        (float("nan"), float("nan"), True),
        (float("nan"), 1.0, False),
        (1.0, float("nan"), False),
        ([1.0, float("nan")], [1.0, float("nan")], True),
        (float("inf"), float("inf"), True),
        (float("inf"), -float("inf"), False),
        (np.True_, True, True),
        (torch.tensor(True), True, True),
        (1, True, False),
        (True, 1, False),
        (True, 1.0, False),
        (torch.tensor([1.5], dtype=torch.bfloat16), [1.5], True),
        (torch.tensor([2.0], requires_grad=True), np.array([2.0]), True),
        ((1, 2), [1, 2], True),
        ({"a": (1, 2)}, {"a": [1, 2]}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ([1, "x", None], [1, "x", None], True),
        ([1, "x"], [1, "y"], False),
        ([[1], [2, 3]], [[1], [2, 3]], True),
        (np.zeros((2, 1)), np.zeros((2,)), False),
        (np.float32(0.1), 0.1, True),
    ],
)
def test_particular_values(got: Any, expected: Any, agree: bool) -> None:
    assert same(plain(got), plain(expected), TOLERANCE) is agree


@pytest.mark.parametrize(
    ("got", "expected", "says"),
    [
        (None, 1, "It is None"),
        ([1], {"a": 1}, "It must be a dict, you gave a list."),
        ({"b": 1}, {"a": 1}, "Its keys must be ['a'], yours are ['b']."),
        (3, "int8", "It must be a str, you gave 3."),
        ("int8", None, "It must be None, you gave 'int8'."),
        (5, ["a", "b"], "It must be a list of 2 values, you gave 5."),
        (object, 1.0, "It must be made of numbers, you gave a type."),
        ([1.0], [True], "It must hold True or False, yours has type float64."),
        (1 + 2j, 1.0, "It must be made of numbers, you gave a complex."),
    ],
)
def test_a_difference_of_kind_is_said(got: Any, expected: Any, says: str) -> None:
    sentence = difference_of_kind(plain(got), plain(expected))
    assert sentence is not None
    assert sentence.startswith(says)


@settings(deadline=None)
@given(values, values)
def test_a_difference_of_kind_is_one_short_sentence_or_none(got: Any, expected: Any) -> None:
    sentence = difference_of_kind(plain(got), plain(expected))
    assert sentence is None or (sentence.endswith(".") and len(sentence) < 800)


@settings(deadline=None)
@given(values | floats | integers)
def test_text_of_a_value_is_bounded(value: Any) -> None:
    assert len(short(plain(value))) < 100_000 // 100


@pytest.mark.timeout(20)
@pytest.mark.parametrize("value", [np.zeros((6,) * 8, "u1"), [np.zeros((6,) * 7, "f2")] * 50])
def test_text_of_an_array_with_many_short_sides_takes_no_time(value: Any) -> None:
    """numpy leaves nothing out of sides of six: all 1,679,616 elements took half a minute."""
    start = time.process_time()
    for _ in range(10):
        assert "0" in short(value)
    assert time.process_time() - start < 5


def test_an_array_is_shown_as_numpy_shows_it() -> None:
    assert (
        short(np.arange(20).reshape(4, 5))
        == "[[ 0,  1,  2,  3,  4],\n [ 5,  6,  7,  8,  9],\n [10, 11, 12, 13, 14],\n [15, 16, 17, 18, 19]]"
    )
    assert short(np.arange(100)) == "[ 0,  1,  2, ..., 97, 98, 99]"
    assert short([np.array([1.5, 2.0]), 3]) == "[array([1.5, 2. ]), 3]"


def test_a_copy_is_compared_not_the_array_itself() -> None:
    array = np.zeros(3)
    kept = plain([array, {"a": array}])
    array += 1
    assert same(kept, plain([np.zeros(3), {"a": np.zeros(3)}]), TOLERANCE)
