"""One hand-in from bytes to marks, in the real box: what a learner is told, and what is left out."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NoReturn

import nbformat
import pytest
from boxes import OpenBox

from mlopt_lessons.grading.grade_one import MOST_STARTS, NOT_REACHED, fingerprint, grade_one
from mlopt_lessons.grading.marking import load_judge
from mlopt_lessons.grading.records import Graded, GradingError, Job, Limits

ROOT = Path(__file__).parents[2]
LESSON = "01_cost"
POINTS = {"01-1": 2, "01-2": 2, "01-3": 3, "01-4": 4}
LIMITS = Limits(cell_s=3, wall_s=40)


@cache
def text(folder: str, name: str) -> str:
    return (ROOT / folder / LESSON / name).read_text(encoding="utf-8")


def job(change: Callable[[dict], None] = lambda _: None, **more: object) -> Job:
    """The solution as a hand-in, its cells by grade_id changed by `change`."""
    notebook = nbformat.reads(text("solutions", f"{LESSON}.ipynb"), as_version=4)
    change({c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata})
    given = {
        "student": "ada",
        "lesson": LESSON,
        "notebook": nbformat.writes(notebook).encode(),
        "files": {},
        "release": text("exercises", f"{LESSON}.ipynb"),
        "judge": text("solutions", "judge.py"),
        "seed": 7,
        "limits": LIMITS,
    }
    return Job(**(given | more))  # type: ignore[arg-type]


def graded(source: str, cell: str = "task-2", **more: object) -> Graded:
    """The solution with another source in one cell."""
    return grade_one(job(lambda cells: cells[cell].update(source=source), **more))


def earned(result: Graded) -> dict[str, float]:
    return {mark.task: mark.earned for mark in result.marks}


def told(result: Graded, task: str) -> str:
    return next(mark.message for mark in result.marks if mark.task == task)


def test_the_solution_gets_every_point_and_a_sheet() -> None:
    result = grade_one(job())
    assert earned(result) == POINTS
    assert result.written == {"written": True}
    assert result.notes == ()
    assert nbformat.reads(result.sheet, as_version=4).metadata.kernelspec.name == "python3"


def test_another_kind_of_box_gives_the_same_marks(tmp_path: Path) -> None:
    source = "def idle_dollars(*_):\n    return 1 / 0"
    limits = Limits(cell_s=30, wall_s=90)  # this one starts slower
    given = job(lambda cells: cells["task-2"].update(source=source), limits=limits)
    result, other = grade_one(given), grade_one(given, OpenBox(tmp_path))
    assert (other.marks, other.sheet, other.notes) == (result.marks, result.sheet, result.notes)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def idle_dollars(*_):\n    while True: pass", "It was stopped: it took longer than 3 s."),
        ("other = 1", "There is no function idle_dollars: its cell is missing or failed."),
        (
            "def idle_dollars(*_):\n    return (n for n in 'ab')",
            "The result cannot be used: “It is a gen",
        ),
        ("def idle_dollars(*_):\n    return 1 / 0", "Your function raised ZeroDivisionError"),
        ("import os\nos._exit(0)", "There is no function idle_dollars: its cell is missing"),
        (
            "def idle_dollars(*_)\n    return 1",
            "There is no function idle_dollars: its cell failed: SyntaxError: expected ':'.",
        ),
        (
            "1 / 0\ndef idle_dollars(*_): ...",
            "There is no function idle_dollars: its cell failed: ZeroDivisionError: division by zero.",
        ),
        (
            "raise OSError('x' * 900)",
            "There is no function idle_dollars: its cell failed: OSError: xxx",
        ),
    ],
)
def test_a_task_that_fails_says_why_and_costs_no_other_task(source: str, says: str) -> None:
    result = graded(source)
    assert earned(result) == POINTS | {"01-2": 0}
    assert told(result, "01-2").startswith(says)
    assert "of its cell" not in told(result, "01-2")
    assert len(told(result, "01-2")) < 300


def test_a_named_mistake_gets_its_hint() -> None:
    source = "def idle_dollars(u, s, p):\n    return (p * s / 3600)[u < 0.05].sum()"
    (mark,) = (mark for mark in graded(source).marks if mark.task == "01-2")
    assert mark.mistake == "percent-as-fraction"
    assert "percent" in mark.message


def test_a_function_that_ends_the_box_costs_its_task_and_is_noted() -> None:
    result = graded("import os\ndef idle_dollars(*_):\n    os._exit(3)")
    assert earned(result) == POINTS | {"01-2": 0}
    assert result.notes == ("Task 2: the program ended itself.",)
    assert told(result, "01-2") == "The program ended itself."


def test_a_cell_that_ends_the_box_is_named_in_the_notes() -> None:
    result = graded("import os\nos._exit(3)")
    assert result.notes == ("The cell of task 2: the program ended itself.",)


def test_a_call_that_ran_into_the_time_limit_is_noted() -> None:
    result = graded("def idle_dollars(*_):\n    while True: pass")
    assert result.notes == ("Task 2: it was stopped: it took longer than 3 s.",)


def test_the_note_of_the_time_limit_holds_nothing_that_the_box_says() -> None:
    """A learner's function can raise what the box raises when the time is over, with any text."""
    source = """def idle_dollars(*args):
    (late,) = (each for each in BaseException.__subclasses__() if each.__name__ == "TimeOut")
    raise late("calls:%r" % (args,))
"""
    assert graded(source).notes == ()


