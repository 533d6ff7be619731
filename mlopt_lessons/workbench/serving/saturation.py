"""Does this processor's int8 kernel overflow? A probe, because flags differ by vendor."""

from functools import cache

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

_SIZE = 64


@cache
def saturates() -> bool:
    """True where uint8 × int8 sums are cut off at 16 bits, as on x86 without VNNI.

    Multiplies the largest values, 255 and 127, with ONNX Runtime's own kernel and compares
    with the exact sum. Where this is true, weights of 7 bits (`reduce_range`) keep it exact.
    """
    left = np.full((_SIZE, _SIZE), 255, np.uint8)
    right = np.full((_SIZE, _SIZE), 127, np.int8)
    session = onnxruntime.InferenceSession(
        _probe(right).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (product,) = session.run(None, {"left": left})
    return bool((product != 255 * 127 * _SIZE).any())


def _probe(right: np.ndarray) -> onnx.ModelProto:
    shape = [_SIZE, _SIZE]
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["left", "right"], ["product"])],
        "probe",
        [helper.make_tensor_value_info("left", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("product", TensorProto.INT32, shape)],
        [numpy_helper.from_array(right, "right")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
