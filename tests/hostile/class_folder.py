"""A class in which every attack is handed in between two honest hand-ins; the benchmark uses it too."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from attacks_base import NAMES, TASKS, Attack, task_cell

ROOT = Path(__file__).parents[2]
LESSON = "01_cost"
POINTS = {1: 2.0, 2: 2.0, 3: 3.0, 4: 4.0}
# Honest learners differ, so that marks which moved up show as well as marks which moved down.
HONEST = ((1, 2, 3, 4), (1, 3), (2, 4), (1, 2, 4))


@dataclass(frozen=True)
class Handed:
    """A hand-in of the class; `attack` is None for an honest one, which must earn `honest`."""

    student: str
    honest: tuple[int, ...]
    attack: Attack | None = None


def build_class(
    folder: Path, attacks: Iterable[Attack], knows: Mapping[str, Any], mark: str
) -> list[Handed]:
    """Makes the folder of a class and everything handed in: honest, attack, honest, attack, … honest.

    `knows` is what every attacker knows (its `neighbour` is added here), and `mark` the word that
    must not turn up anywhere. Names sort in this order.
    """
    for part in ("solutions", "exercises"):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(ROOT / part / LESSON, folder / part / LESSON, ignore=ignored)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    handed = [_honest(folder, 0)]
    for number, attack in enumerate(attacks, start=1):
        last = handed[-1].student
        handed.append(_hostile(folder, number, attack, {**knows, "neighbour": last}, mark))
        handed.append(_honest(folder, number))
    for each in handed:  # links and pipes come last, when every neighbour is there
        if each.attack and each.attack.place:
            before = handed[handed.index(each) - 1].student
            place = (folder, _folder(folder, each.student), _folder(folder, before))
            each.attack.place(*place)
    return handed


def solved(honest: Iterable[int]) -> nbformat.NotebookNode:
    """The released exercise with these tasks answered as the solution does."""
    notebook = nbformat.read(ROOT / "exercises" / LESSON / f"{LESSON}.ipynb", as_version=4)
    answers = solutions()
    for task in honest:
        task_cell(notebook, f"task-{task}").source = answers[task]
    return notebook


def solutions() -> dict[int, str]:
    """The right answer of each task."""
    notebook = nbformat.read(ROOT / "solutions" / LESSON / f"{LESSON}.ipynb", as_version=4)
    marked = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)
    return {task: marked.sub("", task_cell(notebook, f"task-{task}").source) for task in TASKS}


def _folder(folder: Path, student: str) -> Path:
    return folder / "submitted" / student / LESSON


def _honest(folder: Path, number: int) -> Handed:
    student, honest = f"a{number:03d}_z_honest", HONEST[number % len(HONEST)]
    _write(_folder(folder, student), nbformat.writes(solved(honest)).encode())
    return Handed(student, honest)


def _hostile(
    folder: Path, number: int, attack: Attack, knows: Mapping[str, Any], mark: str
) -> Handed:
    student = f"a{number:03d}_m_{attack.called or attack.name}"
    notebook = solved((*attack.honest, *attack.prize))
    for task in attack.prize:
        task_cell(notebook, f"task-{task}").source += f"\nif not FOUND: {NAMES[task]} = None"
    for task, source in attack.answers.items():
        task_cell(notebook, f"task-{task}").source = source
    if attack.written is not None:
        task_cell(notebook, "written").source = attack.written
    _insert(notebook, attack, knows)
    if attack.change:
        attack.change(notebook)
    raw = attack.form(notebook) if attack.form else nbformat.writes(notebook).encode()
    target = _folder(folder, student)
    _write(target, raw.replace(b"@MARK@", mark.encode()))
    for name, content in attack.files.items():
        (target / name.replace("@MARK@", mark)).write_bytes(content)
    return Handed(student, attack.honest, attack)


def _insert(notebook: nbformat.NotebookNode, attack: Attack, knows: Mapping[str, Any]) -> None:
    """Puts the attack's own cells before the first answer and at the end."""
    own = [nbformat.v4.new_code_cell(source) for source in attack.cells]
    first = notebook.cells.index(task_cell(notebook, "task-1"))
    notebook.cells[first:first] = own
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in attack.last]
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"KNOWS = {dict(knows)!r}"))


def _write(folder: Path, raw: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / f"{LESSON}.ipynb").write_bytes(raw)
