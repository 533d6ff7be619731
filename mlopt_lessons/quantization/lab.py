"""The two labs of lesson 5: sliders bound to a computation and a picture."""

from collections.abc import Sequence
from typing import Any, get_args

import ipywidgets as widgets

from mlopt_lessons.course.live import LiveFigure
from mlopt_lessons.quantization.accuracy_sweep import (
    SWEPT_BITS,
    SWEPT_GRANULARITIES,
    Setting,
    recorded,
)
from mlopt_lessons.quantization.calibration import Method, Scheme
from mlopt_lessons.quantization.explore import WeightView, view, weight_layers
from mlopt_lessons.quantization.figures import SpeedPicture, WeightPicture
from mlopt_lessons.quantization.speed_view import speed_view
from mlopt_lessons.quantization.sweep import SweepRow
from mlopt_lessons.workbench import MODELS, load_model


def weights_lab() -> LiveFigure:
    """Lab (a): bits, scheme, granularity and calibration against error, accuracy and bytes.

    Histogram, grid and error are computed at each move; the accuracies come from the shipped
    table of `accuracy_sweep` (recorded).
    """
    layers = {
        f"{name}: {layer}": (name, layer, weights)
        for name in reversed(MODELS)
        for layer, weights in weight_layers(load_model(name)).items()
    }
    points = recorded()

    def compute(layer: str, **how: Any) -> WeightView:
        name, label, weights = layers[layer]
        return view(name, label, weights, Setting(**how), points)

    controls = {
        "layer": widgets.Dropdown(options=list(layers), description="layer"),
        "bits": widgets.IntSlider(8, min(SWEPT_BITS), max(SWEPT_BITS), description="bits"),
        "scheme": widgets.ToggleButtons(options=get_args(Scheme), description="scheme"),
        "granularity": widgets.ToggleButtons(options=SWEPT_GRANULARITIES, description="scale per"),
        "method": widgets.ToggleButtons(options=get_args(Method), description="calibration"),
    }
    story = {"bits": 8, "scheme": "symmetric", "granularity": "channel", "method": "min-max"}
    presets = {
        "The story: 8 bits": story,
        "4 bits, one scale": {**story, "bits": 4, "granularity": "tensor"},
        "4 bits, a scale per channel": {**story, "bits": 4},
        "3 bits, best calibration": {**story, "bits": 3, "method": "mse"},
    }
    return LiveFigure(
        WeightPicture(), compute, controls, presets, title="Bits, grid, accuracy, bytes"
    )


def speed_lab(rows: Sequence[SweepRow]) -> LiveFigure:
    """Lab (b): size, batch and threads against the latency of FP32 and int8, from measured rows."""
    widths, batches, threads = (
        sorted({getattr(row, name) for row in rows}) for name in ("width", "batch", "threads")
    )
    picture = SpeedPicture(
        widths, 1e3 * max(row.high_s for row in rows), 1e3 * min(row.low_s for row in rows)
    )
    controls = {
        "width": widgets.SelectionSlider(options=widths, description="width"),
        "batch": widgets.SelectionSlider(options=batches, description="batch"),
        "threads": widgets.SelectionSlider(options=threads, description="threads"),
    }
    presets = {
        "One customer at a time": {"batch": batches[0], "threads": threads[0]},
        "A full tray": {"batch": batches[-1], "threads": threads[-1]},
    }
    return LiveFigure(
        picture,
        lambda **where: speed_view(rows, **where),
        controls,
        presets,
        title="Where int8 starts to pay",
    )
