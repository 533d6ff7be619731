"""Sheets of the toy exercise, what is in them, and pictures for them."""

import io
import json
import random
from collections.abc import Sequence

from PIL import Image
from toy_class import filled, release

from mlopt_lessons.grading.handin import merge, parse
from mlopt_lessons.grading.records import CellRun, PartMark, TaskMark
from mlopt_lessons.grading.sheet import sheet

RELEASE = release()  # setup, task-1, task-1-check, task-2, task-2-check, written
MARK = TaskMark(
    "90-1",
    "task-1-check",
    "Task 1, twice",
    (PartMark("small numbers", 1.5, 1.5), PartMark("large numbers", 0.5, 0)),
    "square",
    "That is a square.\nDouble it.",
)


def cells_of(made: str) -> list[dict]:
    return json.loads(made)["cells"]


def by_name(made: str, name: str) -> dict:
    (found,) = (
        each
        for each in cells_of(made)
        if each["metadata"].get("nbgrader", {}).get("grade_id") == name
    )
    return found


def sheet_of(
    answers: dict[str, str], runs: dict[int, CellRun] | None = None, notes: Sequence[str] = ()
) -> str:
    merged = merge(RELEASE, parse(json.dumps(filled(answers)).encode()))
    return sheet(RELEASE, merged, runs or {}, {"task-1-check": MARK}, notes)


def png(
    width: int = 4, height: int = 3, mode: str = "RGBA", noise: bool = False, **save: object
) -> bytes:
    if noise:
        pixels = random.Random(8).randbytes(width * height)
        made = Image.frombytes("L", (width, height), pixels)
    else:
        made = Image.linear_gradient("L").resize((width, height)).convert(mode)
    stream = io.BytesIO()
    made.save(stream, "PNG", **save)
    return stream.getvalue()
