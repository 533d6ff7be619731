"""What the labs show agrees with numpy, with the masks, and with the recorded rows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.pruning import explore, figures, tree
from mlopt_lessons.pruning.explore import PATTERNS, amount_view, cut_layers, cut_view
from mlopt_lessons.pruning.speed import SpeedPoint
from mlopt_lessons.pruning.storage import LAYOUTS
from mlopt_lessons.pruning.sweep import SWEPT_AMOUNTS, Setting, SweepPoint
from mlopt_lessons.workbench import Accuracy, Latency, load_model


def matrix(seed: int = 0, outputs: int = 40, inputs: int = 24) -> torch.Tensor:
    return torch.randn(outputs, inputs, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None)
@given(st.sampled_from(PATTERNS), st.floats(0, 0.95), st.integers(0, 50))
def test_counts_agree_with_numpy(pattern, amount, seed):
    weight = matrix(seed)
    shown = cut_view("layer", weight, pattern, amount)
    counts, _ = np.histogram(weight.numpy().ravel(), bins=shown.edges)
    assert np.abs(counts - shown.counts).sum() <= 4  # a value on an edge may fall to either side
    assert shown.counts.sum() == shown.total == weight.numel()
    assert shown.counts_kept.sum() == shown.kept == int(np.isfinite(shown.picture).sum())
    assert (shown.counts_kept <= shown.counts).all()
    oracle = np.sort(np.linalg.norm(weight.numpy(), axis=1))[::-1]
    np.testing.assert_allclose(shown.norms, oracle, rtol=1e-5)


def test_the_threshold_parts_what_is_cut_from_what_stays():
    weight = matrix()
    shown = cut_view("layer", weight, "smallest weights", 0.6)
    assert int((weight.abs() > shown.threshold).sum()) == shown.kept
    assert cut_view("layer", weight, "smallest weights", 0.0).kept == weight.numel()
    assert cut_view("layer", weight, "random weights", 0.6).threshold is None


def test_whole_outputs_disappear_and_2_of_4_takes_half():
    shown = cut_view("layer", matrix(), "whole outputs", 0.25)
    assert (shown.gone, shown.kept) == (10, 30 * 24)
    assert "10 of 40 outputs disappear" in shown.finding
    half = cut_view("layer", matrix(), "2 of 4", 0.9)
    assert (half.kept, half.amount) == (40 * 12, 0.5)
    with pytest.raises(ValueError, match="2:4 needs"):
        cut_view("layer", matrix(inputs=9), "2 of 4", 0.5)


def test_a_layer_too_large_to_follow_a_slider_says_so():
    layers = cut_layers(load_model("mlp"))
    assert [weight.shape[1] for weight in layers.values()] == [64, 2048, 2048]
    assert all(weight.numel() <= explore.MOST_WEIGHTS for weight in layers.values())
    assert "hidden2, first 29 outputs" in layers
    assert list(cut_layers(load_model("glyph_cnn")))[:2] == ["conv1", "conv2"]


def points(model: str = "mlp"):
    """A made-up table: 1 point of accuracy lost for each 10 %; CSR twice the dense file's bytes."""
    table = {}
    for method, tuned in (("global", False), ("removed", True)):
        for amount in SWEPT_AMOUNTS:
            stored = dict.fromkeys(LAYOUTS, 1000) | {"csr int32": 2000, "bitmask": 250}
            setting = Setting(method, amount, tuned)
            right = Accuracy(round(540 - 54 * amount), 540)
            table[model, setting] = SweepPoint(model, setting, right, 10, stored)
    return table


def speed(form: str, amount: float) -> SpeedPoint:
    time = Latency(form, 0.002, 0.001, 0.003, (0.002,), 1, "a machine")
    return SpeedPoint(form, amount, 2, time, (1, 1, 1))


def test_the_view_of_an_amount_holds_its_rows():
    speeds = [speed("dense", 0.5), speed("removed", 0.5), speed("removed", 0.9)]
    shown = amount_view("mlp", Setting("removed", 0.5, tuned=True), points(), speeds)
    assert shown.times == {"dense": (1.0, 0.5, 1.5), "removed": (1.0, 0.5, 1.5)}
    assert [p.setting.amount for p in shown.curve] == list(SWEPT_AMOUNTS)
    assert shown.sizes == {"dense": 100, "zstd": 100, "csr int32": 200, "bitmask": 25}
    assert shown.score_note == "95.0 %, fine-tuned"
    assert "5.0 points below dense" in shown.finding
    assert "250 bytes as bitmask" in shown.finding


def test_what_is_not_recorded_gets_a_sentence():
    with pytest.raises(ValueError, match="Nothing is recorded for other"):
        amount_view("other", Setting("global", 0.5, tuned=False), points())


def test_pictures_show_what_the_views_hold():
    picture = figures.AmountPicture(slowest_ms=2.0)
    setting = Setting("global", 0.9, tuned=False)
    shown = amount_view("mlp", setting, points(), [speed("removed", 0.9)])
    assert picture.update(shown) == shown.finding
    texts = [text.get_text() for text in picture.artists if hasattr(text, "get_text")]
    assert texts[1:] == [
        " 100 %", " 100 %", " 200 %", " 25 %", " not timed", " not timed", " not timed", " 1",
    ]  # fmt: skip
    cut = figures.CutPicture()
    view = cut_view("layer", matrix(), "smallest weights", 0.5)
    assert cut.update(view) == view.finding


def test_a_tree_without_its_dead_wood_is_still_one_tree():
    whole = tree.grow(dead=0.5, seed=0)
    left = tree.prune_tree(whole)
    assert len(whole) == 2**7 - 1
    assert 0 < len(left) < len(whole)
    ends = {(b.x1, b.y1) for b in left} | {(0.0, 0.0)}
    assert all((b.x0, b.y0) in ends for b in left)  # nothing hangs in the air
    assert tree.prune_tree(tree.grow(dead=0)) == tree.grow(dead=0)
    with pytest.raises(ValueError, match="from 0 to 1"):
        tree.grow(dead=2)
