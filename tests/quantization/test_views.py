"""What the labs show: recipe cards, one layer with its grid, and the latency lines."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.quantization import accuracy_sweep, figures
from mlopt_lessons.quantization.accuracy_sweep import Setting, recorded
from mlopt_lessons.quantization.explore import view, weight_layers
from mlopt_lessons.quantization.recipe import simplify
from mlopt_lessons.quantization.speed_view import speed_view
from mlopt_lessons.quantization.sweep import SweepRow
from mlopt_lessons.workbench import MODELS, load_card, load_model


def test_the_story_card_becomes_33_47_4() -> None:
    assert [card.whole for card in simplify()] == [33, 47, 4]


@settings(deadline=None)
@given(st.floats(0.01, 1e6))
def test_a_whole_number_is_off_by_at_most_half(exact: float) -> None:
    (card,) = simplify([("oven", exact, "°F")])
    assert abs(card.whole - exact) <= 0.5
    assert card.error_percent == pytest.approx(100 * abs(card.whole / exact - 1), abs=1e-6)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 0.0])
def test_a_number_without_relative_error_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="'oven'"):
        simplify([("oven", number, "°F")])


def test_the_recorded_table_has_every_point_once() -> None:
    settings_ = {Setting(32), *accuracy_sweep.settings()}
    assert set(recorded()) == {(name, setting) for name in MODELS for setting in settings_}
    for name in MODELS:
        assert recorded()[name, Setting(32)].accuracy.correct == load_card()[name]["correct"]


@pytest.mark.parametrize(
    "setting",
    [Setting(3, "symmetric", "channel", "mse"), Setting(2, "symmetric", "tensor", "min-max")],
)
def test_recorded_points_can_be_measured_again(setting: Setting) -> None:
    (point,) = accuracy_sweep.sweep("mlp", [setting])
    kept = recorded()["mlp", setting]
    assert (
        abs(point.accuracy.correct - kept.accuracy.correct) <= 2
    )  # other processors round otherwise
    assert point.bytes == kept.bytes


def test_a_glyph_point_can_be_measured_again() -> None:
    setting = Setting(4, "symmetric", "channel", "min-max")
    (point,) = accuracy_sweep.sweep("depthwise_cnn", [setting])
    assert abs(point.accuracy.correct - recorded()["depthwise_cnn", setting].accuracy.correct) <= 12


def a_view(bits: int, granularity: str = "tensor"):
    layers = weight_layers(load_model("depthwise_cnn"))
    setting = Setting(bits, "symmetric", granularity, "min-max")
    return view("depthwise_cnn", "stem.0", layers["stem.0"], setting, recorded()), layers["stem.0"]


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_view_counts_every_weight_and_shows_no_level_outside(bits: int) -> None:
    shown, weights = a_view(bits)
    assert shown.counts.sum() == weights.numel()
    counts, _ = np.histogram(weights.numpy().ravel(), bins=shown.edges)
    assert np.abs(counts - shown.counts).sum() <= 4  # values on an edge may fall to either side
    assert len(shown.levels) <= 2**bits
    assert shown.levels.min() >= shown.edges[0]
    assert shown.levels.max() <= shown.edges[-1]


def test_the_error_in_the_view_is_torch_s() -> None:
    shown, weights = a_view(8)
    scale = weights.abs().max().item() / 127
    rounded = torch.fake_quantize_per_tensor_affine(weights, scale, 0, -128, 127)
    noise = (weights - rounded).square().sum()
    assert shown.sqnr_db == pytest.approx(
        10 * torch.log10(weights.square().sum() / noise).item(), abs=0.05
    )


def test_a_setting_that_was_not_recorded_is_told() -> None:
    weights = weight_layers(load_model("mlp"))["output"]
    with pytest.raises(ValueError, match="measure it first"):
        view("mlp", "output", weights, Setting(8), {})


def rows(speedups: dict[int, float]) -> list[SweepRow]:
    """A sweep in which FP32 takes 1 ms at each width, and int8 that divided by the speed-up."""
    return [
        SweepRow(width, 1, 1, variant, seconds, 0.9 * seconds, 1.1 * seconds)
        for width, speedup in speedups.items()
        for variant, seconds in (("fp32", 1e-3), ("int8", 1e-3 / speedup))
    ]


@pytest.mark.parametrize(
    ("speedups", "crossover"),
    [
        ({64: 0.5, 128: 0.9, 256: 1.5, 512: 3.0}, 256),
        ({64: 1.5, 128: 0.9, 256: 1.5}, 256),
        ({64: 2.0, 128: 2.0}, 64),
        ({64: 2.0, 128: 1.01}, None),
    ],
)
def test_the_crossover_is_where_int8_wins_for_good(
    speedups: dict[int, float], crossover: int | None
) -> None:
    shown = speed_view(rows(speedups), width=64, batch=1, threads=1)
    assert shown.crossover == crossover
    assert shown.ratio == pytest.approx(speedups[64])


def test_slower_is_said_to_be_slower() -> None:
    shown = speed_view(rows({64: 0.5, 128: 2.0}), width=64, batch=1, threads=1)
    assert "2.0× slower" in shown.title
    assert "from width 128 on int8 is faster" in shown.finding


def test_a_width_that_was_not_measured_is_told() -> None:
    with pytest.raises(ValueError, match="was not measured"):
        speed_view(rows({64: 1.0}), width=65, batch=1, threads=1)


def test_the_pictures_show_what_they_are_given() -> None:
    picture = figures.WeightPicture()
    shown, _ = a_view(4)
    alt = picture.update(shown)
    assert "4-bit" in alt
    line = next(line for line in picture.figure.axes[1].lines if len(line.get_xdata()) == 7)
    expected = [100 * recorded()["depthwise_cnn", p.setting].accuracy.value for p in shown.curve]
    assert list(line.get_ydata()) == expected


def test_the_speed_picture_draws_both_lines() -> None:
    picture = figures.SpeedPicture([64, 128], 2.0, 0.1)
    picture.update(speed_view(rows({64: 0.5, 128: 2.0}), width=128, batch=1, threads=1))
    drawn = {line.get_label(): list(line.get_ydata()) for line in picture.figure.axes[0].lines}
    assert drawn["FP32"] == [1.0, 1.0]
    assert drawn["int8, dynamic"] == [2.0, 0.5]


def test_both_labs_start_and_follow_their_controls() -> None:
    from mlopt_lessons.quantization import lab

    weights = lab.weights_lab()
    before = weights.png
    weights.set(bits=3)
    assert "3-bit" in weights.alt
    assert weights.png != before
    speed = lab.speed_lab(rows({64: 0.5, 128: 2.0}))
    speed.set(width=128)
    assert "2.0× faster" in speed.alt
