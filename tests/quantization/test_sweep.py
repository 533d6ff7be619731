"""The sweep times every combination once per variant, on models that compute what they claim."""

import os

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from mlopt_lessons.quantization.sweep import latency_sweep, mlp_onnx
from mlopt_lessons.workbench.serving.graph import layers, load_graph
from mlopt_lessons.workbench.serving.session import Session


def test_the_file_is_an_mlp_of_the_width(tmp_path):
    path = mlp_onnx(96, tmp_path / "m.onnx", seed=1)
    assert [layer.count for layer in layers(load_graph(path))] == [64 * 96, 96 * 96, 96 * 10]
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    x = np.random.default_rng(0).standard_normal((5, 64)).astype(np.float32)
    value = x
    for index in range(3):
        value = value @ tensors[f"{index}.weight"] + tensors[f"{index}.bias"]
        value = np.maximum(value, 0) if index < 2 else value
    np.testing.assert_allclose(Session(path)(x), value, rtol=1e-4, atol=1e-5)
    assert os.stat(path).st_size < 4 * (64 * 96 + 96 * 96 + 96 * 10 + 96 * 2 + 10) + 1_000


def test_a_seed_gives_the_same_bytes(tmp_path):
    first = mlp_onnx(32, tmp_path / "a.onnx", seed=1).read_bytes()
    assert first == mlp_onnx(32, tmp_path / "b.onnx", seed=1).read_bytes()
    assert first != mlp_onnx(32, tmp_path / "c.onnx", seed=2).read_bytes()


def test_each_combination_is_timed_once_for_each_variant():
    rows = latency_sweep(widths=(32, 64), batches=(1, 4), threads=(1,), repeats=30)
    found = {(row.width, row.batch, row.threads, row.variant) for row in rows}
    assert len(rows) == len(found) == 2 * 2 * 1 * 2
    assert {row.variant for row in rows} == {"fp32", "int8"}
    assert all(0 < row.low_s <= row.median_s <= row.high_s for row in rows)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"widths": ()}, "at least one width"),
        ({"batches": (0,)}, "batch size is 0"),
        ({"threads": (0,)}, "threads is 0"),
        ({"widths": (0,)}, "width is 0"),
        ({"widths": ("64",)}, "width is '64'"),
    ],
)
def test_bad_sizes_get_one_sentence(options, says):
    with pytest.raises(ValueError, match=says):
        latency_sweep(**{"widths": (32,), "batches": (1,), "threads": (1,)} | options)
