"""What the parts of grading hand to each other; plain frozen data, safe to send to another machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


class GradingError(RuntimeError):
    """Something an instructor must know or do; its text is one sentence that says so."""


class HandinProblem(GradingError):
    """A hand-in that cannot be graded; its text says what is wrong with it."""


@dataclass(frozen=True)
class Limits:
    """What one submission may take.

    `cell_s` seconds for a cell or a call, `wall_s` for all of it with every restart; `cpu_s` of
    each process; `memory_mb` of all its processes together; `scratch_mb` of temporary files;
    `file_mb` for one file; `output_kb` of what one cell shows; `reply_mb` for one value that
    comes back; `notebook_mb` and `extras_mb` of what is handed in.
    """

    cell_s: float = 20
    wall_s: float = 90
    cpu_s: int = 120
    memory_mb: int = 2000
    processes: int = 64
    scratch_mb: int = 256
    file_mb: int = 64
    output_kb: int = 100
    reply_mb: int = 4
    notebook_mb: int = 10
    extras_mb: int = 20


@dataclass(frozen=True)
class Output:
    """One output of a cell, as the box showed it: text, or the bytes of a PNG picture."""

    kind: Literal["stream", "result", "error", "png"]
    text: str = ""
    png: bytes = b""


@dataclass(frozen=True)
class CellRun:
    """What a cell did in the box: whether it ran to its end, and what it showed."""

    ok: bool
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True)
class PartMark:
    """A part of a task: what it asks for, its points, and how many were earned."""

    says: str
    points: float
    earned: float


@dataclass(frozen=True)
class TaskMark:
    """The marks of one task, and what the learner is told: the mistake it recognised, and its hint.

    `cell` is the grade_id of the check in the notebook.
    """

    task: str
    cell: str
    title: str
    parts: tuple[PartMark, ...]
    mistake: str | None
    message: str

    @property
    def points(self) -> float:
        """The points that this task gives at most."""
        return sum(part.points for part in self.parts)

    @property
    def earned(self) -> float:
        """The points earned."""
        return sum(part.earned for part in self.parts)


@dataclass(frozen=True)
class Job:
    """One hand-in with all that grading it takes, so that another machine can do it.

    `notebook` holds the bytes that were handed in and `problem` the sentence why there are none;
    `release` the learners' notebook and `judge` the text of judge.py.
    """

    student: str
    lesson: str
    notebook: bytes
    files: Mapping[str, bytes]
    release: str
    judge: str
    seed: int
    limits: Limits = field(default_factory=Limits)
    problem: str = ""


@dataclass(frozen=True)
class Graded:
    """A graded hand-in.

    `marks` a task each; `written` maps the grade_id of each question graded by hand to whether
    something was written; `sheet` is the notebook that the instructor sees, as JSON; `notes` are
    sentences for the instructor: cells that were missing, what was stopped and why.
    """

    student: str
    lesson: str
    fingerprint: str
    seed: int
    marks: tuple[TaskMark, ...]
    written: Mapping[str, bool]
    sheet: str
    notes: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def earned(self) -> float:
        """The points of all tasks that were judged; what is graded by hand is not in it."""
        return sum(mark.earned for mark in self.marks)
