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
    NoValue,
    judged,
    load_judge,
    marked,
    nothing,
    seen,
)
from mlopt_lessons.grading.notes import TOO_SLOW, explained, raised, stopped
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
# For the instructor alone: a cell that chose to be stopped would tell its learner a bit of an input.
STOPPED_HIDDEN = "A cell was stopped when other inputs were asked than those in the notebook."
NOT_REACHED = "This task was not reached: what ran before it was stopped."


def grade_one(job: Job, box: Box | None = None) -> Graded:
    """Grades a hand-in in a box (bubblewrap where none is given); what it does wrong costs only itself.

    It runs twice: to be shown, with the inputs that learners know, and then to be judged. So nothing
    that it prints, raises or leaves behind can carry a hidden input to the feedback. Raises
    GradingError where no box can run here, or the exercise itself does not fit its judge.
    """
    started = time.monotonic()
    box = box or Bubblewrap()
    if refusal := box.refusal():
        raise GradingError(refusal)
    release = nbformat.reads(job.release, as_version=4)
    hidden = {each.cell: each for each in load_judge(job.judge, job.lesson).values()}
    merged, why = _merged(release, job)
    showing, judging = _Pass(job, hidden, _show), _Pass(job, hidden, _judge(job.seed))
    if not why:
        showing.over(merged, box)
        judging.left_out = set(showing.stopped)
        judging.over(merged, box)
    marks = _marks(hidden, merged, showing, judging, why)
    runs = showing.runs | {place: _ended(end) for place, end in showing.stopped.items()}
    told = [*merged.notes, *([why] if why else []), *_ends(merged, showing, judging)]
    notes = tuple(dict.fromkeys(told))
    return Graded(
        student=job.student,
        lesson=job.lesson,
        fingerprint=fingerprint(job),
        seed=job.seed,
        marks=tuple(marks.values()),
        written=_written(release, merged),
        sheet=sheet(
            release, merged, runs, marks, [each for each in notes if each != STOPPED_HIDDEN]
        ),
        notes=notes,
        seconds=time.monotonic() - started,
    )


def _merged(release: nbformat.NotebookNode, job: Job) -> tuple[Merged, str]:
    """What is run, and why that is nothing of what was handed in."""
    try:
        return merge(release, _cells(job)), ""
    except HandinProblem as problem:
        return merge(release, []), str(problem)


def _marks(
    hidden: dict[str, Hidden], merged: Merged, showing: _Pass, judging: _Pass, why: str
) -> dict[str, TaskMark]:
    """The marks by the cell of the task's check."""
    marks = {}
    for cell, each in hidden.items():
        outcome = explained(showing.found.get(cell), raised(merged, showing.runs, cell))
        marks[cell] = _mark(each, showing, judging, outcome, why)
    return marks


def _mark(
    hidden: Hidden, showing: _Pass, judging: _Pass, outcome: Outcome | None, why: str
) -> TaskMark:
    """The marks of a task; `why` says why the hand-in was not run at all."""
    cell = hidden.cell
    found = judging.found.get(cell) or nothing(hidden, why or judging.lost.get(cell, NOT_REACHED))
    if cell not in showing.found and not found.why:
        found = replace(found, why=showing.lost.get(cell, NOT_REACHED))
    return marked(hidden, found, outcome)


def _ends(merged: Merged, showing: _Pass, judging: _Pass) -> list[str]:
    """Notes on what was stopped. Which cell it was while it was judged would tell a hidden input."""
    cells = [stopped(merged.cells[place].grade_id, end) for place, end in showing.stopped.items()]
    tasks = [stopped(cell, end) for cell, end in (showing.lost | judging.lost).items()]
    slow = [stopped(cell, each.why) for cell, each in judging.found.items() if each.why]
    to_its_end = len(showing.stopped) + len(showing.lost) < MOST_STARTS
    hidden = [STOPPED_HIDDEN] if judging.stopped and to_its_end else []
    return [*cells, *tasks, *slow, *hidden]


def _ended(why: str) -> CellRun:
    return CellRun(False, (Output("error", why),))


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

    `found` holds what `ask` gave, `lost` why it gave nothing, `stopped` why a cell ended its box.
    """

    job: Job
    hidden: dict[str, Hidden]
    ask: Callable[[Hidden, Session], Any]
    found: dict[str, Any] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    runs: dict[int, CellRun] = field(default_factory=dict)
    stopped: dict[int, str] = field(default_factory=dict)
    left_out: set[int] = field(default_factory=set)
    at: int = 0
    shown: int = 0

    def over(self, merged: Merged, box: Box) -> None:
        """Runs every cell and asks at every check, each time in a new box without what broke the last."""
        deadline = time.monotonic() + self.job.limits.wall_s
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
            elif _is_code(cell) and self.at not in self.left_out | set(self.stopped):
                self.runs[self.at] = self.kept(session.run(cell.source))

    def kept(self, run: CellRun) -> CellRun:
        """What a cell showed, as long as all of it together is no more than anybody reads."""
        self.shown += sum(len(output.text) + len(output.png) for output in run.outputs)
        return run if self.shown <= MOST_SHOWN else CellRun(run.ok)

    def blame(self, cell: MergedCell, why: str) -> None:
        """Leaves out what broke the box: a task without marks, or a cell that is not run again."""
        if cell.kind == "check":
            self.lost[cell.grade_id] = why
        else:
            self.stopped[self.at] = why


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
            timed = _Timed(session, hidden.name)
            found = judged(hidden, timed, seed)
            return found if found.is_right else replace(found, why=timed.why)
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
class _Timed:
    """The learner's function, called in the box; `why` says that a call ran into the time limit.

    By the grader's own clock and in its own words: what the box says may hold a hidden input.
    """

    session: Session
    name: str
    why: str = ""

    def __call__(self, *args: Any) -> Any:
        started = time.monotonic()
        try:
            return self.session.call(self.name, args)
        except CallFailed:
            if time.monotonic() - started >= self.session.limits.cell_s:
                self.why = TOO_SLOW.format(self.session.limits.cell_s)
            raise


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
            if isinstance(failed, NoValue):
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
