"""nbgrader's gradebook, in which a hand-in is written whole or not at all, with how it was graded."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import nbformat
from nbgrader import api
from nbgrader.utils import is_grade, is_locked, is_solution
from sqlalchemy.exc import IntegrityError, OperationalError

from mlopt_lessons.grading.classroom import Classroom, Exercise
from mlopt_lessons.grading.database import one_transaction, open_book, refusals
from mlopt_lessons.grading.late import chosen_plugin, penalty
from mlopt_lessons.grading.outcomes import GRADED, SEEDS, Recorded, as_row, recorded
from mlopt_lessons.grading.records import Graded, GradingError
from mlopt_lessons.grading.students import Name, names_in

TRIES = 3  # of a transaction that another grader got in the way of
MOST_SEED = 2**62
NO_RESPONSE = "No response."  # nbgrader's comment

T = TypeVar("T")


class Gradebook:
    """The gradebook of a class; a context manager that closes it.

    `book` is nbgrader's own, for what this does not offer. Every method raises GradingError when
    the database refuses, and has then changed nothing in it. Learners without a name get the one
    in the class's students.csv; GradingError where that is damaged.
    """

    def __init__(self, classroom: Classroom) -> None:
        self.classroom = classroom
        self.late = chosen_plugin(classroom.app)
        self.names = names_in(Path(classroom.course.root))
        self.book = open_book(classroom.db_url, classroom.course_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.book.close()

    def register(self, exercise: Exercise) -> None:
        """Makes the lesson and its cells known, as they are in the release.

        Raises GradingError where the gradebook has marks for other cells than these.
        """
        release = nbformat.reads(exercise.release, as_version=4)
        self._whole(lambda: self._register(exercise.lesson, release))

    def seed(self, lesson: str, given: int | None = None) -> int:
        """The seed of a lesson's hidden inputs: drawn once and kept, or the given one, then kept."""
        if given is not None and not 0 <= given < MOST_SEED:
            raise GradingError("A seed is a whole number, zero or more; give another one.")
        return self._whole(lambda: self._seed(lesson, given))

    def graded(self, lesson: str) -> dict[str, str]:
        """The fingerprint of each hand-in that is in the gradebook, by student."""
        return {each.student: each.fingerprint for each in self.outcomes(lesson)}

    def outcomes(self, lesson: str) -> list[Recorded]:
        """How each hand-in of a lesson was graded last, in the order of the students' names."""
        kept = GRADED.join(api.SubmittedNotebook, api.SubmittedNotebook.id == GRADED.c.notebook)
        query = GRADED.select().select_from(kept).where(GRADED.c.lesson == lesson)
        with refusals(), self.book.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return sorted((recorded(row) for row in rows), key=lambda each: each.student)

    def save(self, graded: Graded, received: datetime | None = None) -> None:
        """Writes the sheet, and then all marks of the hand-in in one transaction.

        The instructor's scores, extra credit and comments stay. `received` is UTC.
        """
        self.classroom.write_sheet(graded, received)
        self._whole(lambda: self._save(graded, received))

    def late_again(self, student: str, lesson: str, received: datetime | None) -> None:
        """Works the late penalty out again: due date, extension or a score by hand may be new."""
        self._whole(lambda: self._penalise(self._submission(student, lesson, received)))

    def _register(self, lesson: str, release: Any) -> None:
        cells = [cell for cell in release.cells if is_solution(cell) or is_locked(cell)]
        kernel = json.dumps(release.metadata.get("kernelspec", {}))
        self.book.update_or_create_assignment(lesson)
        notebook = self.book.update_or_create_notebook(lesson, lesson, kernelspec=kernel)
        known = {(cell.name, cell.type) for cell in notebook._base_cells}
        wanted = {key for cell in cells for key in _rows_of(cell)}
        if known != wanted and notebook.submissions:
            raise GradingError(
                f"The gradebook has marks for other cells than those of {lesson}; give the changed "
                "exercise a new name, or start a new gradebook."
            )
        if known - wanted:
            self.book.remove_notebook(lesson, lesson)
            self.book.add_notebook(lesson, lesson, kernelspec=kernel)
        for cell in cells:
            self._register_cell(lesson, cell)

    def _register_cell(self, lesson: str, cell: Any) -> None:
        marks = cell.metadata.nbgrader
        where, kind = (marks.grade_id, lesson, lesson), cell.cell_type
        if is_grade(cell):
            points = float(marks.points)
            self.book.update_or_create_grade_cell(*where, max_score=points, cell_type=kind)
        if is_solution(cell):
            self.book.update_or_create_solution_cell(*where)
        checksum, locked = marks.get("checksum"), is_locked(cell)
        self.book.update_or_create_source_cell(
            *where, cell_type=kind, locked=locked, source=cell.source, checksum=checksum
        )

    def _seed(self, lesson: str, given: int | None) -> int:
        this = SEEDS.c.lesson == lesson
        kept = self.book.db.execute(SEEDS.select().where(this)).first()
        if kept is not None and given in (None, kept.seed):
            return int(kept.seed)
        seed = secrets.randbelow(MOST_SEED) if given is None else given
        self.book.db.execute(SEEDS.delete().where(this))
        self.book.db.execute(SEEDS.insert().values(lesson=lesson, seed=seed))
        return seed

    def _save(self, graded: Graded, received: datetime | None) -> None:
        self.book.update_or_create_student(graded.student)
        notebook = self._submission(graded.student, graded.lesson, received)
        scores = _auto_scores(graded, {grade.name: grade.max_score for grade in notebook.grades})
        doubtful = bool(graded.notes) and graded.earned == 0
        for grade in notebook.grades:
            grade.auto_score = scores[grade.name]
            by_hand = grade.auto_score is None or grade.manual_score is not None
            grade.needs_manual_grade = by_hand or doubtful
        empty = _unanswered(graded, notebook.notebook.source_cells)
        for comment in notebook.comments:
            comment.auto_comment = NO_RESPONSE if comment.name in empty else None
        self._penalise(notebook)
        this = (GRADED.c.student == graded.student) & (GRADED.c.lesson == graded.lesson)
        self.book.db.execute(GRADED.delete().where(this))
        self.book.db.execute(GRADED.insert().values(as_row(graded, notebook.id)))

    def _submission(self, student: str, lesson: str, received: datetime | None) -> Any:
        """nbgrader's row of a submitted notebook, with what nbgrader puts below it."""
        when = {} if received is None else {"timestamp": received}
        self.book.update_or_create_submission(lesson, student, **when)
        notebook = self.book.find_submission_notebook(lesson, lesson, student)
        if name := self.names.get(student):
            _call(notebook.assignment.student, name)
        return notebook

    def _penalise(self, notebook: Any) -> None:
        self.book.db.flush()
        self.book.db.refresh(notebook, ["score"])
        submission = notebook.assignment
        # nbgrader's own total_seconds_late fails on an extension of a due date that is not set.
        dated = submission.assignment.duedate is not None
        seconds = submission.total_seconds_late if dated else 0
        taken = penalty(self.late, submission.student_id, notebook.score, seconds)
        notebook.late_submission_penalty = taken

    def _whole(self, change: Callable[[], T]) -> T:
        """Makes a change in one transaction, again where another program got in the way."""
        for _ in range(TRIES - 1):
            try:
                with one_transaction(self.book.db):
                    return change()
            except (IntegrityError, OperationalError, api.InvalidEntry):
                continue
        with refusals(), one_transaction(self.book.db):
            return change()


