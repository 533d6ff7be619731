"""Write ONNX Gemm nodes as MatMul and Add, which every quantizer of ONNX Runtime looks at."""

from collections import Counter
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


def gemm_to_matmul(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which each Gemm with constant weights is a MatMul and an Add.

    PyTorch's 2-D Linear becomes a Gemm, and the weight-only quantizer looks at MatMul alone:
    without this it skips such layers and says nothing. Gemm is alpha·A·B + beta·C with A and
    B transposed on request (ONNX operators, Gemm); alpha and beta go into the constants.
    A Gemm whose A is transposed or whose B is no constant stays as it is, and so does one
    that scales a C which is no constant.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    constants = _Constants(copy.graph)
    nodes = [new for node in copy.graph.node for new in _split(node, constants)]
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy


class _Constants:
    """A graph's initializers, changed without changing what other nodes read."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.graph = graph
        self.tensors = {tensor.name: tensor for tensor in graph.initializer}
        self.readers = Counter(name for node in graph.node for name in node.input)

    def value(self, name: str) -> NDArray[Any]:
        return numpy_helper.to_array(self.tensors[name])

    def replace(self, name: str, value: NDArray[Any]) -> str:
        """Store `value` under the old name, or a new one when another node reads the old."""
        tensor = numpy_helper.from_array(np.ascontiguousarray(value), name)
        if self.readers[name] == 1:
            self.tensors[name].CopyFrom(tensor)
            self._forget_shape(name)
            return name
        self.readers[name] -= 1
        tensor.name = f"{name}/{self.readers[name]}"
        self.graph.initializer.append(tensor)
        return tensor.name

    def _forget_shape(self, name: str) -> None:
        """Drop the old shape, which inference and old files note beside the tensor."""
        for notes in (self.graph.value_info, self.graph.input):
            kept = [note for note in notes if note.name != name]
            del notes[:]
            notes.extend(kept)


def _split(node: onnx.NodeProto, constants: _Constants) -> list[onnx.NodeProto]:
    options = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    held = [name for name in node.input[1:] if name]
    plain = node.op_type == "Gemm" and not options.get("transA", 0)
    if not plain or held[0] not in constants.tensors:
        return [node]
    if options.get("beta", 1.0) != 1 and not set(held) <= set(constants.tensors):
        return [node]
    weight = _new_weight(held[0], options, constants)
    product = node.output[0]
    if len(held) == 1:
        return [helper.make_node("MatMul", [node.input[0], weight], [product], name=node.name)]
    inner = f"{product}_without_bias"
    bias = _new_bias(held[1], options, constants)
    return [
        helper.make_node("MatMul", [node.input[0], weight], [inner], name=node.name),
        helper.make_node("Add", [inner, bias], [product], name=f"{node.name}/bias"),
    ]


def _new_weight(name: str, options: dict[str, Any], constants: _Constants) -> str:
    weight = constants.value(name)
    factor = weight.dtype.type(options.get("alpha", 1.0))
    turned = weight.T if options.get("transB", 0) else weight
    if turned is weight and factor == 1:
        return name
    return constants.replace(name, turned * factor)


def _new_bias(name: str, options: dict[str, Any], constants: _Constants) -> str:
    factor = options.get("beta", 1.0)
    if factor == 1:
        return name
    bias = constants.value(name)
    return constants.replace(name, bias * bias.dtype.type(factor))
