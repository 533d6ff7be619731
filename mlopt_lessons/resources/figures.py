"""Pictures of lesson 2: results in, matplotlib Figure out. Nothing is computed here."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from mlopt_lessons.course import look
from mlopt_lessons.resources.explore import SizingView
from mlopt_lessons.resources.packing import Packing
from mlopt_lessons.resources.usage import Request, Usage

PERCENT = FuncFormatter(lambda value, _place: f"{value:g} %")


@look.style()
def usage_and_requests(usage: Usage, requests: Mapping[str, Request]) -> Figure:
    """A job's cores and GiB over time, with a line for each request."""
    figure, axes = look.figure(width=9, height=4.0, nrows=2, sharex=True)
    hours = usage.hours_at
    for axis, values, unit in zip(
        axes, (usage.cpu, usage.memory_gib), ("cores", "GiB"), strict=True
    ):
        axis.plot(hours, values, color=look.BLUE, lw=1)
        axis.set(ylabel=unit, xlim=(0, usage.hours), ylim=(0, None))
    styles = zip(
        (look.GREY, look.ORANGE, look.GREEN, look.VERMILION), ("-", "--", "-.", ":"), strict=True
    )
    for (name, request), (colour, dashes) in zip(requests.items(), styles, strict=False):
        axes[0].axhline(request.cpu, color=colour, ls=dashes, label=name)
        axes[1].axhline(request.memory_gib, color=colour, ls=dashes)
    axes[0].legend(loc="upper left", ncols=len(requests), bbox_to_anchor=(0, 1.3))
    axes[1].set_xlabel("hours")
    return figure


@look.style()
def rules(table: pd.DataFrame) -> Figure:
    """What each rule gives back of the memory, left, and the part of the jobs that it kills, right."""
    figure, axes = look.figure(width=9, height=0.9 + 0.42 * len(table), ncols=2, sharey=True)
    columns = (
        ("saved_gib_share", "memory given back (%)", look.GREEN),
        ("killed", "jobs killed (%)", look.VERMILION),
    )
    for axis, (column, label, colour) in zip(axes, columns, strict=True):
        bars = axis.barh(table.index, 100 * table[column], color=colour)
        axis.bar_label(bars, fmt="%.0f", padding=3)
        axis.set(xlabel=label, xlim=(0, 110))
        axis.grid(axis="y", visible=False)
    axes[0].invert_yaxis()
    return figure


@look.style()
def packed(packings: Mapping[str, Packing]) -> Figure:
    """Each packing as a row of machines: cores asked for on the left half, memory on the right."""
    most = max(packing.machines for packing in packings.values())
    height = 1.1 + 1.5 * len(packings)
    figure, axes = look.figure(width=9, height=height, nrows=len(packings), squeeze=False)
    for axis, (name, packing) in zip(axes[:, 0], packings.items(), strict=True):
        _machines(axis, packing)
        axis.set(xlim=(-0.6, most - 0.4), ylim=(0, 100), ylabel="% taken")
        axis.set_xticks(
            range(packing.machines), [f"machine {k + 1}" for k in range(packing.machines)]
        )
        axis.set_title(f"{name}: {packing.machines} machines")
        axis.grid(axis="x", visible=False)
    axes[-1, 0].set_xlabel("plain: cores; hatched: memory")
    return figure


def _machines(axis: Axes, packing: Packing) -> None:
    whole = np.array([packing.machine.cpu, packing.machine.memory_gib])
    shares = 100 * packing.items / np.where(whole > 0, whole, 1.0)
    bottoms = np.zeros((packing.machines, 2))
    for item, machine in enumerate(packing.assignments):
        colour = look.CYCLE[item % len(look.CYCLE)]
        for side, left in enumerate((-0.2, 0.2)):
            axis.bar(machine + left, shares[item, side], 0.36, bottom=bottoms[machine, side], color=colour,
                     edgecolor=look.PAPER, hatch="//" if side else None)  # fmt: skip
        bottoms[machine] += shares[item]


