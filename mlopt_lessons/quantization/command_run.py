"""What `mlopt quantize` does: read, compare, write the report, return what is printed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from mlopt_lessons.quantization.report import compare
from mlopt_lessons.workbench import MODELS, dataset_for
from mlopt_lessons.workbench.comparison.data import MOST_CALIBRATION_ROWS, apart, split
from mlopt_lessons.workbench.comparison.inputs import (
    DEFAULT_PRICE,
    CommandInputError,
    CommandUsageError,
    find_model,
    find_price,
    read_data,
    read_labels,
)
from mlopt_lessons.workbench.serving.feeds import Array
from mlopt_lessons.workbench.serving.graph import inputs, load_graph


@dataclass(frozen=True, slots=True)
class Request:
    """The command line's arguments."""

    model: str
    data: Path | None
    labels: Path | None
    price: str | None
    folder: Path
    threads: int
    batch: tuple[int, ...]
    repeats: int


def run(request: Request) -> str:
    """Quantize, measure, write files, report.md and report.csv; return the text to print.

    Raises:
        CommandUsageError: an argument has the wrong form or a needed one is missing.
        ValueError, TypeError, OSError: model, data or folder cannot be used, in one sentence.
    """
    price = find_price(request.price or DEFAULT_PRICE)
    model = find_model(request.model)
    calibration, data = _data(request, model)
    report = compare(
        model,
        data,
        calibration=calibration,
        price=price,
        batch=request.batch,
        threads=request.threads,
        repeats=request.repeats,
        folder=request.folder,
    )
    return report.write(request.folder)


def _data(request: Request, model: nn.Module | Path) -> tuple[Array, Any]:
    """Calibration inputs, and the inputs with labels (or without) that are measured on."""
    if request.data is None:
        return _own_data(request)
    shape, integers = _input_form(request.model, model)
    data = read_data(request.data, shape, integers)
    labels = read_labels(request.labels) if request.labels else None
    x, truth = split((data, labels))
    return apart(x, truth)


def _own_data(request: Request) -> tuple[Array, Any]:
    if request.model not in MODELS:
        raise CommandUsageError(
            "There is no calibration data: give --calibrate DATA, real inputs of the model."
        )
    if request.labels:
        raise CommandUsageError("Labels need their data: give --calibrate DATA with --labels.")
    dataset = dataset_for(request.model)
    return dataset.train_x[:MOST_CALIBRATION_ROWS].numpy(), dataset


def _input_form(name: str, model: nn.Module | Path) -> tuple[tuple[int | None, ...] | None, bool]:
    """The shape that the model takes where it is known, and whether it takes whole numbers."""
    if isinstance(model, Path):
        specs = inputs(load_graph(model))
        if not specs:
            raise CommandInputError(f"{model} takes no input: export it with its input.")
        return specs[0].shape, specs[0].dtype.kind in "iu"
    if name in MODELS:
        return (None, *dataset_for(name).test_x.shape[1:]), False
    return None, False
