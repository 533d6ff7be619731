"""Data that a model is judged on: inputs and labels, batch sizes, calibration apart from test."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.workbench.comparison.quality import LabelError
from mlopt_lessons.workbench.serving.feeds import Array, InputError

MOST_CALIBRATION_ROWS = 512  # more rows cost time and hardly move the ranges


def split(data: Any) -> tuple[Array, NDArray[Any] | None]:
    """Inputs and labels of a Dataset's test part, of a pair, or inputs alone without labels.

    Floating-point inputs become float32, the type models compute in.
    """
    if hasattr(data, "test_x"):
        data = (data.test_x, data.test_y)
    x, labels = data if isinstance(data, tuple) else (data, None)
    inputs = {k: _array(v) for k, v in x.items()} if isinstance(x, Mapping) else _array(x)
    if labels is None:
        return inputs, None
    truth = np.asarray(labels)
    if truth.size == 0:
        raise LabelError("There are no labels: give one for each row, or none at all.")
    return inputs, truth


def _array(x: Any) -> NDArray[Any]:
    array = np.asarray(x)
    if array.ndim == 0 or array.size == 0:
        raise InputError("The data is empty: give at least one row.")
    if array.dtype.kind not in "fiub":
        raise InputError(f"The data is {array.dtype}: give numbers.")
    if array.dtype.kind != "f":
        return array
    bad = int((~np.isfinite(array)).sum())
    if bad:
        raise InputError(f"The data holds {bad} NaN or infinite values: remove or repair them.")
    return array.astype(np.float32)


def check_batches(batch: Sequence[int]) -> None:
    good = [isinstance(n, int) and not isinstance(n, bool) and n >= 1 for n in batch]
    if not good or not all(good):
        raise ValueError(f"batch is {tuple(batch)}: give whole numbers of at least 1, as (1, 64).")


def first_rows(x: Array, rows: int) -> Array:
    """The first `rows` rows, from the beginning again when there are fewer."""
    if isinstance(x, Mapping):
        return {name: first_rows(array, rows) for name, array in x.items()}
    return x[np.arange(rows) % len(x)]


def row_count(x: Array) -> int:
    """Rows of an array, or of the first array of a mapping."""
    return len(next(iter(x.values()))) if isinstance(x, Mapping) else len(x)


def apart(x: Array, labels: NDArray[Any] | None) -> tuple[Array, tuple[Array, NDArray[Any] | None]]:
    """Calibration inputs, and the other rows with their labels to measure on.

    Calibration takes evenly spaced rows, at most half of them and at most 512, so that data
    sorted by class still calibrates on every class. A single row has to serve for both.

    Raises:
        LabelError: the numbers of rows and of labels differ.
    """
    rows = row_count(x)
    if labels is not None and len(labels) != rows:
        raise LabelError(
            f"There are {len(labels):,} labels for {rows:,} rows of data: give one for each row."
        )
    if rows == 1:
        return x, (x, labels)
    chosen = np.linspace(0, rows - 1, min(MOST_CALIBRATION_ROWS, rows // 2)).astype(int)
    rest = np.setdiff1d(np.arange(rows), chosen)
    return _take(x, chosen), (_take(x, rest), None if labels is None else labels[rest])


def _take(x: Array, index: NDArray[np.intp]) -> Array:
    return {k: v[index] for k, v in x.items()} if isinstance(x, Mapping) else x[index]