class SizingPicture:
    """The lab: a job's use with its old and new request, and savings against kills for every rule."""

    @look.style()
    def __init__(self, longest_h: float) -> None:
        rooms = [["cpu", "frontier"], ["memory", "frontier"]]
        self.figure, axes = look.mosaic(rooms, width=10, height=4.6, width_ratios=(1.5, 1))
        self._rows = tuple(_Row(axes[name], longest_h) for name in ("cpu", "memory"))
        axes["memory"].set_xlabel("hours (left of the dotted line: what the rule has seen)")
        self._frontier(axes["frontier"])
        self.artists: Sequence[Artist] = (
            *(artist for row in self._rows for artist in row.artists),
            self._all, self._best, self._here, self._note,
        )  # fmt: skip

    def _frontier(self, axis: Axes) -> None:
        (self._all,) = axis.plot([], [], "o", color=look.LIGHT_GREY, ms=5, label="each rule")
        (self._best,) = axis.plot([], [], "o", color=look.BLUE, ms=6, label="none is better")
        (self._here,) = axis.plot([], [], "D", color=look.VERMILION, ms=11, label="yours")
        axis.set(
            xlabel="saved (% of the bill)",
            ylabel="jobs killed (%)",
            xlim=(-20, 100),
            ylim=(-4, 104),
        )
        axis.legend(loc="upper left")
        self._note = look.title(axis)

    def update(self, view: SizingView) -> str:
        """Shows the view; returns its finding as alternative text."""
        for row, shares, request in zip(self._rows, view.shares, view.request_shares, strict=True):
            row.show(view.hours, shares, request, view.seen_h)
        cpu, memory = self._rows
        cpu.title.set_text(
            f"{view.usage.job}, cores: short in {100 * view.short:.0f} % of the time"
        )
        memory.mark(view.hours[view.kills], view.shares[1][view.kills])
        memory.title.set_text(f"memory: killed {len(view.kills)}×")
        memory.title.set_color(look.VERMILION if len(view.kills) else look.BLACK)
        frontier = view.frontier
        self._all.set_data(100 * frontier.saved.ravel(), 100 * frontier.killed.ravel())
        self._best.set_data(
            100 * frontier.saved[frontier.best], 100 * frontier.killed[frontier.best]
        )
        self._here.set_data([100 * view.outcome.saved], [100 * view.outcome.killed])
        self._note.set_text(view.dollars_note)
        return view.finding


class _Row:
    """One resource over time, in percent of what was asked for, on a logarithmic scale."""

    def __init__(self, axis: Axes, longest_h: float) -> None:
        axis.set(
            ylabel="of what was asked",
            yscale="log",
            ylim=(0.1, 300),
            yticks=(0.1, 1, 10, 100),
            xlim=(0, longest_h),
        )
        axis.yaxis.set_major_formatter(PERCENT)
        axis.yaxis.set_minor_formatter("")
        axis.axhline(100, color=look.GREY, lw=1.5)
        (self._series,) = axis.plot([], [], color=look.BLUE, lw=1)
        self._request = axis.axhline(1, color=look.GREEN, lw=2)
        (self._kills,) = axis.plot([], [], "X", color=look.VERMILION, ms=9)
        self._seen = axis.axvline(0, color=look.BLACK, ls=":", lw=1.5)
        self.title = axis.set_title("")
        self.artists: tuple[Artist, ...] = (
            self._series, self._request, self._kills, self._seen, self.title,
        )  # fmt: skip

    def show(self, hours: np.ndarray, shares: np.ndarray, request: float, seen_h: float) -> None:
        self._series.set_data(hours, 100 * shares)
        self._request.set_ydata([100 * request] * 2)
        self._seen.set_xdata([seen_h] * 2)

    def mark(self, hours: np.ndarray, shares: np.ndarray) -> None:
        self._kills.set_data(hours, 100 * shares)
