"""What was handed in, read with care: a stranger wrote the file, and its folder.

Of a notebook only the cells' kind, source and grade_id are taken; outputs, points, kernel and all
other metadata come from the release, whatever the hand-in says.
"""

from __future__ import annotations

import json
import os
import stat
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from nbformat import NotebookNode

from mlopt_lessons.grading.records import HandinProblem

MOST_VALUES = (
    200_000  # structural characters of JSON: what they become takes 100 bytes and more each
)
MOST_CELLS = 1000
MOST_SOURCE = 1_000_000
NOT_A_NOTEBOOK = "It is not a notebook"

Kind = Literal["told", "locked", "answer", "check", "own", "written", "text"]


@dataclass(frozen=True)
class HandedCell:
    """A cell as it was handed in."""

    cell_type: str
    source: str
    grade_id: str = ""


@dataclass(frozen=True)
class MergedCell:
    """A cell that is run or shown.

    `told`, `locked` and `check` are the release's; `answer` and `written` are the learner's, where the
    release asks for them; `own` (code) and `text` are cells that the learner added.
    """

    kind: Kind
    grade_id: str
    source: str
    cell_type: str


@dataclass(frozen=True)
class Merged:
    """The notebook to be graded, and a sentence for each thing in which the hand-in differs."""

    cells: tuple[MergedCell, ...]
    notes: tuple[str, ...]


def read_bytes(path: Path, limit_mb: float) -> bytes:
    """The bytes of a file, which must be a plain one of at most `limit_mb`, behind no link.

    Raises HandinProblem with a sentence, and FileNotFoundError where there is nothing.
    """
    if any(each.is_symlink() for each in (path, *list(path.parents)[:2])):
        raise HandinProblem(f"{path.name} is a link, or lies behind one; ask for the file itself.")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise HandinProblem(f"{path.name} cannot be read ({error.strerror}).") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise HandinProblem(f"{path.name} is not a plain file; ask for the notebook itself.")
        most = int(limit_mb * 1_000_000)
        raw = file.read(most + 1)
    if len(raw) > most:
        raise HandinProblem(
            f"{path.name} is larger than {limit_mb:g} MB; ask for it with its outputs cleared."
        )
    return raw


def parse(raw: bytes) -> list[HandedCell]:
    """The cells of a notebook. Raises HandinProblem where it is none, with bounded memory."""
    notebook = _json(raw)
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        if isinstance(notebook, dict) and isinstance(notebook.get("worksheets"), list):
            raise HandinProblem(
                "It is in an old format of notebooks; open it, save it, hand it in."
            )
        raise HandinProblem(f"{NOT_A_NOTEBOOK}: it has no cells.")
    if len(notebook["cells"]) > MOST_CELLS:
        raise HandinProblem(f"It has more than {MOST_CELLS} cells; ask for a shorter one.")
    cells = [_cell(each) for each in notebook["cells"]]
    if sum(len(cell.source) for cell in cells) > MOST_SOURCE:
        raise HandinProblem(f"Its cells hold more than {MOST_SOURCE:,} characters.")
    return cells


def merge(release: NotebookNode, handed: Iterable[HandedCell]) -> Merged:
    """The release with the learner's answers, and the learner's own cells where they stood."""
    kinds = {_id(cell): kind_of(cell) for cell in release.cells if _id(cell)}
    handed = list(handed)
    told = {cell.source.strip() for cell in release.cells if kind_of(cell) == "told"}
    answers: dict[str, list[HandedCell]] = defaultdict(list)
    after: dict[str, list[MergedCell]] = defaultdict(list)
    last = ""
    for cell in handed:
        if cell.grade_id in kinds:
            last = cell.grade_id
            answers[last].append(cell)
        elif cell.source.strip() and (cell.cell_type == "code" or cell.source.strip() not in told):
            kind: Kind = "own" if cell.cell_type == "code" else "text"
            shown = "code" if kind == "own" else "markdown"
            after[last].append(MergedCell(kind, "", cell.source, shown))
    cells = list(after[""])
    for cell in release.cells:
        cells += _released(cell, answers.get(_id(cell), []))
        cells += after[_id(cell)] if _id(cell) else []
    return Merged(tuple(cells), tuple(_notes(release, answers)) if handed else ())


def kind_of(cell: NotebookNode) -> Kind:
    """What a cell of the release is there for."""
    marks = cell.metadata.get("nbgrader")
    if not marks:
        return "told" if cell.cell_type != "code" else "locked"
    if marks.get("solution"):
        return "answer" if cell.cell_type == "code" else "written"
    return "check" if marks.get("grade") else "locked"


def _released(cell: NotebookNode, handed: list[HandedCell]) -> list[MergedCell]:
    kind = kind_of(cell)
    if kind not in ("answer", "written") or not handed:
        return [MergedCell(kind, _id(cell), cell.source, cell.cell_type)]
    if kind == "written":
        text = "\n\n".join(each.source for each in handed)
        return [MergedCell(kind, _id(cell), text, cell.cell_type)]
    return [MergedCell(kind, _id(cell), each.source, cell.cell_type) for each in handed]


def _notes(release: NotebookNode, answers: dict[str, list[HandedCell]]) -> Iterable[str]:
    for cell in release.cells:
        name, handed = _id(cell), answers.get(_id(cell), [])
        if not name:
            continue
        if not handed:
            yield f"The cell {name} was missing and is put back."
        elif len(handed) > 1:
            yield f"The cell {name} is there {len(handed)} times."
        if any(each.cell_type != cell.cell_type for each in handed):
            yield f"The type of the cell {name} was changed and is put right."
        if kind_of(cell) in ("locked", "check") and any(
            each.source.strip() != cell.source.strip() for each in handed
        ):
            yield f"The locked cell {name} was changed; the original was used."


def _id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _json(raw: bytes) -> Any:
    if sum(raw.count(each) for each in (b"[", b"{", b",", b":")) > MOST_VALUES:
        raise HandinProblem("It holds too many values; ask for it with its outputs cleared.")
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_int=float, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise HandinProblem(f"{NOT_A_NOTEBOOK}: it cannot be read as JSON.") from error


def _cell(cell: Any) -> HandedCell:
    if not isinstance(cell, dict):
        raise HandinProblem(f"{NOT_A_NOTEBOOK}: something in it is no cell.")
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str) or not isinstance(cell.get("cell_type"), str):
        raise HandinProblem(f"{NOT_A_NOTEBOOK}: a cell in it has no text.")
    metadata = cell.get("metadata")
    marks = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    clean = source.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate fits in no file
    return HandedCell(cell["cell_type"], clean, name if isinstance(name, str) else "")
