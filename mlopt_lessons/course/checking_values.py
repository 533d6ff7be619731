"""Comparing a learner's value with an expected one: numbers, arrays, lists, dicts."""

import math
import reprlib
from typing import Any

import numpy as np

NEAR_ZERO = 1e-3  # next to zero the tolerance is absolute, this much smaller than the relative one

MOST_SHOWN = 1000  # elements of an array: numpy leaves none out of sides of up to six


class _Repr(reprlib.Repr):
    """Repr of bounded length, for arrays in lists, too."""

    def repr_ndarray(self, array: np.ndarray, level: int) -> str:
        """Called for each array, by the name of its type."""
        return f"array({_of_array(array, self.maxother)})"


_SHORT = _Repr()
_SHORT.maxstring = _SHORT.maxother = 120
_SHORT.maxlist = _SHORT.maxdict = _SHORT.maxtuple = 8


def plain(value: Any) -> Any:
    """The value with tensors as numpy arrays and lists for tuples, inside lists and dicts too.

    Arrays are copies, so that a later call cannot change an earlier result.
    """
    if hasattr(value, "detach"):  # a torch tensor, without importing torch
        value = _from_tensor(value.detach().cpu())
    if isinstance(value, np.ndarray):
        value = value.copy() if value.ndim else value[()]
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def same(got: Any, expected: Any, tolerance: float, *, whole: bool = True) -> bool:
    """Whether two plain values agree: numbers and arrays within the relative tolerance, NaN equal NaN.

    Shapes must be the same; whole numbers must be of an integer type unless `whole` is False.
    """
    if difference_of_kind(got, expected, whole=whole) is not None:
        return False
    if isinstance(expected, dict):
        return all(same(got[key], expected[key], tolerance, whole=whole) for key in expected)
    if _is_ragged(expected):
        pairs = zip(got, expected, strict=True)
        return all(same(one, other, tolerance, whole=whole) for one, other in pairs)
    if isinstance(expected, str | bool) or expected is None:
        return bool(got == expected)
    left, right = np.asarray(got), np.asarray(expected)
    if left.dtype.kind != "f" and right.dtype.kind != "f":
        return bool(np.array_equal(left, right))
    close = np.isclose(left, right, rtol=tolerance, atol=tolerance * NEAR_ZERO, equal_nan=True)
    return bool(close.all())


def difference_of_kind(got: Any, expected: Any, *, whole: bool = True) -> str | None:
    """A sentence when the type, the keys, the shape or the kind of number differ, else None."""
    if (got is None and expected is not None) or got is Ellipsis:
        return "It is None: fill in the missing lines; a function must return its result."
    if isinstance(expected, dict):
        return _difference_of_keys(got, expected)
    if isinstance(expected, str | bool) or expected is None:
        kind = "None" if expected is None else f"a {type(expected).__name__}"
        fits = isinstance(got, type(expected))
        return None if fits else f"It must be {kind}, you gave {short(got)}."
    if _is_ragged(expected):
        count = len(expected)
        fits = isinstance(got, list | np.ndarray) and len(got) == count
        return None if fits else f"It must be a list of {count} values, you gave {short(got)}."
    return _difference_of_array(got, expected, whole)


def short(value: Any) -> str:
    """A value as text of bounded length."""
    if isinstance(value, np.ndarray):
        return _of_array(value, 200)
    if isinstance(value, float | np.floating):
        return f"{float(value):.8g}"
    if isinstance(value, np.generic):
        return str(value.item())
    return _SHORT.repr(value)


def _of_array(array: np.ndarray, longest: int) -> str:
    """The ends of an array's sides; of one with many short sides, the ends of all its elements."""
    if math.prod(min(side, 6) for side in array.shape) > MOST_SHOWN:
        array = array.ravel()
    text = np.array2string(array, threshold=12, edgeitems=3, precision=8, separator=", ")
    return text if len(text) <= longest else text[: longest - 3] + "…"


def _difference_of_keys(got: Any, expected: dict) -> str | None:
    if not isinstance(got, dict):
        return f"It must be a dict, you gave {_kind(got)}."
    if got.keys() != expected.keys():
        return f"Its keys must be {sorted(expected)}, yours are {short(sorted(map(str, got)))}."
    return None


def _difference_of_array(got: Any, expected: Any, whole: bool) -> str | None:
    try:
        left = np.asarray(got)
    except (ValueError, TypeError):
        return "It must be made of numbers, in rows of one length."
    right = np.asarray(expected)
    if left.dtype.kind not in "iufb":
        return f"It must be made of numbers, you gave {_kind(got)}."
    if left.shape != right.shape:
        return f"Its shape must be {_shape(right)}, yours is {_shape(left)}."
    if (left.dtype.kind == "b") != (right.dtype.kind == "b"):
        wanted = "True or False" if right.dtype.kind == "b" else "numbers"
        return f"It must hold {wanted}, yours has type {left.dtype}."
    if whole and right.dtype.kind in "iu" and left.dtype.kind not in "iu":
        return f"It must hold whole numbers (an integer type), yours has type {left.dtype}."
    return None


def _from_tensor(tensor: Any) -> np.ndarray:
    try:
        return tensor.numpy()
    except TypeError:  # numpy has no bfloat16
        return tensor.float().numpy()


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
