"""Marks from values: a judge asks the learner's answer, outside the box, and compares.

A `judge.py` holds the hidden half of an exercise: HIDDEN maps each task to what the learner writes
and the parts it is marked in. An answer is a plain value, or a function that runs in the box.
"""

from __future__ import annotations

import traceback
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlopt_lessons.course.checking import Outcome, Task, judge
from mlopt_lessons.course.checking_values import plain, same
from mlopt_lessons.grading.records import GradingError, PartMark, TaskMark
from mlopt_lessons.sentences import first_line

Answer = Callable[..., Any] | Any
Args = tuple[Any, ...]


class CallFailed(Exception):
    """The learner's function gave no value; the text is what it raised, in the learner's words."""


class NoValue(CallFailed):
    """There is no value, and nothing was raised; the text is a sentence of the grader's own."""


class BoxLost(BaseException):
    """The box ended before it answered; the text is a sentence that says why.

    Not an Exception, so that no judge that catches what a value may raise keeps it to itself.
    """


@dataclass(frozen=True)
class Part:
    """A part of a task, all or nothing.

    `says` names in the feedback what it is about, never a case. `holds(answer, generator)` says
    whether the answer is right; it draws its inputs from the generator. `mistakes(answer,
    generator)`, with a generator in the same state, names the misconception that explains every
    value, or None.
    """

    points: float
    says: str
    holds: Callable[[Answer, np.random.Generator], bool]
    mistakes: Callable[[Answer, np.random.Generator], str | None] = lambda *_: None


@dataclass(frozen=True)
class Hidden:
    """The hidden half of a task: the name that the learner defines, and the parts.

    `wrap` turns the answer into what the visible check is given. Raises GradingError when the
    points of the parts are not those of the task.
    """

    task: Task
    name: str
    parts: tuple[Part, ...]
    wrap: Callable[[Answer], Answer] = field(default=lambda answer: answer)

    def __post_init__(self) -> None:
        if sum(part.points for part in self.parts) != self.task.points:
            raise GradingError(f"The parts of task {self.task.id} do not add up to its points.")

    @property
    def is_function(self) -> bool:
        """Whether the learner writes a function; otherwise a plain value."""
        return any(case.args for case in self.task.cases)

    @property
    def cell(self) -> str:
        """The grade_id of the task's check in the notebook: task-2-check for task 03-2."""
        return f"task-{self.task.id.split('-')[1]}-check"


def compared(
    points: float,
    says: str,
    draw: Callable[[np.random.Generator], Iterable[Args]],
    right: Callable[..., Any],
    *,
    wrong: dict[str, Callable[..., Any]] | None = None,
    pick: Callable[[Any], Any] = lambda value: value,
    tolerance: float = 1e-6,
) -> Part:
    """A part that is right where the function gives what `right` gives on every drawn input.

    `pick` takes what this part is about from a result, as `lambda pair: pair[0]`. `wrong` maps
    misconceptions to the functions of learners who have them. Tolerance is relative.
    """

    about = _Comparison(draw, right, wrong or {}, pick, tolerance)
    return Part(points, says, about.holds, about.mistakes)


@dataclass(frozen=True)
class _Comparison:
    """An answer beside functions that are known to be right or wrong, on drawn inputs."""

    draw: Callable[[np.random.Generator], Iterable[Args]]
    right: Callable[..., Any]
    wrong: dict[str, Callable[..., Any]]
    pick: Callable[[Any], Any]
    tolerance: float

    def holds(self, answer: Answer, generator: np.random.Generator) -> bool:
        """Whether it is right on every input."""
        asked = self.asked(answer, generator)
        return all(self.agrees(got, self.right(*args), whole=True) for args, got in asked)

    def mistakes(self, answer: Answer, generator: np.random.Generator) -> str | None:
        """The first misconception that gives the same on every input."""
        left = list(self.wrong)
        for args, got in self.asked(answer, generator):
            left = [name for name in left if self.agrees(got, self.wrong[name](*args), whole=False)]
            if not left:
                return None
        return next(iter(left), None)

    def asked(self, answer: Answer, generator: np.random.Generator) -> Iterator[tuple[Args, Any]]:
        """Inputs and results, one at a time, as a stranger's results may be large.

        In an order of their own: otherwise what is right could be known by counting the calls.
        """
        drawn = list(self.draw(generator))
        for place in generator.permutation(len(drawn)):
            yield drawn[place], plain(ask(answer, drawn[place]))

    def agrees(self, got: Any, expected: Any, *, whole: bool) -> bool:
        """Whether the part of a result that this is about is as expected."""
        try:
            picked = self.pick(got)
            return same(picked, plain(self.pick(expected)), self.tolerance, whole=whole)
        except (TypeError, ValueError, IndexError, KeyError):
            return False  # what came back has not the shape that pick needs


