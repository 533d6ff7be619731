"""The pictures of lesson 4's labs, which follow their sliders. Nothing is computed here."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle, StepPatch

from mlopt_lessons.course import look
from mlopt_lessons.gpu.explore_pick import PickView
from mlopt_lessons.gpu.explore_share import ShareView
from mlopt_lessons.gpu.explore_watch import WatchView
from mlopt_lessons.gpu.memory import PARTS

NAMES = {"utilisation": "utilisation", "sm_active": "SM-active", "occupancy": "occupancy"}
LINES = (look.BLUE, look.ORANGE, look.GREEN)


class PickPicture:
    """Lab (a): memory with each GPU's line, hours and dollars as bands, and the pick."""

    @look.style()
    def __init__(self, names: Sequence[str], capacity_gb: Sequence[float]) -> None:
        self.figure, (memory, hours, dollars) = look.figure(
            width=10, height=4.2, ncols=3, sharey=True, width_ratios=(1.3, 1, 1)
        )
        self._parts = self._memory(memory, names, capacity_gb)
        (self._full,) = memory.plot([], [], "X", color=look.VERMILION, ms=10)
        self._hours, self._dollars = _Bands(hours, "hours"), _Bands(dollars, "dollars a job")
        hours.set_xlim(0.01, 10_000)
        dollars.set_xlim(0.01, 10_000)
        self._deadline = hours.axvline(1, color=look.VERMILION, ls="--", lw=1.5)
        self._note = look.title(memory)
        self.artists: Sequence[Artist] = (
            *self._parts, self._full, *self._hours.artists, *self._dollars.artists, self._deadline,
            self._note,
        )  # fmt: skip

    @staticmethod
    def _memory(
        axis: Axes, names: Sequence[str], capacity_gb: Sequence[float]
    ) -> tuple[StepPatch, ...]:
        rows = np.arange(len(names) + 1) - 0.4
        parts = tuple(
            axis.stairs(np.zeros(len(names)), rows, orientation="horizontal", fill=True, color=colour,
                        label=name)
            for name, colour in zip(PARTS, look.CYCLE, strict=False)
        )  # fmt: skip
        axis.plot(capacity_gb, range(len(names)), "|", color=look.BLACK, ms=22, mew=2.5)
        axis.set_yticks(range(len(names)), names)
        axis.invert_yaxis()
        # Square roots, so that 2 GB and 141 GB can be read on one axis.
        axis.set_xscale("function", functions=(np.sqrt, np.square))
        axis.set(
            xlim=(0, 160), xlabel="GB (black: what the GPU has)", xticks=(1, 5, 16, 40, 80, 141)
        )
        axis.grid(axis="y", visible=False)
        axis.legend(loc="upper right", fontsize=8)
        return parts

    def update(self, view: PickView) -> str:
        """Shows the view; returns its finding as alternative text."""
        bottom, count = 0.0, len(view.names)
        for name, patch in zip(PARTS, self._parts, strict=True):
            top = bottom + view.parts.get(name, 0.0)
            patch.set_data(np.full(count, top), baseline=bottom)
            bottom = top
        full = [row for row, over in enumerate(view.out_of_memory) if over]
        self._full.set_data([view.capacity_gb[row] for row in full], full)
        rows = [row for row, over in enumerate(view.out_of_memory) if not over]
        shown = [view.estimates[row] for row in rows]
        best = None if view.best is None else view.names.index(view.best.name)
        self._hours.show(rows, [(e.hours.low, e.hours.middle, e.hours.high) for e in shown], best)
        self._dollars.show(rows, [(e.usd.low, e.usd.middle, e.usd.high) for e in shown], best)
        self._deadline.set_xdata([view.setting.deadline_h] * 2)
        self._note.set_text(view.note)
        return view.finding


class _Bands:
    """A band and its middle a row, on a logarithmic scale; the best row stands out."""

    def __init__(self, axis: Axes, label: str) -> None:
        self._bands = LineCollection([], colors=look.SKY, lw=7)
        axis.add_collection(self._bands)
        (self._middles,) = axis.plot([], [], "o", color=look.BLUE, ms=7)
        (self._best,) = axis.plot([], [], "D", color=look.GREEN, ms=11)
        axis.set(xscale="log", xlabel=label)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.grid(axis="y", visible=False)
        self.artists: tuple[Artist, ...] = (self._bands, self._middles, self._best)

    def show(
        self, rows: Sequence[int], bands: Sequence[tuple[float, float, float]], best: int | None
    ) -> None:
        """`bands` are lowest, middle and highest value of each of `rows`."""
        pairs = list(zip(rows, bands, strict=True))
        self._bands.set_segments([[(low, row), (high, row)] for row, (low, _, high) in pairs])
        self._middles.set_data([middle for _, (_, middle, _) in pairs], list(rows))
        found = [(middle, row) for row, (_, middle, _) in pairs if row == best]
        self._best.set_data([middle for middle, _ in found], [row for _, row in found])


