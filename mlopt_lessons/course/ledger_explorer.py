"""The whole ledger in one picture: how far what was found is from the story, and the lab around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log2
from typing import Any

import ipywidgets as widgets
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mlopt_lessons.course import look
from mlopt_lessons.course.ledger_table import (
    HOLDS,
    LedgerLine,
    compared_with_story,
    in_points,
    ledger_lines,
)
from mlopt_lessons.course.live import LiveFigure
from mlopt_lessons.course.provenance import number
from mlopt_lessons.course.still import Still

EVERY = "all lessons"
TOPICS = {
    EVERY: 0,
    "1 cost": 1,
    "2 resources": 2,
    "3 spot": 3,
    "4 GPU": 4,
    "5 quantization": 5,
    "6 pruning": 6,
    "7 all together": 7,
}
HOLDING = "#BDBDBD"
WIDEST_RATIO, WIDEST_POINTS = 16.0, 60.0


@dataclass(frozen=True)
class Bar:
    """One figure of a claim: where the claim holds, what was found and what was predicted.

    All relative to the story: log2 of the ratio, or points. `found` pairs a value with whether it holds.
    """

    name: str
    points: bool
    low: float
    high: float
    found: tuple[tuple[float, bool], ...]
    predicted: float | None


@dataclass(frozen=True)
class LedgerView:
    """What the picture shows, and its finding."""

    topic: str
    bars: tuple[Bar, ...]
    factor: float
    points: float
    finding: str


def ledger_view(
    lines: Sequence[LedgerLine], topic: str = EVERY, factor: float = 1.5, points: float = 5.0
) -> LedgerView:
    """The figures of a topic against the story; "near" is within `factor`, or within `points`.

    Raises ValueError for an unknown topic, a factor below 1 and points below 0.
    """
    if topic not in TOPICS:
        raise ValueError(f"There is no topic {topic!r}; choose one of {', '.join(TOPICS)}.")
    if not (factor >= 1 and points >= 0):
        raise ValueError("A factor is at least 1, and points are at least 0.")
    chosen = [each for each in lines if TOPICS[topic] in (0, each.claim.section)]
    names = dict.fromkeys(_name(each) for each in chosen)
    bars = tuple(_bar(name, [each for each in chosen if _name(each) == name]) for name in names)
    return LedgerView(topic, bars, factor, points, _finding(bars, factor, points))


class LedgerPicture:
    """Left: ratios to the story; right: differences in points. Grey: where the claim holds."""

    def __init__(self, view: LedgerView) -> None:
        self.figure, axes = look.figure(9.0, 6.0, ncols=2)
        self.left, self.right = axes
        with look.style():
            self.figure.legend(handles=_legend(), loc="outside lower center", ncols=5)
        self.full_redraw = False
        self._shown: tuple[Bar, ...] | None = None
        self._bands: list[Artist] = []
        self.update(view)

    @property
    def artists(self) -> Sequence[Artist]:
        return self._bands

    def update(self, view: LedgerView) -> str:
        if view.bars != self._shown:
            self._draw_bars(view.bars)
            self._shown, self.full_redraw = view.bars, True
        ends = (log2(view.factor), view.points)
        for band, end in zip(self._bands, ends, strict=True):
            band.set(x=-end, width=2 * end)
        return view.finding

    def _draw_bars(self, bars: Sequence[Bar]) -> None:
        self._bands = []
        with look.style():
            for axes, points in ((self.left, False), (self.right, True)):
                axes.clear()
                _draw_side(axes, [bar for bar in bars if bar.points == points], points)
                self._bands.append(axes.axvspan(-1, 1, color=look.SKY, alpha=0.35, lw=0))


def ledger_lab() -> LiveFigure:
    """The ledger as a picture; what counts as near the story, and which lesson, are yours to set."""
    lines = ledger_lines()

    def compute(topic: str, factor: float, points: float) -> LedgerView:
        return ledger_view(lines, topic, factor, points)

    topic = widgets.Dropdown(options=list(TOPICS), value=EVERY, description="lesson")
    factors = (1.1, 1.25, 1.5, 2.0, 3.0, 4.0, 8.0)
    factor = widgets.SelectionSlider(
        options=[(f"{each:g}×", each) for each in factors], value=1.5, description="near: within"
    )
    steps = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
    points = widgets.SelectionSlider(
        options=[(f"{each:g} points", each) for each in steps], value=5.0, description="or within"
    )
    controls = {"topic": topic, "factor": factor, "points": points}
    presets = {
        "within a tenth": {"factor": 1.1, "points": 5.0},
        "within a factor of 2": {"factor": 2.0, "points": 10.0},
    }
    picture = LedgerPicture(ledger_view(lines))
    return LiveFigure(picture, compute, controls, presets, title="The story and what was found")


def show_ledger(topic: str = EVERY, factor: float = 1.5, points: float = 5.0) -> Still:
    """The same picture without sliders. Raises ValueError as `ledger_view`."""
    view = ledger_view(ledger_lines(), topic, factor, points)
    return Still(LedgerPicture(view).figure, view.finding)


def _name(line: LedgerLine) -> str:
    return f"{line.claim.id} {line.story.name}"


def _bar(name: str, lines: Sequence[LedgerLine]) -> Bar:
    story, said = lines[0].story, lines[0].predicted
    points = in_points(story.unit)
    found = tuple((_place(each), each.state == HOLDS) for each in lines if each.found)
    numeric = said is not None and not isinstance(said.value, str) and said.unit == story.unit
    predicted = _against(float(said.value), story.value, points) if said and numeric else None
    low, high = (_against(end, story.value, points) for end in (story.low, story.high))
    return Bar(name, points, _clipped(low, points, -1), _clipped(high, points, 1), found, predicted)


def _place(line: LedgerLine) -> float:
    """Where what was found is drawn; far left where it is 0 or less and the story's figure is not."""
    pair = compared_with_story(line)
    if pair is None:
        return -inf
    return pair[0] if pair[1] == "points" else log2(pair[0])


