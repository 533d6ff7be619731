"""Pictures of lesson 3: results in, matplotlib Figure out. Nothing is computed here."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, StepPatch

from mlopt_lessons.course import look
from mlopt_lessons.spot.explore import IntervalView, MarketView
from mlopt_lessons.spot.explore_policies import MOST_ZONES, PolicyView
from mlopt_lessons.spot.policies import POLICIES
from mlopt_lessons.spot.timeline import Segment

KINDS = {
    "useful": (look.GREEN, "useful work"),
    "lost": (look.VERMILION, "lost work"),
    "restart": (look.ORANGE, "restarts"),
    "checkpoint": (look.SKY, "checkpoints"),
    "waiting": (look.LIGHT_GREY, "waiting"),
    "on-demand": (look.PURPLE, "on demand"),
}
# By PolicyView's codes. An image of ready colours is drawn in half the time of one with a colour map.
RUN_COLOURS = (255 * to_rgba_array([look.LIGHT_GREY, look.SKY, look.GREEN, look.PURPLE])).astype(
    np.uint8
)
PAID = tuple(kind for kind in KINDS if kind != "waiting")


@look.style()
def discounts(table: pd.DataFrame) -> Figure:
    """The published discount of every machine, a row a provider; the story's 70 to 90 % shaded."""
    figure, axis = look.figure(width=8, height=2.9)
    axis.axvspan(70, 90, color=look.YELLOW, alpha=0.35, lw=0, label="the story: 70 to 90 %")
    providers = list(dict.fromkeys(table["provider"]))
    for row, provider in enumerate(providers):
        found = 100 * table.loc[table["provider"] == provider, "discount"]
        axis.plot(found, [row] * len(found), "o", color=look.BLUE, alpha=0.6, ms=8)
    axis.set_yticks(range(len(providers)), providers)
    axis.set(xlabel="discount against on demand (%)", xlim=(0, 100), ylim=(-0.6, len(providers)))
    axis.legend(loc="upper left")
    return figure


@look.style()
def traces(available: Sequence[np.ndarray], labels: Sequence[str], tick_h: float) -> Figure:
    """When spot could be had: a row a zone, a coloured stretch for each stretch of capacity."""
    figure, axis = look.figure(width=9, height=0.9 + 0.55 * len(labels))
    for row, each in enumerate(available):
        axis.imshow(
            each[None].astype(float),
            cmap=ListedColormap([look.LIGHT_GREY, look.GREEN]),
            aspect="auto",
            interpolation="nearest",
            vmin=0,
            vmax=1,
            extent=(0, tick_h * len(each), row + 0.4, row - 0.4),
        )
    axis.set_yticks(range(len(labels)), labels)
    axis.set(xlabel="hours", ylim=(len(labels) - 0.5, -0.5))
    axis.grid(visible=False)
    return figure


@look.style()
def policy_costs(table: pd.DataFrame) -> Figure:
    """Mean cost of each policy in dollars, with the part of the starts that end late."""
    figure, axis = look.figure(width=8, height=0.9 + 0.42 * len(table))
    rows = range(len(table))
    late = table["late"].to_numpy()
    colours = [look.VERMILION if part > 0 else look.BLUE for part in late]
    axis.barh(rows, table["cost"], color=colours)
    for row, (cost, part) in enumerate(zip(table["cost"], late, strict=True)):
        note = f" ${cost:,.0f}" + (f", late in {100 * part:.0f} %" if part > 0 else "")
        axis.text(cost, row, note, va="center", fontsize=9)
    axis.set_yticks(rows, table["policy"])
    axis.invert_yaxis()
    axis.set(xlabel="dollars, mean over the starts", xlim=(0, 1.35 * table["cost"].max()))
    axis.grid(axis="y", visible=False)
    return figure


