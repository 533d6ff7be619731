"""Exercise 05: every named wrong answer gets its own hint, and nothing of the solution gets out."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import numpy as np
import pytest

from mlopt_lessons.course.checking import Task, judge
from mlopt_lessons.course.questions import misconceptions
from mlopt_lessons.quantization import exercise

ROOT = Path(__file__).parents[2]
TASKS = (exercise.TASK_1, exercise.TASK_2, exercise.TASK_3, exercise.TASK_4)
# Task 1 asks for a number; this is the call that it stands for.
TASK_1_ARGUMENTS = (0.5, -1.2, 3.9)


def load_judge() -> ModuleType:
    path = ROOT / "solutions" / "05_quantization" / "judge.py"
    spec = importlib.util.spec_from_file_location("judge_05", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


JUDGE = load_judge()
NAMED = [(task, mistake) for task in TASKS for mistake in JUDGE.WRONG[task.id]]


def answer_of(task: Task, function: Callable[..., Any]) -> Any:
    return function(*TASK_1_ARGUMENTS) if task.id == "05-1" else function


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_the_right_answer_passes(task: Task) -> None:
    assert judge(task, answer_of(task, JUDGE.RIGHT[task.id])).passed


@pytest.mark.parametrize(("task", "mistake"), NAMED, ids=lambda each: getattr(each, "id", each))
def test_each_named_mistake_gets_its_own_hint(task: Task, mistake: str) -> None:
    outcome = judge(task, answer_of(task, JUDGE.WRONG[task.id][mistake]))
    assert not outcome.passed
    assert outcome.mistake == mistake
    assert outcome.message == task.hints[mistake]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_hints_are_of_the_catalogue_and_differ(task: Task) -> None:
    assert set(task.hints) == set(JUDGE.WRONG[task.id])
    assert set(task.hints) <= set(misconceptions())
    assert len(set(task.hints.values())) == len(task.hints) >= 3


def crash(*_: Any) -> None:
    raise RuntimeError("the oven is off")


@pytest.mark.parametrize(
    "broken",
    [
        lambda *_: None,
        crash,
        lambda *_: "about forty",
        lambda *_: np.zeros((2, 2, 2)),
        lambda *_: float("nan"),
        lambda: 1,
        None,
        1e300,
        {"scales": None},
    ],
)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_broken_answer_fails_with_a_sentence(task: Task, broken: Any) -> None:
    outcome = judge(task, broken)
    assert not outcome.passed
    assert outcome.mistake is None
    assert 10 < len(outcome.message) < 600


def test_floats_where_integers_are_due_are_told() -> None:
    outcome = judge(exercise.TASK_2, lambda *a: JUDGE.quantize(*a).astype(float))
    assert not outcome.passed
    assert "whole numbers" in outcome.message


def released() -> str:
    path = ROOT / "exercises" / "05_quantization" / "05_quantization.ipynb"
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)


@pytest.mark.parametrize(
    "secret",
    [
        "SOLUTION",
        "HIDDEN",
        "-43",
        "np.clip",
        ".max(axis=1)",
        "lambda v",
        "Marking guide",
        "default_rng",
    ],
)
def test_the_released_exercise_holds_no_solution(secret: str) -> None:
    assert secret not in released()


def test_the_exercises_hold_notebooks_only() -> None:
    files = [path for path in (ROOT / "exercises").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".ipynb"}
