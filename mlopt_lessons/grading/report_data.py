"""What a report is made of, read from the gradebook: learners, lessons, points, and the judge's marks.

Nothing here writes. Points and grades by hand are nbgrader's; marks, notes and misconceptions are in
the table mlopt_graded beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlopt_lessons.grading.outcomes import GRADED, Recorded, recorded
from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.students import Name

CODE = "code"
GRADE_HEADS = (
    "student", "last_name", "first_name", "email", "lesson", "state", "automatic", "automatic_max",
    "written", "written_max", "waiting", "late_penalty", "total", "max",
)  # fmt: skip
Key = tuple[str, str]  # learner and lesson


@dataclass(frozen=True)
class Learner:
    """A learner as the gradebook knows them; what is not known is an empty text."""

    id: str
    first: str = ""
    last: str = ""
    email: str = ""
    lms_id: str = ""

    @property
    def name(self) -> str:
        """First and last name, or the id where there is none."""
        return f"{self.first} {self.last}".strip() or self.id

    @property
    def shown(self) -> str:
        """The name, and the id where it is another."""
        return self.id if self.name == self.id else f"{self.name} ({self.id})"


@dataclass(frozen=True)
class Lesson:
    """An exercise, with the points that its tasks and its written questions give at most."""

    name: str
    automatic: float
    written: float

    @property
    def points(self) -> float:
        """All points together."""
        return self.automatic + self.written


@dataclass(frozen=True)
class HandIn:
    """The points of one hand-in: of tasks, and of what was graded by hand so far.

    `waiting` are the points of what somebody must grade by hand or look at again; `penalty` is
    taken off for being late.
    """

    learner: str
    lesson: str
    graded: bool = True
    automatic: float = 0.0
    written: float = 0.0
    waiting: float = 0.0
    penalty: float = 0.0

    @property
    def final(self) -> bool:
        """Whether everything in it is graded."""
        return self.graded and self.waiting == 0

    @property
    def total(self) -> float:
        """The points so far, as nbgrader counts them: never below 0."""
        return max(0.0, self.automatic + self.written - self.penalty)


@dataclass(frozen=True)
class ClassRecord:
    """A class: learners, lessons, one hand-in for each learner and lesson at most, the judge's marks."""

    learners: tuple[Learner, ...]
    lessons: tuple[Lesson, ...]
    handins: Mapping[Key, HandIn] = field(default_factory=dict)
    judged: tuple[Recorded, ...] = ()

    def of(self, lesson: str) -> list[HandIn]:
        """The hand-ins of a lesson, in the order of the learners."""
        found = (self.handins.get((learner.id, lesson)) for learner in self.learners)
        return [each for each in found if each is not None]


def read_class(db_url: str) -> ClassRecord:
    """The class as the gradebook at `db_url` has it.

    Raises GradingError where there is no gradebook, it is damaged, or it holds no lesson.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.orm import Session

    from mlopt_lessons.grading.database import unreadable

    engine = create_engine(_existing(db_url))
    try:
        with Session(engine) as session:
            return _record(session)
    except SQLAlchemyError as error:
        url = engine.url.render_as_string()
        raise GradingError(
            unreadable(error, url)
            or f"The gradebook {url} cannot be read ({type(error).__name__}); grade a lesson first, "
            "or name another with --db."
        ) from error
    finally:
        engine.dispose()


def with_handed_in(record: ClassRecord, handed_in: Mapping[str, Iterable[str]]) -> ClassRecord:
    """The record with what was handed in and is not graded yet: of each lesson, the learners' ids."""
    handins = dict(record.handins)
    for lesson, ids in handed_in.items():
        for learner in ids:
            handins.setdefault((learner, lesson), HandIn(learner, lesson, graded=False))
    new = {learner for learner, _ in handins} - {learner.id for learner in record.learners}
    learners = _in_order([*record.learners, *map(Learner, new)])
    return replace(record, learners=learners, handins=handins)


def with_names(record: ClassRecord, names: Mapping[str, Name]) -> ClassRecord:
    """The record in which learners without a name in the gradebook have theirs of students.csv."""
    learners = [
        each if each.first or each.last else replace(each, first=found.first, last=found.last)
        for each in record.learners
        for found in [names.get(each.id, Name("", ""))]
    ]
    return replace(record, learners=_in_order(learners))


