"""Slider to repaint in a real browser: `python benchmarks/slider_latency.py 05_quantization`.

Runs the lessons' notebooks in a JupyterLab of its own, moves every slider of every lab 30 times by
keyboard, writes benchmarks/results/slider_latency.json and prints the table. Nothing else should run
on the machine meanwhile; with MLOPT_LATENCY_STRICT=1 a p95 over the budget ends it with status 1.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from bare_path import BarePath  # noqa: E402
from headless import MISSING, VIEWPORT, find_chromium, launched  # noqa: E402
from lab_page import NotebookPage  # noqa: E402
from lab_server import serve  # noqa: E402
from lab_walk import time_lesson  # noqa: E402
from slider_timing import SliderTiming  # noqa: E402

from mlopt_lessons.course.workspace import sync  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"


def main() -> int:
    """Time the lessons named on the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lessons", nargs="*", default=["05_quantization"])
    program = find_chromium()
    if program is None:
        print(MISSING, file=sys.stderr)
        return 2
    RESULTS.mkdir(parents=True, exist_ok=True)
    try:
        for lesson in parser.parse_args().lessons:
            print(table(lesson, measure(lesson, program)))
    except AssertionError as slow:
        print(f"Slider to repaint is over its budget: {slow}", file=sys.stderr)
        return 1
    return 0


def measure(lesson: str, program: str) -> list[SliderTiming]:
    """Run one lesson's notebook in a workspace of its own and time its sliders."""
    with tempfile.TemporaryDirectory() as scratch:
        workspace, private = Path(scratch) / "workspace", Path(scratch) / "jupyter"
        private.mkdir()
        sync(workspace)
        with launched(program) as browser, serve(workspace, private) as server:
            page = browser.new_context(viewport=VIEWPORT).new_page()
            notebook = NotebookPage(page, server, f"notebooks/{lesson}.ipynb")
            notebook.run_all()
            return time_lesson(notebook, lesson, RESULTS, BarePath(browser, server).timing)


def table(lesson: str, timings: Sequence[SliderTiming]) -> str:
    """Return a Markdown table with one row a slider."""
    rows = [
        f"| {lesson} | {timing.lab} | {timing.slider} | {timing.p50:.0f} | {timing.p95:.0f} |"
        for timing in timings
    ]
    head = "| lesson | lab | slider | p50 (ms) | p95 (ms) |\n|---|---|---|---|---|"
    return "\n".join([head, *rows])


if __name__ == "__main__":
    sys.exit(main())
