"""Pictures of a class report: rows in, matplotlib Figure out. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mlopt_lessons.course import look
from mlopt_lessons.grading.report_tables import Distribution, Missed, Mistake
from mlopt_lessons.grading.report_words import share_text

WIDTH = 6.0  # inches of 100 pixels; on a phone the letters are still large enough
WRAP = 30  # letters in a line of a label


@look.style()
def points_histogram(found: Distribution) -> Figure:
    """How many hand-ins have how many points, with the median as a line."""
    figure, axis = look.figure(width=WIDTH, height=2.8)
    axis.stairs(found.counts, found.edges, fill=True, color=look.BLUE)
    if found.median is not None:
        label = f"median {found.median:g}"
        axis.axvline(found.median, color=look.VERMILION, ls="--", label=label)
        axis.legend(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
    what = "points of the tasks" if found.of_tasks else "points"
    axis.set(
        xlim=(found.edges[0], found.edges[-1]),
        xlabel=f"{what}, of {found.most:g}",
        ylabel="hand-ins",
    )
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.grid(axis="x", visible=False)
    return figure


@look.style()
def missed_tasks(rows: Sequence[Missed]) -> Figure:
    """The share of points earned a task, in the order of the rows."""
    labels = [f"{row.lesson.partition('_')[0]}: {row.title}" for row in rows]
    figure, axis = _bars(
        labels, [100 * row.share for row in rows], look.BLUE, map(share_text, rows)
    )
    axis.set(xlabel="points earned (%)", xlim=(0, 150))
    axis.set_xticks(range(0, 101, 25))
    return figure


@look.style()
def common_mistakes(rows: Sequence[Mistake]) -> Figure:
    """How many learners had a misconception, in the order of the rows."""
    labels = [f"{row.task}: {row.name}" for row in rows]
    counts = [row.learners for row in rows]
    texts = [f"{row.learners} of {row.n}" for row in rows]
    figure, axis = _bars(labels, counts, look.VERMILION, texts)
    axis.set(xlabel="learners", xlim=(0, 1.3 * max(counts)))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _bars(
    labels: Iterable[str], values: Sequence[float], colour: str, texts: Iterable[str]
) -> tuple[Figure, Axes]:
    """Bars with a label before and a text behind each, the first on top."""
    wrapped = [fill(label, WRAP) for label in labels]
    lines = sum(label.count("\n") + 1 for label in wrapped)
    figure, axis = look.figure(width=WIDTH, height=0.8 + 0.15 * len(wrapped) + 0.21 * lines)
    rows = range(len(wrapped))
    bars = axis.barh(rows, values, color=colour)
    axis.bar_label(bars, list(texts), padding=4)
    axis.set_yticks(rows, wrapped)
    for tick in axis.get_yticklabels():
        tick.set_parse_math(False)  # a dollar sign in a title begins no formula
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    return figure, axis
