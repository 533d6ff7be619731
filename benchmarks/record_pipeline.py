"""Carries out many plans on two models, for the frontier that lesson 7's lab (b) shows.

python benchmarks/record_pipeline.py    (about a quarter of an hour on one core)
"""

import csv
import platform
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import onnxruntime
import torch

from mlopt_lessons.combined import recorded_frontier
from mlopt_lessons.combined.pipeline import Result, run_all
from mlopt_lessons.combined.recorded_frontier import (
    FRONTIER_MODELS,
    JOIN,
    RECORDED,
    frontier_plans,
)

TARGET = Path(recorded_frontier.__file__).parent / RECORDED
COLUMNS = [
    "model", "steps", "correct", "total", "bytes", "zstd_bytes", "weights_left", "ms", "ms_low",
    "ms_high", "batch", "date", "made_with", "machine",
]  # fmt: skip
REPEATS = 100


def main() -> None:
    """Measures every plan on each model and writes the table."""
    rows = [row for name in FRONTIER_MODELS for row in _rows(name)]
    TARGET.parent.mkdir(exist_ok=True)
    with TARGET.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _rows(name: str) -> Iterator[dict[str, object]]:
    for result in run_all(frontier_plans(), name=name, repeats=REPEATS):
        yield {"model": name, **_measured(result), **_made()}


def _measured(result: Result) -> dict[str, object]:
    time, file = result.latency, result.file
    return {
        "steps": JOIN.join(result.plan.steps),
        "correct": file.accuracy.correct,
        "total": file.accuracy.total,
        "bytes": file.size_bytes,
        "zstd_bytes": file.zstd_bytes,
        "weights_left": file.weights_left,
        "ms": f"{1e3 * time.median_s:.4g}",
        "ms_low": f"{1e3 * time.low_s:.4g}",
        "ms_high": f"{1e3 * time.high_s:.4g}",
        "batch": result.batch,
        "machine": time.machine,
    }


def _made() -> dict[str, str]:
    versions = f"torch {torch.__version__.split('+')[0]}, ONNX Runtime {onnxruntime.__version__}"
    return {"date": date.today().isoformat(), "made_with": f"{versions} on {platform.machine()}"}


if __name__ == "__main__":
    main()
