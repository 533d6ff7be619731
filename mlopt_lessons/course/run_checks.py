"""Runs an exercise notebook and collects what its checks say, for `mlopt check`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import NoSuchKernel
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from mlopt_lessons.course.checking import MIME


@dataclass(frozen=True)
class CheckResult:
    """One check of a notebook: the task, whether it passed, and what it said."""

    task: str
    passed: bool
    message: str


def run_checks(path: Path | str, timeout: float = 300) -> list[CheckResult]:
    """Runs the notebook from top to bottom in its folder and returns its checks, in order.

    The file itself is not changed. A cell that raises without a check is named in the results. Raises
    ValueError or FileNotFoundError with a sentence: no such file, not a notebook, no check in it,
    a cell over `timeout` seconds, a kernel that died or cannot start.
    """
    path = Path(path)
    notebook = _read(path)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        allow_errors=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute()
    except CellTimeoutError as error:
        raise ValueError(
            f"A cell of {path} ran for more than {timeout:g} s; look for an endless loop, or give --timeout."
        ) from error
    except DeadKernelError as error:
        raise ValueError(
            f"The kernel died while it ran {path}; it may need too much memory."
        ) from error
    except NoSuchKernel as error:
        raise ValueError(
            f"{path} asks for the kernel {error.name!r}, which is not installed here."
        ) from error
    results = [result for cell in notebook.cells for result in _results(cell)]
    if not any(
        MIME in output.get("data", {})
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ):
        raise ValueError(f"{path} holds no check; give the notebook of an exercise.")
    return results


def _read(path: Path) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f"There is no notebook at {path}; give the path of a .ipynb file.")
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises several unrelated kinds
        raise ValueError(f"{path} is not a notebook; give the path of a .ipynb file.") from error


def _results(cell: Any) -> list[CheckResult]:
    outputs = cell.get("outputs", [])
    checks = [output["data"][MIME] for output in outputs if MIME in output.get("data", {})]
    if checks:
        return [CheckResult(each["task"], each["passed"], each["message"]) for each in checks]
    name = cell.metadata.get("nbgrader", {}).get("grade_id", cell.get("id", "a cell"))
    return [
        CheckResult(name, False, f"the cell raised {output.ename}: {output.evalue}")
        for output in outputs
        if output.output_type == "error"
    ]