class MarketPicture:
    """Lab (a): one run as a timeline, when 2,000 runs end, what they cost, and the mean bill in parts."""

    @look.style()
    def __init__(self, longest_h: float, dearest: float) -> None:
        rooms = [["line", "line", "legend"], ["ends", "costs", "bill"]]
        self.figure, axes = look.mosaic(
            rooms, width=10, height=4.2, height_ratios=(1, 2.4), width_ratios=(1, 1.15, 1)
        )
        self._line, self._legend, self._bill = axes["line"], axes["legend"], axes["bill"]
        self._pieces = self._line.broken_barh([], (0, 1))
        self._line.set(xlim=(0, longest_h), ylim=(0, 1), yticks=[], xlabel="hours")
        self._line.grid(visible=False)
        self._finish = self._line.set_title("")
        self._ends = _histogram(axes["ends"], "hours until a run ends", longest_h, look.SKY)
        self._deadlines = tuple(
            axes[room].axvline(0, color=look.BLACK, ls="--", lw=1.5) for room in ("line", "ends")
        )
        self._costs = _histogram(axes["costs"], "dollars a run", dearest, look.BLUE)
        self._full = axes["costs"].axvline(0, color=look.VERMILION, lw=2, label="on demand")
        self._mean = axes["costs"].axvline(0, color=look.BLACK, lw=2, label="mean")
        axes["costs"].legend(loc="upper right")
        self._cost = axes["costs"].set_title("")
        self._bars = tuple(self._bill.bar([0], [0], color=KINDS[kind][0])[0] for kind in PAID)
        self._bill.set(xticks=[], ylabel="dollars, mean", xlim=(-0.8, 0.8), ylim=(0, dearest))
        self._story = self._bill.axhline(0, color=look.VERMILION, lw=2)
        self._name_colours()
        self.artists: Sequence[Artist] = (
            self._pieces, self._finish, self._ends, *self._deadlines, self._costs, self._full,
            self._mean, self._cost, *self._bars, self._story,
        )  # fmt: skip

    def _name_colours(self) -> None:
        self._legend.set_axis_off()
        handles = [Rectangle((0, 0), 1, 1, color=colour) for colour, _ in KINDS.values()]
        names = [name for _, name in KINDS.values()]
        self._legend.legend(handles, names, loc="center", ncols=2)

    def update(self, view: MarketView) -> str:
        """Shows the view; returns its finding as alternative text."""
        self._show_run(view.segments)
        end = view.deadline_h if np.isfinite(view.deadline_h) else -1.0
        for line in self._deadlines:
            line.set_xdata([end, end])
        self._finish.set_text(f"One run; {view.finish_note}")
        self._ends.set_data(*view.ends)
        self._costs.set_data(*view.costs)
        self._full.set_xdata([view.on_demand] * 2)
        self._mean.set_xdata([view.cost] * 2)
        self._cost.set_text(view.cost_note)
        self._story.set_ydata([view.on_demand] * 2)
        self._stack(view)
        return view.finding

    def _show_run(self, segments: Sequence[Segment]) -> None:
        corners = [[(s.start_h, 0), (s.start_h, 1), (s.end_h, 1), (s.end_h, 0)] for s in segments]
        self._pieces.set_verts(corners)
        self._pieces.set_facecolor([KINDS[s.kind][0] for s in segments])

    def _stack(self, view: MarketView) -> None:
        bottom = 0.0
        for bar, kind in zip(self._bars, PAID, strict=True):
            height = view.bill.get(kind, 0.0)
            bar.set_y(bottom)
            bar.set_height(height)
            bottom += height


def _histogram(axis: Axes, label: str, most: float, colour: str) -> StepPatch:
    axis.set(xlabel=label, ylabel="runs", yticks=[], xlim=(0, most), ylim=(0, 1.1))
    return axis.stairs([1], [0, 1], fill=True, color=colour)


