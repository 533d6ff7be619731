"""What compression did to a model's answers: accuracy, flipped predictions, noise."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.workbench.accuracy import Accuracy


class OutputError(ValueError):
    """A model whose answers are no numbers."""


class LabelError(ValueError):
    """Labels that do not belong to the data or to the model's classes."""


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a variant's answers are.

    `accuracy` needs labels; `flips` counts predictions that differ from FP32's and needs
    classes (an output of two or more values a row); `sqnr_db` is the signal-to-quantization-noise
    ratio of the raw outputs, 10·log10(Σ reference² / Σ difference²), infinite when equal.
    """

    accuracy: Accuracy | None
    flips: int | None
    predictions: int
    sqnr_db: float


def quality(
    reference: NDArray[Any], output: NDArray[Any], labels: NDArray[Any] | None = None
) -> Quality:
    """Compare outputs of shape (rows, …, classes) with FP32's and with labels (rows, …).

    Raises:
        OutputError: NaN in an output.
        LabelError: labels without classes, of another shape, or outside the classes.
    """
    for values in (reference, output):
        if np.isnan(values).any():
            raise OutputError("The model returns NaN: look for NaN or Inf in its weights.")
    has_classes = output.ndim > 1 and output.shape[-1] > 1
    if labels is not None:
        check_labels(labels, output)
    if not has_classes:
        return Quality(None, None, len(output), _sqnr_db(reference, output))
    answers, before = output.argmax(axis=-1), reference.argmax(axis=-1)
    correct = None if labels is None else Accuracy(int((answers == labels).sum()), answers.size)
    flips = int((answers != before).sum())
    return Quality(correct, flips, answers.size, _sqnr_db(reference, output))


def check_labels(labels: NDArray[Any], output: NDArray[Any]) -> None:
    """Raise `LabelError` when `labels` cannot be the right answers for `output`."""
    classes = output.shape[-1]
    if output.ndim == 1 or classes == 1:
        raise LabelError("The model gives one number a row, no classes: leave the labels out.")
    if labels.shape != output.shape[:-1]:
        raise LabelError(
            f"The labels have shape {labels.shape}, the predictions {output.shape[:-1]}: "
            "give one label for each row of data."
        )
    if labels.dtype.kind not in "iu":
        raise LabelError(f"The labels are {labels.dtype}: give class numbers from 0, integers.")
    if labels.min() < 0 or labels.max() >= classes:
        raise LabelError(
            f"The labels run from {labels.min()} to {labels.max()}, the model has classes "
            f"0 to {classes - 1}: number the classes as the training did."
        )


def _sqnr_db(reference: NDArray[Any], output: NDArray[Any]) -> float:
    signal = np.square(reference, dtype=np.float64).sum()
    noise = np.square(np.subtract(reference, output, dtype=np.float64)).sum()
    if noise == 0:
        return float("inf")
    return float(10 * np.log10(signal / noise)) if signal else float("-inf")