class SharePicture:
    """Lab (b): jobs stacked on GPUs, memory left and compute right, with what is their own."""

    @look.style()
    def __init__(self, names: Sequence[str]) -> None:
        self.figure, axis = look.figure(width=10, height=4.0)
        colours = [*look.CYCLE, look.YELLOW]
        self._rooms = [[_box(axis, "none", look.GREY) for _ in range(2)] for _ in names]
        self._bars = [
            [_box(axis, colours[job % len(colours)], look.PAPER, "//" if side else "") for side in range(2)]
            for job in range(len(names))
        ]  # fmt: skip
        axis.axhline(100, color=look.BLACK, lw=1.5)
        axis.set(xlim=(-0.6, len(names) - 0.4), ylim=(0, 128), ylabel="% of a GPU")
        axis.set_xticks(range(len(names)), [f"GPU {place + 1}" for place in range(len(names))])
        axis.set_xlabel("plain: memory; hatched: compute")
        axis.grid(axis="x", visible=False)
        handles = [bars[0] for bars in self._bars]
        axis.legend(handles, names, loc="upper left", bbox_to_anchor=(1, 1))
        self._note = look.title(axis)
        self.artists: Sequence[Artist] = (
            *(box for pair in (*self._rooms, *self._bars) for box in pair), self._note,
        )  # fmt: skip

    def update(self, view: ShareView) -> str:
        """Shows the view; returns its finding as alternative text."""
        for job, gpu in enumerate(view.sharing.assignments):
            for side, left in enumerate((-0.38, 0.02)):
                place = (gpu + left, 100 * view.bottoms[job, side])
                for box, height in (
                    (self._rooms[job][side], view.rooms[job, side]),
                    (self._bars[job][side], view.heights[job, side]),
                ):
                    box.set_xy(place)
                    box.set_height(100 * height)
        self._note.set_text(view.note)
        return view.finding


class WatchPicture:
    """Lab (c): utilisation, SM-active and occupancy over time; waste by each, in the same colours; idle
    dollars a GPU."""

    @look.style()
    def __init__(self, hours: float, gpus: Sequence[str], most_usd: float) -> None:
        rooms = [["lines", "lines"], ["waste", "idle"]]
        self.figure, axes = look.mosaic(
            rooms, width=10, height=4.8, width_ratios=(1, 1.4), height_ratios=(1.2, 1)
        )
        lines, waste, idle = axes["lines"], axes["waste"], axes["idle"]
        self._spells = lines.broken_barh([], (0, 100), color=look.LIGHT_GREY)
        self._lines = tuple(
            lines.plot([], [], color=colour, lw=1.2, label=label)[0]
            for colour, label in zip(LINES, NAMES.values(), strict=True)
        )
        self._below = lines.axhline(0, color=look.VERMILION, ls="--", lw=1.2)
        lines.set(xlim=(0, hours), ylim=(0, 105), xlabel="hours (grey: idle)", ylabel="%")
        self._bars = tuple(waste.barh(range(len(NAMES)), [0] * len(NAMES), color=LINES))
        self._texts = tuple(
            waste.text(0, row, "", va="center", fontsize=9) for row in range(len(NAMES))
        )
        waste.set_yticks(range(len(NAMES)), NAMES.values())
        waste.invert_yaxis()
        waste.set(xlim=(0, 125), xlabel="wasted by it (%)")
        self._idle = tuple(idle.bar(range(len(gpus)), [0] * len(gpus)))
        idle.set(ylim=(0, 1.05 * most_usd), ylabel="idle $ a month", xlabel="GPU (red: parked)")
        idle.set_xticks([])
        self._gpus = tuple(gpus)
        self._note = look.title(lines)
        self.artists: Sequence[Artist] = (
            self._spells, *self._lines, self._below, *self._bars, *self._texts, *self._idle,
            self._note,
        )  # fmt: skip

    def update(self, view: WatchView) -> str:
        """Shows the view; returns its finding as alternative text."""
        corners = [[(a, 0), (a, 100), (b, 100), (b, 0)] for a, b in view.idle_h]
        self._spells.set_verts(corners)
        for line, values in zip(
            self._lines, (view.utilisation, view.sm_active, view.occupancy), strict=True
        ):
            line.set_data(view.hours_at, values)
        self._below.set_ydata([view.below] * 2)
        for name, bar, text in zip(NAMES, self._bars, self._texts, strict=True):
            wasted = view.wasted.get(name, 0.0)
            bar.set_width(wasted)
            text.set_x(wasted)
            text.set_text(f" {wasted:.0f} %")
        for bar, each, usd in zip(self._idle, view.idle, view.usd_month, strict=True):
            bar.set_height(usd)
            own = look.BLUE if each.gpu == view.gpu else look.SKY
            bar.set_color(look.VERMILION if each.parked else own)
        self._note.set_text(view.note)
        return view.finding


def _box(axis: Axes, face: str, edge: str, hatch: str = "") -> Rectangle:
    box = Rectangle((-2, 0), 0.36, 0, facecolor=face, edgecolor=edge, hatch=hatch or None)
    axis.add_patch(box)
    return box
