"""What an attack is: a hand-in of exercise 01 as data.

The first cell of every attack defines KNOWS: all that an insider could know (paths of the class,
ports that listen, a mark that must not turn up anywhere). `@MARK@` in any text becomes that mark.
Tasks in `prize` are answered rightly if the attack has set FOUND to something true: so a hole
shows as marks, and what FOUND was is printed into the graded sheet.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

Form = Callable[[nbformat.NotebookNode], bytes]
Change = Callable[[nbformat.NotebookNode], None]
TASKS = (1, 2, 3, 4)
SEGMENT = (64 << 20) + 4096  # a size of shared memory that nothing else asks for
NAMES = {1: "answer", 2: "idle_dollars", 3: "cost_per_run", 4: "stop"}


@dataclass(frozen=True)
class Attack:
    """One hostile hand-in.

    `cells` stand before the first answer and `last` after the last; `answers` gives the source
    for a task; a task in `honest` is answered as the solution does and must earn its points.
    `change` works on the notebook, `form` turns it into what is handed in, and `place` on the
    folder of the class: (class folder, folder of this hand-in, folder of an honest neighbour).
    `called` is the learner's name, after the part that sorts; `leaks` are words that only one who
    has seen a hidden input can bring into the sheet. `at_most`: the honest answers may be lost too, as when the time is used up. `refused`: the
    hand-in cannot be graded at all, and a note must say why.
    """

    name: str
    tries: str
    cells: tuple[str, ...] = ()
    answers: Mapping[int, str] = field(default_factory=dict)
    last: tuple[str, ...] = ()
    written: str | None = None
    honest: tuple[int, ...] = (1,)
    prize: tuple[int, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    change: Change | None = None
    form: Form | None = None
    called: str = ""
    leaks: tuple[str, ...] = ()
    place: Callable[[Path, Path, Path], None] | None = None
    at_most: bool = False
    refused: bool = False


def code(text: str) -> str:
    """The text of a cell, written indented here."""
    return textwrap.dedent(text).strip("\n")


def hunt(name: str, tries: str, *cells: str, **rest: object) -> Attack:
    """An attack that looks for something and, where it has found it, earns the tasks 2 to 4."""
    told = "print('FOUND', FOUND)"
    body = tuple(code(each) for each in cells)
    return Attack(name, tries, ("FOUND = []", *body, told), prize=(2, 3, 4), **rest)  # type: ignore[arg-type]


def task_cell(notebook: nbformat.NotebookNode, grade_id: str) -> nbformat.NotebookNode:
    """The cell of a notebook with this grade_id."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id:
            return cell
    raise KeyError(grade_id)
