"""Sentences on how a hand-in went: for the instructor what was stopped, for the learner what failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from mlopt_lessons.course.checking import Outcome
from mlopt_lessons.grading.handin import Merged, MergedCell
from mlopt_lessons.grading.records import CellRun
from mlopt_lessons.sentences import cut

TOO_SLOW = "It was stopped: it took longer than {:g} s."
# What the box says of a name that is not there, and what it may say instead.
MISSING, FAILED = "its cell is missing or failed.", "its cell failed: {}."
_TASK = re.compile(r"task-(\d+)(-check)?")


def stopped(grade_id: str, why: str) -> str:
    """The note on a cell that was stopped: task-2-check is Task 2, and task-2 its cell."""
    found = _TASK.fullmatch(grade_id)
    if found is None:
        name = grade_id or "A cell of the learner"
    else:
        name = f"Task {found[1]}" if found[2] else f"The cell of task {found[1]}"
    return f"{name}: {why[:1].lower()}{why[1:]}"


def explained(outcome: Outcome | None, error: str) -> Outcome | None:
    """The outcome of a check; where the answer is not there, with the error of its cell."""
    if outcome is None or not error or not outcome.message.endswith(MISSING):
        return outcome
    told = FAILED.format(error.rstrip("."))
    return replace(outcome, message=outcome.message.removesuffix(MISSING) + told)


def raised(merged: Merged, runs: Mapping[int, CellRun], check: str) -> str:
    """The error, by name and text, with which the cell of a check's task ended last, or nothing."""
    answer = check.removesuffix("-check")
    places = [place for place, cell in enumerate(merged.cells) if _is_answer(cell, answer)]
    errors = [_last_error(runs[place]) for place in places if place in runs]
    return next(filter(None, reversed(errors)), "")


def _is_answer(cell: MergedCell, name: str) -> bool:
    return cell.kind == "answer" and cell.grade_id == name


def _last_error(run: CellRun) -> str:
    """The last line of the traceback: it is the learner's text, and as long as a sentence at most."""
    texts = [output.text for output in run.outputs if output.kind == "error"]
    lines = texts[-1].strip().splitlines() if texts and not run.ok else []
    return cut(lines[-1].strip()) if lines else ""
