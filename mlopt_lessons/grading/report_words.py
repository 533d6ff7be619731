"""Findings of a class report as sentences: what the pictures say, and how a share is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import shorten

from mlopt_lessons.grading.report_tables import FEW, Distribution, LessonSummary, Missed, Mistake

MOST_HINT = 120  # letters of a hint in a table
LONGEST_DUMP = 24  # letters of a value in brackets that stays in a hint
NOTHING_LEFT = re.compile(r"yours is (array\()?…")  # of a comparison


def points(value: float) -> str:
    """Points with two digits at most: 7, 7.5, 0.33."""
    return f"{round(value, 2):g}"


def share_text(row: Missed) -> str:
    """A share with its count: "44 % (n = 25)"; of few hand-ins the points: "4 of 9 (n = 3)"."""
    if row.n < FEW:
        return f"{points(row.earned)} of {points(row.possible)} (n = {row.n})"
    return f"{100 * row.share:.0f} % (n = {row.n})"


def few_text(n: int) -> str:
    """A warning where the class is too small for shares; an empty text otherwise."""
    if n >= FEW:
        return ""
    return f"Only {counted(n, 'hand-in')}: shares and medians of so few say little."


def distribution_text(found: Distribution) -> str:
    """What the histogram shows."""
    if found.median is None or found.low is None or found.high is None:
        return f"{found.lesson}: nothing is graded yet."
    what = (
        "points of the tasks, without what waits for grading by hand"
        if found.of_tasks
        else "points"
    )
    return (
        f"{found.lesson}, n = {found.n}: median {points(found.median)} of {points(found.most)} {what}; "
        f"from {points(found.low)} to {points(found.high)}."
    )


def missed_text(rows: Sequence[Missed]) -> str:
    """What the bars of the tasks show: the most missed one and the least missed of them."""
    first, last = rows[0], rows[-1]
    told = f"Most missed: {first.title} ({first.lesson}), {share_text(first)} of the points earned"
    if len(rows) == 1:
        return f"{told}."
    return f"{told}; least of these {len(rows)}: {last.title} ({last.lesson}), {share_text(last)}."


def mistakes_text(rows: Sequence[Mistake]) -> str:
    """What the bars of the misconceptions show: the most common one."""
    first = rows[0]
    return (
        f"Most common misconception: {first.name}, {first.learners} of "
        f"{counted(first.n, 'learner')}, in {first.title} ({first.lesson})."
    )


def summary_text(found: LessonSummary) -> str:
    """A lesson's hand-ins by state."""
    told = [f"{counted(found.handed_in, 'hand-in')}, {found.final} with a final grade"]
    for count, what in (
        (found.waits, "waiting for grading by hand"),
        (found.not_graded, "not graded yet"),
        (found.late, "with points off for being late"),
    ):
        told += [f"{count} {what}"] if count else []
    if found.nothing:
        told.append(f"{counted(found.nothing, 'learner')} handed in nothing")
    return f"{'; '.join(told)}."


def short_hint(text: str) -> str:
    """A hint in one short sentence: without long values in brackets, cut where it is still long."""
    plain = _without_dumps(text)
    if NOTHING_LEFT.search(plain):
        return "the same wrong result."
    return shorten(plain, MOST_HINT, placeholder=" …")


def _without_dumps(text: str) -> str:
    for dump in _dumps(text):
        if len(dump) > LONGEST_DUMP or dump[-1] not in "]}":
            text = text.replace(dump, "…")
    return text


def _dumps(text: str) -> list[str]:
    """What stands in outer brackets, as lists, arrays and dictionaries do; the last may be cut off."""
    found, start, depth = [], 0, 0
    for place, letter in enumerate(text):
        if letter in "[{":
            start = start if depth else place
            depth += 1
        elif letter in "]}" and depth:
            depth -= 1
            found += [] if depth else [text[start : place + 1]]
    return [*found, text[start:]] if depth else found


def counted(count: int, what: str) -> str:
    """A count with its word: 1 lesson, 2 lessons."""
    return f"{count} {what}{'' if count == 1 else 's'}"
