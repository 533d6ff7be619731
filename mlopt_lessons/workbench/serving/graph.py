"""Read ONNX files: what goes in, which layers hold weights, whether they are quantized."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper

from mlopt_lessons.sentences import first_line
from mlopt_lessons.workbench import size_on_disk

FLOATS = frozenset({TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE})
INTEGERS = frozenset({TensorProto.INT8, TensorProto.UINT8, TensorProto.INT4, TensorProto.UINT4})
MATRIX = 2  # dimensions
_FUSED = "/MatMulAddFusion"  # what ONNX Runtime appends when it makes a Gemm
RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
DENSE = frozenset({"Gemm", "Conv", "ConvTranspose"})
ELEMENTWISE = frozenset({"Add", "Sub", "Mul", "Div"})
QUANTIZED_OPS = frozenset(
    {"QuantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "QLinearConv"}
    | {"QLinearMatMul", "MatMulNBits", "GatherBlockQuantized"}
)


class OnnxModelError(ValueError):
    """An ONNX file is missing, damaged, foreign, or asks for what the runtime does not have."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input of a model; ``None`` in the shape is a dimension that may vary, as the batch."""

    name: str
    dtype: np.dtype
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sizes = ", ".join("any" if size is None else str(size) for size in self.shape)
        return f"{self.name}: {self.dtype} ({sizes})"


@dataclass(frozen=True, slots=True)
class Layer:
    """A node that holds weights: its name, its operation, its weight tensors, their count."""

    name: str
    op: str
    weights: tuple[str, ...]
    count: int


def load_graph(path: Path | str) -> onnx.ModelProto:
    """Read an ONNX file with its weights.

    Raises:
        OnnxModelError: the file is missing, is a folder, or is not an ONNX model.
    """
    path = Path(path)
    if not path.exists():
        raise OnnxModelError(f"There is no file {path}: check the path of the model.")
    if path.is_dir():
        raise OnnxModelError(f"{path} is a folder: name the .onnx file inside it.")
    try:
        model = onnx.load(path)
    except (DecodeError, ValueError) as error:
        raise OnnxModelError(
            f"{path} is not an ONNX model: export it with torch.onnx.export first."
        ) from error
    except (OSError, onnx.checker.ValidationError) as error:
        raise OnnxModelError(
            f"The weights of {path} cannot be read ({first_line(error)}): "
            "put its external data file beside it."
        ) from error
    if not model.graph.node or not model.opset_import:
        raise OnnxModelError(f"{path} holds no ONNX graph: export the model again.")
    return model


def inputs(model: onnx.ModelProto) -> tuple[InputSpec, ...]:
    """The inputs that a caller must give: old files also list the weights as inputs."""
    weights = {tensor.name for tensor in model.graph.initializer}
    return tuple(_spec(value) for value in model.graph.input if value.name not in weights)


def _spec(value: onnx.ValueInfoProto) -> InputSpec:
    tensor = value.type.tensor_type
    sizes = tuple(d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim)
    return InputSpec(value.name, helper.tensor_dtype_to_np_dtype(tensor.elem_type), sizes)


def layers(model: onnx.ModelProto) -> tuple[Layer, ...]:
    """Every node that reads a constant floating-point matrix (or larger), in graph order."""
    return tuple(layer for _, layer in weight_nodes(model))


def weight_nodes(model: onnx.ModelProto) -> Iterator[tuple[onnx.NodeProto, Layer]]:
    """The nodes of `layers`, each with its description."""
    matrices = {
        tensor.name: tuple(tensor.dims)
        for tensor in model.graph.initializer
        if len(tensor.dims) >= MATRIX and tensor.data_type in FLOATS
    }
    for index, node in enumerate(model.graph.node):
        held = tuple(name for name in _places(node) if name in matrices)
        if node.op_type in ELEMENTWISE:
            held = tuple(name for name in held if not _is_vector(matrices[name]))
        if held:
            name = node.name.removesuffix(_FUSED) or f"{node.op_type} {index}"
            count = sum(prod(matrices[key]) for key in held)
            yield node, Layer(name, node.op_type, held, count)


def _places(node: onnx.NodeProto) -> list[str]:
    """The inputs where a node holds weights; what follows them are biases and states."""
    if node.op_type in RECURRENT:
        return list(node.input[1:3])
    return list(node.input[:2] if node.op_type in DENSE else node.input)


def _is_vector(shape: tuple[int, ...]) -> bool:
    """A bias or a scale of shape (1, n) or (1, n, 1, 1): no matrix, whatever its rank."""
    return prod(shape) == max(shape)


def op_counts(path: Path | str) -> Counter[str]:
    """How often each operation stands in the file's graph."""
    return Counter(node.op_type for node in load_graph(path).graph.node)


def require_fp32(model: onnx.ModelProto, path: Path) -> None:
    """Raise `OnnxModelError` for a model that is quantized already, or is not in FP32."""
    if any(node.op_type in QUANTIZED_OPS for node in model.graph.node):
        raise OnnxModelError(f"{path.name} is already quantized: give the FP32 model.")
    types = {tensor.data_type for tensor in model.graph.initializer}
    other = sorted(TensorProto.DataType.Name(t) for t in types & (FLOATS - {TensorProto.FLOAT}))
    if other:
        raise OnnxModelError(
            f"{path.name} holds {' and '.join(other)} weights: export the model in FP32."
        )


def bytes_on_disk(path: Path | str) -> int:
    """Bytes of a model file and of the external data files that its weights lie in."""
    path = Path(path)
    model = onnx.load(path, load_external_data=False)
    outside = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return sum(size_on_disk(file) for file in [path, *(path.parent / name for name in outside)])
