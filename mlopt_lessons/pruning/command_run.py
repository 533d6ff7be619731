"""What `mlopt prune` does: read, prune, measure, write the report, return what is printed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mlopt_lessons.pruning.report import compare
from mlopt_lessons.workbench import MODELS, Dataset, dataset_for
from mlopt_lessons.workbench.comparison.data import split
from mlopt_lessons.workbench.comparison.inputs import (
    DEFAULT_PRICE,
    CommandInputError,
    CommandUsageError,
    find_model,
    find_price,
    read_data,
    read_labels,
)
from mlopt_lessons.workbench.comparison.quality import LabelError, check_labels

DEFAULT_EPOCHS = 1


@dataclass(frozen=True, slots=True)
class Request:
    """The command line's arguments; `epochs` None is one epoch where there are labels."""

    model: str
    amount: float
    structured: bool
    data: Path | None
    labels: Path | None
    epochs: int | None
    learning_rate: float
    price: str | None
    folder: Path
    threads: int
    batch: tuple[int, ...]
    repeats: int
    seed: int


def run(request: Request) -> str:
    """Prune, measure, write files, report.md and report.csv; return the text to print.

    Raises:
        CommandUsageError: an argument has the wrong form or a needed one is missing.
        ValueError, TypeError, OSError: model, data or folder cannot be used, in one sentence.
    """
    price = find_price(request.price or DEFAULT_PRICE)
    model = find_model(request.model)
    if isinstance(model, Path):
        raise CommandInputError(
            f"{model} is a file without the model's code: give package.module:name, the module "
            "that it was exported from, and export it again after pruning."
        )
    data = _data(request, model)
    report = compare(
        model,
        data,
        amount=request.amount,
        structured=request.structured,
        epochs=_epochs(request.epochs, data),
        learning_rate=_rate(request.learning_rate),
        price=price,
        batch=request.batch,
        threads=request.threads,
        repeats=request.repeats,
        seed=request.seed,
        folder=request.folder,
    )
    return report.write(request.folder)


def _epochs(asked: int | None, data: Any) -> int:
    if asked is None:
        return DEFAULT_EPOCHS if isinstance(data, Dataset) else 0
    if asked and not isinstance(data, Dataset):
        raise CommandUsageError(
            "Fine-tuning needs right answers: give --labels FILE, or --epochs 0."
        )
    return asked


def _rate(asked: float) -> float:
    if not np.isfinite(asked) or asked <= 0:
        raise CommandUsageError(f"The learning rate is {asked}: give a number above 0, as 0.001.")
    return asked


def _data(request: Request, model: nn.Module) -> Any:
    """The course's own data, half and half of the learner's rows, or rows without labels."""
    if request.data is None:
        return _own_data(request)
    own = request.model in MODELS
    shape = (None, *dataset_for(request.model).test_x.shape[1:]) if own else None
    x, labels = split(
        (read_data(request.data, shape), read_labels(request.labels) if request.labels else None)
    )
    if isinstance(x, dict):
        raise CommandInputError(f"{request.data} holds several arrays: keep only the inputs.")
    return x if labels is None else _halves(model, x, labels)


def _own_data(request: Request) -> Dataset:
    if request.model not in MODELS:
        raise CommandUsageError("There is no data to measure on: give --data DATA, real inputs.")
    if request.labels:
        raise CommandUsageError("Labels need their data: give --data DATA with --labels.")
    return dataset_for(request.model)


def _halves(model: nn.Module, x: NDArray[Any], labels: NDArray[Any]) -> Dataset:
    """Every other row to fine-tune on, the rest to measure on: never the same row for both."""
    if len(labels) != len(x):
        raise LabelError(
            f"There are {len(labels):,} labels for {len(x):,} rows of data: give one for each row."
        )
    if len(x) == 1:
        raise CommandInputError("One row cannot both train and test: give two rows or more.")
    inputs, truth = torch.as_tensor(x), torch.as_tensor(labels.astype(np.int64))
    with torch.inference_mode():
        answers = model.eval()(inputs[:1]).numpy()
    check_labels(labels, np.repeat(answers, len(x), axis=0))
    return Dataset("yours", inputs[::2], truth[::2], inputs[1::2], truth[1::2], answers.shape[-1])
