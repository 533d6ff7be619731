"""What an instructor is told about a class, as plain rows: pure functions of a ClassRecord."""

from __future__ import annotations

from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Literal

from mlopt_lessons.course.questions import misconceptions
from mlopt_lessons.grading.notes import TOO_SLOW, stopped
from mlopt_lessons.grading.outcomes import Recorded
from mlopt_lessons.grading.records import TaskMark
from mlopt_lessons.grading.report_data import ClassRecord, HandIn, Learner, Lesson

MOST_BARS = 16  # of a histogram: one for each whole number of points up to 15, wider ones above
FEW = 5  # below this many hand-ins a share says little
UNNAMED = "No known misconception"
TOO_LONG = TOO_SLOW.partition("{")[0]
State = Literal["final", "waits", "not graded", "nothing"]


@dataclass(frozen=True)
class GradeRow:
    """One learner and lesson; `handin` is None where nothing was handed in."""

    learner: Learner
    lesson: Lesson
    handin: HandIn | None

    @property
    def state(self) -> State:
        """Whether the grade is final, waits for a grade by hand or for the grader, or is none."""
        if self.handin is None:
            return "nothing"
        if not self.handin.graded:
            return "not graded"
        return "final" if self.handin.final else "waits"


@dataclass(frozen=True)
class Distribution:
    """The points of a lesson over the hand-ins: `counts` between `edges`, each from its left edge on.

    `of_tasks` says that they are the points of the tasks alone, since something waits for a grade
    by hand; otherwise they are totals, after penalties. `median`, `low` and `high` are None
    without hand-ins.
    """

    lesson: str
    most: float
    of_tasks: bool
    n: int
    median: float | None
    low: float | None
    high: float | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Missed:
    """How a task, or a part of one, went: points earned of those to be had by `n` hand-ins.

    `part` is empty for the whole task; `full` hand-ins have all its points.
    """

    lesson: str
    task: str
    title: str
    part: str
    earned: float
    possible: float
    full: int
    n: int

    @property
    def share(self) -> float:
        """Points earned over points possible, from 0 to 1."""
        return self.earned / self.possible if self.possible else 0.0


@dataclass(frozen=True)
class Mistake:
    """A misconception in a task: its name, how many of `n` learners had it, the hint they got.

    `id` is None for the answers that no misconception explains; `hinted` learners got that very hint.
    """

    lesson: str
    task: str
    title: str
    id: str | None
    name: str
    learners: int
    n: int
    hint: str
    hinted: int


@dataclass(frozen=True)
class Remark:
    """A sentence of the grader about one hand-in."""

    learner: Learner
    lesson: str
    text: str


@dataclass(frozen=True)
class LessonSummary:
    """A lesson in numbers: learners by the state of their hand-in, and how many were late."""

    lesson: Lesson
    final: int
    waits: int
    not_graded: int
    nothing: int
    late: int

    @property
    def handed_in(self) -> int:
        """All that handed something in."""
        return self.final + self.waits + self.not_graded


def grade_rows(record: ClassRecord, lesson: Lesson) -> list[GradeRow]:
    """A row for each learner of the class, in the order of the class."""
    return [
        GradeRow(learner, lesson, record.handins.get((learner.id, lesson.name)))
        for learner in record.learners
    ]


def summary(record: ClassRecord, lesson: Lesson) -> LessonSummary:
    """Counts of a lesson."""
    rows = grade_rows(record, lesson)
    states = Counter(row.state for row in rows)
    late = sum(bool(row.handin and row.handin.penalty > 0) for row in rows)
    return LessonSummary(
        lesson, states["final"], states["waits"], states["not graded"], states["nothing"], late
    )


def distribution(record: ClassRecord, lesson: Lesson) -> Distribution:
    """The distribution of a lesson; of the tasks alone while anything waits for a grade by hand."""
    graded = [each for each in record.of(lesson.name) if each.graded]
    of_tasks = not all(each.final for each in graded)
    values = [each.automatic if of_tasks else each.total for each in graded]
    most = lesson.automatic if of_tasks else lesson.points
    edges = _edges(max([most, *values]))
    middle = median(values) if values else None
    low, high = min(values, default=None), max(values, default=None)
    head = lesson.name, most, of_tasks, len(values)
    return Distribution(*head, middle, low, high, edges, _counts(values, edges))


