"""The graded notebook, as formgrader and feedback show it, made anew from what may be shown.

A stranger's text is shown as text and nothing else: no script, link, picture from elsewhere or
formula of it reaches the instructor's browser.
"""

from __future__ import annotations

import base64
import html
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from mlopt_lessons.grading.handin import Merged, MergedCell
from mlopt_lessons.grading.records import CellRun, Output, TaskMark

MOST_PIXELS = 4000  # of a picture's sides
PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def sheet(
    release: NotebookNode,
    merged: Merged,
    runs: Mapping[int, CellRun],
    marks: Mapping[str, TaskMark],
    notes: Sequence[str],
) -> str:
    """The notebook as JSON. `runs` by the place of a cell in `merged`, `marks` by the check's id."""
    metadata = {
        _id(cell): dict(cell.metadata.nbgrader)
        for cell in release.cells
        if "nbgrader" in cell.metadata
    }
    cells = [_text_cell("The grader noted:\n" + "\n".join(notes))] if notes else []
    for place, cell in enumerate(merged.cells):
        made = _cell(cell, runs.get(place), marks.get(cell.grade_id))
        if marked := metadata.pop(cell.grade_id, None):  # once: an id stands for one cell
            made.metadata["nbgrader"] = marked
        cells.append(made)
    for number, made in enumerate(cells):
        made.id = f"cell-{number}"
    kernel = {name: release.metadata[name] for name in ("kernelspec",) if name in release.metadata}
    return nbformat.writes(new_notebook(cells=cells, metadata=kernel))


def told(mark: TaskMark) -> str:
    """What a learner is told about a task: points, part by part where there are several, and why."""
    lines = [f"{mark.title}: {mark.earned:g} of {mark.points:g} points."]
    if len(mark.parts) > 1:
        lines += [f"  {part.earned:g} of {part.points:g}  {part.says}" for part in mark.parts]
    return "\n".join([*lines, mark.message]) + "\n"


def _id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _cell(cell: MergedCell, run: CellRun | None, mark: TaskMark | None) -> NotebookNode:
    if cell.cell_type == "code":
        outputs = [_output(each) for each in run.outputs] if run else []
        if mark is not None:
            outputs = [new_output("stream", name="stdout", text=printable(told(mark)))]
        return new_code_cell(printable(cell.source), outputs=[each for each in outputs if each])
    if cell.kind in ("told", "locked"):
        return new_markdown_cell(cell.source)
    return _text_cell(cell.source)


def _text_cell(text: str) -> NotebookNode:
    """Text in a block that is shown letter by letter; `$` would begin a formula."""
    shown = html.escape(printable(text)).replace("$", "&#36;")
    return new_markdown_cell(f'<pre style="white-space: pre-wrap">{shown}\n</pre>')


def printable(text: str) -> str:
    """The text without control characters, but for ends of line and tabs."""
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in text)


def _output(output: Output) -> NotebookNode | None:
    if output.kind == "png":
        data = {"image/png": base64.b64encode(output.png).decode("ascii")}
        return new_output("display_data", data=data) if _is_picture(output.png) else None
    text = printable(output.text)
    if output.kind == "error":
        lines: dict[str, Any] = {"ename": "Error", "evalue": "", "traceback": [text]}
        return new_output("error", **lines)
    if output.kind == "result":
        return new_output("display_data", data={"text/plain": text})
    return new_output("stream", name="stdout", text=text)


def _is_picture(png: bytes) -> bool:
    """Whether it starts as a PNG of a size that a browser can show."""
    if not png.startswith(PNG_HEAD) or len(png) < len(PNG_HEAD) + 8:
        return False
    return all(0 < side <= MOST_PIXELS for side in struct.unpack(">II", png[16:24]))
