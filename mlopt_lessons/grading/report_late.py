"""Late penalties worked out again before a report, in one pass over the class.

Due dates, extensions, times and scores by hand may be newer than the penalties in the gradebook.
`Gradebook.late_again` does the same for one hand-in; over a whole class that takes too long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.records import HandinProblem
from mlopt_lessons.grading.report_data import ClassRecord, HandIn, Key
from mlopt_lessons.sentences import first_line

Costs = Callable[[str, float, float], float | None]  # learner, score, seconds late: points taken


@dataclass(frozen=True)
class Filed:
    """What the gradebook has of when a hand-in came: ids of its rows, its time, and what it cost.

    `due` includes the learner's extension; it is None where the lesson has no due date.
    """

    submission: str
    notebook: str
    at: datetime | None
    due: datetime | None
    taken: float | None


@dataclass(frozen=True)
class Change:
    """The new time and penalty of a hand-in."""

    filed: Filed
    at: datetime | None
    taken: float | None


def late_again(classroom: Classroom, record: ClassRecord) -> tuple[ClassRecord, list[str]]:
    """The record with the penalties of now, which the gradebook has from here on as well.

    The sentences say what was changed, and of which hand-ins no time can be read. Raises
    GradingError where the late penalty or the gradebook cannot be used.
    """
    from mlopt_lessons.grading.late import chosen_plugin, penalty

    plugin = chosen_plugin(classroom.app)
    filed = {key: each for key, each in _filed(classroom.db_url).items() if _graded(record, key)}
    times, unreadable = _times(classroom, [key for key, each in filed.items() if each.due])
    found = changes(record.handins, filed, times, lambda *of: penalty(plugin, *of))
    if found:
        _write(classroom, found.values())
    return with_penalties(record, found), _sentences(record, found, unreadable)


def changes(
    handins: Mapping[Key, HandIn],
    filed: Mapping[Key, Filed],
    times: Mapping[Key, datetime],
    costs: Costs,
) -> dict[Key, Change]:
    """The hand-ins whose penalty or time is another now; a time that is not in `times` stays."""
    found = {}
    for key, each in filed.items():
        score = handins[key].automatic + handins[key].written
        at = times.get(key, each.at)
        late = max(0.0, (at - each.due).total_seconds()) if at and each.due else 0.0
        taken = costs(key[0], score, late)
        if at != each.at or not math.isclose(taken or 0.0, each.taken or 0.0, abs_tol=1e-6):
            found[key] = Change(each, at, taken)
    return found


def with_penalties(record: ClassRecord, found: Mapping[Key, Change]) -> ClassRecord:
    """The record with the new penalties."""
    new = {
        key: replace(record.handins[key], penalty=each.taken or 0.0) for key, each in found.items()
    }
    return replace(record, handins={**record.handins, **new})


def _graded(record: ClassRecord, key: Key) -> bool:
    handin = record.handins.get(key)
    return handin is not None and handin.graded


def _filed(db_url: str) -> dict[Key, Filed]:
    from nbgrader import api
    from sqlalchemy import create_engine, select

    from mlopt_lessons.grading.database import refusals

    one, lesson, notebook = api.SubmittedAssignment, api.Assignment, api.SubmittedNotebook
    query = (
        select(
            one.student_id, lesson.name, one.id, notebook.id, one.timestamp, lesson.duedate,
            one.extension, notebook.late_submission_penalty,
        )
        .select_from(one)
        .join(lesson, lesson.id == one.assignment_id)
        .join(notebook, notebook.assignment_id == one.id)
        .join(api.Notebook, api.Notebook.id == notebook.notebook_id)
        .where(api.Notebook.name == lesson.name)
    )  # fmt: skip
    engine = create_engine(db_url)
    try:
        with refusals(db_url), engine.connect() as connection:
            rows = connection.execute(query).all()
    finally:
        engine.dispose()
    return {
        (learner, name): Filed(of, id, at, due and due + (more or timedelta()), taken)
        for learner, name, of, id, at, due, more, taken in rows
    }


def _times(classroom: Classroom, keys: Iterable[Key]) -> tuple[dict[Key, datetime], dict[Key, str]]:
    """When the hand-ins came, as their folders say, and why it cannot be read."""
    times, unreadable = {}, {}
    for key in keys:
        try:
            if at := classroom.received(*key):
                times[key] = at
        except HandinProblem as problem:
            unreadable[key] = str(problem)
        except OSError as error:
            unreadable[key] = f"{first_line(error)}."
    return times, unreadable


def _write(classroom: Classroom, found: Iterable[Change]) -> None:
    """Writes all changes or none."""
    from nbgrader.api import SubmittedAssignment, SubmittedNotebook
    from sqlalchemy import update

    from mlopt_lessons.grading.database import one_transaction, refusals
    from mlopt_lessons.grading.gradebook import Gradebook

    times: list[dict[str, Any]] = []
    costs: list[dict[str, Any]] = []
    for each in found:
        times.append({"id": each.filed.submission, "timestamp": each.at})
        costs.append({"id": each.filed.notebook, "late_submission_penalty": each.taken})
    with Gradebook(classroom) as gradebook, refusals(classroom.db_url):
        session = gradebook.book.db
        with one_transaction(session):
            session.execute(update(SubmittedAssignment), times)
            session.execute(update(SubmittedNotebook), costs)


def _sentences(
    record: ClassRecord, found: Mapping[Key, Change], unreadable: Mapping[Key, str]
) -> list[str]:
    told = []
    changed = sum(each.taken != each.filed.taken for each in found.values())
    if changed:
        told.append(f"Late penalties were worked out again; {changed} changed.")
    if unreadable:
        shown = {each.id: each.shown for each in record.learners}
        who = ", ".join(f"{shown[learner]} for {lesson}" for learner, lesson in unreadable)
        why = " ".join(sorted(set(unreadable.values())))
        told.append(
            f"No time can be read of {who}; the time known before counts, or it is in time: {why}"
        )
    return told
