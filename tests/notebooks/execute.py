"""Runs notebooks from top to bottom and stores their outputs, as `make notebooks` does."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

# What a widget needs to come back to life stays in the kernel; a saved notebook shows still pictures.
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


@dataclass(frozen=True)
class Run:
    """A notebook that ran: seconds with the kernel's start, and the kernel's memory in MB (10⁶ bytes).

    Memory is the highest resident set size between cells.
    """

    notebook: nbformat.NotebookNode
    seconds: float
    peak_mb: float


def run(path: Path) -> Run:
    """Runs one notebook in its folder and leaves the file as it is."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=300, resources=resources, store_widget_state=False)
    sizes = []

    def weigh(**_: object) -> None:
        sizes.append(psutil.Process(client.km.provisioner.pid).memory_info().rss)

    client.on_cell_executed = weigh
    start = time.perf_counter()
    client.execute()
    return Run(notebook, time.perf_counter() - start, max(sizes) / 1e6)


def store(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Writes a notebook that ran, without what differs from run to run and shows nothing."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    notebook.metadata = METADATA
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        ran = run(Path(name))
        store(ran.notebook, Path(name))
        print(f"{name}: {ran.seconds:.1f} s, {ran.peak_mb:.0f} MB")
