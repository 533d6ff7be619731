"""One hand-in: run in the box cell by cell, and judged outside it task by task."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import nbformat

from mlopt_lessons.course.checking import Outcome
from mlopt_lessons.grading.box import Box, Bubblewrap
from mlopt_lessons.grading.handin import HandedCell, Merged, MergedCell, merge, parse
from mlopt_lessons.grading.marking import (
    BoxLost,
    CallFailed,
    Hidden,
    Judged,
    judged,
    load_judge,
    marked,
    nothing,
    seen,
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

MOST_SHOWN = 6_000_000  # bytes of all outputs of a hand-in
MOST_STARTS = 3  # a hand-in that breaks its box more often than that is not run any further
# Too slow, or a result that is no plain data: what the box says, not the learner's exception.
NOT_RAISED = ("TimeoutError", "CallFailed", "UnusableResult")
NOT_REACHED = "This task was not reached: what ran before it was stopped."


def grade_one(job: Job, box: Box | None = None) -> Graded:
    """Grades a hand-in in a box (bubblewrap where none is given); what it does wrong costs only itself.

    It runs twice: once to be judged, and once to be shown, with the inputs that learners know. So
    nothing that it prints or raises can carry a hidden input to the feedback. Raises GradingError
    where no box can run here, or the exercise itself does not fit its judge.
    """
    started = time.monotonic()
    box = box or Bubblewrap()
    if refusal := box.refusal():
        raise GradingError(refusal)
    release = nbformat.reads(job.release, as_version=4)
    hidden = {each.cell: each for each in load_judge(job.judge, job.lesson).values()}
    judging, showing, why = _Pass(job, hidden, _judge(job.seed)), _Pass(job, hidden, _show), ""
    try:
        merged = merge(release, _cells(job))
    except HandinProblem as problem:
        merged, why = merge(release, []), str(problem)
    else:
        judging.over(merged, box, started + job.limits.wall_s)
        showing.left_out = set(judging.left_out)
        showing.over(merged, box, started + job.limits.wall_s)
    marks = {cell: _mark(each, judging, showing, why) for cell, each in hidden.items()}
    runs = judging.stopped | showing.stopped | showing.runs
    notes = tuple(dict.fromkeys([*merged.notes, *([why] if why else []), *judging.notes]))
    return Graded(
        student=job.student,
        lesson=job.lesson,
        fingerprint=fingerprint(job),
        seed=job.seed,
        marks=tuple(marks.values()),
        written=_written(release, merged),
        sheet=sheet(release, merged, runs, marks, notes),
        notes=notes,
        seconds=time.monotonic() - started,
    )


def _mark(hidden: Hidden, judging: _Pass, showing: _Pass, why: str) -> TaskMark:
    """The marks of a task; `why` says why the hand-in was not run at all."""
    missed = nothing(hidden, why or judging.lost.get(hidden.cell, NOT_REACHED))
    found = judging.found.get(hidden.cell) or missed
    return marked(hidden, found, showing.found.get(hidden.cell))


def fingerprint(job: Job) -> str:
    """A hash of all that the marks depend on: the hand-in, the exercise, its judge and the seed."""
    parts = [job.lesson, job.seed, job.problem, job.release, job.judge, job.notebook]
    for name, content in sorted(job.files.items()):
        parts += [name, content]
    made = hashlib.sha256()
    for part in parts:
        raw = part if isinstance(part, bytes) else str(part).encode(errors="surrogateescape")
        made.update(len(raw).to_bytes(8, "big"))  # so that no two lists look the same
        made.update(raw)
    return made.hexdigest()


@dataclass
class _Pass:
    """A hand-in from top to bottom, in as many boxes as it breaks; `ask` is called at each check.

    `found` holds what `ask` gave, `lost` why it gave nothing, `stopped` the cells that ended a box.
    """

    job: Job
    hidden: dict[str, Hidden]
    ask: Callable[[Hidden, Session], Any]
    found: dict[str, Any] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    runs: dict[int, CellRun] = field(default_factory=dict)
    stopped: dict[int, CellRun] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    left_out: set[int] = field(default_factory=set)
    at: int = 0
    shown: int = 0

    def over(self, merged: Merged, box: Box, deadline: float) -> None:
        """Runs every cell and asks at every check, each time in a new box without what broke the last."""
        for _ in range(MOST_STARTS):
            if time.monotonic() > deadline:
                return
            try:
                with Session(box, self.job.limits, self.job.files, deadline=deadline) as session:
                    self.through(merged, session)
                return
            except BoxLost as broken:
                self.blame(merged.cells[self.at], str(broken))

    def through(self, merged: Merged, session: Session) -> None:
        """One box from top to bottom."""
        for self.at, cell in enumerate(merged.cells):
            if cell.kind == "check" and cell.grade_id not in self.found | self.lost:
                self.found[cell.grade_id] = self.ask(self.hidden[cell.grade_id], session)
            elif _is_code(cell) and self.at not in self.left_out:
                self.runs[self.at] = self.kept(session.run(cell.source))

    def kept(self, run: CellRun) -> CellRun:
        """What a cell showed, as long as all of it together is no more than anybody reads."""
        self.shown += sum(len(output.text) + len(output.png) for output in run.outputs)
        return run if self.shown <= MOST_SHOWN else CellRun(run.ok)

    def blame(self, cell: MergedCell, why: str) -> None:
        """Leaves out what broke the box: a task without marks, or a cell that is not run again."""
        self.notes.append(f"{cell.grade_id or 'A cell of the learner'}: {why}")
        if cell.kind == "check":
            self.lost[cell.grade_id] = why
        else:
            self.left_out.add(self.at)
            self.stopped[self.at] = CellRun(False, (Output("error", why),))


def _is_code(cell: MergedCell) -> bool:
    return cell.kind in ("locked", "answer", "own") and cell.cell_type == "code"


def _cells(job: Job) -> list[HandedCell]:
    if job.problem:
        raise HandinProblem(job.problem)
    return parse(job.notebook)


def _judge(seed: int) -> Callable[[Hidden, Session], Judged]:
    """What is asked at a check in the pass that is judged; no text of the learner's comes out of it."""

    def ask(hidden: Hidden, session: Session) -> Judged:
        if hidden.is_function:
            return judged(hidden, lambda *args: session.call(hidden.name, args), seed)
        try:
            return judged(hidden, session.value(hidden.name), seed)
        except CallFailed:
            return nothing(hidden, "")

    return ask


def _show(hidden: Hidden, session: Session) -> Outcome | None:
    """What is asked at a check in the pass that is shown: the check in the notebook."""
    asked = _Asked(session, hidden.name)
    try:
        outcome = seen(hidden, asked if hidden.is_function else session.value(hidden.name))
    except CallFailed as failed:
        return Outcome(hidden.task.id, hidden.task.title, False, None, str(failed))
    if outcome is None or not asked.why:
        return outcome
    # The check would call it an error that the function raised.
    return replace(outcome, passed=False, mistake=None, message=asked.why)


@dataclass
class _Asked:
    """The learner's function, called in the box; `why` is what the box says in place of a value."""

    session: Session
    name: str
    why: str = ""

    def __call__(self, *args: Any) -> Any:
        try:
            return self.session.call(self.name, args)
        except CallFailed as failed:
            missing = str(failed).startswith("There is no function")
            if missing or type(failed).__name__ in NOT_RAISED:
                self.why = str(failed)
            raise


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
