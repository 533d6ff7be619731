"""Quantize ONNX files with ONNX Runtime: static int8, dynamic int8, 4-bit weights.

Each function writes a real quantized file and reports, by name, which layers' weights became
integers and which stayed FP32 and why; it raises when no layer changed.
"""

import contextlib
import importlib
import logging
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import onnx
from onnxruntime import quantization as ort_quantization
from onnxruntime.quantization import QuantFormat, QuantType
from onnxruntime.quantization.shape_inference import quant_pre_process

from mlopt_lessons.sentences import first_line
from mlopt_lessons.workbench.serving.feeds import Array, Feed, InputError, batches
from mlopt_lessons.workbench.serving.gemm import gemm_to_matmul
from mlopt_lessons.workbench.serving.graph import (
    InputSpec,
    Layer,
    OnnxModelError,
    inputs,
    layers,
    load_graph,
    require_fp32,
)
from mlopt_lessons.workbench.serving.onnx_export import quiet, strip_notes
from mlopt_lessons.workbench.serving.quantized import (
    DYNAMIC,
    FOUR_BIT,
    FOUR_BIT_OPS,
    STATIC,
    QuantizationError,
    Quantized,
    changes,
)
from mlopt_lessons.workbench.serving.saturation import saturates
from mlopt_lessons.workbench.serving.session import Session

CALIBRATION_ROWS = 64  # rows a step; the ranges do not depend on it
PER_CHANNEL_OPSET = 13
BLOCK_SIZES = (16, 32, 64, 128, 256)


class CalibrationError(QuantizationError):
    """Calibration data that is missing or that the model cannot take."""


def quantize_static(
    src: Path | str, dst: Path | str, calibration: Array, *, reduce_range: bool | None = None
) -> Quantized:
    """Int8 weights per channel and uint8 activations, with ranges from calibration data.

    Args:
        calibration: real inputs, shape (rows, …), or {input name: array}. Their smallest and
            largest activations become the ranges: random numbers here ruin the accuracy.
        reduce_range: 7-bit weights, for processors without VNNI, whose 16-bit sums overflow;
            left out, a probe of this processor's kernel decides.

    Raises:
        CalibrationError: no data, or NaN, Inf, a wrong shape or type.
        OnnxModelError, QuantizationError: the file cannot be read, run or quantized.
    """

    def write(source: Path, target: Path) -> None:
        ort_quantization.quantize_static(
            source,
            target,
            _Reader(iter(_calibration_steps(inputs(load_graph(source)), calibration))),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=saturates() if reduce_range is None else reduce_range,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )

    return _run(STATIC, src, dst, write)


def quantize_dynamic(
    src: Path | str, dst: Path | str, *, reduce_range: bool | None = None
) -> Quantized:
    """Int8 weights per channel; each call finds the ranges of its activations itself.

    Made for Linear layers and LSTMs. Convolutions become integers too, and slower for it.

    Raises:
        OnnxModelError, QuantizationError: the file cannot be read, run or quantized.
    """

    def write(source: Path, target: Path) -> None:
        onnx.save(gemm_to_matmul(load_graph(source)), source)
        ort_quantization.quantize_dynamic(
            source,
            target,
            per_channel=True,
            reduce_range=saturates() if reduce_range is None else reduce_range,
            weight_type=QuantType.QInt8,
        )

    return _run(DYNAMIC, src, dst, write)


def quantize_4bit(src: Path | str, dst: Path | str, *, block_size: int = 32) -> Quantized:
    """4-bit weights of Linear layers and embeddings, one scale for each block of weights.

    The kernel (MatMulNBits, accuracy level 4) rounds activations to int8 as it runs.

    Args:
        block_size: weights that share a scale; a power of two from 16 to 256.

    Raises:
        ValueError: a block size outside that range.
        OnnxModelError, QuantizationError: the file cannot be read, run or quantized.
    """
    _check_block(block_size)

    def write(source: Path, target: Path) -> None:
        quantizer = _nbits_quantizer()(
            gemm_to_matmul(load_graph(source)),
            bits=4,
            block_size=block_size,
            is_symmetric=True,
            accuracy_level=4,
            op_types_to_quantize=FOUR_BIT_OPS,
        )
        quantizer.process()
        onnx.save(quantizer.model.model, target)

    return _run(FOUR_BIT, src, dst, write)


def _check_block(size: int) -> None:
    if not isinstance(size, int) or size not in BLOCK_SIZES:
        raise ValueError(f"block_size is {size!r}: give 16, 32, 64, 128 or 256.")


def _run(
    method: str, src: Path | str, dst: Path | str, write: Callable[[Path, Path], None]
) -> Quantized:
    """Prepare `src`, let `write` quantize it, prove that layers changed, and keep the result."""
    src, dst = Path(src), Path(dst)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source.onnx"), Path(folder, "target.onnx")
        try:
            before = _prepare(src, source)
            with quiet():
                write(source, target)
            after = load_graph(target)
        except (OnnxModelError, QuantizationError):
            raise
        except Exception as error:
            raise QuantizationError(
                f"ONNX Runtime cannot make {src.name} {method} ({first_line(error)}): "
                "try another method."
            ) from error
        result = changes(method, dst, before, after)
        strip_notes(after)
        _save(after, dst)
    Session(dst)
    return result


def _prepare(src: Path, source: Path) -> tuple[Layer, ...]:
    """Fold and fuse constants and infer shapes into `source`; the layers found there."""
    model = load_graph(src)
    require_fp32(model, src)
    Session(src)
    current = source.with_name("current.onnx")
    onnx.save(_current(model), current)
    with quiet():
        # Symbolic inference fails on some operators, and then leaves files in the current folder.
        quant_pre_process(current, source, skip_symbolic_shape=True)
    return layers(load_graph(source))


def _current(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model at an opset that knows scales per channel, when it can be converted."""
    versions = [entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}]
    if not versions or min(versions) >= PER_CHANNEL_OPSET:
        return model
    try:
        return onnx.version_converter.convert_version(model, PER_CHANNEL_OPSET)
    except Exception:  # the converter raises its own C++ errors; the model is good as it is
        return model


def _save(model: onnx.ModelProto, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, path)
    except OSError as error:
        raise QuantizationError(
            f"{path} cannot be written ({first_line(error)}): choose another folder."
        ) from error


class _Reader(ort_quantization.CalibrationDataReader):
    """Hands calibration batches to ONNX Runtime one by one."""

    def __init__(self, steps: Iterator[Feed]) -> None:
        self._steps = steps

    def get_next(self) -> Feed | None:
        return next(self._steps, None)


def _calibration_steps(specs: tuple[InputSpec, ...], calibration: Array) -> list[Feed]:
    if calibration is None or (hasattr(calibration, "__len__") and len(calibration) == 0):
        raise CalibrationError(
            "There is no calibration data: give at least a few dozen real inputs, "
            "from which the ranges of the activations are taken."
        )
    try:
        return list(batches(specs, calibration, CALIBRATION_ROWS))
    except InputError as error:
        raise CalibrationError(f"The calibration data does not fit. {error}") from error


@contextlib.contextmanager
def _log_handlers_kept() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def _nbits_quantizer() -> Any:
    """The 4-bit quantizer; its import installs a log handler for the whole process: undone."""
    with _log_handlers_kept():
        module = importlib.import_module("onnxruntime.quantization.matmul_nbits_quantizer")
    return module.MatMulNBitsQuantizer