def _against(value: float, story: float, points: bool) -> float | None:
    if points:
        return value - story
    return log2(value / story) if value > 0 and story > 0 else None


def _clipped(end: float | None, points: bool, way: int) -> float:
    widest = WIDEST_POINTS if points else log2(WIDEST_RATIO)
    return way * widest if end is None else max(-widest, min(widest, end))


def _finding(bars: Sequence[Bar], factor: float, points: float) -> str:
    found = [(value, holds, bar.points) for bar in bars for value, holds in bar.found]
    if not found:
        return (
            f"Nothing measured here yet. Grey: where each of the {len(bars)} figures would hold; blue: "
            f"within {number(factor)} times the story, or {number(points)} points."
        )
    near = sum(abs(v) <= (points if p else log2(factor)) + 1e-9 for v, _, p in found)
    holding = sum(holds for _, holds, _ in found)
    return (
        f"Of {len(found)} figures found, {near} are near the story: within a factor of {number(factor)}, or "
        f"{number(points)} points. Holding by the claim's own rule: {holding}."
    )


def _draw_side(axes: Axes, bars: Sequence[Bar], points: bool) -> None:
    widest = WIDEST_POINTS if points else log2(WIDEST_RATIO)
    places = range(len(bars))
    axes.barh(
        places,
        [b.high - b.low for b in bars],
        left=[b.low for b in bars],
        height=0.6,
        color=HOLDING,
    )
    axes.axvline(0, color=look.BLACK, lw=1.2)
    for place, bar in zip(places, bars, strict=True):
        _draw_marks(axes, place, bar, widest)
    axes.set(xlim=(-widest, widest), ylim=(max(len(bars), 4) - 0.4, -0.6), yticks=list(places))
    axes.set_yticklabels([bar.name for bar in bars], fontsize=9)
    if points:
        axes.set(title="percentages", xlabel="points from the story")
    else:
        ticks = range(-4, 5, 2)
        axes.set(title="quantities", xlabel="times the story", xticks=list(ticks))
        axes.set_xticklabels([f"{2**tick}×" if tick >= 0 else f"1/{2**-tick}" for tick in ticks])


def _draw_marks(axes: Axes, place: int, bar: Bar, widest: float) -> None:
    for value, holds in bar.found:
        colour, mark = (look.GREEN, "o") if holds else (look.VERMILION, "X")
        axes.plot(max(-widest, min(widest, value)), place, mark, color=colour, ms=7, clip_on=False)
    if bar.predicted is not None:
        x = max(-widest, min(widest, bar.predicted))
        axes.plot(x, place, "D", mfc="none", mec=look.BLUE, ms=8, clip_on=False)


def _legend() -> list[Artist]:
    def mark(label: str, **style: Any) -> Line2D:
        return Line2D([], [], linestyle="none", label=label, **style)

    return [
        Patch(color=HOLDING, label="the claim holds"),
        Patch(color=look.SKY, alpha=0.35, label="near the story"),
        mark("found, holds", marker="o", color=look.GREEN, markersize=7),
        mark("found, does not", marker="X", color=look.VERMILION, markersize=7),
        mark("you predicted", marker="D", markerfacecolor="none", markeredgecolor=look.BLUE),
    ]
