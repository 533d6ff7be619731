"""Quantized files: node types, bytes, error against FP32, integer kernels, named FP32 layers."""

import logging
import os

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import helper, numpy_helper
from onnx_models import SmallConvNet, TokenTagger, graph_file, small_mlp, sqnr_db

from mlopt_lessons.workbench.serving.graph import OnnxModelError, op_counts
from mlopt_lessons.workbench.serving.onnx_export import export
from mlopt_lessons.workbench.serving.quantize import (
    CalibrationError,
    QuantizationError,
    quantize_4bit,
    quantize_dynamic,
    quantize_static,
)
from mlopt_lessons.workbench.serving.saturation import saturates
from mlopt_lessons.workbench.serving.session import Session

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((200, 1, 12, 12)).astype(np.float32)
ROWS = RNG.standard_normal((200, 64)).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("onnx")
    export(small_mlp(), torch.zeros(1, 64), place / "mlp.onnx")
    export(SmallConvNet().eval(), torch.zeros(1, 1, 12, 12), place / "cnn.onnx")
    export(TokenTagger().eval(), torch.zeros(1, 7, dtype=torch.int64), place / "tagger.onnx")
    return place


def test_static_int8_of_convolutions(folder, tmp_path):
    result = quantize_static(folder / "cnn.onnx", tmp_path / "q.onnx", IMAGES)
    assert result.integer == ("features.0", "features.4", "head")
    assert result.floating == ()
    weights = {t.name: numpy_helper.to_array(t) for t in onnx.load(result.path).graph.initializer}
    assert weights["features.4.weight_quantized"].dtype == np.int8
    assert weights["features.4.weight_scale"].shape == (16,)
    reference = Session(folder / "cnn.onnx")(IMAGES)
    assert 25 < sqnr_db(reference, Session(result.path)(IMAGES)) < 60


def test_the_runtime_computes_static_int8_with_integer_kernels(folder, tmp_path):
    result = quantize_static(folder / "cnn.onnx", tmp_path / "q.onnx", IMAGES)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    onnxruntime.InferenceSession(result.path, options, providers=["CPUExecutionProvider"])
    counts = op_counts(tmp_path / "loaded.onnx")
    assert counts["QLinearConv"] + counts["QGemm"] == 3
    assert counts["Conv"] + counts["Gemm"] + counts["FusedConv"] == 0


def test_static_weights_are_the_rounded_weights(folder, tmp_path):
    result = quantize_static(folder / "mlp.onnx", tmp_path / "q.onnx", ROWS, reduce_range=False)
    before = {
        t.name: numpy_helper.to_array(t) for t in onnx.load(folder / "mlp.onnx").graph.initializer
    }
    after = {t.name: numpy_helper.to_array(t) for t in onnx.load(result.path).graph.initializer}
    for layer in ("0", "2"):
        weight, scale = before[f"{layer}.weight"], after[f"{layer}.weight_scale"]
        np.testing.assert_allclose(scale, np.abs(weight).max(axis=1) / 127, rtol=1e-6)
        expected = np.rint(weight / scale[:, None])
        assert np.abs(after[f"{layer}.weight_quantized"] - expected).max() <= 1


def test_reduce_range_keeps_weights_in_seven_bits(folder, tmp_path):
    result = quantize_static(folder / "mlp.onnx", tmp_path / "q.onnx", ROWS, reduce_range=True)
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(result.path).graph.initializer}
    assert np.abs(tensors["2.weight_quantized"].astype(int)).max() <= 64


def test_the_saturation_probe_agrees_with_the_error_of_8_bit_weights(folder, tmp_path):
    result = quantize_dynamic(folder / "mlp.onnx", tmp_path / "q.onnx", reduce_range=False)
    error = sqnr_db(Session(folder / "mlp.onnx")(ROWS), Session(result.path)(ROWS))
    assert (error > 25) is not saturates()


def test_dynamic_int8_of_linear_layers(folder, tmp_path):
    result = quantize_dynamic(folder / "mlp.onnx", tmp_path / "q.onnx")
    assert result.integer == ("0", "2")
    counts = op_counts(result.path)
    assert counts["MatMulInteger"] == 2
    assert counts["Gemm"] == counts["MatMul"] == 0
    assert 25 < sqnr_db(Session(folder / "mlp.onnx")(ROWS), Session(result.path)(ROWS)) < 60


def test_4_bit_weights_reach_the_linear_layers_that_gemm_hides(folder, tmp_path):
    assert op_counts(folder / "mlp.onnx")["Gemm"] == 2
    result = quantize_4bit(folder / "mlp.onnx", tmp_path / "q.onnx", block_size=32)
    assert result.integer == ("0", "2")
    assert op_counts(result.path)["MatMulNBits"] == 2
    assert 12 < sqnr_db(Session(folder / "mlp.onnx")(ROWS), Session(result.path)(ROWS)) < 40