def number(points: float, says: str, right: float, tolerance: float = 1e-6) -> Part:
    """A part that asks for one number."""
    return Part(points, says, lambda answer, _: same(plain(answer), right, tolerance, whole=False))


def ask(answer: Answer, args: Args) -> Any:
    """The value of an answer: itself, or what its function gives. Raises CallFailed."""
    if not callable(answer):
        return answer
    try:
        return answer(*args)
    except CallFailed:
        raise
    except Exception as error:  # a function that runs here, as in the tests of a judge
        raise CallFailed(str(error)) from error


@dataclass(frozen=True)
class Judged:
    """What the hidden inputs say of an answer: its parts, and the misconception that explains it.

    `why` is the grader's own sentence where there was nothing to compare, or a call took too long.
    """

    parts: tuple[PartMark, ...]
    mistake: str | None = None
    why: str = ""

    @property
    def is_right(self) -> bool:
        """Whether every part is earned."""
        return all(part.earned == part.points for part in self.parts)


def judged(hidden: Hidden, answer: Answer, seed: int) -> Judged:
    """Asks an answer on hidden inputs. Raises BoxLost where the box ends meanwhile.

    The same seed draws the same inputs, in whatever order tasks are judged.
    """
    parts, mistake = [], None
    for place, part in enumerate(hidden.parts):
        right = _holds(part, answer, np.random.default_rng([seed, place]))
        parts.append(PartMark(part.says, part.points, part.points if right else 0.0))
        if not right and mistake is None:
            mistake = _mistake(part, answer, np.random.default_rng([seed, place]))
    return Judged(tuple(parts), mistake)


def nothing(hidden: Hidden, why: str) -> Judged:
    """No points, and the sentence why."""
    return Judged(tuple(PartMark(part.says, part.points, 0.0) for part in hidden.parts), None, why)


def seen(hidden: Hidden, answer: Answer) -> Outcome | None:
    """What the check in the notebook says, on the inputs that learners know; None where it cannot."""
    try:
        return judge(hidden.task, hidden.wrap(answer))
    except Exception:  # values are hostile: any shape, any type, any size below the limit
        return None


def marked(hidden: Hidden, found: Judged, outcome: Outcome | None = None) -> TaskMark:
    """The marks and what the learner is told: of the hidden inputs nothing but what was missed."""
    mistake, message = _told(hidden, found, outcome)
    return TaskMark(hidden.task.id, hidden.cell, hidden.task.title, found.parts, mistake, message)


def mark(hidden: Hidden, answer: Answer, seed: int) -> TaskMark:
    """The marks of an answer that is asked on hidden and known inputs in one go, as tests do."""
    found = judged(hidden, answer, seed)
    return marked(hidden, found, None if found.is_right else seen(hidden, answer))


def load_judge(source: str, lesson: str) -> dict[str, Hidden]:
    """HIDDEN of a judge.py, by task. Raises GradingError when it has none or does not load."""
    module = types.ModuleType(f"judge_{lesson}")
    name = f"{lesson}/judge.py"
    try:
        exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)  # the instructor's
    except (Exception, SystemExit) as error:
        said = error.msg if isinstance(error, SyntaxError) else first_line(error)
        raise GradingError(
            f"{name} does not load{_line(error, name)}: {type(error).__name__}: {said}; "
            "mend it, or take the course's own."
        ) from error
    hidden = getattr(module, "HIDDEN", None)
    if not isinstance(hidden, dict) or not hidden:
        raise GradingError(f"The judge.py of {lesson} has no HIDDEN; see docs/contributing.md.")
    return hidden


def _line(error: BaseException, name: str) -> str:
    """Where in the file of that name it was raised, or nothing where that is not known."""
    if isinstance(error, SyntaxError) and error.filename == name:
        return f", line {error.lineno}" if error.lineno else ""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == name]
    return f", line {lines[-1]}" if lines else ""


def _holds(part: Part, answer: Answer, generator: np.random.Generator) -> bool:
    """Whether a part is right; a value that the judge cannot even read is wrong."""
    try:
        return bool(part.holds(answer, generator))
    except Exception:  # values are hostile: any shape, any type, any size below the limit
        return False


def _mistake(part: Part, answer: Answer, generator: np.random.Generator) -> str | None:
    try:
        return part.mistakes(answer, generator)
    except Exception:
        return None


def _told(hidden: Hidden, found: Judged, outcome: Outcome | None) -> tuple[str | None, str]:
    if found.is_right:
        return None, "That is right."
    if outcome is not None and not outcome.passed:
        return outcome.mistake, outcome.message
    if found.mistake in hidden.task.hints:
        return found.mistake, hidden.task.hints[found.mistake]
    if found.why:
        return None, found.why
    missed = "; ".join(part.says for part in found.parts if part.earned < part.points)
    return None, f"It passes the check in the notebook, and not on other inputs: {missed}."
