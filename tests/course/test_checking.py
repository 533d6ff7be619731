"""Checks of exercises: a named mistake gets its hint and only that; anything else gets a sentence."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from mlopt_lessons.course.checking import MIME, Case, CheckFailed, Task, check, judge
from mlopt_lessons.course.store import open_store

# The sum of squares of a list, divided by its length.
TASK = Task(
    id="00-1",
    title="Mean square",
    points=2,
    cases=(
        Case(
            args=([1.0, 2.0, 3.0],),
            right=14 / 3,
            wrong={"sum": 14.0, "root": (14 / 3) ** 0.5, "mean": 2.0},
        ),
        Case(args=([2.0, 2.0],), right=4.0, wrong={"sum": 8.0, "root": 2.0, "mean": 2.0}),
    ),
    hints={"sum": "Divide by the length.", "root": "No root here.", "mean": "Square first."},
)
COUNT = Task(
    id="00-2",
    title="Counts",
    points=1,
    cases=(
        Case(args=(5,), right=[0, 1, 2], wrong={"a": [1, 2, 3], "b": [0, 1], "c": [0, -1, -2]}),
    ),
    hints={"a": "Start at 0.", "b": "One more.", "c": "Upwards."},
)


def mean_square(values: list[float]) -> float:
    return sum(each**2 for each in values) / len(values)


WRONG = {
    "sum": lambda values: sum(each**2 for each in values),
    "root": lambda values: mean_square(values) ** 0.5,
    "mean": lambda values: sum(values) / len(values),
}


def test_the_right_function_passes() -> None:
    outcome = judge(TASK, mean_square)
    assert outcome.passed
    assert (outcome.mistake, outcome.message) == (None, "All 2 cases are right.")


@pytest.mark.parametrize("mistake", WRONG)
def test_a_named_mistake_gets_its_hint_and_only_that(mistake: str) -> None:
    outcome = judge(TASK, WRONG[mistake])
    assert not outcome.passed
    assert outcome.mistake == mistake
    assert outcome.message == TASK.hints[mistake]


@pytest.mark.parametrize(
    "convert", [np.float32, torch.tensor, np.array], ids=lambda each: each.__name__
)
def test_numbers_of_other_libraries_count(convert: Any) -> None:
    task = Task("t", "T", 1, TASK.cases, TASK.hints, tolerance=1e-5)
    assert judge(task, lambda values: convert(mean_square(values))).passed
    assert judge(task, lambda values: convert(WRONG["sum"](values))).mistake == "sum"


def test_a_mistake_of_one_case_only_is_another_mistake() -> None:
    outcome = judge(TASK, lambda values: 8.0 if len(values) == 2 else mean_square(values))
    assert outcome.mistake is None
    assert outcome.message == "For [2.0, 2.0]: it should be 4, yours is 8."


def test_a_value_counts_as_well_as_a_function() -> None:
    assert judge(COUNT, [0, 1, 2]).passed
    assert judge(COUNT, np.array([0, 1, 2])).passed
    assert judge(COUNT, torch.tensor([0, -1, -2])).mistake == "c"


def test_whole_numbers_must_be_whole() -> None:
    outcome = judge(COUNT, np.array([0.0, 1.0, 2.0]))
    assert not outcome.passed
    assert "integer type" in outcome.message
    assert "float64" in outcome.message
    assert judge(COUNT, [1.0, 2.0, 3.0]).mistake == "a", "the mistake behind it is worth more"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (None, "It is None: fill in"),
        (..., "It is None: fill in"),
        ([0, 1, 2, 3], r"Its shape must be \(3,\), yours is \(4,\)"),
        (3, "yours is a single number"),
        ("012", "made of numbers, you gave a str"),
        ([[0], [1, 2]], "rows of one length"),
        ([True, False, True], "must hold numbers, yours has type bool"),
        ([0, 1, 7], r"it should be \[0, 1, 2\], yours is \[0, 1, 7\]"),
    ],
)
def test_any_other_answer_gets_a_sentence(answer: object, says: str) -> None:
    outcome = judge(COUNT, lambda _count: answer)
    assert (outcome.passed, outcome.mistake) == (False, None)
    with pytest.raises(AssertionError, match=says):
        raise AssertionError(outcome.message)


def test_a_wrong_number_is_not_told_the_right_one() -> None:
    case = Case(args=(), right=1234.5, wrong={"a": 1.0, "b": 2.0, "c": 3.0})
    task = Task("t", "T", 1, (case,), {"a": "A.", "b": "B.", "c": "C."})
    outcome = judge(task, 5)
    assert (outcome.passed, outcome.mistake) == (False, None)
    assert outcome.message.startswith("Yours is 5. That is not right")
    assert "units first" in outcome.message
    assert "1234" not in outcome.message


def test_nan_is_shown_and_is_not_right() -> None:
    assert "yours is nan" in judge(TASK, lambda _values: float("nan")).message


def test_a_function_that_changes_its_arguments_spoils_nothing() -> None:
    def greedy(values: list[float]) -> float:
        result = mean_square(values)
        values.clear()
        return result

    assert judge(TASK, greedy).passed
    assert judge(TASK, greedy).passed


def test_an_array_that_later_calls_change_counts_as_it_was() -> None:
    shared = np.zeros(())

    def reuse(values: list[float]) -> np.ndarray:
        shared[...] = mean_square(values)
        return shared

    assert judge(TASK, reuse).passed


def run_cell(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "<cell>", "exec"), names)
    return names


def test_an_exception_says_type_message_and_line() -> None:
    source = "def helper(values):\n    return values[9]\n\n"
    source += "def answer(values):\n    x = 1\n    return helper(values)\n"
    outcome = judge(TASK, run_cell(source)["answer"])
    assert outcome.message == (
        "Your function raised IndexError: list index out of range (line 2 of its cell)."
    )


def test_a_line_inside_a_library_is_not_the_learners() -> None:
    source = "import math\ndef answer(values):\n    return math.fsum(values)\n"
    source += "import json\ndef other(values):\n    a = 1\n    return json.loads('{')\n"
    assert "(line 7 of its cell)" in judge(TASK, run_cell(source)["other"]).message
    assert judge(TASK, run_cell("def answer():\n    return 1\n")["answer"]).message.endswith(
        "given."
    )


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise NotImplementedError()", "It is not filled in yet (line 2 of its cell)."),
        ("assert False", "Your function raised AssertionError (line 2 of its cell)."),
        ("raise SystemExit(1)", "Your function raised SystemExit: 1 (line 2 of its cell)."),
        ("return answer(values)", "RecursionError"),
        ("pass", "It is None: fill in the missing lines"),
    ],
)
def test_unfinished_and_broken_functions(body: str, says: str) -> None:
    function = run_cell(f"def answer(values):\n    {body}\n")["answer"]
    assert says in judge(TASK, function).message


def test_endless_output_is_cut() -> None:
    def talk(_values: list[float]) -> float:
        raise ValueError("x" * 10**6)

    assert len(judge(TASK, talk).message) < 300
    for answer in ("y" * 10**6, list(range(10**5)), np.arange(10**6), {"k" * 10**5: 1}):
        assert len(judge(TASK, lambda _values, answer=answer: answer).message) < 500


def test_a_list_that_holds_itself_is_no_answer() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert "cannot be compared (RecursionError)" in judge(TASK, loop).message


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cases": ()}, "needs cases"),
        ({"hints": {"sum": "x", "root": "y"}}, "a hint for each"),
        ({"hints": TASK.hints | {"unheard": "z"}}, "a hint for each"),
        (
            {"cases": (Case((), 1, {"sum": 2, "root": 3}),), "hints": {"sum": "", "root": ""}},
            "at least 3",
        ),
        ({"cases": (Case((), 1, {"sum": 1, "root": 3, "mean": 4}),)}, "sum gives the right result"),
        ({"cases": (Case((), 1, {"sum": 2, "root": 2.0, "mean": 4}),)}, "cannot be told apart"),
    ],
)
def test_a_task_that_could_not_teach_is_refused(changes: dict[str, Any], says: str) -> None:
    fields = {"cases": TASK.cases, "hints": TASK.hints} | changes
    with pytest.raises(ValueError, match=says):
        Task("t", "T", 1, **fields)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A notebook's shell, which shows outputs; its own files go to a folder of the test."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


@pytest.mark.usefixtures("shell")
def test_a_check_is_shown_recorded_and_raised(workspace: Path) -> None:
    with capture_output() as shown, pytest.raises(CheckFailed, match="Divide by the length"):
        check(TASK, WRONG["sum"])
    with capture_output() as passed:
        check(TASK, mean_square)
    assert [(each.task, each.passed, each.mistake) for each in open_store().checks()] == [
        ("00-1", False, "sum"),
        ("00-1", True, None),
    ]
    (output,), (good,) = shown.outputs, passed.outputs
    message = TASK.hints["sum"]
    record = {"task": "00-1", "passed": False, "mistake": "sum", "message": message}
    assert output.data[MIME] == record
    assert output.data["text/plain"] == f"Not yet: Mean square. {message}"
    assert good.data["text/plain"] == "Passed: Mean square. All 2 cases are right."


def test_what_a_learner_wrote_is_escaped() -> None:
    def angry(_values: list[float]) -> float:
        raise ValueError("<script>alert(1)</script>")

    html = judge(TASK, angry)._repr_mimebundle_()["text/html"]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.usefixtures("shell")
def test_a_check_counts_where_it_cannot_be_recorded(workspace: Path) -> None:
    (workspace / ".mlopt" / "progress.sqlite").mkdir()
    with capture_output() as shown:
        check(TASK, mean_square)
    assert "Passed" in shown.outputs[0].data["text/plain"]
    assert "cannot be" in shown.outputs[1].data["text/plain"]


def test_a_notebook_shows_one_sentence_and_no_traceback(
    no_workspace: Path, shell: InteractiveShell
) -> None:
    shell.push({"check": check, "task": TASK, "answer": WRONG["root"]})
    with capture_output() as shown:
        result = shell.run_cell("check(task, answer)")
    assert isinstance(result.error_in_exec, CheckFailed)
    assert shown.stdout.strip().splitlines()[-1] == "Not yet: No root here."
    assert "Traceback" not in shown.stdout
