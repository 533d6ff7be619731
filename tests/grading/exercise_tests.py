"""What every exercise must pass; a test file names its exercise in a subclass of ExerciseTests."""

import importlib.util
from collections.abc import Callable
from functools import cached_property
from types import ModuleType
from typing import Any

import nbformat
import numpy as np
import pytest
from release import ROOT

from mlopt_lessons.course.checking import Task, judge
from mlopt_lessons.course.questions import misconceptions


def crash(*_: Any) -> None:
    raise RuntimeError("the oven is off")


BROKEN = (
    lambda *_: None,
    crash,
    lambda *_: "about forty",
    lambda *_: np.zeros((2, 2, 2)),
    lambda *_: float("nan"),
    lambda: 1,
    None,
    1e300,
    {"scales": None},
    {"W1": None, "b1": None, "W2": None},
)
# No released exercise may hold these.
SECRETS = ("SOLUTION", "HIDDEN", "Marking guide", "default_rng")


class Exercise:
    """An exercise as its author sees it: tasks, right answers, and wrong ones by name.

    Its first task asks for a number; `number` gives the arguments of the call that this stands for.
    """

    def __init__(
        self, name: str, exercise: ModuleType, number: Callable[[ModuleType], tuple]
    ) -> None:
        self.name, self.number = name, number
        self.tasks: tuple[Task, ...] = tuple(
            task for each, task in vars(exercise).items() if each.startswith("TASK_")
        )

    @cached_property
    def judge(self) -> ModuleType:
        """The exercise's judge.py."""
        path = ROOT / "solutions" / self.name / "judge.py"
        spec = importlib.util.spec_from_file_location(f"judge_{self.name}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @cached_property
    def numbers(self) -> dict[str, tuple]:
        """For each task that asks for a number, the arguments of the call."""
        return {self.tasks[0].id: self.number(self.judge)}

    @cached_property
    def cells(self) -> dict[str, Any]:
        """The solution's cells by id."""
        path = ROOT / "solutions" / self.name / f"{self.name}.ipynb"
        return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}

    def text(self, cell: str) -> str:
        """A cell as it is read: dollars are written so that no page takes them for a formula."""
        return self.cells[cell].source.replace(r"<span>\$</span>", "$")

    def answer(self, task: Task, function: Callable[..., Any]) -> Any:
        """What a learner hands in: the function, or the number that it gives."""
        return function(*self.numbers[task.id]) if task.id in self.numbers else function

    def released(self) -> str:
        """The text of all cells of the learners' version."""
        path = ROOT / "exercises" / self.name / f"{self.name}.ipynb"
        return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


class ExerciseTests:
    """The tests of one exercise; a subclass gives the exercise and further secrets of its solution."""

    exercise: Exercise
    secrets: tuple[str, ...] = ()

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """Runs each test for every task, mistake, broken answer or secret that it asks for."""
        names, tasks = metafunc.fixturenames, cls.exercise.tasks
        if "mistake" in names:
            named = [(task, each) for task in tasks for each in cls.exercise.judge.WRONG[task.id]]
            ids = [f"{task.id}-{each}" for task, each in named]
            metafunc.parametrize(("task", "mistake"), named, ids=ids)
        elif "task" in names:
            metafunc.parametrize("task", tasks, ids=lambda task: task.id)
        if "broken" in names:
            metafunc.parametrize("broken", BROKEN)
        if "secret" in names:
            metafunc.parametrize("secret", [*SECRETS, *cls.secrets])

    def test_the_right_answer_passes(self, task: Task) -> None:
        assert judge(task, self.exercise.answer(task, self.exercise.judge.RIGHT[task.id])).passed

    def test_each_named_mistake_gets_its_own_hint(self, task: Task, mistake: str) -> None:
        wrong = self.exercise.judge.WRONG[task.id][mistake]
        outcome = judge(task, self.exercise.answer(task, wrong))
        assert not outcome.passed
        assert outcome.mistake == mistake
        assert outcome.message == task.hints[mistake]

    def test_hints_are_of_the_catalogue_and_differ(self, task: Task) -> None:
        assert set(task.hints) == set(self.exercise.judge.WRONG[task.id])
        assert set(task.hints) <= set(misconceptions())
        assert len(set(task.hints.values())) == len(task.hints) >= 3

    def test_a_broken_answer_fails_with_a_sentence(self, task: Task, broken: Any) -> None:
        outcome = judge(task, broken)
        assert not outcome.passed
        assert outcome.mistake is None
        assert 10 < len(outcome.message) < 600

    def test_the_released_exercise_holds_no_solution(self, secret: str) -> None:
        assert secret not in self.exercise.released()
