"""Checks of an exercise as data: what is right, which wrong answers are known, and the hint for each."""

import copy
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from itertools import combinations
from typing import Any

from IPython.display import display

from mlopt_lessons.course.checking_values import difference_of_kind, plain, same, short
from mlopt_lessons.course.markup import markup
from mlopt_lessons.course.store import StoreError, open_store

MIME = "application/vnd.mlopt.check+json"
FEWEST_HINTS = 3
LONGEST_ARGUMENT = 120
NO_KNOWN_MISTAKE = (
    "That is not right, and none of the mistakes known here explains it: go through the steps of "
    "the task once more, units first."
)
GREEN, ORANGE = "#009E73", "#D55E00"


@dataclass(frozen=True)
class Case:
    """One call: its arguments, the right result, and what each named mistake gives instead.

    `wrong` maps a misconception id to the value that it gives here.
    """

    args: tuple[Any, ...]
    right: Any
    wrong: dict[str, Any]


@dataclass(frozen=True)
class Task:
    """A task of an exercise: its cases and a hint for each named mistake (at least three).

    Raises ValueError when a case names a mistake without a hint, when a hint can never show, or
    when a mistake gives the right result.
    """

    id: str
    title: str
    points: int
    cases: tuple[Case, ...]
    hints: dict[str, str]
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        shown = {mistake for case in self.cases for mistake in case.wrong}
        if not self.cases or shown != self.hints.keys() or len(shown) < FEWEST_HINTS:
            raise ValueError(
                f"Task {self.id} needs cases, at least {FEWEST_HINTS} named mistakes, and a hint for each: "
                f"cases name {sorted(shown)}, hints {sorted(self.hints)}."
            )
        for case in self.cases:
            for mistake, value in case.wrong.items():
                if same(plain(value), plain(case.right), self.tolerance):
                    raise ValueError(f"Task {self.id}: mistake {mistake} gives the right result.")
        for one, other in combinations(self.hints, 2):
            if _fits(self, self.results(one), other):
                raise ValueError(f"Task {self.id}: {one} and {other} cannot be told apart.")

    def results(self, mistake: str) -> list[Any]:
        """What a learner with this mistake gets in each case: right where the case names no value."""
        return [plain(case.wrong.get(mistake, case.right)) for case in self.cases]


@dataclass(frozen=True)
class Outcome:
    """What a check found: passed or not, the mistake it recognised, and what to tell the learner."""

    task: str
    title: str
    passed: bool
    mistake: str | None
    message: str

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        word, colour = ("Passed", GREEN) if self.passed else ("Not yet", ORANGE)
        html = (
            f'<div style="border-left:4px solid {colour};padding:.3em .9em;max-width:46em">'
            f"<b>{word}: {escape(self.title)}.</b> {escape(self.message)}</div>"
        )
        record = {"task": self.task, "passed": self.passed, "mistake": self.mistake}
        return {
            "text/plain": f"{word}: {self.title}. {self.message}",
            "text/html": markup(html),
            MIME: record | {"message": self.message},
        }


class CheckFailed(AssertionError):
    """A check that did not pass; a notebook shows its sentence only, and nbgrader counts it."""

    def _render_traceback_(self) -> list[str]:
        return [f"Not yet: {self}"]


def check(task: Task, answer: Callable[..., Any] | object) -> None:
    """Checks an answer, a function called with each case's arguments or a plain value.

    Shows "passed", or what is wrong with a hint for that mistake, and records it. Raises
    CheckFailed when it did not pass.
    """
    outcome = judge(task, answer)
    display(outcome)
    try:
        open_store().record_check(outcome.task, outcome.passed, outcome.mistake)
    except StoreError as error:
        display({"text/plain": str(error)}, raw=True)
    if not outcome.passed:
        raise CheckFailed(outcome.message)


def judge(task: Task, answer: Callable[..., Any] | object) -> Outcome:
    """The outcome of a check, without showing or recording it."""
    gots = []
    for case in task.cases:
        got, problem = _call(answer, case)
        if problem:
            return _failed(task, None, problem)
        gots.append(got)
    wrong = [
        (case, got)
        for case, got in zip(task.cases, gots, strict=True)
        if not same(got, plain(case.right), task.tolerance)
    ]
    if not wrong:
        count = len(task.cases)
        praise = "That is right." if count == 1 else f"All {count} cases are right."
        return Outcome(task.id, task.title, True, None, praise)
    mistake = next((each for each in task.hints if _fits(task, gots, each)), None)
    if mistake:
        return _failed(task, mistake, task.hints[mistake])
    return _failed(task, None, _unknown(*wrong[0]))


def _fits(task: Task, gots: list[Any], mistake: str) -> bool:
    """Whether this one mistake explains the result of every case."""
    pairs = zip(gots, task.results(mistake), strict=True)
    return all(same(got, value, task.tolerance, whole=False) for got, value in pairs)


def _call(answer: Any, case: Case) -> tuple[Any, str]:
    """The answer's value for a case, or what kept it from giving one."""
    result = answer
    if callable(answer):
        arguments = copy.deepcopy(case.args)  # a function may change what it is given
        try:
            result = answer(*arguments)
        except NotImplementedError as error:
            return None, f"It is not filled in yet{_where(answer, error)}."
        except (Exception, SystemExit) as error:
            text = f": {short(str(error))[1:-1]}" if str(error) else ""
            name = type(error).__name__
            return None, f"Your function raised {name}{text}{_where(answer, error)}."
    try:
        return plain(result), ""
    except (TypeError, RuntimeError) as error:  # a sparse tensor, a list that holds itself
        return (
            None,
            f"Its result cannot be compared ({type(error).__name__}); return plain numbers.",
        )


def _where(answer: Any, error: BaseException) -> str:
    """The line of the learner's function, counted in its cell, where the error passed last."""
    code = getattr(answer, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [each.lineno for each in frames if code and each.filename == code.co_filename]
    return f" (line {lines[-1]} of its cell)" if lines else ""


def _unknown(case: Case, got: Any) -> str:
    """What to tell about a wrong result that no named mistake explains."""
    if kind := difference_of_kind(got, plain(case.right)):
        return kind
    if not case.args:  # the right value is all that the task asks for: it would be copied
        return f"Yours is {short(got)}. {NO_KNOWN_MISTAKE}"
    told = (short(plain(argument)) for argument in case.args)
    call = ", ".join(text if len(text) <= LONGEST_ARGUMENT else "…" for text in told)
    return f"For {call}: it should be {short(plain(case.right))}, yours is {short(got)}."


def _failed(task: Task, mistake: str | None, message: str) -> Outcome:
    return Outcome(task.id, task.title, False, mistake, message)
