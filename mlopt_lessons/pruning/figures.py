"""Pictures of lesson 6: results in, matplotlib Figure out. Nothing is computed here."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure

from mlopt_lessons.course import look
from mlopt_lessons.pruning.explore import SHOWN_LAYOUTS, SIDE, AmountView, CutView
from mlopt_lessons.pruning.sparse import CsrPoint
from mlopt_lessons.pruning.speed import FORMS
from mlopt_lessons.pruning.tree import Branch

FORM_LABELS = {"dense": "dense", "zeros": "zeros", "CSR": "CSR (PyTorch)", "removed": "removed"}


@look.style()
def tree(before: Sequence[Branch], after: Sequence[Branch]) -> Figure:
    """The story's tree: living branches green, dead ones grey, and the same without the dead."""
    figure, axes = look.figure(width=8, height=3.4, ncols=2)
    for axis, title, branches in zip(
        axes,
        ("Before: dead wood drinks too", "After: only what bears"),
        (before, after),
        strict=True,
    ):
        axis.set_axis_off()
        axis.set(title=title, xlim=(-1.15, 1.15), ylim=(0, 2.1), aspect="equal")
        for branch in branches:
            colour = look.GREEN if branch.alive else look.LIGHT_GREY
            axis.plot(
                [branch.x0, branch.x1], [branch.y0, branch.y1],
                color=look.BLACK if branch.trunk else colour,
                lw=branch.thickness, solid_capstyle="round",
            )  # fmt: skip
    return figure


@look.style()
def csr_crossover(points: Sequence[CsrPoint], title: str) -> Figure:
    """How many times faster CSR is than dense, against the part of weights kept; 1 is a draw."""
    figure, axis = look.figure(width=8, height=3.6)
    styles = ((look.BLUE, "o"), (look.ORANGE, "s"), (look.GREEN, "^"))
    batches = sorted({point.batch for point in points})
    for batch, (colour, marker) in zip(batches, styles, strict=False):
        line = [point for point in points if point.batch == batch]
        middle = np.array([point.speedup[0] for point in line])
        spread = np.array([point.speedup[1:] for point in line]).T
        axis.errorbar(
            [100 * point.density for point in line], middle, yerr=np.abs(spread - middle),
            color=colour, marker=marker, capsize=3, label=f"batch {batch}",
        )  # fmt: skip
    axis.axhline(1, color=look.GREY, ls="--")
    axis.set(xlabel="weights kept (%)", ylabel="times faster than dense", title=title, yscale="log")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter("{x:g}")
    axis.invert_xaxis()
    axis.legend(loc="upper left")
    return figure


class AmountPicture:
    """Lab (a): accuracy over the amount, bytes of real files, and milliseconds of each form."""

    @look.style()
    def __init__(self, slowest_ms: float = 1.0) -> None:
        self.figure, (self._accuracy, self._bytes, self._time) = look.figure(
            width=10.4, height=3.7, ncols=3, width_ratios=(1.5, 1, 1)
        )
        self._band = self._accuracy.axhspan(0, 1, color=look.GREY, alpha=0.35, lw=0)
        self._bars = self._accuracy.vlines([], 0, 1, color=look.BLUE, lw=1.5)
        (self._line,) = self._accuracy.plot([], [], color=look.BLUE, marker="s", ms=5)
        (self._here,) = self._accuracy.plot(
            [], [], color=look.VERMILION, marker="o", ms=11, mfc="none", mew=2
        )
        self._score = self._accuracy.set_title("")
        self._accuracy.set(
            xlabel="weights gone (%)", ylabel="accuracy (%)", xlim=(-4, 100), ylim=(0, 102)
        )
        self._sizes = self._row_of_bars(self._bytes, SHOWN_LAYOUTS, look.SKY)
        self._bytes.set(xlabel="% of the dense file", xlim=(0, 225), title="Bytes on disk")
        self._times = self._row_of_bars(self._time, list(FORM_LABELS.values()), look.ORANGE)
        self._time.set(xlabel="ms a prediction", xlim=(0, slowest_ms * 1.35), title="Time")
        self._size_texts = self._texts(self._bytes, len(SHOWN_LAYOUTS))
        self._time_texts = self._texts(self._time, len(FORMS))
        self.artists: Sequence[Artist] = (
            self._band, self._bars, self._line, self._here, self._score,
            *self._sizes, *self._times, *self._size_texts, *self._time_texts,
        )  # fmt: skip

    @staticmethod
    def _row_of_bars(axis, labels, colour):  # type: ignore[no-untyped-def]
        bars = axis.barh(range(len(labels)), [0] * len(labels), color=colour)
        axis.set_yticks(range(len(labels)), labels)
        axis.invert_yaxis()
        axis.grid(axis="y", visible=False)
        return tuple(bars)

    @staticmethod
    def _texts(axis, count):  # type: ignore[no-untyped-def]
        return tuple(axis.text(0, row, "", va="center", fontsize=9) for row in range(count))

    def update(self, view: AmountView) -> str:
        """Shows the view; returns its finding as alternative text."""
        self._show_accuracy(view)
        for bar, text, layout in zip(self._sizes, self._size_texts, SHOWN_LAYOUTS, strict=True):
            self._set_bar(bar, text, view.sizes[layout], f" {view.sizes[layout]:.0f} %")
        for bar, text, form in zip(self._times, self._time_texts, FORMS, strict=True):
            found = view.times.get(form)
            note = " not timed" if found is None else f" {found[0]:.3g}"
            self._set_bar(bar, text, found[0] if found else 0.0, note)
        return view.finding

    @staticmethod
    def _set_bar(bar, text, width, note):  # type: ignore[no-untyped-def]
        bar.set_width(width)
        text.set_x(width)
        text.set_text(note)

    def _show_accuracy(self, view: AmountView) -> None:
        amounts = [100 * point.setting.amount for point in view.curve]
        ends = [[100 * end for end in point.accuracy.interval] for point in view.curve]
        self._line.set_data(amounts, [100 * point.accuracy.value for point in view.curve])
        self._bars.set_segments(
            [[(a, low), (a, high)] for a, (low, high) in zip(amounts, ends, strict=True)]
        )
        self._here.set_data([100 * view.setting.amount], [100 * view.accuracy.value])
        low, high = (100 * end for end in view.dense.accuracy.interval)
        self._band.set_y(low)
        self._band.set_height(high - low)
        self._score.set_text(view.score_note)


