"""What the labs show: an amount and a method against accuracy, bytes and time; and what is cut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mlopt_lessons.pruning.masks import count_to_cut, magnitude_mask, n_m_mask, random_mask
from mlopt_lessons.pruning.speed import Form, SpeedPoint
from mlopt_lessons.pruning.storage import Layout
from mlopt_lessons.pruning.structured import norms
from mlopt_lessons.pruning.sweep import SWEPT_AMOUNTS, Setting, SweepPoint
from mlopt_lessons.workbench import Accuracy, format_bytes, weighted_layers

SHOWN_LAYOUTS: tuple[Layout, ...] = ("dense", "zstd", "csr int32", "bitmask")
BINS = 80
MOST_WEIGHTS = 60_000  # more could not follow a slider
SIDE = 96  # rows and columns of a layer that are drawn
Pattern = Literal["smallest weights", "2 of 4", "random weights", "whole outputs"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)


@dataclass(frozen=True)
class AmountView:
    """One model, one method, one amount: the method's whole accuracy curve, bytes and times.

    `times` holds milliseconds a prediction of each form that was timed at this amount (median, 10th
    and 90th percentile); it is empty at amounts that were not timed.
    """

    model: str
    setting: Setting
    curve: tuple[SweepPoint, ...]
    point: SweepPoint
    dense: SweepPoint
    times: dict[Form, tuple[float, float, float]]

    @property
    def accuracy(self) -> Accuracy:
        """The model's accuracy at this setting."""
        return self.point.accuracy

    @property
    def sizes(self) -> dict[Layout, float]:
        """Percent of the dense model's file, for each layout that is shown."""
        whole = self.dense.bytes["dense"]
        return {layout: 100 * self.point.bytes[layout] / whole for layout in SHOWN_LAYOUTS}

    @property
    def score_note(self) -> str:
        """Accuracy in a few words."""
        tuned = "fine-tuned" if self.setting.tuned else "as it was cut"
        if self.setting.method == "from scratch":
            tuned = "trained anew"
        return f"{100 * self.accuracy.value:.1f} %, {tuned}"

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        lost = 100 * (self.dense.accuracy.value - self.accuracy.value)
        least = min(SHOWN_LAYOUTS, key=lambda layout: self.point.bytes[layout])
        return (
            f"{self.model}, {100 * self.setting.amount:g} % of the weights gone "
            f"({self.setting.method}): accuracy {self.accuracy}, {lost:.1f} points below dense; "
            f"{format_bytes(self.point.bytes['dense'])} as a dense file, "
            f"{format_bytes(self.point.bytes[least])} as {least}."
        )


def amount_view(
    name: str,
    setting: Setting,
    points: Mapping[tuple[str, Setting], SweepPoint],
    speeds: Sequence[SpeedPoint] = (),
) -> AmountView:
    """What the lab shows of a setting; `speeds` are the measured rows of this model, one batch size.

    Raises ValueError with a sentence when `points` has nothing for this model and setting.
    """
    curve = [Setting(setting.method, amount, setting.tuned) for amount in SWEPT_AMOUNTS]
    dense = Setting("global", 0.0, tuned=False)
    if missing := [s for s in (setting, dense, *curve) if (name, s) not in points]:
        raise ValueError(f"Nothing is recorded for {name} with {missing[0]}; measure it first.")
    return AmountView(
        model=name,
        setting=setting,
        curve=tuple(points[name, each] for each in curve),
        point=points[name, setting],
        dense=points[name, dense],
        times={s.form: _milliseconds(s) for s in speeds if s.amount == setting.amount},
    )