class IntervalPicture:
    """Lab (b): hours billed for an hour of work, against the interval between checkpoints."""

    @look.style()
    def __init__(self, ratio: float) -> None:
        self.figure, self._axis = look.figure(width=8.4, height=3.9)
        self._axis.set(
            xlabel="hours of work between checkpoints",
            ylabel="hours billed for an hour of work",
            xscale="log",
            yscale="log",
            xlim=(1 / 60, 100),
            ylim=(0.95, 20),
        )
        self._axis.xaxis.set_major_formatter("{x:g}")
        self._axis.yaxis.set_major_formatter("{x:g}")
        self._axis.yaxis.set_minor_formatter("")
        self._axis.set_yticks([1, 2, 3, 5, 10, 20], ["1", "2", "3", "5", "10", "20"])
        self._axis.axhline(ratio, color=look.VERMILION, ls="--", label="as dear as on demand")
        (self._line,) = self._axis.plot([], [], color=look.BLUE)
        styles = {
            "best": (look.GREEN, "o"),
            "Young's": (look.ORANGE, "s"),
            "yours": (look.BLACK, "D"),
        }
        self._marks = tuple(
            self._axis.plot([], [], marker, color=colour, ms=9, label=label)[0]
            for label, (colour, marker) in styles.items()
        )
        self._title = self._axis.set_title("")
        self._axis.legend(loc="upper center")
        self.artists: Sequence[Artist] = (self._line, *self._marks, self._title)

    def update(self, view: IntervalView) -> str:
        """Shows the view; returns its finding as alternative text."""
        self._line.set_data(view.intervals_h, view.inflation)
        for mark, at in zip(self._marks, (view.best, view.young, view.here), strict=True):
            mark.set_data([at[0]], [at[1]])
        self._title.set_text(view.note)
        return view.finding


class PolicyPicture:
    """Lab (c): capacity in each zone, what a policy runs, and the bill of every policy."""

    @look.style()
    def __init__(self, longest_h: float, tick_h: float, dearest: float) -> None:
        self.figure, (self._strip, self._costs) = look.figure(
            width=10, height=4.6, nrows=2, height_ratios=(1, 1.5)
        )
        self._ticks = round(longest_h / tick_h)
        self._image = self._strip.imshow(
            RUN_COLOURS[np.zeros((MOST_ZONES + 1, self._ticks), np.int8)], aspect="auto",
            interpolation="nearest", extent=(0, longest_h, MOST_ZONES + 0.5, -0.5),
        )  # fmt: skip
        zones = [f"zone {number}" for number in range(1, MOST_ZONES + 1)]
        self._strip.set_yticks(range(MOST_ZONES + 1), [*zones, "the job"])
        self._strip.set(xlabel="hours (blue: capacity; green: on spot; purple: on demand)")
        self._strip.grid(visible=False)
        self._end = self._strip.axvline(0, color=look.BLACK, ls="--", lw=1.5)
        self._note = self._strip.set_title("")
        self._bars = tuple(self._costs.barh(range(len(POLICIES)), [0] * len(POLICIES)))
        self._texts = tuple(
            self._costs.text(0, row, "", va="center", fontsize=9) for row in range(len(POLICIES))
        )
        self._best = self._costs.axvline(0, color=look.BLACK, lw=2, label="optimum")
        self._costs.set_yticks(range(len(POLICIES)), list(POLICIES))
        self._costs.invert_yaxis()
        self._costs.set(xlabel="dollars (red: late)", xlim=(0, dearest))
        self._costs.grid(axis="y", visible=False)
        self._costs.legend(loc="lower right")
        self.artists: Sequence[Artist] = (
            self._image, self._end, self._note, *self._bars, *self._texts, self._best,
        )  # fmt: skip

    def update(self, view: PolicyView) -> str:
        """Shows the view; returns its finding as alternative text."""
        self._image.set_data(RUN_COLOURS[view.rows[:, : self._ticks]])
        self._end.set_xdata([view.job.deadline_h] * 2)
        self._note.set_text(view.note)
        self._best.set_xdata([view.best] * 2)
        for bar, text, name in zip(self._bars, self._texts, POLICIES, strict=True):
            found = view.outcomes[name]
            bar.set_width(found.cost)
            chosen = look.BLUE if name == view.policy else look.SKY
            bar.set_color(look.VERMILION if found.late else chosen)
            text.set_x(found.cost)
            text.set_text(f" ${found.cost:,.0f}")
        return view.finding
