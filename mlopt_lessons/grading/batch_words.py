"""What grading a class says: a line for each hand-in, and what may surprise about being late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlopt_lessons.grading.records import Graded, GradingError
from mlopt_lessons.sentences import first_line

if TYPE_CHECKING:
    from mlopt_lessons.grading.gradebook import Gradebook

STOPPED = "Stopped; what is graded is kept, so run it again to go on."
NOTHING = "{}: nothing was handed in for it yet; take hand-ins in with mlopt class intake."
NO_DUE_DATE = (
    "{0} has no due date, so the late penalty takes nothing; set one, then grade once more: "
    'nbgrader db assignment add {0} --duedate="2026-12-04 23:59 UTC"'
)
NO_TIME = "Counted as in time: no time is known of {}; put it into their timestamp.txt."
MOST_NAMED = 10


def points_line(graded: Graded, penalty: float) -> str:
    """The points of a hand-in, what being late takes off, and the notes."""
    most = sum(mark.points for mark in graded.marks)
    late = f", {penalty:.4g} off for being late" if penalty else ""
    notes = f" ({' '.join(graded.notes)})" if graded.notes else ""
    return printable(f"{graded.student}: {graded.earned:g} of {most:g} points{late}{notes}")


def printable(line: str) -> str:
    """A line in which no name that a learner chose moves the cursor or ends the line."""
    return "".join(char if char.isprintable() else "\ufffd" for char in line)


def reason(error: BaseException) -> str:
    """Why a hand-in was not graded, as a sentence."""
    known = isinstance(error, GradingError)
    return str(error) if known else f"{type(error).__name__}: {first_line(error)}."


def late_warnings(gradebook: Gradebook, lesson: str) -> list[str]:
    """Why a late penalty that the class has set takes nothing, though somebody may be late."""
    if not takes_something(gradebook.late):
        return []
    assignment = gradebook.book.find_assignment(lesson)
    if assignment.duedate is None:
        return [NO_DUE_DATE.format(lesson)]
    submissions = gradebook.book.assignment_submissions(lesson)
    untimed = sorted(each.student.id for each in submissions if each.timestamp is None)
    return [printable(NO_TIME.format(_names(untimed)))] if untimed else []


def takes_something(plugin: Any) -> bool:
    """Whether the plugin for late hand-ins may take points: nbgrader's own takes none by default."""
    return getattr(plugin, "penalty_method", "") != "none"


def _names(students: Sequence[str]) -> str:
    more = len(students) - MOST_NAMED
    return ", ".join(students[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
