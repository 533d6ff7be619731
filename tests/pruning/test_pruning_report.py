"""The pruning report: real files, the bar for the MLP, controls, and sentences for bad input."""

import dataclasses

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from mlopt_lessons import pruning, workbench
from mlopt_lessons.pruning.report import CSR, REMOVED, TUNED, ZEROED
from mlopt_lessons.workbench import Price
from mlopt_lessons.workbench.comparison import FP32
from mlopt_lessons.workbench.serving import InputError, Session

PRICE = Price("mine", usd_per_hour=0.36, source="a test", date="2026-11-24")
OPTIONS = {"price": PRICE, "repeats": 30}
RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((60, 64)).astype(np.float32)


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))


@pytest.fixture(scope="module")
def mlp(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlp")
    model, data = workbench.load_model("mlp"), workbench.digits()
    report = pruning.compare(
        model, data, amount=0.5, structured=True, epochs=3, folder=folder, **OPTIONS
    )
    return report, folder, model


def weights_in(path) -> int:
    tensors = onnx.load(path).graph.initializer
    return sum(int(np.prod(t.dims)) for t in tensors if len(t.dims) == 2)


def test_most_of_the_mlp_goes_and_its_accuracy_stays_inside_the_dense_interval(mlp):
    report, folder, model = mlp
    tuned, dense = report.row(f"{REMOVED}, {TUNED}"), report.row(FP32)
    assert weights_in(folder / "pruned_tuned.onnx") <= 0.3 * weights_in(folder / "fp32.onnx")
    low, high = dense.quality.accuracy.interval
    assert low <= tuned.quality.accuracy.value <= high
    assert tuned.ratio > 3.5
    assert sum(p.numel() for p in model.parameters()) > 4e6  # the learner's model is untouched


@pytest.mark.timing
def test_the_mlp_is_faster_in_the_same_runtime(mlp):
    # Measured: 3.5 times (10 to 13 where the dense weights overflow the cache). A wide bar.
    assert mlp[0].row(f"{REMOVED}, {TUNED}").speedup[0] > 2


def test_the_files_answer_what_the_report_counted(mlp):
    report, folder, _ = mlp
    data = workbench.digits()
    answers = Session(folder / "pruned_tuned.onnx").predict(data.test_x.numpy()).argmax(1)
    right = int((answers == data.test_y.numpy()).sum())
    assert report.row(f"{REMOVED}, {TUNED}").quality.accuracy.correct == right
    assert report.row(f"{REMOVED}, {TUNED}").bytes == (folder / "pruned_tuned.onnx").stat().st_size


def test_what_stays_is_named(mlp):
    text = mlp[0].to_markdown()
    assert "# Pruning report" in text
    assert "output kept all its outputs: its outputs are the model's answers." in text
    assert "74.1% are gone" in text
    assert "Fine-tuned on 1,257 rows for 3 epochs." in text


def test_zeros_make_no_file_smaller(tmp_path):
    report = pruning.compare(small(), ROWS, amount=0.9, folder=tmp_path, **OPTIONS)
    dense, zeroed = report.row(FP32), report.row(ZEROED)
    assert zeroed.bytes == pytest.approx(dense.bytes, rel=0.01)
    assert report.row(CSR).bytes < dense.bytes / 2
    assert report.row(CSR).quality.sqnr_db == pytest.approx(zeroed.quality.sqnr_db, abs=0.1)
    restored = pruning.restore(small(), tmp_path / "pruned_csr.safetensors", "csr int32")
    assert pruning.zeros(restored) == pytest.approx(0.9, abs=0.001)


def test_convolutions_alone_have_no_csr_row():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Flatten())
    images = RNG.standard_normal((9, 1, 8, 8)).astype(np.float32)
    report = pruning.compare(model, images, amount=0.5, **OPTIONS)
    assert CSR not in {row.variant for row in report.rows}


def test_the_smaller_model_can_be_trained_from_scratch():
    data = workbench.digits()
    cut = pruning.prune(small(), 0.5, structured=True).final
    before = {name: value.clone() for name, value in cut.state_dict().items()}
    twins = [
        pruning.from_scratch(cut, data, epochs=5, seed=1, learning_rate=1e-2) for _ in range(2)
    ]
    assert torch.equal(twins[0][0].weight, twins[1][0].weight)
    assert not torch.equal(twins[0][0].weight, cut[0].weight)
    assert all(torch.equal(before[name], value) for name, value in cut.state_dict().items())
    assert workbench.accuracy(twins[0], data.test_x, data.test_y).value > 0.8


def test_a_layer_that_cannot_start_anew_is_named():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.ones(3))

    with pytest.raises(ValueError, match="0 has no reset_parameters"):
        pruning.from_scratch(nn.Sequential(Own()), workbench.digits(), epochs=1)


BAD = {
    "no module": ({"model": "mlp"}, TypeError, "give a torch.nn.Module"),
    "amount": ({"amount": 1.5}, ValueError, "amount"),
    "all gone": ({"amount": 1.0, "structured": True}, ValueError, "leaves none"),
    "epochs": ({"epochs": 1}, ValueError, "needs training data"),
    "empty": ({"data": ROWS[:0]}, InputError, "empty"),
    "shape": ({"data": ROWS[:, :9]}, ValueError, "shape"),
    "batch": ({"batch": (0,)}, ValueError, "whole numbers"),
    "threads": ({"threads": 0}, ValueError, "whole number"),
    "one layer": ({"model": nn.Linear(64, 3), "structured": True}, ValueError, "No layer's"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_sentence(case):
    change, error, says = BAD[case]
    options = {"model": small(), "data": ROWS, "amount": 0.5, **OPTIONS} | change
    with pytest.raises(error, match=says) as caught:
        pruning.compare(options.pop("model"), options.pop("data"), **options)
    assert "\n" not in str(caught.value)


def test_a_dataset_without_labels_that_fit_is_refused():
    data = dataclasses.replace(workbench.digits(), test_y=torch.full((540,), 10))
    with pytest.raises(ValueError, match="classes 0 to 9"):
        pruning.compare(small(), data, amount=0.5, **OPTIONS)
