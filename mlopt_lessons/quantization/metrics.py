"""Error metrics: how far rounded values are from the real ones."""

import math

from torch import Tensor

from mlopt_lessons.quantization.affine import check_tensor


def mse(original: Tensor, rounded: Tensor) -> float:
    """Mean of the squared differences, in the square of the values' unit."""
    return _difference(original, rounded).square().mean().item()


def max_error(original: Tensor, rounded: Tensor) -> float:
    """Largest absolute difference, in the values' unit."""
    return _difference(original, rounded).abs().max().item()


def sqnr_db(original: Tensor, rounded: Tensor) -> float:
    """Signal to quantization noise ratio in decibels: 10 · log10(Σ x² / Σ (x − x̂)²).

    Higher is better: each bit more adds about 6 dB, as half the step is a quarter of the squared
    error (Bennett 1948). inf when nothing was lost, −inf when x is all zeros and x̂ is not.
    """
    noise = _difference(original, rounded).square().sum().item()
    signal = original.detach().double().square().sum().item()
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf


def _difference(original: Tensor, rounded: Tensor) -> Tensor:
    """In float64, so that squares of float32 values neither overflow nor vanish."""
    original, rounded = check_tensor(original, "original"), check_tensor(rounded, "rounded")
    if original.shape != rounded.shape:
        shapes = f"{tuple(original.shape)} and {tuple(rounded.shape)}"
        raise ValueError(f"original and rounded must have the same shape, got {shapes}.")
    return original.double() - rounded.double()
