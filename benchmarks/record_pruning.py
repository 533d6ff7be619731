"""Prunes two models in every way at every amount, for the table that lesson 6's lab (a) shows.

python benchmarks/record_pruning.py    (about half an hour on 2 cores)
"""

import csv
import platform
from dataclasses import asdict
from datetime import date
from pathlib import Path

import torch

from mlopt_lessons.pruning import sweep
from mlopt_lessons.pruning.storage import LAYOUTS
from mlopt_lessons.pruning.sweep import SWEPT_MODELS, SweepPoint, measure, settings

TARGET = Path(sweep.__file__).parent / sweep.RECORDED
COLUMNS = [
    "model", "method", "amount", "tuned", "correct", "total", "weights_left", *LAYOUTS, "date",
    "made_with",
]  # fmt: skip


def main() -> None:
    """Measures every point and writes the table, line by line."""
    TARGET.parent.mkdir(exist_ok=True)
    with TARGET.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for name in SWEPT_MODELS:
            for setting in settings():
                writer.writerow(_row(measure(name, setting)))
                stream.flush()


def _row(point: SweepPoint) -> dict[str, object]:
    return {
        "model": point.model,
        **asdict(point.setting),
        "correct": point.accuracy.correct,
        "total": point.accuracy.total,
        "weights_left": point.weights_left,
        **point.bytes,
        "date": date.today().isoformat(),
        "made_with": f"torch {torch.__version__.split('+')[0]} on {platform.machine()}",
    }


if __name__ == "__main__":
    main()
