"""The two labs of lesson 6: sliders bound to a computation and a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from mlopt_lessons.course.live import LiveFigure
from mlopt_lessons.pruning.explore import (
    PATTERNS,
    AmountView,
    CutView,
    amount_view,
    cut_layers,
    cut_view,
)
from mlopt_lessons.pruning.figures import AmountPicture, CutPicture
from mlopt_lessons.pruning.speed import SpeedPoint
from mlopt_lessons.pruning.sweep import METHODS, SWEPT_AMOUNTS, SWEPT_MODELS, Setting, recorded
from mlopt_lessons.workbench import load_model

CUT_AMOUNTS = tuple(percent / 100 for percent in range(0, 96, 5))


def amount_lab(speeds: Mapping[str, Sequence[SpeedPoint]]) -> LiveFigure:
    """Lab (a): amount, method and fine-tuning against accuracy, bytes and milliseconds.

    Accuracies and bytes come from the shipped table of `sweep` (recorded); the milliseconds are
    the `speeds` by model, measured by `speed_sweep` on this machine at one batch size.
    """
    points = recorded()

    def compute(model: str, **how: Any) -> AmountView:
        return amount_view(model, _setting(**how), points, speeds.get(model, ()))

    controls = {
        "model": widgets.ToggleButtons(
            options=SWEPT_MODELS, value="glyph_cnn", description="model"
        ),
        "amount": _percent_slider(SWEPT_AMOUNTS, 0.7),
        "method": widgets.ToggleButtons(options=METHODS, description="cut by"),
        "tuned": widgets.Checkbox(value=False, description="fine-tuned for 3 epochs"),
    }
    presets = {
        "The story: 70 %": {"amount": 0.7, "method": "global", "tuned": True},
        "70 %, no fine-tuning": {"amount": 0.7, "method": "global", "tuned": False},
        "90 % removed": {"amount": 0.9, "method": "removed", "tuned": True},
        "90 % at random": {"amount": 0.9, "method": "random", "tuned": True},
    }
    slowest = [1e3 * row.seconds for rows in speeds.values() for row in rows]
    picture = AmountPicture(max(slowest, default=1.0))
    return LiveFigure(picture, compute, controls, presets, title="Amount, accuracy, bytes, time")


def _setting(amount: float, method: Any, tuned: bool) -> Setting:
    return Setting(method, amount, tuned or method == "from scratch")


def cut_lab() -> LiveFigure:
    """Lab (b): what is cut from a layer, and which outputs disappear; computed at each move."""
    layers = {
        f"{name}: {layer}": (layer, weight)
        for name in reversed(SWEPT_MODELS)
        for layer, weight in cut_layers(load_model(name)).items()
    }

    def compute(layer: str, pattern: Any, amount: float) -> CutView:
        label, weight = layers[layer]
        return cut_view(label, weight, pattern, amount)

    controls = {
        "layer": widgets.Dropdown(
            options=list(layers), value="glyph_cnn: conv3", description="layer"
        ),
        "pattern": widgets.ToggleButtons(options=PATTERNS, description="cut"),
        "amount": _percent_slider(CUT_AMOUNTS, 0.5),
    }
    presets: dict[str, dict[str, Any]] = {
        "The story: 70 % of the smallest": {"pattern": "smallest weights", "amount": 0.7},
        "90 % of the smallest": {"pattern": "smallest weights", "amount": 0.9},
        "Half of the outputs": {"pattern": "whole outputs", "amount": 0.5},
        "2 of 4": {"pattern": "2 of 4"},
    }
    return LiveFigure(CutPicture(), compute, controls, presets, title="What is cut")


def _percent_slider(amounts: Sequence[float], value: float) -> widgets.SelectionSlider:
    options = [(f"{100 * amount:.0f} %", amount) for amount in amounts]
    return widgets.SelectionSlider(options=options, value=value, description="weights gone")