def _existing(db_url: str) -> str:
    """The URL again; to connect to a SQLite file that is not there would make an empty one."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        url = make_url(db_url)
    except ArgumentError as error:
        raise GradingError(
            f"{db_url} is no URL of a gradebook; give one such as sqlite:////home/me/gradebook.db."
        ) from error
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise GradingError(
            f"There is no gradebook {url.database}; grade a lesson first (mlopt class grade LESSON), "
            "or name the class's folder with --course."
        )
    return db_url


def _record(session: Any) -> ClassRecord:
    lessons = tuple(_lessons(session))
    if not lessons:
        raise GradingError("The gradebook holds no lesson yet; first: mlopt class grade LESSON.")
    handins = _handins(session)
    return ClassRecord(_in_order(_learners(session)), lessons, handins, tuple(_judged(session)))


def _in_order(learners: Iterable[Learner]) -> tuple[Learner, ...]:
    """By last name, as in a class list; those without a name by their id."""
    return tuple(
        sorted(
            learners, key=lambda each: ((each.last or each.name).casefold(), each.first, each.id)
        )
    )


def _learners(session: Any) -> Iterator[Learner]:
    from nbgrader.api import Student
    from sqlalchemy import select

    names = ("id", "first_name", "last_name", "email", "lms_user_id")
    for row in session.execute(select(*(getattr(Student, name) for name in names))):
        yield Learner(*(value or "" for value in row))


def _lessons(session: Any) -> Iterator[Lesson]:
    from nbgrader import api
    from sqlalchemy import select

    points: dict[str, list[float]] = {}
    for cell in (api.GradeCell, api.TaskCell):
        query = select(api.Assignment.name, cell.cell_type, cell.max_score)
        query = query.select_from(api.Assignment).join(api.Notebook)
        for name, kind, most in session.execute(
            query.join(cell, cell.notebook_id == api.Notebook.id)
        ):
            by_hand = cell is api.TaskCell or kind != CODE
            points.setdefault(name, [0.0, 0.0])[by_hand] += most
    for name in sorted(points):
        yield Lesson(name, *points[name])


def _handins(session: Any) -> dict[Key, HandIn]:
    from nbgrader import api
    from sqlalchemy import select

    graded = _points(session)
    one = api.SubmittedAssignment
    query = select(one.student_id, api.Assignment.name, one.late_submission_penalty)
    found = {}
    for learner, lesson, penalty in session.execute(query.join(api.Assignment)):
        points = graded.get((learner, lesson))
        key, sums = (learner, lesson), points or (0.0, 0.0, 0.0)
        found[key] = HandIn(*key, points is not None, *sums, penalty)
    return found


def _points(session: Any) -> dict[Key, tuple[float, float, float]]:
    """Of each graded hand-in: points of tasks, points given by hand, points that wait.

    nbgrader makes its marks before it grades: a task without a score is not graded yet.
    """
    sums: dict[Key, list[float]] = {}
    ungraded = set()
    for learner, lesson, by_hand, grade, most in _grades(session):
        points = sums.setdefault((learner, lesson), [0.0, 0.0, 0.0])
        points[by_hand] += grade.score
        points[2] += most if grade.needs_manual_grade else 0.0
        if not by_hand and grade.auto_score is None and grade.manual_score is None:
            ungraded.add((learner, lesson))
    return {key: (a, b, c) for key, (a, b, c) in sums.items() if key not in ungraded}


def _grades(session: Any) -> Iterator[tuple[str, str, bool, Any, float]]:
    """Learner, lesson, whether it is graded by hand, nbgrader's marks, and the points at most."""
    from nbgrader import api
    from sqlalchemy import select

    one, notebook, grade = api.SubmittedAssignment, api.SubmittedNotebook, api.Grade
    for cell in (api.GradeCell, api.TaskCell):
        query = (
            select(one.student_id, api.Assignment.name, cell.cell_type, grade, cell.max_score)
            .select_from(grade)
            .join(notebook, notebook.id == grade.notebook_id)
            .join(one, one.id == notebook.assignment_id)
            .join(api.Assignment, api.Assignment.id == one.assignment_id)
            .join(cell, cell.id == grade.cell_id)
        )
        for learner, lesson, kind, marks, most in session.execute(query):
            yield learner, lesson, cell is api.TaskCell or kind != CODE, marks, most


def _judged(session: Any) -> Iterator[Recorded]:
    """The judge's marks; none where the lesson was graded without the box."""
    from nbgrader.api import SubmittedNotebook
    from sqlalchemy import inspect, select

    if not inspect(session.connection()).has_table(GRADED.name):
        return
    kept = select(GRADED).join(SubmittedNotebook, SubmittedNotebook.id == GRADED.c.notebook)
    for row in session.execute(kept.order_by(GRADED.c.lesson, GRADED.c.student)).mappings():
        try:
            yield recorded(row)
        except (ValueError, TypeError, KeyError) as error:
            raise GradingError(
                f"The marks of {row['student']} for {row['lesson']} are of another version; grade it "
                f"again with mlopt class grade {row['lesson']} --regrade."
            ) from error
