"""The pictures of lesson 7's labs, which follow their sliders. Nothing is computed here."""

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from mlopt_lessons.combined.explore_frontier import MODEL_NAMES, FrontierView
from mlopt_lessons.combined.explore_levers import LeversView
from mlopt_lessons.combined.figures import DOLLARS
from mlopt_lessons.course import look

LOWEST = 60.0  # % right: what is below is no model that anybody would serve


class LeversPicture:
    """Lab (a): the waterfall in the chosen order, and each lever's fair share beside its other rows."""

    @look.style()
    def __init__(self, levers: Sequence[str], spend: float) -> None:
        self.figure, (fall, fair) = look.figure(
            width=10, height=3.8, ncols=2, width_ratios=(1.4, 1)
        )
        count = len(levers) + 2
        self._bars = tuple(fall.barh(range(count), [0] * count))
        self._names = tuple(
            fall.text(-0.02 * spend, row, "", ha="right", va="center", fontsize=10)
            for row in range(count)
        )
        self._sums = tuple(fall.text(0, row, "", va="center", fontsize=9) for row in range(count))
        (self._interval,) = fall.plot([], [], color=look.BLACK, lw=3)
        fall.set(
            xlim=(-0.25 * spend, 1.15 * spend), yticks=[], xlabel="dollars a month (black: 95 %)"
        )
        fall.set_xticks([part * spend / 5 for part in range(6)])
        self._ranges = LineCollection([], colors=look.SKY, lw=9)
        fair.add_collection(self._ranges)
        (self._split,) = fair.plot([], [], "D", color=look.BLUE, ms=10)
        fair.set_yticks(range(len(levers)), levers)
        fair.set(xlim=(0, 0.65 * spend), ylim=(-0.6, len(levers) - 0.4))
        fair.set_xlabel("saved (bar: all orders; diamond: fair share)")
        for axis in (fall, fair):
            axis.invert_yaxis()
            axis.xaxis.set_major_formatter(DOLLARS)
            axis.grid(axis="y", visible=False)
        self._levers, self._note = tuple(levers), look.title(fall)
        self.artists: Sequence[Artist] = (
            *self._bars, *self._names, *self._sums, self._interval, self._ranges, self._split,
            self._note,
        )  # fmt: skip

    def update(self, view: LeversView) -> str:
        """Shows the view; returns its finding as alternative text."""
        rows = [("before", 0.0, view.combined.before, look.BLUE)]
        for step in view.steps:
            colour = look.GREEN if step.saved >= 0 else look.VERMILION
            rows.append((step.lever, step.after, step.saved, colour))
        rows.append(("left", 0.0, view.combined.after, look.BLUE))
        places = zip(rows, self._bars, self._names, self._sums, strict=True)
        for (name, start, width, colour), bar, label, text in places:
            bar.set_x(start)
            bar.set_width(width)
            bar.set_color(colour)
            label.set_text(name)
            text.set_x(start + width)
            text.set_text(f" {width:,.0f}")
        self._interval.set_data([view.interval.low, view.interval.high], [len(rows) - 0.55] * 2)
        ends = [view.row_ranges[name] for name in self._levers]
        self._ranges.set_segments(
            [[(low, row), (high, row)] for row, (low, high) in enumerate(ends)]
        )
        self._split.set_data([view.split[name] for name in self._levers], range(len(self._levers)))
        self._note.set_text(view.note)
        return view.finding


class FrontierPicture:
    """Lab (b): every combination by one scale and accuracy, the frontier, the floor, and the pick."""

    @look.style()
    def __init__(self) -> None:
        self.figure, self._axis = look.figure(width=10, height=4.2)
        self._axis.set(xscale="log", ylabel="accuracy (%)")
        self._axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        self._axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        self._axis.xaxis.set_minor_formatter(NullFormatter())
        (self._all,) = self._axis.plot(
            [], [], "o", color=look.LIGHT_GREY, ms=5, label="combinations"
        )
        (self._front,) = self._axis.plot(
            [],
            [],
            "o-",
            color=look.BLUE,
            ms=5,
            lw=1.5,
            drawstyle="steps-post",
            label="nothing is better",
        )
        (self._dense,) = self._axis.plot([], [], "s", color=look.BLACK, ms=9, label="as trained")
        (self._pick,) = self._axis.plot([], [], "D", color=look.GREEN, ms=12, label="your pick")
        self._floor = self._axis.axhline(0, color=look.VERMILION, ls="--", label="your floor")
        self._axis.legend(loc="lower right")
        self._note = look.title(self._axis)
        self._shown: tuple[str, str] = ("", "")
        self.full_redraw = False
        self.artists: Sequence[Artist] = (
            self._all, self._front, self._dense, self._pick, self._floor, self._note,
        )  # fmt: skip

    def update(self, view: FrontierView) -> str:
        """Shows the view; returns its finding as alternative text."""
        if (view.model, view.metric) != self._shown:
            self._shown, self.full_redraw = (view.model, view.metric), True
            self._axis.set_xlim(0.8 * view.x.min(), 1.25 * view.x.max())
            self._axis.set_ylim(LOWEST, 100.5)
            self._axis.set_xlabel(f"{MODEL_NAMES.get(view.model, view.model)}: {view.metric}")
            self._all.set_data(view.x, 100 * view.y)
            self._front.set_data(view.frontier_x, 100 * view.frontier_y)
            self._dense.set_data([view.dense_x], [100 * view.dense.accuracy.value])
        found = [] if view.pick is None else [(view.pick_x, 100 * view.pick.accuracy.value)]
        self._pick.set_data([x for x, _ in found], [y for _, y in found])
        self._floor.set_ydata([100 * view.floor] * 2)
        self._note.set_text(view.note)
        return view.finding
