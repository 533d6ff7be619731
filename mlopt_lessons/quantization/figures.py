"""Pictures of lesson 5: results in, matplotlib Figure out. Nothing is computed here."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from mlopt_lessons.course import look
from mlopt_lessons.quantization.accuracy_sweep import SweepPoint
from mlopt_lessons.quantization.explore import WeightView
from mlopt_lessons.quantization.recipe import Card
from mlopt_lessons.quantization.speed_view import SpeedView

GRANULARITY_STYLE = {
    "tensor": (look.ORANGE, "o"),
    "channel": (look.BLUE, "s"),
    "group": (look.GREEN, "^"),
}


@look.style()
def recipe_cards(cards: Sequence[Card]) -> Figure:
    """The bakery's cards: each number with all its digits, and as a whole number."""
    figure, axes = look.figure(width=8, height=2.6, ncols=2)
    for axis, title, exact in zip(
        axes, ("The old card", "The new card"), (True, False), strict=True
    ):
        axis.set_axis_off()
        axis.set(xlim=(0, 1), ylim=(0, 1), title=title)
        axis.add_patch(
            FancyBboxPatch(
                (0.04, 0.04), 0.92, 0.92, boxstyle="round,pad=0.02", fc="white", ec=look.GREY
            )
        )
        for row, card in enumerate(cards):
            height = 0.78 - 0.28 * row
            number = f"{card.exact:.6f}" if exact else f"{card.whole}"
            axis.text(0.08, height, card.step, va="center")
            axis.text(0.92, height, f"{number} {card.unit}", va="center", ha="right", weight="bold")
    return figure


@look.style()
def accuracy_cliff(points: Sequence[SweepPoint], fp32: SweepPoint, title: str) -> Figure:
    """Accuracy against bits, one line a granularity, with 95 % intervals and the FP32 band."""
    figure, axis = look.figure(width=8, height=3.8)
    _fp32_band(axis, fp32)
    for granularity, (colour, marker) in GRANULARITY_STYLE.items():
        line = [p for p in points if p.granularity == granularity]
        if not line:
            continue
        centre = np.array([100 * p.accuracy.value for p in line])
        ends = np.array([[100 * end for end in p.accuracy.interval] for p in line]).T
        axis.errorbar(
            [p.bits for p in line],
            centre,
            yerr=np.abs(ends - centre),
            color=colour,
            marker=marker,
            capsize=3,
            label=f"one scale per {granularity}",
        )
    axis.set(xlabel="bits per weight", ylabel="accuracy (%)", title=title, ylim=(0, 102))
    axis.invert_xaxis()
    axis.legend(loc="lower left")
    return figure


def _fp32_band(axis: Axes, fp32: SweepPoint) -> Artist:
    low, high = (100 * end for end in fp32.accuracy.interval)
    return axis.axhspan(low, high, color=look.GREY, alpha=0.35, lw=0, label="FP32, 95 % interval")


MANY_LEVELS = 40  # more lines than that would hide the histogram: they become ticks below it


