"""Comparing a learner's value with an expected one: numbers, arrays, lists, dicts."""

import reprlib
from typing import Any

import numpy as np

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 120
_SHORT.maxlist = _SHORT.maxdict = _SHORT.maxtuple = 8


def plain(value: Any) -> Any:
    """The value with tensors and array-likes as numpy arrays, inside lists and dicts too."""
    if hasattr(value, "detach"):  # a torch tensor, without importing torch
        value = value.detach().cpu().numpy()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def same(got: Any, expected: Any, tolerance: float) -> bool:
    """Whether two plain values agree: numbers and arrays within the relative tolerance, NaN equal NaN.

    Whole numbers must be whole numbers, and shapes must be the same.
    """
    if difference_of_kind(got, expected) is not None:
        return False
    if isinstance(expected, dict):
        return all(same(got[key], expected[key], tolerance) for key in expected)
    if _is_ragged(expected):
        return all(same(g, e, tolerance) for g, e in zip(got, expected, strict=True))
    if isinstance(expected, str | bool) or expected is None:
        return bool(got == expected)
    left, right = np.asarray(got), np.asarray(expected)
    if right.dtype.kind in "iub":
        return bool(np.array_equal(left, right))
    return bool(np.allclose(left, right, rtol=tolerance, atol=tolerance * 1e-3, equal_nan=True))


def difference_of_kind(got: Any, expected: Any) -> str | None:
    """A sentence when the type, the keys, the shape or the kind of number differ, else None."""
    if got is None and expected is not None:
        return "It returned None: fill in the missing lines and return the result."
    if isinstance(expected, dict):
        return _difference_of_keys(got, expected)
    if isinstance(expected, str | bool) or expected is None:
        kind = type(expected).__name__
        return (
            None
            if isinstance(got, type(expected))
            else f"It must be a {kind}, you gave {_kind(got)}."
        )
    if _is_ragged(expected):
        count = len(expected)
        fits = isinstance(got, list | np.ndarray) and len(got) == count
        return None if fits else f"It must be a list of {count} values, you gave {short(got)}."
    return _difference_of_array(got, expected)


def short(value: Any) -> str:
    """A value as text of bounded length."""
    if isinstance(value, np.ndarray):
        text = np.array2string(value, threshold=12, edgeitems=3, precision=6, separator=", ")
        return text if len(text) <= 200 else text[:197] + "…"
    if isinstance(value, float | np.floating):
        return f"{float(value):.6g}"
    if isinstance(value, np.generic):
        return str(value.item())
    return _SHORT.repr(value)


def _difference_of_keys(got: Any, expected: dict) -> str | None:
    if not isinstance(got, dict):
        return f"It must be a dict, you gave {_kind(got)}."
    if got.keys() != expected.keys():
        return f"Its keys must be {sorted(expected)}, yours are {short(sorted(map(str, got)))}."
    return None


def _difference_of_array(got: Any, expected: Any) -> str | None:
    try:
        left = np.asarray(got)
    except (ValueError, TypeError):
        left = np.asarray(None)
    right = np.asarray(expected)
    if left.dtype.kind not in "iufb":
        return f"It must be made of numbers, you gave {_kind(got)}."
    if left.shape != right.shape:
        return f"Its shape must be {_shape(right)}, yours is {_shape(left)}."
    if right.dtype.kind in "iu" and left.dtype.kind not in "iu":
        return f"It must hold whole numbers (an integer type), yours has type {left.dtype}."
    return None


def _is_ragged(value: Any) -> bool:
    """A list that is not simply an array of numbers: of strings, dicts, or lists of several lengths."""
    if not isinstance(value, list):
        return False
    try:
        return np.asarray(value).dtype.kind not in "iufb"
    except ValueError:
        return True


def _shape(array: np.ndarray) -> str:
    return "a single number" if array.ndim == 0 else str(array.shape)


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"
