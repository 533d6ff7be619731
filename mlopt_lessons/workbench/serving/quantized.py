"""Which layers of a quantized ONNX file became integers, and which stayed FP32 and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnxruntime.quantization.registry import IntegerOpsRegistry, QDQRegistry

from mlopt_lessons.workbench.serving.graph import FLOATS, INTEGERS, Layer

STATIC, DYNAMIC, FOUR_BIT = "int8 static", "int8 dynamic", "4-bit weights"
FOUR_BIT_OPS = ("MatMul", "Gather")
_ENDINGS = ("quantized", "Q4")  # what ONNX Runtime appends to the name of a weight it rounds


class QuantizationError(ValueError):
    """A model that cannot be quantized this way."""


@dataclass(frozen=True, slots=True)
class FloatLayer:
    """A layer that stayed FP32: its name, its operation, its number of weights and the reason."""

    name: str
    op: str
    count: int
    reason: str

    def __str__(self) -> str:
        return f"{self.name} ({self.op}, {self.count:,} weights): {self.reason}"


@dataclass(frozen=True, slots=True)
class Quantized:
    """A quantized file, the layers whose weights are integers now, and those still FP32."""

    path: Path
    method: str
    integer: tuple[str, ...]
    floating: tuple[FloatLayer, ...]


def changes(method: str, dst: Path, before: tuple[Layer, ...], after: onnx.ModelProto) -> Quantized:
    types = {tensor.name: tensor.data_type for tensor in after.graph.initializer}
    integer = tuple(layer.name for layer in before if _became_integer(layer, types))
    floating = tuple(
        FloatLayer(layer.name, layer.op, layer.count, _reason(method, layer))
        for layer in before
        if layer.name not in integer
    )
    if not integer:
        why = "; ".join(map(str, floating)) or "it holds no weight matrices"
        raise QuantizationError(f"No layer of the model could become {method}: {why}.")
    return Quantized(dst, method, integer, floating)


def _became_integer(layer: Layer, types: Mapping[str, int]) -> bool:
    """Each weight tensor is gone as a float and stands there as 4 or 8 bits."""
    return all(
        types.get(name) not in FLOATS
        and any(types.get(f"{name}_{ending}") in INTEGERS for ending in _ENDINGS)
        for name in layer.weights
    )


def _reason(method: str, layer: Layer) -> str:
    known = {
        STATIC: set(QDQRegistry),
        DYNAMIC: {*IntegerOpsRegistry, "Gemm"},
        FOUR_BIT: {*FOUR_BIT_OPS, "Gemm"},
    }[method]
    if layer.op not in known:
        return f"ONNX Runtime has no {method} form of {layer.op}"
    return f"the quantizer left this {layer.op} unchanged"
