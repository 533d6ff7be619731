"""Small classes for the tests of the report: as a ClassRecord, and as a gradebook of nbgrader's."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from mlopt_lessons.grading.outcomes import GRADED, TABLES, Recorded, as_row
from mlopt_lessons.grading.records import Graded, PartMark, TaskMark
from mlopt_lessons.grading.report_data import ClassRecord, HandIn, Learner, Lesson

LESSONS = (Lesson("01_cost", 11, 3), Lesson("05_quantization", 12, 3))
NOW = datetime(2025, 3, 1)


def task_mark(
    number, earned, points=2, mistake=None, message="That is right.", parts=None, lesson="01"
):
    """A mark for a task of one part, or of `parts` (says, points, earned)."""
    made = parts or [("the amount", points, earned)]
    return TaskMark(
        f"{lesson}-{number}", f"task-{number}-check", f"Task {number}, title",
        tuple(PartMark(*part) for part in made), mistake, message,
    )  # fmt: skip


def recorded(student, lesson, *marks, notes=()):
    """What the judge found in one hand-in."""
    return Recorded(student, lesson, "0" * 64, 1, NOW, marks, {"written": True}, notes, 1.0)


def class_of(*handins, learners=(), lessons=LESSONS, judged=()):
    """A class with these hand-ins, and with a learner for each that is not among `learners`."""
    known = {each.id for each in learners}
    new = sorted({each.learner for each in handins} - known)
    everybody = (*learners, *(Learner(id) for id in new))
    return ClassRecord(
        everybody, lessons, {(each.learner, each.lesson): each for each in handins}, tuple(judged)
    )


def final(learner, automatic, written=0.0, penalty=0.0, lesson="01_cost"):
    """A hand-in with a final grade."""
    return HandIn(learner, lesson, True, automatic, written, 0.0, penalty)


def waiting(learner, automatic, lesson="01_cost", points=3.0):
    """A hand-in whose written question waits."""
    return HandIn(learner, lesson, True, automatic, 0.0, points)


@contextmanager
def nbgrader_book(url):
    """nbgrader's own gradebook; it calls alembic by name, which lies beside this Python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        with Gradebook(url) as book:
            yield book


class Book:
    """A gradebook of nbgrader's, in a file, with one lesson of two tasks (2 and 4) and 3 written points."""

    def __init__(self, book, url, lesson="01_cost"):
        self.book, self.url, self.lesson = book, url, lesson
        self.book.add_assignment(lesson)
        self.book.add_notebook(lesson, lesson)
        where = (lesson, lesson)
        self.book.add_grade_cell("task-1-check", *where, max_score=2, cell_type="code")
        self.book.add_grade_cell("task-2-check", *where, max_score=4, cell_type="code")
        self.book.add_grade_cell("written", *where, max_score=3, cell_type="markdown")
        TABLES.create_all(self.book.engine)

    def learner(self, id, **known):
        self.book.add_student(id, **known)

    def graded(
        self, id, first, second, written=None, penalty=None, by_hand=None, marks=(), notes=()
    ):
        """Grades a hand-in: points of the tasks, of the written answer or None where it waits."""
        self.book.update_or_create_student(id)
        self.book.add_submission(self.lesson, id)
        notebook = self.book.find_submission_notebook(self.lesson, self.lesson, id)
        for grade in notebook.grades:
            grade.auto_score = {"task-1-check": first, "task-2-check": second}.get(grade.name)
            grade.manual_score = (
                written if grade.name == "written" else (by_hand or {}).get(grade.name)
            )
            grade.needs_manual_grade = grade.name == "written" and written is None
        notebook.late_submission_penalty = penalty
        sheet = json.dumps({"cells": []})
        found = Graded(
            id, self.lesson, "0" * 64, 1, tuple(marks), {"written": True}, sheet, tuple(notes)
        )
        self.book.db.execute(GRADED.insert().values(as_row(found, notebook.id)))
        self.book.db.commit()
