"""A class with a small exercise of its own, and a grader that needs no box: for tests of the gradebook."""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from nbgrader import api
from nbgrader.utils import compute_checksum

from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.grade_one import fingerprint
from mlopt_lessons.grading.records import Graded, Job, Limits, PartMark, TaskMark

ROOT = Path(__file__).parents[2]
LESSON = "90_toy"
_asked = api.get_alembic_version
POINTS = {"task-1-check": 2, "task-2-check": 3}
WRITTEN = 3

JUDGE = """
from mlopt_lessons.course.checking import Case, Task
from mlopt_lessons.grading.marking import Hidden, compared, number

TWICE = Task("90-1", "Twice", 2, (Case((3,), 6, {"same": 3, "square": 9, "next": 4}),),
             {"same": "It stays the same.", "square": "That is a square.", "next": "That is one more."})
SEVEN = Task("90-2", "Seven", 3, (Case((), 7, {"six": 6, "eight": 8, "none": 0}),),
             {"six": "One more.", "eight": "One less.", "none": "More."})


def draw(generator):
    return [(int(value),) for value in generator.integers(10, 1000, 3)]


HIDDEN = {
    "90-1": Hidden(TWICE, "twice", (
        compared(1, "small numbers", lambda _: [(1,), (0,)], lambda value: 2 * value),
        compared(1, "large numbers", draw, lambda value: 2 * value),
    )),
    "90-2": Hidden(SEVEN, "seven", (number(3, "the number", 7),)),
}
"""


@cache
def alembic_version() -> str:
    """What nbgrader asks another program for, a second each time, and only where it is on the PATH."""
    os.environ["PATH"] += os.pathsep + str(Path(sys.executable).parent)
    return _asked()


def cell(kind: str, source: str, name: str = "", **marks: Any) -> nbformat.NotebookNode:
    """A cell; with a name it is nbgrader's, locked unless it is a solution."""
    made = getattr(nbformat.v4, f"new_{kind}_cell")(source, id=name or "text")
    if name:
        solution = marks.get("solution", False)
        made.metadata.nbgrader = {
            "schema_version": 3, "cell_type": kind, "grade_id": name, "locked": not solution,
            "solution": solution, "grade": "points" in marks, "task": False, **marks,
        }  # fmt: skip
        made.metadata.nbgrader.checksum = compute_checksum(made)
    return made


