"""What lab (a) shows of one layer: its weights, the grid they are rounded to, and what that costs."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mlopt_lessons.quantization.accuracy_sweep import FP32_BITS, Setting, SweepPoint, settings
from mlopt_lessons.quantization.affine import Grid, fake_quantize, levels
from mlopt_lessons.quantization.metrics import sqnr_db
from mlopt_lessons.quantization.simulate import weight_grid
from mlopt_lessons.workbench import Accuracy, format_bytes, weighted_layers

BINS = 120
MOST_WEIGHTS = 500_000


@dataclass(frozen=True, eq=False)
class WeightView:
    """One layer under one setting, with the whole model's accuracy and bytes.

    `counts` and `edges` are the layer's histogram; `levels` the values the grid can hold (of the
    channel with the widest range when each has its own); `curve` the model's accuracy for 8 to 2 bits.
    """

    model: str
    layer: str
    bits: int
    counts: NDArray[np.float64]
    edges: NDArray[np.float64]
    levels: NDArray[np.float32]
    scales: int
    sqnr_db: float
    curve: tuple[SweepPoint, ...]
    point: SweepPoint
    fp32: SweepPoint

    @property
    def accuracy(self) -> Accuracy:
        """The model's accuracy at this setting."""
        return self.point.accuracy

    @property
    def grid_note(self) -> str:
        """The grid in a few words."""
        scales = "1 scale" if self.scales == 1 else f"{self.scales} scales (widest shown)"
        return f"{self.layer}: {2**self.bits} levels, {scales}"

    @property
    def score_note(self) -> str:
        """Accuracy and bytes in a few words."""
        ratio = self.fp32.bytes / self.point.bytes
        return f"{100 * self.accuracy.value:.1f} %, {format_bytes(self.point.bytes)} ({ratio:.1f}× smaller)"

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        lost = 100 * (self.fp32.accuracy.value - self.accuracy.value)
        return (
            f"{self.model} with {self.bits}-bit weights: accuracy {self.accuracy}, "
            f"{lost:.1f} points below FP32; {self.score_note.split(', ')[1]}; "
            f"{self.layer} is rounded with {self.sqnr_db:.1f} dB signal to noise."
        )


def weight_layers(model: nn.Module) -> dict[str, Tensor]:
    """The weights of each layer that can be quantized, by name, largest last.

    A layer over MOST_WEIGHTS is thinned evenly by output channels; its name then says so.
    """
    found = {name: layer.weight.detach() for name, layer in weighted_layers(model).items()}
    by_size = sorted(found.items(), key=lambda item: item[1].numel())
    return dict(_thinned(name, weight) for name, weight in by_size)


def _thinned(name: str, weight: Tensor) -> tuple[str, Tensor]:
    """A layer too large to follow a slider is shown by some of its channels, and says so."""
    step = -(-weight.numel() // MOST_WEIGHTS)
    return (name, weight) if step == 1 else (f"{name}, 1 channel in {step}", weight[::step].clone())


def view(
    name: str,
    layer: str,
    weights: Tensor,
    setting: Setting,
    points: dict[tuple[str, Setting], SweepPoint],
) -> WeightView:
    """Rounds `weights` (any shape, output channels first) as `setting` says.

    Raises KeyError with a sentence when `points` has no accuracy for this model and setting.
    """
    grid = weight_grid(
        weights, setting.bits, setting.scheme, setting.granularity, setting.method, name=layer
    )
    counts, edges = _histogram(weights)
    curve = settings(
        granularities=(setting.granularity,), schemes=(setting.scheme,), methods=(setting.method,)
    )
    return WeightView(
        model=name,
        layer=layer,
        bits=setting.bits,
        counts=counts,
        edges=edges,
        levels=_shown_levels(grid, edges),
        scales=grid.scale.numel(),
        sqnr_db=sqnr_db(weights, fake_quantize(weights, grid)),
        curve=tuple(_point(points, name, each) for each in curve),
        point=_point(points, name, setting),
        fp32=_point(points, name, Setting(FP32_BITS)),
    )


def _point(
    points: dict[tuple[str, Setting], SweepPoint], name: str, setting: Setting
) -> SweepPoint:
    if (name, setting) not in points:
        raise ValueError(f"No accuracy is recorded for {name} with {setting}; measure it first.")
    return points[name, setting]


@lru_cache(maxsize=32)
def _histogram(weights: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Cached by the tensor's identity: moving a slider leaves the trained weights as they are.
    low, high = (end.item() for end in torch.aminmax(weights))
    counts = torch.histc(weights, BINS, low, high).double().numpy()
    return counts, np.linspace(low, high, BINS + 1)


def _shown_levels(grid: Grid, edges: NDArray[np.float64]) -> NDArray[np.float32]:
    rows = levels(grid).reshape(grid.scale.numel(), -1)
    widest = rows[int(grid.scale.reshape(-1).argmax())].numpy()
    return widest[(widest >= edges[0]) & (widest <= edges[-1])]