class CutPicture:
    """Lab (b): a layer's weights with what is cut left white, their histogram, and its outputs."""

    @look.style()
    def __init__(self) -> None:
        self.figure, (self._matrix, self._weights, self._outputs) = look.figure(
            width=10.4, height=3.7, ncols=3
        )
        self._image = self._matrix.imshow(np.zeros((SIDE, SIDE)), cmap="viridis_r", aspect="auto")
        self._matrix.set(xlabel="inputs", ylabel="outputs", xticks=[], yticks=[])
        self._matrix.grid(visible=False)
        self._found = self._matrix.set_title("")
        self._all = self._weights.stairs([1], [0, 1], fill=True, color=look.LIGHT_GREY)
        self._kept = self._weights.stairs([1], [0, 1], fill=True, color=look.BLUE)
        self._edges = self._weights.vlines([], 0, 1, color=look.VERMILION, lw=1.5)
        self._weights.set(xlabel="weight", ylabel="weights per bin", yscale="log")
        self._weights.set_title("Grey: cut. Blue: kept")
        self._strong = self._outputs.stairs([1], [0, 1], fill=True, color=look.BLUE)
        self._gone = self._outputs.stairs([0], [0, 1], fill=True, color=look.LIGHT_GREY)
        self._outputs.set(xlabel="outputs, strongest first", ylabel="2-norm of their weights")
        self._lost = self._outputs.set_title("")
        self.artists: Sequence[Artist] = (
            self._image, self._found, self._all, self._kept, self._edges, self._strong, self._gone,
            self._lost,
        )  # fmt: skip
        self.full_redraw = True
        self._layer = ""

    def update(self, view: CutView) -> str:
        """Shows the view; returns its finding as alternative text."""
        self.full_redraw = self._layer != view.layer
        self._layer = view.layer
        self._found.set_text(f"{view.kept / view.total:.0%} of the weights stay")
        self._lost.set_text(view.outputs_note)
        self._show_weights(view)
        self._show_outputs(view)
        return view.finding

    def _show_weights(self, view: CutView) -> None:
        rows, columns = view.picture.shape
        self._image.set_data(view.picture)
        self._image.set_extent((0, columns, rows, 0))
        self._all.set_data(np.maximum(view.counts, 0.5), view.edges, baseline=0.5)
        self._kept.set_data(np.maximum(view.counts_kept, 0.5), view.edges, baseline=0.5)
        top = 2.0 * float(view.counts.max())
        ends = [] if view.threshold is None else [-view.threshold, view.threshold]
        self._edges.set_segments([[(x, 0.5), (x, top)] for x in ends])
        if self.full_redraw:
            self._matrix.set(xlim=(0, columns), ylim=(rows, 0))
            self._image.set_clim(0, float(np.abs(view.edges).max()))
            self._weights.set(xlim=(view.edges[0], view.edges[-1]), ylim=(0.5, top))

    def _show_outputs(self, view: CutView) -> None:
        count = len(view.norms)
        places = np.arange(count + 1)
        self._strong.set_data(view.norms, places)
        gone = np.where(np.arange(count) >= count - view.gone, view.norms, 0)
        self._gone.set_data(gone, places)
        if self.full_redraw:
            self._outputs.set(xlim=(0, count), ylim=(0, 1.1 * float(view.norms.max())))
