"""A small course to make workspaces from, and what became of its files."""

from pathlib import Path

import nbformat

from mlopt_lessons.course.workspace import Change

BOOK = Path("notebooks/05_quantization.ipynb")
EXERCISE = Path("exercises/05_quantization/05_quantization.ipynb")
DATA = Path("exercises/05_quantization/data.csv")


def notebook(text: str, *, output: str = "") -> bytes:
    """A notebook with one code cell, with the traces of a run where `output` is given."""
    cell = nbformat.v4.new_code_cell(text, id="one")
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# Title", id="two"), cell]
    )
    if output:
        cell.outputs = [nbformat.v4.new_output("stream", text=output)]
        cell.execution_count = 3
        cell.metadata["execution"] = {"iopub.execute_input": "2026-01-01"}
        book.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    return nbformat.writes(book).encode()


def write(root: Path, name: Path, data: bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(data)


def actions(changes: list[Change], root: Path) -> dict[str, str]:
    return {change.path.relative_to(root).as_posix(): change.action for change in changes}


def names(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}
