"""Pictures of lesson 1: results in, matplotlib Figure out. Nothing is computed here."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mlopt_lessons.cost.explore import BillView
from mlopt_lessons.cost.forecast import Forecast
from mlopt_lessons.cost.hourly import OTHER
from mlopt_lessons.cost.keys import UNALLOCATED
from mlopt_lessons.cost.what_if import SWITCHES
from mlopt_lessons.course import look

COLOURS = (look.BLUE, look.ORANGE, look.GREEN, look.SKY, look.PURPLE, look.YELLOW)
SHADES = {OTHER: look.GREY, UNALLOCATED: look.LIGHT_GREY}
MONEY = FuncFormatter(lambda value, _place: f"{value:,.0f}")
MOST_TICKS = 7
BARS = {"month": "day", "week": "week from"}  # how a bar is named, where not as its period


@look.style()
def slices(view: BillView) -> Figure:
    """A bill by group over time, stacked, with what the switches leave as a line."""
    figure, axis = look.figure(width=9, height=3.4)
    _stack(axis, view)
    if view.what_if.saved:
        axis.stairs(view.left.sum(axis=0), color=look.BLACK, lw=2, label="left")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _stack(axis: Axes, view: BillView) -> None:
    tops = np.cumsum(view.amounts, axis=0)
    bottoms = np.vstack([np.zeros_like(tops[:1]), tops[:-1]])
    colours = iter(COLOURS)
    for name, top, bottom in zip(view.groups, tops, bottoms, strict=True):
        colour = SHADES.get(name) or next(colours)
        axis.stairs(top, baseline=bottom, fill=True, color=colour, label=name)
    count = len(view.bars)
    shown = range(0, count, -(-count // MOST_TICKS))
    axis.set_xticks([place + 0.5 for place in shown], [view.bars[place] for place in shown])
    axis.set(
        xlim=(0, count),
        ylim=(0, 1.08 * tops.max()),
        ylabel=view.currency,
        xlabel=BARS.get(view.period, view.period),
    )
    axis.yaxis.set_major_formatter(MONEY)
    axis.grid(axis="x", visible=False)


@look.style()
def wastes(dollars: Mapping[str, float], total: float) -> Figure:
    """Kinds of waste in dollars, with their part of the bill."""
    figure, axis = look.figure(width=8, height=0.9 + 0.42 * len(dollars))
    bars = axis.barh(list(dollars), list(dollars.values()), color=look.VERMILION)
    axis.bar_label(
        bars, [f"${each:,.0f}, {100 * each / total:.1f} %" for each in dollars.values()], padding=4
    )
    axis.invert_yaxis()
    axis.set(xlabel="dollars of the month", xlim=(0, 1.3 * max(dollars.values())))
    axis.grid(axis="y", visible=False)
    return figure


@look.style()
def recipes(table: pd.DataFrame) -> Figure:
    """What each recipe costs against the lean one, with its accuracy and its interval beside it."""
    figure, (times, accuracy) = look.figure(
        width=9, height=0.8 + 0.42 * len(table), ncols=2, sharey=True
    )
    rows = range(len(table))
    bars = times.barh(rows, table["times_lean"], color=look.BLUE)
    times.bar_label(bars, fmt="%.1f×", padding=4)
    times.set(
        xlabel="times the dollars of the lean training", xlim=(0, 1.2 * table["times_lean"].max())
    )
    times.set_yticks(rows, table["recipe"])
    times.invert_yaxis()
    middle = 100 * table["accuracy"]
    ends = [middle - 100 * table["low"], 100 * table["high"] - middle]
    accuracy.errorbar(middle, rows, xerr=ends, fmt="o", color=look.GREEN, ms=7, capsize=4)
    accuracy.set(xlabel="accuracy (%), 95 % interval", xlim=(85, 100))
    for axis in (times, accuracy):
        axis.grid(axis="y", visible=False)
    return figure


@look.style()
def forecasts(found: Mapping[str, Forecast], actual: float) -> Figure:
    """Forecasts of the month's end, made on several days, each with its interval; the actual end as a line."""
    figure, axis = look.figure(width=8, height=0.9 + 0.42 * len(found))
    for row, each in enumerate(found.values()):
        axis.plot([each.low, each.high], [row, row], color=look.SKY, lw=6, solid_capstyle="butt")
        axis.plot([each.middle], [row], "o", color=look.BLUE, ms=8)
        axis.plot([each.so_far], [row], "|", color=look.GREY, ms=14, mew=2)
    axis.axvline(actual, color=look.VERMILION, label="the month's end")
    axis.set_yticks(range(len(found)), list(found))
    axis.invert_yaxis()
    axis.set(xlabel="dollars (grey: so far)", xlim=(0, None))
    axis.xaxis.set_major_formatter(MONEY)
    axis.legend(loc="lower left")
    return figure


