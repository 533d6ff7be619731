"""nbgrader's own autograding, in boxes: its command and the formgrader's button grade as we do.

nbgrader copies, reads and runs what was handed in on the grader's own machine. A course can choose
no other converter for that, but an exporter, which nbgrader makes before it touches a hand-in:
nbgrader_config.py names `BoxExporter`, and it takes the whole of the autograding over.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde
from nbgrader.converters.base import NbGraderException

from mlopt_lessons.grading.batch import grade_class
from mlopt_lessons.grading.batch_words import STOPPED
from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.records import GradingError


class BoxExporter(NotebookExporter):
    """Set as Autograde.exporter_class: what is handed in is graded in boxes and nowhere else."""

    def __init__(self, parent: Any = None, **options: Any) -> None:
        super().__init__(parent=parent, **options)
        if not isinstance(parent, Autograde):
            raise NbGraderException("BoxExporter is for Autograde.exporter_class and nothing else.")
        parent.convert_notebooks = lambda: autograde(parent)

    def from_filename(self, *_: Any, **__: Any) -> Any:
        """Nothing is ever converted on this machine."""
        raise NbGraderException("A hand-in is graded in a box; nbgrader must not convert it.")

    from_file = from_notebook_node = from_filename


def autograde(converter: Any) -> None:
    """Grades the lesson and the students that an nbgrader command chose.

    Raises NbGraderException, as nbgrader's own does, where a hand-in is not graded.
    """
    course = converter.coursedir
    try:
        classroom = Classroom(Path(course.root), app=converter)
        chosen = [name for name in classroom.lessons() if fnmatch(name, course.assignment_id)]
        for lesson in chosen or [course.assignment_id]:
            _grade(converter, classroom, lesson)
    except (GradingError, KeyboardInterrupt) as error:
        told = str(error) if isinstance(error, GradingError) else STOPPED
        converter.log.error(told)
        raise NbGraderException(told) from error


def _grade(converter: Any, classroom: Classroom, lesson: str) -> None:
    """Grades a lesson. Raises GradingError where one of its hand-ins is not graded."""
    log = converter.log
    summary = grade_class(
        classroom,
        lesson,
        regrade=converter.force,
        report=log.info,
        students=_students(converter.coursedir, classroom.students(lesson)),
    )
    for warning in summary.warnings:
        log.warning(warning)
    if summary.failed:
        raise GradingError(str(summary))
    log.info(str(summary))


def _students(course: Any, everyone: list[str]) -> list[str]:
    """Those that --student and student_id_exclude leave."""
    excluded = course.student_id_exclude.split(",")
    return [each for each in everyone if fnmatch(each, course.student_id) and each not in excluded]
