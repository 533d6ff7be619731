"""The forms that are timed are the right models, and the bars are wide."""

from pathlib import Path

import pytest
import torch
from torch import nn

from mlopt_lessons import pruning, workbench
from mlopt_lessons.pruning.speed import FORMS, SpeedPoint, speed_sweep, with_zeros
from mlopt_lessons.workbench import Latency, Price
from mlopt_lessons.workbench.serving import Session, export


def test_each_form_stands_at_each_amount_and_batch():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    points = speed_sweep(model, torch.randn(5, 8), (0.0, 0.5), (1, 7))
    assert [(p.amount, p.batch, p.form) for p in points] == [
        (amount, batch, form) for amount in (0.0, 0.5) for batch in (1, 7) for form in FORMS
    ]
    assert all(p.speedup == (1, 1, 1) for p in points if p.form == "dense")


def test_a_model_of_convolutions_has_no_csr_form():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3), nn.Flatten())
    points = speed_sweep(model, torch.randn(2, 1, 8, 8), (0.5,), (1,))
    assert [p.form for p in points] == ["dense", "zeros", "removed"]


@pytest.mark.parametrize("name", ["mlp", "glyph_cnn"])
def test_the_zeroed_file_is_the_masked_model(name: str, tmp_path: Path):
    model, x = workbench.load_model(name), workbench.dataset_for(name).test_x[:20]
    masks = pruning.magnitude_masks(model, 0.7)
    file = with_zeros(export(model, x[:1], tmp_path / "dense.onnx"), model, masks, tmp_path / "z")
    with torch.inference_mode():
        expected = pruning.masked(model, masks)(x)
    torch.testing.assert_close(
        torch.from_numpy(Session(file)(x.numpy())), expected, atol=1e-4, rtol=0
    )
    assert file.stat().st_size == pytest.approx((tmp_path / "dense.onnx").stat().st_size, rel=0.01)


@pytest.mark.timing
def test_zeros_save_no_time_and_removing_does():
    model, x = workbench.load_model("mlp"), workbench.digits().test_x
    found = {p.form: p.speedup[0] for p in speed_sweep(model, x, (0.9,), (1,))}
    # Measured: 0.9 to 1.1 for zeros, 5 and more for removed. Wide bars.
    assert found["zeros"] < 2 < found["removed"]


def test_dollars_follow_from_seconds_a_prediction():
    time = Latency("removed", 0.02, 0.01, 0.03, (0.02,), 1, "a machine")
    point = SpeedPoint("removed", 0.5, 10, time, (1, 1, 1))
    price = Price("mine", 0.9, source="a test", date="2026-11-24")
    assert point.seconds == pytest.approx(0.002)
    assert point.dollars(price) == pytest.approx(0.002 * 1e6 / 3600 * 0.9)


@pytest.mark.parametrize(("amounts", "batches"), [((1.0,), (1,)), ((-0.1,), (1,)), ((0.5,), (0,))])
def test_what_cannot_be_timed_gets_a_sentence(amounts, batches):
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    with pytest.raises(ValueError, match=r"\.$"):
        pruning.speed_sweep(model, torch.randn(5, 8), amounts, batches)


@pytest.mark.parametrize("amount", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("name", ["mlp", "glyph_cnn"])
def test_the_part_of_outputs_removes_the_part_of_weights_asked_for(name, amount):
    model = workbench.load_model(name)
    part = pruning.outputs_for(model, amount)
    small = pruning.remove_outputs(model, part).model
    whole, left = (sum(p.numel() for p in m.parameters() if p.ndim > 1) for m in (model, small))
    assert 1 - left / whole == pytest.approx(amount, abs=0.02)
    assert part < amount  # rows and columns go together