class WeightPicture:
    """Lab (a): one layer's weights with the grid, and the accuracy of every number of bits."""

    @look.style()
    def __init__(self) -> None:
        self.figure, (self._weights, self._accuracy) = look.figure(width=9.6, height=3.9, ncols=2)
        self._histogram = self._weights.stairs([1], [0, 1], fill=True, color=look.SKY)
        self._grid = self._weights.vlines([], 0, 1, color=look.ORANGE, lw=0.8)
        self._found = self._weights.set_title("")
        self._weights.set(xlabel="weight", ylabel="weights per bin", yscale="log")
        self._band = self._accuracy.axhspan(0, 1, color=look.GREY, alpha=0.35, lw=0)
        self._bars = self._accuracy.vlines([], 0, 1, color=look.BLUE, lw=1.5)
        (self._line,) = self._accuracy.plot([], [], color=look.BLUE, marker="s")
        (self._here,) = self._accuracy.plot(
            [], [], color=look.VERMILION, marker="o", ms=11, mfc="none", mew=2
        )
        self._score = self._accuracy.set_title("")
        self._accuracy.set(
            xlabel="bits per weight", ylabel="accuracy (%)", ylim=(0, 102), xlim=(8.5, 1.5)
        )
        self.artists: Sequence[Artist] = (
            self._histogram,
            self._grid,
            self._found,
            self._band,
            self._bars,
            self._line,
            self._here,
            self._score,
        )
        self.full_redraw = True
        self._layer: tuple[str, str] | None = None

    def update(self, view: WeightView) -> str:
        """Shows the view; returns its finding as alternative text."""
        self.full_redraw = self._layer != (view.model, view.layer)
        self._layer = (view.model, view.layer)
        self._show_weights(view)
        self._show_accuracy(view)
        return view.finding

    def _show_weights(self, view: WeightView) -> None:
        top = 2.0 * float(view.counts.max())
        tall = top if len(view.levels) <= MANY_LEVELS else 1.0
        self._histogram.set_data(np.maximum(view.counts, 0.5), view.edges, baseline=0.5)
        self._grid.set_segments([[(x, 0.5), (x, tall)] for x in view.levels])
        self._found.set_text(f"{view.grid_note}: {view.sqnr_db:.1f} dB")
        if self.full_redraw:
            self._weights.set(xlim=(view.edges[0], view.edges[-1]), ylim=(0.5, top))

    def _show_accuracy(self, view: WeightView) -> None:
        bits = [point.bits for point in view.curve]
        ends = [[100 * end for end in point.accuracy.interval] for point in view.curve]
        self._line.set_data(bits, [100 * point.accuracy.value for point in view.curve])
        self._bars.set_segments(
            [[(b, low), (b, high)] for b, (low, high) in zip(bits, ends, strict=True)]
        )
        self._here.set_data([view.bits], [100 * view.accuracy.value])
        low, high = (100 * end for end in view.fp32.accuracy.interval)
        self._band.set_y(low)
        self._band.set_height(high - low)
        self._score.set_text(view.score_note)


class SpeedPicture:
    """Lab (b): latency of FP32 and int8 against the width of the network, with the crossover."""

    @look.style()
    def __init__(self, widths: Sequence[int], slowest_ms: float, fastest_ms: float) -> None:
        self.figure, self._axis = look.figure(width=8.4, height=3.9)
        self._axis.set(
            xlabel="width of the two hidden layers",
            ylabel="milliseconds per batch",
            xscale="log",
            yscale="log",
            xlim=(widths[0] / 1.2, widths[-1] * 1.2),
            ylim=(fastest_ms / 2, slowest_ms * 2),
        )
        self._axis.set_xticks(list(widths), [str(width) for width in widths], minor=False)
        self._axis.minorticks_off()
        self._axis.yaxis.set_major_formatter("{x:g}")
        style = {"fp32": (look.ORANGE, "o", "FP32"), "int8": (look.BLUE, "s", "int8, dynamic")}
        self._lines, self._spreads = {}, {}
        for variant, (colour, marker, label) in style.items():
            (self._lines[variant],) = self._axis.plot(
                [], [], color=colour, marker=marker, label=label
            )
            self._spreads[variant] = self._axis.vlines([], 0, 1, color=colour, lw=1.5)
        self._here = self._axis.axvline(widths[0], color=look.GREY, ls="--")
        self._title = self._axis.set_title("")
        self._axis.legend(loc="upper left")
        self.artists: Sequence[Artist] = (
            self._here,
            *self._spreads.values(),
            *self._lines.values(),
            self._title,
        )

    def update(self, view: SpeedView) -> str:
        """Shows the view; returns its finding as alternative text."""
        for variant, points in view.lines.items():
            self._lines[variant].set_data([p.width for p in points], [p.median_ms for p in points])
            self._spreads[variant].set_segments(
                [[(p.width, p.low_ms), (p.width, p.high_ms)] for p in points]
            )
        self._here.set_xdata([view.width, view.width])
        self._title.set_text(view.title)
        return view.finding
