"""The notebooks read from their files: cells, what they show, and the calls in their code."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Call:
    """A call in a code cell: the cell's number in the notebook, `course.predict`, and its first text."""

    cell: int
    name: str
    text: str


@dataclass(frozen=True, eq=False)
class Book:
    """A notebook: its cells, and the calls in its code."""

    name: str
    cells: list[nbformat.NotebookNode]
    calls: tuple[Call, ...]

    @property
    def intro(self) -> str:
        return self.cells[0].source

    def named(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    def heading(self, text: str) -> int:
        found = [n for n, cell in enumerate(self.cells) if _has_heading(cell, text)]
        assert len(found) == 1, f"{self.name} has {len(found)} headings {text!r}, not one"
        return found[0]

    def shown(self, cell: int) -> str:
        """What a cell shows, as text."""
        outputs = self.cells[cell].get("outputs", [])
        return "\n".join(
            str(o.get("text", o.get("data", {}).get("text/plain", ""))) for o in outputs
        )


def _has_heading(cell: nbformat.NotebookNode, text: str) -> bool:
    return cell.cell_type == "markdown" and bool(
        re.search(rf"^#+ {re.escape(text)}", cell.source, re.M)
    )


@cache
def book(name: str) -> Book:
    path = ROOT / "notebooks" / f"{name}.ipynb"
    assert path.is_file(), f"notebooks/{name}.ipynb is missing"
    cells = nbformat.read(path, as_version=4).cells
    found = [c for n, cell in enumerate(cells) if cell.cell_type == "code" for c in calls(n, cell)]
    return Book(name, cells, tuple(found))


def calls(number: int, cell: nbformat.NotebookNode) -> list[Call]:
    """Every call of `module.function` in a cell, also in functions that the cell defines."""
    nodes = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    dotted = [
        node
        for node in nodes
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    ]
    return [Call(number, ast.unparse(node.func), _first_text(node)) for node in dotted]


def _first_text(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
