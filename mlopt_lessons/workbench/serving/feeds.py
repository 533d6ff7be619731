"""Inputs of ONNX models: checked, converted only where no value changes, cut into batches."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.sentences import first_line
from mlopt_lessons.workbench.serving.graph import InputSpec

# What callers hand over: NumPy arrays, torch tensors, or a mapping of input names to them.
Array = Any
Feed = dict[str, NDArray[Any]]


class InputError(ValueError):
    """Data that a model cannot take."""


def batches(specs: tuple[InputSpec, ...], data: Array, rows: int) -> Iterator[Feed]:
    """Checked data in steps of `rows` rows, or of the batch size the model is fixed to.

    The last step of a fixed batch is filled up with copies of the last row.
    """
    free = tuple(InputSpec(s.name, s.dtype, (None, *s.shape[1:])) for s in specs)
    fed = feed(free, data)
    fixed = next((spec.shape[0] for spec in specs if spec.shape), None)
    step = fixed or rows
    for start in range(0, len(next(iter(fed.values()))), step):
        batch = {name: array[start : start + step] for name, array in fed.items()}
        yield {name: _filled(array, step) for name, array in batch.items()} if fixed else batch


def _filled(array: NDArray[Any], rows: int) -> NDArray[Any]:
    missing = rows - len(array)
    return array if not missing else np.concatenate([array, array[-1:].repeat(missing, axis=0)])


def feed(specs: tuple[InputSpec, ...], data: Array) -> Feed:
    """Data as the model's inputs take it: {name: array}, contiguous and of the right type.

    float64 becomes the model's float type; nothing else is converted in silence.

    Raises:
        InputError: a missing or unknown input, a wrong shape or type, NaN, Inf, no rows.
    """
    named = data if isinstance(data, Mapping) else _single(specs, data)
    wanted = [spec.name for spec in specs]
    if sorted(named) != sorted(wanted):
        raise InputError(
            f"The data names {', '.join(map(str, sorted(named))) or 'nothing'}, "
            f"the model takes {', '.join(wanted)}: use the model's input names."
        )
    fed = {spec.name: _checked(spec, named[spec.name]) for spec in specs}
    rows = {array.shape[0] for array in fed.values() if array.ndim}
    if len(rows) > 1:
        raise InputError(
            f"The inputs have {sorted(rows)} rows: give the same number for each input."
        )
    return fed


def _single(specs: tuple[InputSpec, ...], data: Array) -> dict[str, Array]:
    if len(specs) != 1:
        names = ", ".join(spec.name for spec in specs)
        raise InputError(
            f"The model takes {len(specs)} inputs ({names}): give one array for each, by name."
        )
    return {specs[0].name: data}


def _checked(spec: InputSpec, data: Array) -> NDArray[Any]:
    try:
        array = np.asarray(data)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"Input {spec.name} is no array ({first_line(error)}).") from error
    _check_shape(spec, array)
    if array.dtype != spec.dtype:
        array = _converted(spec, array)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise InputError(
            f"Input {spec.name} holds {bad} NaN or infinite values: remove or repair those rows."
        )
    return np.ascontiguousarray(array)


def _check_shape(spec: InputSpec, array: NDArray[Any]) -> None:
    fits = array.ndim == len(spec.shape) and all(
        want is None or want == got for want, got in zip(spec.shape, array.shape, strict=False)
    )
    if not fits:
        sizes = ", ".join("any" if size is None else str(size) for size in spec.shape)
        raise InputError(
            f"Input {spec.name} has shape {array.shape}, the model takes ({sizes}): "
            "reshape the data, rows first."
        )
    if array.size == 0:
        raise InputError(f"Input {spec.name} is empty: give at least one row.")


def _converted(spec: InputSpec, array: NDArray[Any]) -> NDArray[Any]:
    """Convert between float types and between integer types when no value changes its meaning."""
    kinds = array.dtype.kind + spec.dtype.kind
    if kinds == "ff":
        with np.errstate(over="ignore"):
            return array.astype(spec.dtype)
    if kinds in {"ii", "ui", "iu", "uu"}:
        converted = array.astype(spec.dtype)
        if np.array_equal(converted, array):
            return converted
    raise InputError(
        f"Input {spec.name} is {array.dtype}, the model takes {spec.dtype}: "
        "convert it the way the training did, scaling included."
    )