def missed(record: ClassRecord) -> list[Missed]:
    """The tasks, the most missed first; the parts of a task follow it, the most missed first."""
    tasks = [(_whole(lesson, marks), _parts(lesson, marks)) for lesson, marks in _by_task(record)]
    rows: list[Missed] = []
    for whole, parts in sorted(tasks, key=lambda each: _worst_first(each[0])):
        rows += [whole, *sorted(parts, key=_worst_first)]
    return rows


def mistakes(record: ClassRecord) -> list[Mistake]:
    """The misconceptions behind missed tasks, the most common first, and then what none explains."""
    rows: list[Mistake] = []
    for lesson, marks in _by_task(record):
        wrong = [mark for mark in marks if mark.earned < mark.points]
        hints: dict[str | None, Counter[str]] = defaultdict(Counter)
        for mark in wrong:
            hints[mark.mistake][mark.message] += 1
        for mistake, messages in hints.items():
            count, (hint, hinted) = sum(messages.values()), messages.most_common(1)[0]
            head = (lesson, marks[0].task, marks[0].title, mistake, name_of(mistake))
            rows.append(Mistake(*head, count, len(marks), hint, hinted))
    return sorted(
        rows, key=lambda row: (row.id is None, -row.learners, row.lesson, row.task, row.name)
    )


def name_of(mistake: str | None) -> str:
    """A misconception in words: its name in the catalogue, or its id with spaces."""
    if mistake is None:
        return UNNAMED
    known = misconceptions().get(mistake)
    return known["name"] if known else mistake.replace("-", " ").capitalize()


def remarks(record: ClassRecord) -> list[Remark]:
    """What the grader noted: hand-ins with a problem, cells put back, boxes and calls stopped."""
    learners = {learner.id: learner for learner in record.learners}
    return [
        Remark(learners.get(each.student, Learner(each.student)), each.lesson, text)
        for each in record.judged
        for text in (*each.notes, *_too_long(each))
    ]


def _too_long(judged: Recorded) -> list[str]:
    """The tasks whose call ran into its time; earlier versions made no note of them."""
    slow = [mark for mark in judged.marks if mark.message.startswith(TOO_LONG)]
    told = [stopped(mark.cell, mark.message) for mark in slow]
    return [each for each in told if each not in judged.notes]


def without_any(record: ClassRecord) -> list[Learner]:
    """Learners who handed in nothing, of no lesson."""
    busy = {learner for learner, _ in record.handins}
    return [learner for learner in record.learners if learner.id not in busy]


def missing(record: ClassRecord, lesson: Lesson) -> list[Learner]:
    """Learners who handed in nothing of this lesson."""
    rows = grade_rows(record, lesson)
    return [row.learner for row in rows if row.state == "nothing"]


def _by_task(record: ClassRecord) -> Iterator[tuple[str, list[TaskMark]]]:
    """The marks of each task, over the class; lesson by lesson, in the order of the tasks."""
    marks: dict[tuple[str, str], list[TaskMark]] = defaultdict(list)
    for each in record.judged:
        for mark in each.marks:
            marks[each.lesson, mark.cell].append(mark)
    for lesson, cell in sorted(marks):
        yield lesson, marks[lesson, cell]


def _whole(lesson: str, marks: Sequence[TaskMark]) -> Missed:
    return _went(lesson, marks[0], "", [(mark.earned, mark.points) for mark in marks])


def _parts(lesson: str, marks: Sequence[TaskMark]) -> list[Missed]:
    """The parts of a task; none where it has only one."""
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for mark in marks:
        for part in mark.parts:
            pairs[part.says].append((part.earned, part.points))
    found = [_went(lesson, marks[0], says, each) for says, each in pairs.items()]
    return found if len(found) > 1 else []


def _went(lesson: str, mark: TaskMark, part: str, pairs: Sequence[tuple[float, float]]) -> Missed:
    earned, possible = (sum(column) for column in zip(*pairs, strict=True))
    full = sum(got == most for got, most in pairs)
    return Missed(lesson, mark.task, mark.title, part, earned, possible, full, len(pairs))


def _worst_first(row: Missed) -> tuple[float, str, str, str]:
    return row.share, row.lesson, row.task, row.part


def _edges(most: float) -> tuple[float, ...]:
    """Edges in the middle between whole points, so that each bar holds as many of them; to `most`."""
    points = max(1, ceil(most)) + 1  # and 0
    step = ceil(points / MOST_BARS)
    return tuple(place * step - 0.5 for place in range(ceil(points / step) + 1))


def _counts(values: Iterable[float], edges: Sequence[float]) -> tuple[int, ...]:
    counts = Counter(bisect(edges, value) - 1 for value in values)
    return tuple(counts[place] for place in range(len(edges) - 1))