class BillPicture:
    """The lab: a bill by group over time, and the savings of each switch as a waterfall."""

    @look.style()
    def __init__(self, most: float) -> None:
        rooms = [["bars", "fall"], ["legend", "legend"]]
        self.figure, axes = look.mosaic(
            rooms, width=10, height=4.4, width_ratios=(1, 1.05), height_ratios=(7, 1)
        )
        self._bars, self._legend, fall = axes["bars"], axes["legend"], axes["fall"]
        self._legend.set_axis_off()
        names = ("before", *SWITCHES, "after")
        self._steps = tuple(fall.barh(range(len(names)), [0] * len(names), color=look.GREEN))
        self._sums = tuple(
            fall.text(0, row, "", va="center", fontsize=9) for row in range(len(names))
        )
        fall.set_yticks(range(len(names)), names)
        fall.invert_yaxis()
        fall.set(xlim=(0, 1.25 * most), xlabel="for the whole bill")
        fall.xaxis.set_major_locator(MaxNLocator(5))
        fall.xaxis.set_major_formatter(MONEY)
        fall.grid(axis="y", visible=False)
        self._note, self._unit = look.title(self._bars), look.title(fall)
        self._shown: tuple[object, ...] = ()
        self._left = self._bars.stairs([0], [0, 1])
        self.full_redraw = False

    @property
    def artists(self) -> Sequence[Artist]:
        """What changes between two moves."""
        return [self._left, *self._steps, *self._sums, self._note, self._unit]

    def update(self, view: BillView) -> str:
        """Shows the view; returns its finding as alternative text."""
        shown = (view.groups, view.bars, view.what_if.before)
        if shown != self._shown:
            self._shown, self.full_redraw = shown, True
            self._slice(view)
        self._left.set_data(view.left.sum(axis=0), np.arange(len(view.bars) + 1))
        self._note.set_text(view.note)
        self._unit.set_text(view.run_note)
        self._fall(view)
        return view.finding

    @look.style()
    def _slice(self, view: BillView) -> None:
        self._bars.clear()
        _stack(self._bars, view)
        handles, names = self._bars.get_legend_handles_labels()
        self._legend.legend(handles, names, loc="center", ncols=4).set_in_layout(False)
        self._left = self._bars.stairs([0], [0, 1], color=look.BLACK, lw=2)
        self._note = look.title(self._bars)

    def _fall(self, view: BillView) -> None:
        thrown, now = dict(view.steps), 0.0
        places = zip(("before", *SWITCHES, "after"), self._steps, self._sums, strict=True)
        for name, bar, text in places:
            width = thrown.get(name, 0.0)
            start = 0.0 if name == "after" else now
            whole = name in ("before", "after")
            bar.set_x(start)
            bar.set_width(width)
            bar.set_color(look.BLUE if whole else look.GREEN if width <= 0 else look.VERMILION)
            text.set_x(max(start, start + width))
            text.set_text(f" {width:,.0f}" if width else "")
            now = start + width
