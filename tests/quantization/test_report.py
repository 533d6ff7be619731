"""The report's figures follow from files on disk, answers of the models, and the price."""

import os

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx_models import SmallConvNet, TokenTagger, small_mlp
from torch import nn

from mlopt_lessons.quantization.calibration_data import compare_calibrations, random_like
from mlopt_lessons.quantization.report import compare
from mlopt_lessons.workbench import Price
from mlopt_lessons.workbench.comparison.quality import LabelError, OutputError, quality
from mlopt_lessons.workbench.serving.feeds import InputError
from mlopt_lessons.workbench.serving.onnx_export import export
from mlopt_lessons.workbench.serving.quantize import CalibrationError

RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((300, 64)).astype(np.float32)
PRICE = Price("mine", usd_per_hour=0.36, source="a test", date="2026-11-24")
VARIANTS = ["PyTorch FP32", "ONNX Runtime FP32", "int8 static", "int8 dynamic", "4-bit weights"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A module whose labels are its own answers, so that FP32 accuracy is 100 %."""
    folder = tmp_path_factory.mktemp("report")
    module = small_mlp()
    with torch.no_grad():
        labels = module(torch.from_numpy(ROWS)).argmax(1).numpy()
    options = {"calibration": ROWS[:100], "price": PRICE, "batch": (1, 8), "repeats": 30}
    return compare(module, (ROWS, labels), folder=folder, **options), folder, module, labels


def test_each_variant_stands_at_each_batch_size(made):
    report = made[0]
    assert [(row.batch, row.variant) for row in report.rows] == [
        (batch, name) for batch in (1, 8) for name in VARIANTS
    ]
    assert len(report.remarks) == 1  # the rows of calibration: no method was left out


def test_bytes_are_those_of_the_files_and_ratios_of_the_fp32_file(made):
    report, folder, _, _ = made
    sizes = {path.name: os.stat(path).st_size for path in folder.iterdir()}
    names = ["pytorch_fp32.pt", "fp32.onnx", "int8_static.onnx", "int8_dynamic.onnx"]
    for variant, name in zip(VARIANTS, [*names, "4bit_weights.onnx"], strict=True):
        row = report.row(variant)
        assert row.bytes == sizes[name]
        assert row.ratio == pytest.approx(sizes["fp32.onnx"] / sizes[name])
    assert set(sizes) == {*names, "4bit_weights.onnx"}


def test_accuracy_and_flips_are_counted_on_the_models_answers(made):
    report, folder, _, labels = made
    for row in report.rows:
        assert row.quality.accuracy.total == row.quality.predictions == len(labels)
        # The labels are FP32's answers: what is wrong is what flipped.
        assert row.quality.accuracy.correct == len(labels) - row.quality.flips
        assert row.quality.flips < 60
    assert report.row("PyTorch FP32").quality.flips == 0
    assert report.row("int8 dynamic").quality.sqnr_db > report.row("4-bit weights").quality.sqnr_db
    assert onnx.load(folder / "int8_static.onnx").graph.node


def test_dollars_follow_from_latency_batch_and_price(made):
    for row in made[0].rows:
        assert row.latency.low_s <= row.latency.median_s <= row.latency.high_s
        hours = row.latency.median_s / row.batch * 1e6 / 3600
        assert row.dollars_per_million == pytest.approx(hours * 0.36)
        assert row.latency.repeats == 30
    base = made[0].row("ONNX Runtime FP32", 8)
    assert base.speedup == pytest.approx((1, 1, 1))


def test_the_tables_hold_every_row_and_the_conditions(made):
    report = made[0]
    assert len(report.table()) == len(report.frame()) == len(report.rows)
    assert report.frame()["usd_per_hour"].unique().tolist() == [0.36]
    text = report.to_markdown()
    for part in [*VARIANTS, "a test", "2026-11-24", "$0.36 an hour", "30 repeats"]:
        assert part in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_a_module_keeps_its_mode_and_torch_its_threads():
    module, before = SmallConvNet().train(), torch.get_num_threads()
    images = RNG.standard_normal((20, 1, 12, 12)).astype(np.float32)
    report = compare(module, images, calibration=images, price=PRICE, threads=2, repeats=30)
    assert module.training
    assert torch.get_num_threads() == before
    assert "FP32: features.0, features.4" in report.row("4-bit weights").note
    assert "slow" in report.row("int8 dynamic").note
    assert report.row("int8 static").quality.accuracy is None
    assert "accuracy (95 %)" not in report.table().columns


def test_an_onnx_file_has_no_pytorch_row_and_is_not_touched(tmp_path):
    path = export(TokenTagger().eval(), torch.zeros(1, 7, dtype=torch.int64), tmp_path / "t.onnx")
    before = path.read_bytes()
    tokens = RNG.integers(0, 100, (40, 7))
    report = compare(path, tokens, calibration=tokens, price=PRICE, repeats=30)
    assert [row.variant for row in report.rows] == VARIANTS[1:]
    assert report.rows[0].quality.predictions == 40 * 7
    assert "lstm (LSTM, 8,192 weights)" in report.to_markdown()
    assert path.read_bytes() == before


def test_a_method_that_finds_no_layer_is_left_out_with_its_reason():
    images = RNG.standard_normal((20, 1, 6, 6)).astype(np.float32)
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten())
    report = compare(module, images, calibration=images, price=PRICE, repeats=30)
    assert [row.variant for row in report.rows] == VARIANTS[:-1]
    assert "4-bit weights was left out. " in report.to_markdown()
    assert "no 4-bit weights form of Conv" in report.to_markdown()


BAD = {
    "empty": ({"data": ROWS[:0]}, InputError, "empty"),
    "NaN": ({"data": np.full((4, 64), np.nan)}, InputError, "256 NaN"),
    "text": ({"data": np.full((4, 64), "a")}, InputError, "give numbers"),
    "mapping": ({"data": {"a": ROWS, "b": ROWS}}, InputError, "takes one tensor"),
    "shape": ({"data": ROWS[:, :9]}, ValueError, "shape"),
    "calibration": ({"calibration": ROWS[:, :9]}, CalibrationError, "shape"),
    "no calibration": ({"calibration": None}, CalibrationError, "no calibration data"),
    "labels": ({"data": (ROWS, np.zeros(7, int))}, LabelError, "one label for each row"),
    "no labels": ({"data": (ROWS, [])}, LabelError, "no labels"),
    "float labels": ({"data": (ROWS, np.zeros(300))}, LabelError, "integers"),
    "classes": ({"data": (ROWS, np.full(300, 10))}, LabelError, "classes 0 to 9"),
    "batch": ({"batch": (0,)}, ValueError, "whole numbers"),
    "no batch": ({"batch": ()}, ValueError, "whole numbers"),
    "threads": ({"threads": 0}, ValueError, "whole number"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_sentence(case):
    change, error, says = BAD[case]
    options = {"data": ROWS, "calibration": ROWS, "price": PRICE, "repeats": 30} | change
    with pytest.raises(error, match=says) as caught:
        compare(small_mlp(), options.pop("data"), **options)
    assert "\n" not in str(caught.value)


def test_a_model_that_returns_nan_is_refused():
    module = small_mlp()
    with torch.no_grad():
        module[0].weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match="NaN"):
        compare(module, ROWS, calibration=ROWS, price=PRICE, repeats=30)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 3))
def test_quality_equals_its_formulas(seed, noise):
    rng = np.random.default_rng(seed)
    reference = rng.standard_normal((40, 5))
    output = reference + noise * rng.standard_normal((40, 5))
    labels = rng.integers(0, 5, 40)
    found = quality(reference, output, labels)
    assert found.accuracy.correct == sum(
        int(np.argmax(o)) == y for o, y in zip(output, labels, strict=True)
    )
    assert found.flips == sum(
        int(np.argmax(o)) != int(np.argmax(r)) for o, r in zip(output, reference, strict=True)
    )
    expected = 20 * np.log10(np.linalg.norm(reference) / np.linalg.norm(reference - output))
    assert found.sqnr_db == pytest.approx(expected)


def test_quality_without_classes_has_only_noise():
    found = quality(np.ones((4, 1)), np.full((4, 1), 1.1))
    assert found.accuracy is found.flips is None
    assert found.sqnr_db == pytest.approx(20)
    assert quality(np.ones((4, 1)), np.ones((4, 1))).sqnr_db == np.inf
    with pytest.raises(LabelError, match="no classes"):
        quality(np.ones((4, 1)), np.ones((4, 1)), np.zeros(4, int))
    with pytest.raises(OutputError, match="NaN"):
        quality(np.ones((4, 2)), np.full((4, 2), np.nan))


def test_calibrations_are_compared_on_the_same_data(tmp_path):
    path = export(small_mlp(), torch.zeros(1, 64), tmp_path / "m.onnx")
    tiny = ROWS * 0.01
    found = compare_calibrations(path, ROWS, None, {"real": ROWS, "tiny": tiny})
    assert found["real"].sqnr_db > 20 > found["tiny"].sqnr_db
    noise = random_like(ROWS, seed=3)
    assert noise.shape == ROWS.shape
    np.testing.assert_array_equal(noise, random_like(ROWS, seed=3))
