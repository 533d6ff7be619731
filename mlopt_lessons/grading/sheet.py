"""The marked notebook, which nbgrader's formgrader and its feedback turn into pages.

nbgrader puts what it finds in a notebook on a page as it is, so nothing of a stranger's notebook
is passed on: every cell and output is made anew, of the exercise's own cells and of text.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from mlopt_lessons.grading.handin_merge import OPEN, Merged, MergedCell, kind_of, plain
from mlopt_lessons.grading.records import CellRun, Output, TaskMark
from mlopt_lessons.grading.sheet_png import picture
from mlopt_lessons.grading.sheet_text import block, code, readable, wrapped

MOST_EACH = 20_000  # characters of one source or output
MOST_TEXT = 100_000  # characters of all outputs and own cells together
COSTS = 200  # characters that each of them counts for at least, however short it is
MOST_PICTURES = 4_000_000  # bytes of all pictures together
MOST_PIXELS = 40_000_000
LEFT_OUT = "A picture is left out here: it is broken or too large, or there are too many."
NOTES = "Notes of the grader"
ALT = "A picture that this cell showed"

Made = dict[str, Any]  # a cell or an output as JSON has it


def sheet(
    release: NotebookNode,
    merged: Merged,
    runs: Mapping[int, CellRun],
    marks: Mapping[str, TaskMark],
    notes: Sequence[str] = (),
) -> str:
    """The marked notebook as JSON, of a few megabytes at most.

    `runs` are by the place of a cell in `merged`, `marks` by the grade_id of a check. Points,
    kernel and all other metadata are the release's. Outputs are text and PNG, and what the learner
    wrote as Markdown is shown as it was typed.
    """
    fixed = (cell for cell in release.cells if kind_of(cell) not in OPEN)
    answers = {_name(cell): cell for cell in release.cells if kind_of(cell) in OPEN}
    shown, room = _shown(answers, merged), _Room()
    cells = [_notes(notes)] if notes else []
    for place, cell in enumerate(merged.cells):
        if place in shown:
            made = _answered(answers[cell.grade_id], cell.source)
        elif cell.kind in (*OPEN, "own"):
            made = _own(cell, place, room)
        else:
            made = _copied(next(fixed))
        if made["cell_type"] == "code":
            made |= {"execution_count": None, "outputs": _outputs(runs.get(place), room)}
        if cell.kind == "check" and cell.grade_id in marks:
            made["outputs"] = [_stream(_marked(marks[cell.grade_id]))]
        cells.append(made)
    return _notebook(release, cells)


@dataclass
class _Room:
    """What is left of the space for all that is the learner's own."""

    text: int = MOST_TEXT
    pictures: int = MOST_PICTURES
    pixels: int = MOST_PIXELS

    def for_text(self, text: str) -> int:
        """How many characters of a text may be shown; they are taken from what is left."""
        most = min(MOST_EACH, max(0, self.text - COSTS))
        self.text -= min(len(text), most) + COSTS
        return most

    def for_picture(self, png: bytes) -> bytes | None:
        """The picture to be shown, or None where it is none or there is no room for it."""
        self.text -= COSTS
        found = picture(png) if len(png) <= self.pictures else None
        if found is None or found.pixels > self.pixels or self.text < 0:
            return None
        self.pictures -= len(found.png)
        self.pixels -= found.pixels
        return found.png


def _name(cell: NotebookNode) -> str:
    return cell.metadata.nbgrader.grade_id


def _shown(answers: Mapping[str, NotebookNode], merged: Merged) -> set[int]:
    """The place of each answer: where it stands more than once, of the last in which there is one."""
    empty: dict[str, int] = {}
    filled: dict[str, int] = {}
    for place, cell in enumerate(merged.cells):
        if cell.kind in OPEN:
            same = plain(cell.source) == plain(answers[cell.grade_id].source)
            (empty if same else filled)[cell.grade_id] = place
    return set((empty | filled).values())


def _copied(cell: NotebookNode) -> Made:
    """A cell of the release, without outputs."""
    kept = ("cell_type", "id", "metadata", "source", "attachments")
    return {key: copy.deepcopy(cell[key]) for key in kept if key in cell}


def _answered(cell: NotebookNode, source: str) -> Made:
    """The learner's text in a cell of the release."""
    if cell.cell_type == "code":
        return _copied(cell) | {"source": code(source, MOST_EACH)}
    made = _copied(cell) | {"source": block(readable(source, MOST_EACH))}
    made.pop("attachments", None)
    return made


def _own(cell: MergedCell, place: int, room: _Room) -> Made:
    """A cell that is none of the release's."""
    most = room.for_text(cell.source)
    is_code = cell.cell_type == "code"
    source = code(cell.source, most) if is_code else block(readable(cell.source, most))
    kind = "code" if is_code else "markdown"
    return {"cell_type": kind, "id": f"learner-{place}", "metadata": {}, "source": source}


def _notes(notes: Sequence[str]) -> Made:
    text = readable("\n".join([NOTES, *notes]), MOST_EACH)
    return {"cell_type": "markdown", "id": "grader-notes", "metadata": {}, "source": block(text)}


def _outputs(run: CellRun | None, room: _Room) -> list[Made]:
    """What a cell showed, until there is no room; then a line says so."""
    made: list[Made] = []
    for output in run.outputs if run else ():
        made.append(_output(output, room))
        if room.text < COSTS:
            break
    return made


def _output(output: Output, room: _Room) -> Made:
    if output.kind == "png":
        png = room.for_picture(output.png)
        return _stream(LEFT_OUT) if png is None else _picture(png)
    text = readable(output.text, room.for_text(output.text))
    if output.kind == "error":
        return {"output_type": "error", "ename": "Error", "evalue": "", "traceback": [text]}
    if output.kind == "result":
        return {"output_type": "display_data", "data": {"text/plain": text}, "metadata": {}}
    return _stream(text)


def _stream(text: str) -> Made:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _picture(png: bytes) -> Made:
    data = {"image/png": base64.b64encode(png).decode("ascii")}
    return {"output_type": "display_data", "data": data, "metadata": {"image/png": {"alt": ALT}}}


def _marked(mark: TaskMark) -> str:
    """What is said under a check: the points, what they are for, and the message."""
    lines = [f"{mark.title}: {mark.earned:g} of {mark.points:g} points"]
    lines += [f"  {part.earned:g} of {part.points:g}  {part.says}" for part in mark.parts]
    return wrapped(readable("\n".join([*lines, "", mark.message]), MOST_EACH))


def _notebook(release: NotebookNode, cells: Sequence[Made]) -> str:
    """The notebook as JSON, with the kernel and the language of the release.

    The name of the language alone: some of what colours code takes minutes for some code.
    """
    language = release.metadata.get("language_info", {}).get("name", "python")
    metadata = {"language_info": {"name": language}}
    if "kernelspec" in release.metadata:
        metadata["kernelspec"] = copy.deepcopy(release.metadata.kernelspec)
    for place, cell in enumerate(cells):
        cell.setdefault("id", f"exercise-{place}")  # notebooks before format 4.5 have none
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
