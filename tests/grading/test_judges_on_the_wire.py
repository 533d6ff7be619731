"""What judges ask, and what right answers give, is the same after it crossed into the box and back."""

import json
from typing import Any

import nbformat
import pytest
from release import ROOT

from mlopt_lessons.grading.marking import Hidden, load_judge, mark
from mlopt_lessons.grading.wire import decode, encode

LESSONS = sorted(path.parent.name for path in ROOT.glob("solutions/*/judge.py"))


def sent(value: Any) -> Any:
    """A value as the other side gets it."""
    return decode(json.loads(json.dumps(encode(value))))


def over_the_wire(answer: Any) -> Any:
    """An answer as the judge sees it where it runs in the box."""
    if not callable(answer):
        return sent(answer)
    return lambda *args: sent(answer(*sent(args)))


def solution(lesson: str) -> dict[str, Any]:
    """The names that the solution's cells define."""
    path = ROOT / "solutions" / lesson / f"{lesson}.ipynb"
    names: dict[str, Any] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and not cell.id.endswith("-check"):
            exec(cell.source, names)
    return names


def hidden(lesson: str) -> dict[str, Hidden]:
    source = (ROOT / "solutions" / lesson / "judge.py").read_text()
    return load_judge(source, lesson)


@pytest.mark.parametrize("lesson", LESSONS)
def test_right_answers_keep_every_point_across_the_wire(lesson: str) -> None:
    names = solution(lesson)
    for task in hidden(lesson).values():
        marked = mark(task, over_the_wire(names[task.name]), 11)
        assert marked.earned == marked.points, marked.message
        assert marked.message == "That is right."
