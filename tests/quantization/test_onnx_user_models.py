"""Files as people bring them: old opsets, external data, several inputs, fixed batches, float16."""

import os

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from onnx_models import graph_file
from torch import nn

from mlopt_lessons.quantization.report import compare
from mlopt_lessons.workbench import Price
from mlopt_lessons.workbench.serving.feeds import InputError
from mlopt_lessons.workbench.serving.graph import OnnxModelError, bytes_on_disk
from mlopt_lessons.workbench.serving.quantize import QuantizationError, quantize_dynamic

RNG = np.random.default_rng(0)
WEIGHT = RNG.standard_normal((64, 8)).astype(np.float32)
ROWS = RNG.standard_normal((50, 64)).astype(np.float32)
OPTIONS = {"price": Price("mine", 0.1, source="a test", date="2026-11-24"), "repeats": 30}
MATMUL = [helper.make_node("MatMul", ["input", "w"], ["output"])]


def check_all_variants(path, data, **options):
    report = compare(path, data, calibration=data, **OPTIONS, **options)
    assert not any("left out" in remark for remark in report.remarks)
    assert len(report.rows) == 4 * len(options.get("batch", (1,)))
    for row in report.rows[1:4]:
        assert row.quality.sqnr_db > 15
        assert "of 1 layers are integers" in row.note
    return report


def test_nodes_without_names(tmp_path):
    path = graph_file(tmp_path / "m.onnx", MATMUL, {"w": WEIGHT}, input_shape=["n", 64])
    check_all_variants(path, ROWS)


def test_an_old_opset_with_weights_in_constant_nodes(tmp_path):
    constant = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(WEIGHT, "w"))
    nodes = [constant, *MATMUL]
    path = graph_file(tmp_path / "m.onnx", nodes, {}, input_shape=["n", 64], opset=9)
    check_all_variants(path, ROWS)


def test_old_files_that_list_weights_as_inputs(tmp_path):
    nodes = [helper.make_node("Gemm", ["input", "w"], ["output"], transB=1)]
    turned = {"w": np.ascontiguousarray(WEIGHT.T)}
    path = graph_file(tmp_path / "m.onnx", nodes, turned, input_shape=["n", 64])
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [8, 64]))
    onnx.save(model, path)
    check_all_variants(path, ROWS)


def test_two_inputs_given_by_name(tmp_path):
    nodes = [
        helper.make_node("MatMul", ["input", "w"], ["h"]),
        helper.make_node("Add", ["h", "other"], ["output"]),
    ]
    path = graph_file(tmp_path / "m.onnx", nodes, {"w": WEIGHT}, input_shape=["n", 64])
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("other", TensorProto.FLOAT, ["n", 8]))
    onnx.save(model, path)
    check_all_variants(path, {"input": ROWS, "other": ROWS[:, :8]}, batch=(1, 3))
    with pytest.raises(InputError, match=r"takes 2 inputs \(input, other\)"):
        compare(path, ROWS, calibration=ROWS, **OPTIONS)
    uneven = {"input": ROWS, "other": ROWS[:9, :8]}
    with pytest.raises(InputError, match="same number for each input"):
        compare(path, uneven, calibration=uneven, **OPTIONS)


def test_a_fixed_batch(tmp_path):
    path = graph_file(tmp_path / "m.onnx", MATMUL, {"w": WEIGHT}, input_shape=[4, 64])
    report = check_all_variants(path, ROWS, batch=(4,))
    assert report.measured_rows == 50
    with pytest.raises(InputError, match="exactly 4 rows"):
        compare(path, ROWS, calibration=ROWS, **OPTIONS)


def test_external_data_counts_as_bytes_of_the_model(tmp_path):
    path = graph_file(tmp_path / "m.onnx", MATMUL, {"w": WEIGHT}, input_shape=["n", 64])
    whole = os.stat(path).st_size
    external = tmp_path / "e.onnx"
    onnx.save(
        onnx.load(path), external, save_as_external_data=True, location="e.data", size_threshold=0
    )
    assert os.stat(external).st_size < WEIGHT.nbytes
    assert whole <= bytes_on_disk(external) < whole + 4096
    assert check_all_variants(external, ROWS).row("ONNX Runtime FP32").bytes >= whole
    (tmp_path / "e.data").unlink()
    with pytest.raises(OnnxModelError, match="external data file beside it"):
        compare(external, ROWS, calibration=ROWS, **OPTIONS)


def test_float16_weights_are_not_called_fp32(tmp_path):
    nodes = [
        helper.make_node("Cast", ["w"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["input", "wide"], ["output"]),
    ]
    half = {"w": WEIGHT.astype(np.float16)}
    path = graph_file(tmp_path / "m.onnx", nodes, half, input_shape=["n", 64])
    with pytest.raises(OnnxModelError, match="holds FLOAT16 weights"):
        compare(path, ROWS, calibration=ROWS, **OPTIONS)


def test_a_quantized_file_is_not_called_fp32(tmp_path):
    path = graph_file(tmp_path / "m.onnx", MATMUL, {"w": WEIGHT}, input_shape=["n", 64])
    done = quantize_dynamic(path, tmp_path / "q.onnx").path
    with pytest.raises(OnnxModelError, match="already quantized"):
        compare(done, ROWS, calibration=ROWS, **OPTIONS)


def test_a_model_without_weights_is_an_error(tmp_path):
    nodes = [helper.make_node("Relu", ["input"], ["output"])]
    path = graph_file(tmp_path / "m.onnx", nodes, {}, input_shape=["n", 64])
    with pytest.raises(QuantizationError, match="Nothing can be quantized"):
        compare(path, ROWS, calibration=ROWS, **OPTIONS)


class Einsum(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.randn(64, 16))
        self.out = nn.Linear(16, 5)

    def forward(self, x):
        return self.out(torch.einsum("bi,ij->bj", x, self.mix))


class TiedLanguageModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(80, 32)
        self.block = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.out = nn.Linear(32, 80, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x):
        return self.out(self.block(self.embed(x)))


@pytest.mark.parametrize(
    ("module", "data", "stays"),
    [
        (Einsum, ROWS, "Einsum, 1,024 weights"),
        (TiedLanguageModel, RNG.integers(0, 80, (30, 9)), None),
        (
            lambda: nn.Sequential(
                nn.ConvTranspose2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)
            ),
            RNG.standard_normal((30, 2, 4, 4)),
            "ConvTranspose, 72 weights",
        ),
        (
            lambda: nn.Sequential(nn.EmbeddingBag(40, 16), nn.Linear(16, 4)),
            RNG.integers(0, 40, (30, 5)),
            None,
        ),
    ],
    ids=["einsum", "transformer", "transposed convolution", "embedding bag"],
)
def test_modules_of_other_layers(module, data, stays):
    torch.manual_seed(0)
    report = compare(module(), data, calibration=data, **OPTIONS)
    assert not any("left out" in remark for remark in report.remarks)
    assert report.row("PyTorch FP32").quality.sqnr_db > 80
    assert all(row.quality.sqnr_db > 12 for row in report.rows)
    floating = [remark for remark in report.remarks if "leaves in FP32" in remark]
    assert bool(floating) == bool(stays)
    assert all(stays in layer for layer in floating)
