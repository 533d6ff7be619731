"""Questions as data: each wrong option explains itself and names a misconception."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from mlopt_lessons.course.store import Answer

DATA = files("mlopt_lessons.course").joinpath("data")
OPENING = "00_smart_bakery"
FEWEST_OPTIONS = 3


@dataclass(frozen=True)
class Option:
    """One answer: right, or wrong with the misconception behind it; explained either way."""

    id: str
    text: str
    correct: bool
    explanation: str
    misconception: str | None = None


@dataclass(frozen=True)
class Question:
    """One question of a lesson, with at least three options of which one is right."""

    id: str
    lesson: str
    text: str
    options: tuple[Option, ...]

    def option(self, id: str) -> Option:
        """The option of that id. Raises ValueError for one that is not there."""
        for option in self.options:
            if option.id == id:
                return option
        raise ValueError(f"Question {self.id} has no option {id!r}.")


@cache
def misconceptions() -> dict[str, dict[str, str]]:
    """The catalogue of misconceptions: id → name and sentence."""
    return json.loads(DATA.joinpath("misconceptions.json").read_text(encoding="utf-8"))


@cache
def lessons() -> tuple[str, ...]:
    """Lessons that have questions, in the order of the course."""
    names = (entry.name for entry in DATA.joinpath("quizzes").iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


@cache
def questions(lesson: str) -> tuple[Question, ...]:
    """The questions of a lesson such as "05_quantization". Raises ValueError if it has none."""
    if lesson not in lessons():
        raise ValueError(
            f"There are no questions for {lesson!r}; lessons with some: {', '.join(lessons())}."
        )
    text = DATA.joinpath("quizzes", f"{lesson}.json").read_text(encoding="utf-8")
    return parse(lesson, json.loads(text), misconceptions())


def parse(
    lesson: str, rows: Iterable[Mapping[str, Any]], catalogue: Mapping[str, Any]
) -> tuple[Question, ...]:
    """Questions out of plain data.

    Raises ValueError that names question and option: a missing or unknown field, an id twice, fewer
    than three options, not exactly one right, an option without explanation, a wrong one without a
    catalogued misconception, a right one with any.
    """
    found = tuple(_question(lesson, row) for row in rows)
    ids = [question.id for question in found]
    if len(ids) != len(set(ids)):
        raise ValueError(f"{lesson} has two questions with the same id.")
    for question in found:
        _check(question, catalogue)
    return found


def due(lesson: str, answers: Sequence[Answer], count: int = 3) -> tuple[Question, ...]:
    """Questions of earlier lessons to ask again: missed ones first, then never asked, then longest ago.

    Ties keep the order of the course, so that the same progress gives the same questions. Those of the
    opening are about the course itself and do not come back.
    """
    if count < 0:
        raise ValueError(f"count must be 0 or more, got {count}.")
    latest = {answer.question: (number, answer.correct) for number, answer in enumerate(answers)}

    def urgency(question: Question) -> tuple[int, int]:
        if question.id not in latest:
            return 1, 0
        number, correct = latest[question.id]
        return (2 if correct else 0), number

    before = [each for each in lessons() if OPENING < each < lesson]
    earlier = [question for each in before for question in questions(each)]
    return tuple(sorted(earlier, key=urgency)[:count])


def _question(lesson: str, row: Mapping[str, Any]) -> Question:
    try:
        options = tuple(Option(**each) for each in row["options"])
        return Question(row["id"], lesson, row["text"], options)
    except (KeyError, TypeError) as error:
        name = row.get("id", "without id") if isinstance(row, Mapping) else row
        raise ValueError(
            f"{lesson}, question {name}: a field is missing or unknown ({error})."
        ) from error


def _check(question: Question, catalogue: Mapping[str, Any]) -> None:
    options = question.options
    if len(options) < FEWEST_OPTIONS or len({option.id for option in options}) != len(options):
        raise ValueError(
            f"{question.id} needs at least {FEWEST_OPTIONS} options with different ids."
        )
    if sum(option.correct is True for option in options) != 1:
        raise ValueError(f"{question.id} needs exactly one right option.")
    for option in options:
        if not option.explanation.strip() or not option.text.strip():
            raise ValueError(f"{question.id}, option {option.id}: text and explanation are needed.")
        if option.correct and option.misconception is not None:
            raise ValueError(
                f"{question.id}, option {option.id}: a right option has no misconception."
            )
        if not option.correct and option.misconception not in catalogue:
            raise ValueError(
                f"{question.id}, option {option.id}: a wrong option needs a misconception of the catalogue."
            )
