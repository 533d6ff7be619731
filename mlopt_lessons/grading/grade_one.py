"""One hand-in: run in the box cell by cell, and judged outside it task by task."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import nbformat

from mlopt_lessons.grading.box import Box, Bubblewrap
from mlopt_lessons.grading.handin import HandedCell, Merged, MergedCell, merge, parse
from mlopt_lessons.grading.marking import (
    Answer,
    BoxLost,
    CallFailed,
    Hidden,
    load_judge,
    mark,
    unanswered,
)
from mlopt_lessons.grading.records import (
    CellRun,
    Graded,
    GradingError,
    HandinProblem,
    Job,
    Output,
    TaskMark,
)
from mlopt_lessons.grading.session import Session
from mlopt_lessons.grading.sheet import sheet

MOST_STARTS = 3  # a hand-in that breaks its box more often than that is not run any further
NOT_REACHED = "This task was not reached: what ran before it was stopped."


def grade_one(job: Job, box: Box | None = None) -> Graded:
    """Grades a hand-in in a box (bubblewrap where none is given); what it does wrong costs only itself.

    Raises GradingError where no box can run here, or the exercise itself does not fit its judge.
    """
    started = time.monotonic()
    box = box or Bubblewrap()
    if refusal := box.refusal():
        raise GradingError(refusal)
    release = nbformat.reads(job.release, as_version=4)
    hidden = _by_cell(load_judge(job.judge, job.lesson).values())
    try:
        merged = merge(release, _cells(job))
    except HandinProblem as problem:
        merged, run = merge(release, []), _Run(job, hidden)
        run.give_up(str(problem))
        run.notes.append(str(problem))
    else:
        run = _Run(job, hidden)
        run.all_of(merged, box)
    notes = (*merged.notes, *run.notes)
    return Graded(
        student=job.student,
        lesson=job.lesson,
        fingerprint=fingerprint(job),
        seed=job.seed,
        marks=tuple(run.marks[cell] for cell in hidden),
        written=_written(release, merged),
        sheet=sheet(release, merged, run.runs, run.marks, notes),
        notes=notes,
        seconds=time.monotonic() - started,
    )


def fingerprint(job: Job) -> str:
    """A hash of all that the marks depend on: the hand-in, the exercise, its judge and the seed."""
    parts = [job.lesson.encode(), str(job.seed).encode(), job.problem.encode()]
    parts += [job.release.encode(), job.judge.encode(), job.notebook]
    for name, content in sorted(job.files.items()):
        parts += [name.encode(errors="surrogateescape"), content]
    lengths = ",".join(str(len(part)) for part in parts)  # so that no two lists look the same
    return hashlib.sha256(lengths.encode() + b":" + b"".join(parts)).hexdigest()


@dataclass
class _Run:
    """What has become of a hand-in so far; it outlives the boxes that the hand-in breaks."""

    job: Job
    hidden: dict[str, Hidden]
    marks: dict[str, TaskMark] = field(default_factory=dict)
    runs: dict[int, CellRun] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left_out: set[int] = field(default_factory=set)
    at: int = 0

    def all_of(self, merged: Merged, box: Box) -> None:
        """Runs every cell and marks every task, each time in a new box without what broke the last."""
        deadline = time.monotonic() + self.job.limits.wall_s
        for _ in range(MOST_STARTS):
            try:
                with Session(box, self.job.limits, self.job.files, deadline=deadline) as session:
                    self.through(merged, session)
                break
            except BoxLost as lost:
                self.blame(merged.cells[self.at], str(lost))
                if time.monotonic() > deadline:
                    break
        self.give_up(NOT_REACHED)

    def through(self, merged: Merged, session: Session) -> None:
        """One pass from top to bottom."""
        for self.at, cell in enumerate(merged.cells):
            if cell.kind == "check" and cell.grade_id not in self.marks:
                hidden = self.hidden[cell.grade_id]
                self.marks[cell.grade_id] = _marked(hidden, session, self.job.seed)
            elif _is_code(cell) and self.at not in self.left_out:
                self.runs[self.at] = session.run(cell.source)

    def blame(self, cell: MergedCell, why: str) -> None:
        """Leaves out what broke the box: a task without marks, or a cell that is not run again."""
        self.notes.append(f"{cell.grade_id or 'A cell of the learner'}: {why}")
        if cell.kind == "check":
            self.marks[cell.grade_id] = unanswered(self.hidden[cell.grade_id], why)
        else:
            self.left_out.add(self.at)
            self.runs[self.at] = CellRun(False, (Output("error", why),))

    def give_up(self, why: str) -> None:
        """No marks for every task that has none yet."""
        for cell, hidden in self.hidden.items():
            self.marks.setdefault(cell, unanswered(hidden, why))


def _is_code(cell: MergedCell) -> bool:
    return cell.kind in ("locked", "answer", "own") and cell.cell_type == "code"


def _cells(job: Job) -> list[HandedCell]:
    if job.problem:
        raise HandinProblem(job.problem)
    return parse(job.notebook)


def _by_cell(hidden: Iterable[Hidden]) -> dict[str, Hidden]:
    return {each.cell: each for each in hidden}


def _marked(hidden: Hidden, session: Session, seed: int) -> TaskMark:
    try:
        answer = _answer(hidden, session)
    except CallFailed as failed:
        return unanswered(hidden, str(failed))
    return mark(hidden, answer, seed)


def _answer(hidden: Hidden, session: Session) -> Answer:
    """What the judge asks: the value in the box, or its function, called there on each input."""
    if any(case.args for case in hidden.task.cases):
        return lambda *args: session.call(hidden.name, args)
    return session.value(hidden.name)


def _written(release: nbformat.NotebookNode, merged: Merged) -> dict[str, bool]:
    """Of each question that is graded by hand, whether anything was written."""
    stubs = {
        cell.metadata.nbgrader.grade_id: cell.source.strip()
        for cell in release.cells
        if "nbgrader" in cell.metadata
    }
    answers: dict[str, bool] = {}
    for cell in merged.cells:
        if cell.kind == "written":
            text = cell.source.strip()
            done = bool(text) and text != stubs[cell.grade_id]
            answers[cell.grade_id] = answers.get(cell.grade_id, False) or done
    return answers
