"""How well a model predicts text it has not seen: loss, perplexity, next-character accuracy.

The score "as good as" was fixed before anything was compressed: the share of next characters that a
model gets right, divided by the share that the dense FP32 model gets right, on the same windows.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mlopt_lessons.workbench.accuracy import Accuracy

WINDOWS = 256
CONTEXT = 128
Predictor = nn.Module | Callable[[NDArray[np.int64]], NDArray[np.float32]]


@dataclass(frozen=True)
class Quality:
    """Mean loss in nats a character, and how many next characters were the most likely one."""

    loss: float
    accuracy: Accuracy

    @property
    def perplexity(self) -> float:
        """exp(mean negative log-likelihood): between how many characters the model wavers."""
        return math.exp(self.loss)

    def as_good_as(self, dense: "Quality") -> float:
        """This accuracy divided by that of the dense FP32 model; 1 is as good.

        Raises ValueError when the two were counted on different numbers of characters.
        """
        if self.accuracy.total != dense.accuracy.total:
            raise ValueError(
                f"{self.accuracy.total} characters here and {dense.accuracy.total} there cannot be "
                "compared; measure both on the same windows."
            )
        return self.accuracy.value / dense.accuracy.value

    def __str__(self) -> str:
        return f"perplexity {self.perplexity:.3f}, next character {self.accuracy}"


def validation_windows(tokens: Tensor, count: int = WINDOWS, context: int = CONTEXT) -> Tensor:
    """`count` windows, evenly spaced over `tokens` (length,): int64 (count, context + 1).

    Nothing is drawn by lot, so that every model sees the same characters. The model predicts entries
    1 to context of each. Raises ValueError for text shorter than a window.
    """
    if count < 1 or len(tokens) <= context:
        raise ValueError(
            f"{len(tokens)} characters do not give {count} windows of {context + 1}; "
            "use more text, or fewer and shorter windows."
        )
    starts = torch.linspace(0, len(tokens) - context - 1, count, dtype=torch.float64).long()
    return tokens[starts[:, None] + torch.arange(context + 1)].long()


def quality(predict: Predictor, windows: Tensor, batch: int = 16) -> Quality:
    """Loss and accuracy of each next character in `windows` (count, context + 1).

    `predict` takes tokens (batch, context) and returns logits (batch, context, vocabulary): a
    module, or a callable on NumPy arrays (an ONNX session, say). Raises ValueError for NaN.
    """
    loss, correct = 0.0, 0
    for part in windows.split(batch):
        logits, following = _logits(predict, part[:, :-1]).flatten(0, 1), part[:, 1:].flatten()
        loss += functional.cross_entropy(logits, following, reduction="sum").item()
        correct += int((logits.argmax(1) == following).sum())
    total = windows[:, 1:].numel()
    if not math.isfinite(loss):
        raise ValueError("The model returns NaN or Inf; look for NaN or Inf in its weights.")
    return Quality(loss / total, Accuracy(correct, total))


def _logits(predict: Predictor, tokens: Tensor) -> Tensor:
    if isinstance(predict, nn.Module):
        with torch.inference_mode():
            return predict.eval()(tokens)
    return torch.from_numpy(np.asarray(predict(tokens.numpy())))
