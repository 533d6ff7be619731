"""Exercise 05 as its author sees it: right answers, and each named wrong answer as code.

Never shipped to learners. Tests prove that each wrong answer gets its own hint.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
INT8 = (-128, 127)


def integer_for(value: float, low: float, high: float, sign: int = 1, qmin: int = -128) -> int:
    """Task 1: the integer that stands for `value` on the 8-bit grid from `low` to `high`."""
    scale = (high - low) / 255
    zero_point = sign * (qmin - round(low / scale))
    return round(value / scale) + zero_point


def zero_point_forgotten(value: float, low: float, high: float) -> int:
    """Task 1, wrong: divides by the scale and stops there."""
    return round(value / ((high - low) / 255))


def quantize(x: Array, scale: float, zero_point: int) -> Array:
    """Task 2: integers from −128 to 127, rounded and clipped."""
    return np.clip(np.round(x / scale) + zero_point, *INT8).astype(np.int8)


def quantize_no_clip(x: Array, scale: float, zero_point: int) -> Array:
    """Task 2, wrong: what int8 cannot hold wraps around."""
    return (np.round(x / scale) + zero_point).astype(np.int64).astype(np.int8)


def quantize_truncates(x: Array, scale: float, zero_point: int) -> Array:
    """Task 2, wrong: drops the fraction instead of rounding."""
    return np.clip(np.trunc(x / scale + zero_point), *INT8).astype(np.int8)


def quantize_unsigned(x: Array, scale: float, zero_point: int) -> Array:
    """Task 2, wrong: clips to 0 … 255."""
    return np.clip(np.round(x / scale) + zero_point, 0, 255).astype(np.uint8)


def per_channel(weights: Array, axis: int | None = 1, size: Any = np.abs) -> dict[str, Array]:
    """Task 3: one symmetric 8-bit grid for each row (output channel)."""
    scales = np.broadcast_to(size(weights).max(axis=axis) / 127, weights.shape[:1])
    integers = np.clip(np.round(weights / scales[:, None]), -127, 127).astype(np.int8)
    return {"scales": scales, "integers": integers}


def wrong_axis(weights: Array) -> dict[str, Array]:
    """Task 3, wrong: the maximum over each column."""
    return per_channel(weights, axis=0)


def no_abs(weights: Array) -> dict[str, Array]:
    """Task 3, wrong: the largest weight instead of the largest size."""
    return per_channel(weights, size=lambda w: w)


def per_tensor(weights: Array) -> dict[str, Array]:
    """Task 3, wrong: one scale for the whole matrix."""
    return per_channel(weights, axis=None)


def cheapest(
    variants: list[dict[str, Any]],
    memory_mb: float,
    floor: float,
    *,
    score: str = "low",
    fits: bool = True,
    good: bool = True,
    by_hour: bool = False,
) -> str | None:
    """Task 4: the cheapest variant per prediction that fits and whose interval clears the floor."""
    left = [
        v
        for v in variants
        if (not fits or v["mb"] <= memory_mb) and (not good or v[score] >= floor)
    ]

    def cost(variant: dict[str, Any]) -> float:
        return variant["usd_per_hour"] * (1 if by_hour else variant["ms"])

    return min(left, key=cost)["name"] if left else None


RIGHT: dict[str, Any] = {
    "05-1": integer_for,
    "05-2": quantize,
    "05-3": per_channel,
    "05-4": cheapest,
}
WRONG: dict[str, dict[str, Any]] = {
    "05-1": {
        "zero-point-sign": lambda *a: integer_for(*a, sign=-1),
        "zero-point-forgotten": zero_point_forgotten,
        "unsigned-range": lambda *a: integer_for(*a, qmin=0),
    },
    "05-2": {
        "no-clip": quantize_no_clip,
        "truncates": quantize_truncates,
        "unsigned-range": quantize_unsigned,
    },
    "05-3": {"wrong-axis": wrong_axis, "no-abs": no_abs, "per-tensor-scale": per_tensor},
    "05-4": {
        "ignores-memory": lambda *a: cheapest(*a, fits=False),
        "ignores-accuracy": lambda *a: cheapest(*a, good=False),
        "point-estimate": lambda *a: cheapest(*a, score="accuracy"),
        "price-per-hour": lambda *a: cheapest(*a, by_hour=True),
    },
}
