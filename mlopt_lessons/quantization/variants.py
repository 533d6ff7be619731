"""The variants that a report compares: PyTorch, ONNX Runtime FP32, int8 twice, 4-bit weights."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mlopt_lessons.quantization.evaluation_data import row_count
from mlopt_lessons.quantization.feeds import Array, InputError, batches, feed
from mlopt_lessons.quantization.onnx_export import export
from mlopt_lessons.quantization.onnx_graph import (
    OnnxModelError,
    bytes_on_disk,
    inputs,
    load_graph,
    op_counts,
    require_fp32,
)
from mlopt_lessons.quantization.onnx_quantize import (
    CalibrationError,
    quantize_4bit,
    quantize_dynamic,
    quantize_static,
)
from mlopt_lessons.quantization.quantized import (
    DYNAMIC,
    FOUR_BIT,
    STATIC,
    QuantizationError,
    Quantized,
)
from mlopt_lessons.quantization.runtime import ROWS, Session
from mlopt_lessons.workbench import size_on_disk

EAGER, FP32 = "PyTorch FP32", "ONNX Runtime FP32"
_SLOW_CONV = "convolutions that find their ranges at each call are slow"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run the model: bytes of its file, what predicts, what is timed, what to know."""

    name: str
    bytes: int
    predict: Callable[[Array], NDArray[Any]]
    timed: Callable[[Array], Callable[[], object]]
    note: str


@dataclass(frozen=True, slots=True)
class Variants:
    """All variants of a model, what each quantizer did, and the methods that were left out."""

    all: tuple[Variant, ...]
    quantized: tuple[Quantized, ...]
    left_out: dict[str, str]


def make_variants(
    model: nn.Module | Path | str, x: Array, calibration: Array, folder: Path, threads: int
) -> Variants:
    """Export when `model` is a module, quantize in every way, and load each file.

    A method that cannot be applied is left out with its reason; calibration data that does
    not fit is an error, because it is the caller's to mend.

    Raises:
        ExportError, OnnxModelError, CalibrationError: see `export` and `quantize_static`.
        QuantizationError: no method applies.
    """
    if isinstance(model, nn.Module):
        eager = [_eager(model, folder)]
        fp32 = export(model, _example(x), folder / "fp32.onnx")
    else:
        eager, fp32 = [], Path(model)
        require_fp32(load_graph(fp32), fp32)
    plain = _session(FP32, Session(fp32, threads), "the baseline for every other row")
    next(batches(inputs(load_graph(fp32)), x, 1))  # wrong data is said before minutes of work
    quantized, left_out = _quantize_all(fp32, calibration, folder)
    if not quantized:
        raise QuantizationError(f"Nothing can be quantized. {next(iter(left_out.values()))}")
    rounded = [_session(q.method, Session(q.path, threads), _note(q)) for q in quantized]
    return Variants((*eager, plain, *rounded), tuple(quantized), left_out)


def _example(x: Array) -> Tensor:
    if isinstance(x, Mapping):
        raise InputError(
            f"A PyTorch module takes one tensor, the data holds {', '.join(x)}: keep the inputs."
        )
    return torch.as_tensor(x[:1])


def _quantize_all(
    fp32: Path, calibration: Array, folder: Path
) -> tuple[list[Quantized], dict[str, str]]:
    methods: dict[str, Callable[[], Quantized]] = {
        STATIC: lambda: quantize_static(fp32, folder / "int8_static.onnx", calibration),
        DYNAMIC: lambda: quantize_dynamic(fp32, folder / "int8_dynamic.onnx"),
        FOUR_BIT: lambda: quantize_4bit(fp32, folder / "4bit_weights.onnx"),
    }
    done, left_out = [], {}
    for name, method in methods.items():
        try:
            done.append(method())
        except CalibrationError:
            raise
        except (QuantizationError, OnnxModelError) as error:
            left_out[name] = str(error)
    return done, left_out


def _note(result: Quantized) -> str:
    total = len(result.integer) + len(result.floating)
    parts = [f"{len(result.integer)} of {total} layers are integers"]
    if result.floating:
        parts.append("FP32: " + ", ".join(layer.name for layer in result.floating))
    if op_counts(result.path)["ConvInteger"]:
        parts.append(_SLOW_CONV)
    return "; ".join(parts)


def _session(name: str, session: Session, note: str) -> Variant:
    def timed(x: Array) -> Callable[[], object]:
        _check_fixed_batch(session, row_count(x))
        fed = feed(session.inputs, x)
        return lambda: session.run(fed)

    return Variant(name, bytes_on_disk(session.path), session.predict, timed, note)


def _check_fixed_batch(session: Session, rows: int) -> None:
    fixed = next((spec.shape[0] for spec in session.inputs if spec.shape), None)
    if fixed and fixed != rows:
        raise InputError(
            f"The model takes exactly {fixed} rows a call: ask for a batch of {fixed}, "
            "or export it with a free batch dimension."
        )


def _eager(module: nn.Module, folder: Path) -> Variant:
    module.eval()
    path = folder / "pytorch_fp32.pt"
    torch.save(module.state_dict(), path)

    def predict(x: Array) -> NDArray[Any]:
        with torch.inference_mode():
            steps = torch.as_tensor(x).split(ROWS)
            return np.concatenate([module(step).numpy() for step in steps])

    def timed(x: Array) -> Callable[[], object]:
        tensor = torch.as_tensor(x)
        return torch.inference_mode()(lambda: module(tensor))

    return Variant(EAGER, size_on_disk(path), predict, timed, "layer by layer from Python")


@contextlib.contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """PyTorch with this many threads, as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