def _call(student: Any, name: Name) -> None:
    """Gives a learner a name who has none; a part that is empty is no None on nbgrader's pages."""
    if any(name) and not (student.first_name or student.last_name):
        student.first_name, student.last_name = name


def _rows_of(cell: Any) -> Iterator[tuple[str, str]]:
    """nbgrader's rows for a cell of a notebook: name and type."""
    if is_grade(cell):
        yield cell.metadata.nbgrader.grade_id, "GradeCell"
    if is_solution(cell):
        yield cell.metadata.nbgrader.grade_id, "SolutionCell"


def _auto_scores(graded: Graded, points: Mapping[str, float]) -> dict[str, float | None]:
    """The score of each graded cell; None is for what must be graded by hand.

    Raises GradingError where marks and cells are not of one exercise, or a mark is none.
    """
    scores: dict[str, float | None] = {
        name: None if done else 0.0 for name, done in graded.written.items()
    }
    for mark in graded.marks:
        if not (
            math.isclose(mark.points, points.get(mark.cell, 0))
            and _is_mark(mark.earned, mark.points)
        ):
            raise GradingError(
                f"The judge.py of {graded.lesson} gives {mark.earned:g} of {mark.points:g} points for "
                f"{mark.cell}, and the notebook {points.get(mark.cell, 0):g}; make them agree."
            )
        scores[mark.cell] = mark.earned
    if missing := points.keys() - scores.keys():
        raise GradingError(
            f"The judge.py of {graded.lesson} marks nothing for {', '.join(sorted(missing))}."
        )
    return scores


def _is_mark(earned: float, points: float) -> bool:
    return math.isfinite(earned) and 0 <= earned <= points + 1e-9


def _unanswered(graded: Graded, source_cells: Iterable[Any]) -> set[str]:
    """The answers that are as they were handed out."""
    stubs = {cell.name: cell.source.strip() for cell in source_cells if cell.cell_type == "code"}
    answered = {name for name, done in graded.written.items() if done}
    for cell in json.loads(graded.sheet)["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in stubs and "".join(cell["source"]).strip() != stubs[name]:
            answered.add(name)
    return (stubs.keys() | graded.written.keys()) - answered