def release() -> nbformat.NotebookNode:
    """What learners get."""
    cells = [
        cell("code", "import numpy as np", "setup"),
        cell("code", "def twice(value):\n    ...  # your code here", "task-1", solution=True),
        cell("code", "check(TASK_1, twice)", "task-1-check", points=2),
        cell("code", "seven = None", "task-2", solution=True),
        cell("code", "check(TASK_2, seven)", "task-2-check", points=3),
        cell("markdown", "Your answer here.", "written", solution=True, points=WRITTEN),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def filled(answers: Mapping[str, str]) -> nbformat.NotebookNode:
    """A hand-in: the release with some of its cells answered."""
    notebook = release()
    for each in notebook.cells:
        each.source = answers.get(each.metadata.nbgrader.grade_id, each.source)
    return notebook


GOOD = {"task-1": "twice = lambda value: 2 * value", "task-2": "seven = 7", "written": "Because."}
HALF = {"task-1": "twice = lambda value: 2 * value if value < 5 else value", "task-2": "seven = 7"}
BLANK: dict[str, str] = {}


def make_class(folder: Path, hand_ins: Mapping[str, Mapping[str, str]]) -> Path:
    """A class folder with the toy exercise, released, and what learners handed in."""
    for step in ("solutions", "exercises"):
        (folder / step / LESSON).mkdir(parents=True)
        nbformat.write(release(), folder / step / LESSON / f"{LESSON}.ipynb")
    (folder / "solutions" / LESSON / "judge.py").write_text(JUDGE)
    for suffix in ("py", "json"):
        shutil.copy(ROOT / f"nbgrader_config.{suffix}", folder)
    for student, answers in hand_ins.items():
        hand_in(folder, student, answers)
    return folder


def hand_in(folder: Path, student: str, answers: Mapping[str, str], at: str = "") -> Path:
    """Puts a learner's notebook, and when it came, where nbgrader looks for it."""
    target = folder / "submitted" / student / LESSON
    target.mkdir(parents=True, exist_ok=True)
    nbformat.write(filled(answers), target / f"{LESSON}.ipynb")
    if at:
        (target / "timestamp.txt").write_text(at)
    return target


def fake_grade_one(job: Job, box: object = None) -> Graded:
    """Grades by reading the source alone: all of task 1 for `2 * value`, all of task 2 for `= 7`."""
    sources = json.loads(job.notebook)["cells"] if not job.problem else []
    text = "".join("".join(each["source"]) for each in sources)
    earned = {"task-1-check": 2 * ("2 * value" in text), "task-2-check": 3 * ("= 7" in text)}
    marks = [
        TaskMark(
            f"90-{number}", name, name, (PartMark("all", POINTS[name], got),), None, "So it is."
        )
        for number, (name, got) in enumerate(earned.items(), start=1)
    ]
    shown = nbformat.reads(job.notebook.decode(), 4) if not job.problem else release()
    notes = (job.problem,) if job.problem else ()
    written = {"written": "Because." in text}
    return Graded(
        job.student, job.lesson, fingerprint(job), job.seed, tuple(marks), written,
        nbformat.writes(shown), notes, 0.5,
    )  # fmt: skip


def job(classroom: Classroom, student: str, limits: Limits = Limits()) -> Job:  # noqa: B008
    """What there is to grade of one learner."""
    return next(classroom.jobs(LESSON, 5, limits, [student]))


def graded(classroom: Classroom, student: str) -> Graded:
    """What the grader that needs no box finds in it."""
    return fake_grade_one(job(classroom, student))


IDS = """
SELECT s.student_id, n.name, c.name, g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade
FROM grade g JOIN submitted_notebook b ON b.id = g.notebook_id
JOIN submitted_assignment s ON s.id = b.assignment_id JOIN notebook n ON n.id = b.notebook_id
JOIN base_cell c ON c.id = g.cell_id ORDER BY 1, 2, 3
"""
COMMENTS = """
SELECT s.student_id, c.name, m.auto_comment, m.manual_comment
FROM comment m JOIN submitted_notebook b ON b.id = m.notebook_id
JOIN submitted_assignment s ON s.id = b.assignment_id JOIN base_cell c ON c.id = m.cell_id ORDER BY 1, 2
"""
CELLS = "SELECT b.name, b.type, g.max_score FROM base_cell b LEFT JOIN grade_cells g USING (id) ORDER BY 1, 2"
RECORDS = "SELECT student, lesson, fingerprint, seed, outcome FROM mlopt_graded ORDER BY 1, 2"
LATE = "SELECT s.student_id, b.late_submission_penalty FROM submitted_notebook b JOIN submitted_assignment s ON s.id = b.assignment_id ORDER BY 1"
VERSION = "SELECT version_num FROM alembic_version"


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What the database itself says."""
    with sqlite3.connect(folder / "gradebook.db") as database:
        return database.execute(query).fetchall()


def state(folder: Path) -> dict[str, Any]:
    """All that a class's gradebook and sheets say, without ids and times."""
    queries = {
        "grades": IDS,
        "comments": COMMENTS,
        "cells": CELLS,
        "records": RECORDS,
        "late": LATE,
    }
    told: dict[str, Any] = {name: rows(folder, query) for name, query in queries.items()}
    told["version"] = rows(folder, VERSION)
    sheets = (folder / "autograded").glob("*/*/*")
    told["sheets"] = {
        str(path.relative_to(folder)): path.read_bytes() for path in sheets if path.is_file()
    }
    return told
