"""Accuracy of a model for every number of bits and every way to choose the grid.

Only the weights are rounded, in float32: this shows what rounding does to accuracy, it is not int8.
`benchmarks/record_accuracy.py` measures all points for the shipped models and writes
data/accuracy_sweep.csv, which the lab shows as `recorded`; a test measures some of them again.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import get_args

from torch import nn

from mlopt_lessons.quantization.calibration import Granularity, Method, Scheme
from mlopt_lessons.quantization.simulate import fake_quantized, weight_bytes
from mlopt_lessons.workbench import Accuracy, Dataset, accuracy, dataset_for, load_model

FP32_BITS = 32
SWEPT_BITS = tuple(range(8, 1, -1))
SWEPT_GRANULARITIES: tuple[Granularity, ...] = ("tensor", "channel", "group")
RECORDED = "data/accuracy_sweep.csv"


@dataclass(frozen=True)
class Setting:
    """How weights are rounded: bits a weight, and how the grid is chosen."""

    bits: int
    scheme: Scheme = "symmetric"
    granularity: Granularity = "channel"
    method: Method = "min-max"


@dataclass(frozen=True)
class SweepPoint:
    """What one setting did to one model: accuracy on the test images, bytes of all its weights."""

    model: str
    setting: Setting
    accuracy: Accuracy
    bytes: int

    @property
    def bits(self) -> int:
        """Bits a weight; 32 stands for the model as trained."""
        return self.setting.bits

    @property
    def granularity(self) -> Granularity:
        """Which weights share a scale."""
        return self.setting.granularity


def measure(name: str, model: nn.Module, data: Dataset, setting: Setting) -> SweepPoint:
    """Rounds the weights as `setting` says and counts correct answers on the test images."""
    if setting.bits == FP32_BITS:
        rounded, size = model, 4 * sum(p.numel() for p in model.parameters())
    else:
        grid = (setting.bits, setting.scheme, setting.granularity)
        rounded = fake_quantized(model, *grid, method=setting.method)
        size = weight_bytes(model, *grid)
    return SweepPoint(name, setting, accuracy(rounded, data.test_x, data.test_y), size)


def settings(
    bits: Sequence[int] = SWEPT_BITS,
    granularities: Sequence[Granularity] = SWEPT_GRANULARITIES,
    schemes: Sequence[Scheme] = get_args(Scheme),
    methods: Sequence[Method] = get_args(Method),
) -> tuple[Setting, ...]:
    """Every combination of the options given, bits last."""
    return tuple(
        Setting(b, scheme, granularity, method)
        for scheme, granularity, method, b in product(schemes, granularities, methods, bits)
    )


def sweep(
    name: str, chosen: Sequence[Setting], data: Dataset | None = None
) -> tuple[SweepPoint, ...]:
    """Measures the shipped model `name` at each of the settings, on its own test images."""
    model, data = load_model(name), data or dataset_for(name)
    return tuple(measure(name, model, data, setting) for setting in chosen)


@cache
def recorded() -> dict[tuple[str, Setting], SweepPoint]:
    """The points that ship with the package, by model and setting."""
    text = files("mlopt_lessons.quantization").joinpath(RECORDED).read_text(encoding="utf-8")
    points = [_from_row(row) for row in csv.DictReader(text.splitlines())]
    return {(point.model, point.setting): point for point in points}


@cache
def recorded_on() -> str:
    """The date of the recording and the versions that made it, for provenance."""
    text = files("mlopt_lessons.quantization").joinpath(RECORDED).read_text(encoding="utf-8")
    row = next(csv.DictReader(text.splitlines()))
    return f"{row['date']}, {row['made_with']}"


def _from_row(row: dict[str, str]) -> SweepPoint:
    setting = Setting(int(row["bits"]), row["scheme"], row["granularity"], row["method"])  # type: ignore[arg-type]
    score = Accuracy(int(row["correct"]), int(row["total"]))
    return SweepPoint(row["model"], setting, score, int(row["bytes"]))
