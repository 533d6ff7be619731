"""`mlopt check`: the checks of a whole notebook, run from outside."""

from pathlib import Path

import nbformat
import pytest

from mlopt_lessons.course.run_checks import run_checks

ROOT = Path(__file__).parents[2]
NAME = "05_quantization/05_quantization.ipynb"


def notebook(path: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


def test_the_solution_passes_every_task() -> None:
    results = run_checks(ROOT / "solutions" / NAME)
    assert [result.task for result in results] == ["05-1", "05-2", "05-3", "05-4"]
    assert all(result.passed for result in results)


def test_the_blank_exercise_passes_none_and_stays_as_it_is() -> None:
    path = ROOT / "exercises" / NAME
    before = path.read_bytes()
    results = run_checks(path)
    assert [result.passed for result in results] == [False] * 4
    assert path.read_bytes() == before


def test_a_cell_that_raises_is_named(tmp_path: Path) -> None:
    check = (
        "from mlopt_lessons.course import check\n"
        "from mlopt_lessons.quantization.exercise import TASK_1\n"
        "check(TASK_1, -43)"
    )
    results = run_checks(notebook(tmp_path / "n.ipynb", "1 / 0", check))
    assert [result.passed for result in results] == [False, True]
    assert "ZeroDivisionError" in results[0].message


@pytest.mark.parametrize(
    ("sources", "timeout", "words"),
    [
        (("1 + 1",), 60, "holds no check"),
        (("while True: pass",), 2, "endless loop"),
        (("import os; os._exit(1)",), 60, "kernel died"),
    ],
)
def test_a_notebook_that_cannot_be_checked_is_told(
    tmp_path: Path, sources: tuple[str, ...], timeout: float, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        run_checks(notebook(tmp_path / "n.ipynb", *sources), timeout)


def test_a_missing_file_and_a_text_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no notebook"):
        run_checks(tmp_path / "nothing.ipynb")
    (tmp_path / "text.ipynb").write_text("hello")
    with pytest.raises(ValueError, match="not a notebook"):
        run_checks(tmp_path / "text.ipynb")
