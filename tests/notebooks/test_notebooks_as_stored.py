"""What every notebook in the repository keeps to, read from the files."""

from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "solutions").glob("*/*.ipynb"))
SKIPPED = "nbval-ignore-output"
LEAST_COMPARED = 0.8


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def name(path: Path) -> str:
    return path.stem if path in LESSONS else f"solution-{path.stem}"


every_notebook = pytest.mark.parametrize("path", [*LESSONS, *SOLUTIONS], ids=name)


@every_notebook
def test_cells_ran_once_in_order_and_without_an_error(path: Path) -> None:
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert outputs
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []


@every_notebook
def test_at_least_four_outputs_in_five_are_compared(path: Path) -> None:
    cells = code_cells(path)
    compared = [cell for cell in cells if SKIPPED not in cell.metadata.get("tags", [])]
    assert len(compared) >= LEAST_COMPARED * len(cells)
    assert not any("nbval-skip" in cell.metadata.get("tags", []) for cell in cells)


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_the_first_cell_says_how_long_it_takes(path: Path) -> None:
    first = nbformat.read(path, as_version=4).cells[0].source
    assert first.startswith(f"# {int(path.stem[:2])} · ")
    assert "**Teaching: " in first
    assert "Exercise: " in first


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_a_picture_has_a_sentence(path: Path) -> None:
    shown = [
        o.data for c in code_cells(path) for o in c.outputs if "image/png" in o.get("data", {})
    ]
    assert shown
    assert [data["text/plain"] for data in shown if data["text/plain"].startswith("<")] == []