def test_bytes_on_disk_follow_the_bits(folder, tmp_path):
    whole = os.stat(folder / "mlp.onnx").st_size
    static = quantize_static(folder / "mlp.onnx", tmp_path / "s.onnx", ROWS).path
    dynamic = quantize_dynamic(folder / "mlp.onnx", tmp_path / "d.onnx").path
    four = {
        b: quantize_4bit(folder / "mlp.onnx", tmp_path / f"{b}.onnx", block_size=b).path
        for b in (16, 64)
    }
    assert 2.5 < whole / os.stat(static).st_size < 4
    assert 2.5 < whole / os.stat(dynamic).st_size < 4
    assert 4 < whole / os.stat(four[16]).st_size < whole / os.stat(four[64]).st_size < 8


def test_the_same_input_gives_the_same_bytes(folder, tmp_path):
    a = quantize_static(folder / "cnn.onnx", tmp_path / "a.onnx", IMAGES).path.read_bytes()
    assert a == quantize_static(folder / "cnn.onnx", tmp_path / "b.onnx", IMAGES).path.read_bytes()


def test_layers_without_an_integer_form_are_named_and_stay_fp32(folder, tmp_path):
    tokens = RNG.integers(0, 100, (50, 7))
    static = quantize_static(folder / "tagger.onnx", tmp_path / "s.onnx", tokens)
    assert static.integer == ("embed", "out")
    assert [(layer.name, layer.op) for layer in static.floating] == [("lstm", "LSTM")]
    assert "lstm (LSTM, 8,192 weights): ONNX Runtime has no int8 static form" in str(
        static.floating[0]
    )
    assert op_counts(static.path)["LSTM"] == 1
    dynamic = quantize_dynamic(folder / "tagger.onnx", tmp_path / "d.onnx")
    assert dynamic.integer == ("embed", "lstm", "out")
    assert op_counts(dynamic.path)["DynamicQuantizeLSTM"] == 1
    four = quantize_4bit(folder / "tagger.onnx", tmp_path / "4.onnx")
    assert four.integer == ("embed", "out")
    for result in (static, dynamic, four):
        reference = Session(folder / "tagger.onnx")(tokens)
        assert sqnr_db(reference, Session(result.path)(tokens)) > 12


def test_random_calibration_data_loses_what_real_data_keeps(folder, tmp_path):
    small = RNG.standard_normal(IMAGES.shape).astype(np.float32) * 0.01
    good = quantize_static(folder / "cnn.onnx", tmp_path / "g.onnx", IMAGES).path
    bad = quantize_static(folder / "cnn.onnx", tmp_path / "b.onnx", small).path
    reference = Session(folder / "cnn.onnx")(IMAGES)
    assert sqnr_db(reference, Session(bad)(IMAGES)) < 10 < sqnr_db(reference, Session(good)(IMAGES))


@pytest.mark.parametrize(
    ("calibration", "says"),
    [
        (None, "There is no calibration data"),
        ([], "There is no calibration data"),
        (np.zeros((0, 1, 12, 12)), "There is no calibration data"),
        (np.full((4, 1, 12, 12), np.nan), "NaN"),
        (np.full((4, 1, 12, 12), np.inf), "infinite"),
        (np.zeros((4, 3, 12, 12)), "shape"),
        (np.zeros((4, 1, 12, 12), np.uint8), "uint8"),
    ],
)
def test_bad_calibration_data_gets_one_sentence(folder, tmp_path, calibration, says):
    with pytest.raises(CalibrationError, match=says):
        quantize_static(folder / "cnn.onnx", tmp_path / "q.onnx", calibration)
    assert not (tmp_path / "q.onnx").exists()


def test_what_cannot_be_quantized_is_said_and_not_written(folder, tmp_path):
    done = quantize_dynamic(folder / "mlp.onnx", tmp_path / "q.onnx").path
    with pytest.raises(OnnxModelError, match="already quantized"):
        quantize_4bit(done, tmp_path / "again.onnx")
    nodes = [helper.make_node("Relu", ["input"], ["output"])]
    bare = graph_file(tmp_path / "bare.onnx", nodes, {}, input_shape=["n", 4])
    with pytest.raises(QuantizationError, match="holds no weight matrices"):
        quantize_dynamic(bare, tmp_path / "again.onnx")
    with pytest.raises(OnnxModelError, match="no file"):
        quantize_dynamic(tmp_path / "none.onnx", tmp_path / "again.onnx")
    (tmp_path / "file").write_text("")
    with pytest.raises(QuantizationError, match="choose another folder"):
        quantize_dynamic(folder / "mlp.onnx", tmp_path / "file" / "q.onnx")
    assert not (tmp_path / "again.onnx").exists()


@pytest.mark.parametrize("size", [0, 8, 33, 512, "32", 32.0, None])
def test_block_sizes_are_powers_of_two(folder, tmp_path, size):
    with pytest.raises(ValueError, match="16, 32, 64, 128 or 256"):
        quantize_4bit(folder / "mlp.onnx", tmp_path / "q.onnx", block_size=size)


def test_quantizing_prints_nothing_and_keeps_the_log_handlers(folder, tmp_path, capfd):
    before = logging.getLogger().handlers[:], logging.getLogger().level
    quantize_static(folder / "cnn.onnx", tmp_path / "s.onnx", IMAGES)
    quantize_4bit(folder / "mlp.onnx", tmp_path / "4.onnx")
    assert (logging.getLogger().handlers, logging.getLogger().level) == before
    assert capfd.readouterr() == ("", "")
