"""Grades a class of the toy exercise, and counts what reaches the grader."""

from pathlib import Path
from typing import Any

import pytest
from killed_grader import NoBox
from toy_class import LESSON, fake_grade_one

from mlopt_lessons.grading import batch
from mlopt_lessons.grading.batch import Summary, grade_class
from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.records import Graded, Job


def grade(folder: Path, **options: Any) -> tuple[Summary, list[str]]:
    lines: list[str] = []
    options = {"seed": 5, "box": NoBox(), "report": lines.append} | options
    return grade_class(Classroom(folder), LESSON, **options), lines


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that reach the grader from now on."""
    jobs: list[Job] = []

    def counting(job: Job, box: object = None) -> Graded:
        jobs.append(job)
        return fake_grade_one(job, box)

    monkeypatch.setattr(batch, "grade_one", counting)
    return jobs
