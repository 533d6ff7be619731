"""Measures accuracy at every number of bits and every grid, for the table that lab (a) shows.

python benchmarks/record_accuracy.py    (some minutes on 2 cores)
"""

import csv
import platform
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import torch

from mlopt_lessons.quantization import accuracy_sweep
from mlopt_lessons.quantization.accuracy_sweep import (
    FP32_BITS,
    Setting,
    SweepPoint,
    settings,
    sweep,
)
from mlopt_lessons.workbench import MODELS

TARGET = Path(accuracy_sweep.__file__).parent / accuracy_sweep.RECORDED
COLUMNS = [
    "model",
    "bits",
    "scheme",
    "granularity",
    "method",
    "correct",
    "total",
    "bytes",
    "date",
    "made_with",
]


def main() -> None:
    """Measures every point and writes the table."""
    TARGET.parent.mkdir(exist_ok=True)
    with TARGET.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_row(point) for point in _points())


def _points() -> Iterator[SweepPoint]:
    for name in MODELS:
        yield from sweep(name, (Setting(FP32_BITS), *settings()))


def _row(point: SweepPoint) -> tuple[object, ...]:
    chosen = point.setting
    made_with = f"torch {torch.__version__.split('+')[0]} on {platform.machine()}"
    how = (chosen.bits, chosen.scheme, chosen.granularity, chosen.method)
    score = (point.accuracy.correct, point.accuracy.total, point.bytes)
    return (point.model, *how, *score, date.today().isoformat(), made_with)


if __name__ == "__main__":
    main()
