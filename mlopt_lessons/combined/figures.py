"""Pictures of lesson 7 that stand still: results in, matplotlib Figure out. Nothing is computed here."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from mlopt_lessons.combined.explore_levers import LeversView
from mlopt_lessons.course import look

DOLLARS = FuncFormatter(lambda value, _place: f"{value:,.0f}")


@look.style()
def levers_waterfall(view: LeversView) -> Figure:
    """The bill, what each lever takes off it in the chosen order, and what is left with its interval."""
    count = len(view.steps) + 2
    figure, axis = look.figure(width=9, height=0.9 + 0.42 * count)
    names = ["before", *(step.lever for step in view.steps), "left"]
    starts = [0.0, *(step.after for step in view.steps), 0.0]
    widths = [view.combined.before, *(step.saved for step in view.steps), view.combined.after]
    colours = [look.BLUE, *(_saving(step.saved) for step in view.steps), look.BLUE]
    bars = axis.barh(range(count), widths, left=starts, color=colours)
    axis.bar_label(bars, [f"{each:,.0f}" for each in widths], padding=4)
    interval = view.interval
    axis.plot([interval.low, interval.high], [count - 0.52] * 2, color=look.BLACK, lw=3)
    _rows(axis, names)
    axis.set(
        xlabel="dollars a month (black: 95 % of what may be left)",
        xlim=(0, 1.15 * view.combined.before),
    )
    return figure


@look.style()
def levers_swings(view: LeversView) -> Figure:
    """What is left with one lever at a time at the ends of its range, the widest first."""
    figure, axis = look.figure(width=9, height=0.9 + 0.42 * max(1, len(view.swings)))
    for row, each in enumerate(view.swings):
        axis.plot(
            [each.at_low, each.at_high], [row, row], color=look.SKY, lw=9, solid_capstyle="butt"
        )
        axis.plot([each.at_low], [row], "<", color=look.VERMILION, ms=9)
        axis.plot([each.at_high], [row], ">", color=look.GREEN, ms=9)
    axis.axvline(view.combined.after, color=look.BLACK, lw=1.5)
    _rows(axis, [each.lever for each in view.swings])
    axis.set_xlabel("dollars left (red: saves least, green: saves most)")
    return figure


@look.style()
def levers_orders(rows: Mapping[str, Sequence[float]], split: Mapping[str, float]) -> Figure:
    """What each lever's row shows in every order, as dots, and its fair share as a diamond."""
    figure, axis = look.figure(width=9, height=0.9 + 0.42 * len(rows))
    for row, (name, values) in enumerate(rows.items()):
        axis.plot(values, [row] * len(values), "o", color=look.SKY, ms=8, alpha=0.7)
        axis.plot([split[name]], [row], "D", color=look.BLUE, ms=10)
    _rows(axis, list(rows))
    axis.set(xlabel="dollars saved (dots: by order; diamond: fair share)", xlim=(0, None))
    return figure


def _saving(saved: float) -> str:
    return look.GREEN if saved >= 0 else look.VERMILION


def _rows(axis: Axes, names: Sequence[str]) -> None:
    axis.set_yticks(np.arange(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.xaxis.set_major_formatter(DOLLARS)
    axis.grid(axis="y", visible=False)
