"""Accuracy with its confidence interval."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Accuracy:
    """`correct` answers out of `total`. Raises ValueError when these cannot be."""

    correct: int
    total: int

    def __post_init__(self) -> None:
        if self.total < 1 or not 0 <= self.correct <= self.total:
            raise ValueError(f"{self.correct} correct of {self.total} cannot be; count again.")

    @property
    def value(self) -> float:
        """Share of correct answers, 0 to 1."""
        return self.correct / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % score interval (Wilson 1927, JASA 22, 209), 0 to 1."""
        n, p = self.total, self.value
        centre = (p + Z_95**2 / (2 * n)) / (1 + Z_95**2 / n)
        half = Z_95 * sqrt(p * (1 - p) / n + Z_95**2 / (4 * n * n)) / (1 + Z_95**2 / n)
        return max(0.0, centre - half), min(1.0, centre + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


Predictor = nn.Module | Callable[[NDArray[np.float32]], NDArray[np.float32]]


def predicted_classes(predict: Predictor, x: Tensor, batch: int = 500) -> Tensor:
    """The most likely class of each row of x, shape (n,).

    `predict` is a module, or a callable from an array to logits (an ONNX session, say).
    Raises ValueError when it returns NaN: such a model predicts nothing.
    """
    found = [_logits(predict, part) for part in x.split(batch)]
    logits = torch.cat(found)
    if torch.isnan(logits).any():
        raise ValueError("The model returns NaN; look for NaN or Inf in its weights.")
    return logits.argmax(1)


def accuracy(predict: Predictor, x: Tensor, y: Tensor, batch: int = 500) -> Accuracy:
    """Counts the rows of x (n, …) whose predicted class is y (n,)."""
    if len(x) != len(y) or not len(x):
        raise ValueError(f"Images and labels must pair up: got {len(x)} and {len(y)}.")
    return Accuracy(int((predicted_classes(predict, x, batch) == y).sum()), len(y))


def _logits(predict: Predictor, x: Tensor) -> Tensor:
    if isinstance(predict, nn.Module):
        with torch.inference_mode():
            return predict.eval()(x)
    return torch.from_numpy(np.asarray(predict(x.numpy())))
