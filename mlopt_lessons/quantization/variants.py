"""The variants that a report compares: PyTorch, ONNX Runtime FP32, int8 twice, 4-bit weights."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from mlopt_lessons.workbench.comparison.variants import (
    EAGER,
    FP32,
    Variant,
    eager,
    example,
    in_session,
)
from mlopt_lessons.workbench.serving.feeds import Array, batches
from mlopt_lessons.workbench.serving.graph import (
    OnnxModelError,
    inputs,
    load_graph,
    op_counts,
    require_fp32,
)
from mlopt_lessons.workbench.serving.onnx_export import export
from mlopt_lessons.workbench.serving.quantize import (
    CalibrationError,
    quantize_4bit,
    quantize_dynamic,
    quantize_static,
)
from mlopt_lessons.workbench.serving.quantized import (
    DYNAMIC,
    FOUR_BIT,
    STATIC,
    QuantizationError,
    Quantized,
)
from mlopt_lessons.workbench.serving.session import Session

_SLOW_CONV = "convolutions that find their ranges at each call are slow"


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
        in_torch = [eager(EAGER, model, folder / "pytorch_fp32.pt", "layer by layer from Python")]
        fp32 = export(model, example(x), folder / "fp32.onnx")
    else:
        in_torch, fp32 = [], Path(model)
        require_fp32(load_graph(fp32), fp32)
    plain = in_session(FP32, Session(fp32, threads), "the baseline for every other row")
    next(batches(inputs(load_graph(fp32)), x, 1))  # wrong data is said before minutes of work
    quantized, left_out = _quantize_all(fp32, calibration, folder)
    if not quantized:
        raise QuantizationError(f"Nothing can be quantized. {next(iter(left_out.values()))}")
    rounded = [in_session(q.method, Session(q.path, threads), _note(q)) for q in quantized]
    return Variants((*in_torch, plain, *rounded), tuple(quantized), left_out)


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
