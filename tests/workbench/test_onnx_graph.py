"""Gemm written as MatMul + Add computes what ONNX's reference says Gemm computes."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx_models import graph_file

from mlopt_lessons.workbench.serving.gemm import gemm_to_matmul
from mlopt_lessons.workbench.serving.graph import inputs, layers, load_graph, require_fp32


def gemm_model(attributes, weight, bias, extra=()):
    names = ["input", "w"] + (["b"] if bias is not None else [])
    nodes = [helper.make_node("Gemm", names, ["output"], name="dense", **attributes), *extra]
    tensors = {"w": weight} | ({"b": bias} if bias is not None else {})
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 6])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", 3])]
        + [helper.make_tensor_value_info(n.output[0], TensorProto.FLOAT, None) for n in extra],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@settings(deadline=None, max_examples=60)
@given(
    transposed=st.booleans(),
    alpha=st.sampled_from([1.0, 0.5, -2.0]),
    beta=st.sampled_from([1.0, 0.25, 0.0]),
    bias=st.sampled_from([None, (3,), (1, 3), ()]),
    seed=st.integers(0, 9),
)
def test_the_rewritten_graph_computes_the_same(transposed, alpha, beta, bias, seed):
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal((3, 6) if transposed else (6, 3)).astype(np.float32)
    offset = None if bias is None else rng.standard_normal(bias).astype(np.float32).reshape(bias)
    options = {"transB": int(transposed), "alpha": alpha, "beta": beta}
    model = gemm_model(options, weight, offset)
    rewritten = gemm_to_matmul(model)
    onnx.checker.check_model(rewritten)
    x = rng.standard_normal((4, 6)).astype(np.float32)
    expected = ReferenceEvaluator(model).run(None, {"input": x})[0]
    got = ReferenceEvaluator(rewritten).run(None, {"input": x})[0]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    assert [node.op_type for node in rewritten.graph.node] == ["MatMul"] + ["Add"] * (
        offset is not None
    )
    assert [layer.name for layer in layers(rewritten)] == ["dense"]


def test_the_model_given_is_not_changed():
    model = gemm_model({"transB": 1}, np.ones((3, 6), np.float32), None)
    before = model.SerializeToString()
    gemm_to_matmul(model)
    assert model.SerializeToString() == before


def test_a_weight_that_another_node_reads_keeps_its_values():
    weight = np.arange(18, dtype=np.float32).reshape(3, 6)
    other = helper.make_node("Identity", ["w"], ["copy"])
    rewritten = gemm_to_matmul(gemm_model({"transB": 1}, weight, None, [other]))
    x = np.ones((2, 6), np.float32)
    output, copy = ReferenceEvaluator(rewritten).run(None, {"input": x})
    np.testing.assert_array_equal(copy, weight)
    np.testing.assert_allclose(output, x @ weight.T)


def test_a_gemm_with_transposed_input_stays():
    model = gemm_model({"transA": 1}, np.ones((6, 3), np.float32), None)
    assert [node.op_type for node in gemm_to_matmul(model).graph.node] == ["Gemm"]


def test_inputs_leave_out_weights_and_say_what_may_vary(tmp_path):
    nodes = [helper.make_node("MatMul", ["input", "w"], ["output"])]
    weights = {"w": np.ones((6, 3), np.float32)}
    path = graph_file(tmp_path / "m.onnx", nodes, weights, input_shape=["batch", 6])
    model = load_graph(path)
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [6, 3]))
    assert [str(spec) for spec in inputs(model)] == ["input: float32 (any, 6)"]
    require_fp32(model, path)


@pytest.mark.parametrize("op", ["LSTM", "GRU", "RNN"])
def test_recurrent_layers_count_two_weight_matrices_and_no_bias(op):
    node = helper.make_node(op, ["input", "w", "r", "b"], ["output"], hidden_size=4)
    tensors = {"w": (1, 16, 6), "r": (1, 16, 4), "b": (1, 32)}
    graph = helper.make_graph(
        [node],
        "made",
        [],
        [],
        [numpy_helper.from_array(np.ones(s, np.float32), n) for n, s in tensors.items()],
    )
    (layer,) = layers(helper.make_model(graph))
    assert layer.weights == ("w", "r")
    assert layer.count == 16 * 6 + 16 * 4