def test_what_breaks_every_box_is_not_run_for_ever() -> None:
    source = "import os, atexit\nos._exit(1)"
    result = grade_one(
        job(lambda cells: [cells[f"task-{n}"].update(source=source) for n in (1, 2, 3, 4)])
    )
    assert sum(earned(result).values()) == 0
    assert told(result, "01-4").startswith(("There is no function stop", NOT_REACHED))
    assert len(result.notes) == MOST_STARTS


def test_a_problem_is_no_marks_and_a_sentence() -> None:
    result = grade_one(job(notebook=b"", problem="It is a link; ask for the file itself."))
    assert sum(earned(result).values()) == 0
    assert result.notes == ("It is a link; ask for the file itself.",)
    assert told(result, "01-1") == "It is a link; ask for the file itself."


def test_the_blank_exercise_earns_nothing() -> None:
    blank = text("exercises", f"{LESSON}.ipynb").encode()
    result = grade_one(job(notebook=blank))
    assert sum(earned(result).values()) == 0
    assert result.written == {"written": False}


def test_the_same_seed_gives_the_same_marks_and_hints() -> None:
    source = "def stop(validation, test, patience):\n    return len(validation), 1"
    one, other = (graded(source, "task-4") for _ in range(2))
    assert one.marks == other.marks
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize(
    "more", [{"seed": 8}, {"files": {"a.csv": b"1"}}, {"notebook": b"{}"}, {"judge": "HIDDEN = 1"}]
)
def test_the_fingerprint_changes_with_all_that_marks_depend_on(more: dict) -> None:
    assert fingerprint(job(**more)) != fingerprint(job())


def test_extra_files_lie_beside_the_notebook() -> None:
    source = "factor = float(open('factor.txt').read())\ndef idle_dollars(u, s, p):\n"
    source += "    return factor * (p * s / 3600)[u < 5].sum()"
    assert earned(graded(source, files={"factor.txt": b"1.0"})) == POINTS


def test_without_a_box_nothing_is_graded() -> None:
    class NoBox:
        def refusal(self) -> str:
            return "No box can run here; use a Linux machine."

        def start(self, _: Limits) -> NoReturn:
            raise AssertionError("it must not start")

    with pytest.raises(GradingError, match="use a Linux machine"):
        grade_one(job(), NoBox())


def test_hidden_inputs_never_reach_the_feedback() -> None:
    spy = """seen = []
def idle_dollars(*args):
    seen.append(args)
    if len(seen) > 1:
        raise ValueError("calls:%d" % len(seen))
    return -1.0
"""
    tell = "print('calls:%d' % len(seen))\ndef stop(*args):\n    raise ValueError('calls:%d' % len(seen))"

    def change(cells: dict) -> None:
        cells["task-2"].update(source=spy)
        cells["task-4"].update(source=tell)

    result = grade_one(job(change))
    told_calls = {int(n) for n in re.findall(r"calls:(\d+)", result.sheet + str(result.marks))}
    cases = len(load_judge(text("solutions", "judge.py"), LESSON)["01-2"].task.cases)
    assert told_calls
    assert max(told_calls) <= cases