def _milliseconds(point: SpeedPoint) -> tuple[float, float, float]:
    time = point.latency
    return tuple(1e3 * s / point.batch for s in (time.median_s, time.low_s, time.high_s))  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class CutView:
    """One layer under one pattern of cutting.

    `picture` holds the sizes of up to 96 × 96 weights (NaN where cut), `counts` and `edges` the
    histogram of all its weights, `counts_kept` that of those that stay, `threshold` the largest
    size that was cut (None where size does not decide), `norms` each output's 2-norm, sorted, and
    `gone` how many of these outputs have no weight left.
    """

    layer: str
    pattern: Pattern
    amount: float
    picture: NDArray[np.float32]
    counts: NDArray[np.float64]
    counts_kept: NDArray[np.float64]
    edges: NDArray[np.float64]
    threshold: float | None
    norms: NDArray[np.float32]
    gone: int
    kept: int
    total: int

    @property
    def note(self) -> str:
        """Weights in a few words."""
        return f"{self.layer}: {self.kept:,} of {self.total:,} weights stay"

    @property
    def outputs_note(self) -> str:
        """Outputs in a few words."""
        return f"{self.gone} of {len(self.norms)} outputs disappear"

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        edge = "" if self.threshold is None else f", all below {self.threshold:.4f} in size"
        return f"{self.note} (cut: {self.pattern}{edge}); {self.outputs_note}."


def cut_layers(model: nn.Module, most: int = MOST_WEIGHTS) -> dict[str, Tensor]:
    """The weights of each layer by name, as matrices (outputs, inputs), in the model's order.

    A layer of more than `most` weights is shown by its first rows; its name then says so.
    """
    found = {}
    for name, layer in weighted_layers(model).items():
        weight = layer.weight.detach().flatten(1)
        rows = max(1, most // weight.shape[1])
        label = name if rows >= len(weight) else f"{name}, first {rows} outputs"
        found[label] = weight[:rows].clone()
    return found


def cut_view(layer: str, weight: Tensor, pattern: Pattern, amount: float) -> CutView:
    """Cuts `amount` of a matrix (outputs, inputs) by a pattern; 2 of 4 always cuts half.

    Raises ValueError for an amount out of range, and for 2 of 4 when rows are no multiple of 4.
    """
    mask, threshold = _cut(layer, weight, pattern, amount)
    counts, edges, sizes = _histogram(weight)
    kept = torch.histc(weight[mask], BINS, float(edges[0]), float(edges[-1])).double().numpy()
    strength = sizes.numpy()
    gone = int((~mask.any(1)).sum())
    shown = weight[:SIDE, :SIDE].abs().masked_fill(~mask[:SIDE, :SIDE], float("nan"))
    return CutView(
        layer=layer,
        pattern=pattern,
        amount=0.5 if pattern == "2 of 4" else amount,
        picture=shown.numpy(),
        counts=counts,
        counts_kept=kept,
        edges=edges,
        threshold=threshold,
        norms=strength,
        gone=gone,
        kept=int(mask.sum()),
        total=mask.numel(),
    )


def _cut(
    layer: str, weight: Tensor, pattern: Pattern, amount: float
) -> tuple[Tensor, float | None]:
    if pattern == "2 of 4":
        return n_m_mask(weight, 2, 4, layer), None
    if pattern == "random weights":
        return random_mask(weight, amount, 0, layer), None
    if pattern == "whole outputs":
        strength = norms(weight)
        keep = len(weight) - count_to_cut(len(weight), amount)
        rows = torch.zeros(len(weight), dtype=torch.bool)
        rows[strength.topk(keep).indices] = True
        return rows[:, None].expand_as(weight), None
    mask = magnitude_mask(weight, amount, layer)
    cut = weight[~mask].abs()
    return mask, cut.max().item() if len(cut) else 0.0


@lru_cache(maxsize=32)
def _histogram(weight: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64], Tensor]:
    # Cached by the tensor's identity: moving a slider leaves the trained weights as they are.
    low, high = (end.item() for end in torch.aminmax(weight))
    counts = torch.histc(weight, BINS, low, high).double().numpy()
    return counts, np.linspace(low, high, BINS + 1), norms(weight).sort(descending=True).values
