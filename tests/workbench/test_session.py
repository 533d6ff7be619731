"""A session gives ONNX's reference results, checks its input, and refuses files in one sentence."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from onnx_models import graph_file

from mlopt_lessons.workbench.serving.feeds import InputError, batches
from mlopt_lessons.workbench.serving.graph import InputSpec, OnnxModelError
from mlopt_lessons.workbench.serving.session import Session

RNG = np.random.default_rng(0)
WEIGHTS = {"w": RNG.standard_normal((6, 3)).astype(np.float32)}
MATMUL = [helper.make_node("MatMul", ["input", "w"], ["output"])]


@pytest.fixture
def model(tmp_path):
    return graph_file(tmp_path / "m.onnx", MATMUL, WEIGHTS, input_shape=["batch", 6])


@pytest.fixture
def fixed(tmp_path):
    return graph_file(tmp_path / "fixed.onnx", MATMUL, WEIGHTS, input_shape=[4, 6])


@pytest.mark.parametrize("threads", [1, 2])
def test_results_equal_the_reference_and_repeat_exactly(model, threads):
    x = RNG.standard_normal((5, 6)).astype(np.float32)
    session = Session(model, threads=threads)
    (expected,) = ReferenceEvaluator(str(model)).run(None, {"input": x})
    np.testing.assert_allclose(session(x), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(session(x), session({"input": torch.from_numpy(x)}))


@settings(deadline=None, max_examples=30)
@given(count=st.integers(1, 23), rows=st.integers(1, 30))
def test_batches_cover_each_row_once_in_order(count, rows):
    x = np.arange(count * 6, dtype=np.float32).reshape(count, 6)
    specs = (InputSpec("input", np.dtype(np.float32), (None, 6)),)
    steps = [step["input"] for step in batches(specs, x, rows)]
    np.testing.assert_array_equal(np.concatenate(steps), x)
    assert max(map(len, steps)) <= rows


def test_a_model_with_a_fixed_batch_predicts_any_number_of_rows(fixed, model):
    x = RNG.standard_normal((10, 6)).astype(np.float32)
    np.testing.assert_allclose(Session(fixed).predict(x), Session(model)(x), rtol=1e-6)
    with pytest.raises(InputError, match=r"takes \(4, 6\)"):
        Session(fixed)(x)


def test_float64_is_taken_and_leaves_nothing_on_the_screen(model, capfd):
    x = RNG.standard_normal((2, 6))
    np.testing.assert_array_equal(Session(model)(x), Session(model)(x.astype(np.float32)))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (np.full((2, 6), np.nan), "Input input holds 12 NaN"),
        (np.full((2, 6), 1e300), "infinite"),
        (np.zeros((2, 7)), r"shape \(2, 7\), the model takes \(any, 6\)"),
        (np.zeros(6), "shape"),
        (np.zeros((0, 6)), "empty"),
        (np.zeros((2, 6), np.int64), "is int64, the model takes float32"),
        (np.zeros((2, 6), complex), "complex128"),
        (np.full((2, 6), "a"), "the model takes float32"),
        ([[1.0] * 6, [1.0]], "is no array"),
        ("text", "shape"),
        ({"wrong": np.zeros((2, 6))}, "names wrong, the model takes input"),
        ({}, "names nothing"),
    ],
)
def test_data_that_does_not_fit_gets_one_sentence(model, data, says):
    with pytest.raises(InputError, match=says):
        Session(model)(data)


def test_integers_are_taken_when_no_value_changes(tmp_path):
    nodes = [helper.make_node("Gather", ["w", "input"], ["output"])]
    path = graph_file(
        tmp_path / "m.onnx", nodes, WEIGHTS, input_shape=["n"], kind=TensorProto.INT32
    )
    np.testing.assert_array_equal(Session(path)(np.array([5, 0])), WEIGHTS["w"][[5, 0]])
    with pytest.raises(InputError, match="int64"):
        Session(path)(np.array([2**40]))


def test_files_that_are_no_model_get_one_sentence(tmp_path, model):
    (tmp_path / "text.onnx").write_text("this is not a model")
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "cut.onnx").write_bytes(model.read_bytes()[:-20])
    for name, says in {
        "missing.onnx": "There is no file",
        "text.onnx": "is not an ONNX model",
        "empty.onnx": "no ONNX graph",
        "cut.onnx": "is not an ONNX model",
        ".": "is a folder",
    }.items():
        with pytest.raises(OnnxModelError, match=says) as caught:
            Session(tmp_path / name)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("node", "opset", "domain"),
    [
        (helper.make_node("MatMul", ["input", "w"], ["output"]), 999, ""),
        (helper.make_node("Fancy", ["input", "w"], ["output"], domain="mine"), 17, "mine"),
    ],
)
def test_a_model_the_runtime_cannot_load_gets_one_sentence(tmp_path, capfd, node, opset, domain):
    path = graph_file(
        tmp_path / "m.onnx", [node], WEIGHTS, input_shape=["n", 6], opset=opset, domain=domain
    )
    with pytest.raises(OnnxModelError, match=r"cannot run .*lower opset") as caught:
        Session(path)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True, None])
def test_threads_are_a_whole_number_from_one(model, threads):
    with pytest.raises(ValueError, match="whole number"):
        Session(model, threads=threads)
