"""Exercise 05 as its author sees it: right answers, each named wrong answer as code, hidden marks.

Never shipped to learners. Tests prove that each wrong answer gets its own hint and loses points.
"""

from collections.abc import Iterator
from functools import partial
from itertools import product
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from mlopt_lessons.grading.marking import Args, Hidden, compared, number
from mlopt_lessons.quantization.exercise import TASK_1, TASK_2, TASK_3, TASK_4

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


def columns_as_channels(weights: Array) -> dict[str, Array]:
    """Task 3, wrong: one grid for each column."""
    grid = per_channel(weights.T)
    return {"scales": grid["scales"], "integers": grid["integers"].T}


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
    "05-3": {
        "wrong-axis": wrong_axis,
        "columns-as-channels": columns_as_channels,
        "no-abs": no_abs,
        "per-tensor-scale": per_tensor,
    },
    "05-4": {
        "ignores-memory": lambda *a: cheapest(*a, fits=False),
        "ignores-accuracy": lambda *a: cheapest(*a, good=False),
        "point-estimate": lambda *a: cheapest(*a, score="accuracy"),
        "price-per-hour": lambda *a: cheapest(*a, by_hour=True),
    },
}


def levels(generator: Generator, low: int, high: int) -> Iterator[Args]:
    """Task 2: arrays of several shapes, whose levels lie from `low` to `high`."""
    for shape in ((200,), (1, 9), (12, 20)):
        scale, zero_point = float(generator.uniform(0.004, 0.2)), int(generator.integers(-60, 60))
        yield (generator.uniform(low, high, shape) - zero_point) * scale, scale, zero_point


def nearest(x: Array, scale: float, zero_point: int) -> Array:
    """Task 2, by the distance to each of the 256 values that int8 can stand for."""
    integers = np.arange(-128, 128)
    return integers[np.abs(x[..., None] - (integers - zero_point) * scale).argmin(axis=-1)]


def kind_and_levels(got: Any) -> dict[str, Any]:
    """Task 2: the integers, and the type that holds them."""
    return {"type": np.asarray(got).dtype.name, "integers": np.asarray(got)}


def layers(generator: Generator) -> Iterator[Args]:
    """Task 3: layers of several shapes, whose channels are of very different sizes."""
    for outputs, inputs in ((7, 30), (12, 5), (3, 64), (20, 21)):
        sizes = generator.permutation(np.logspace(-3, 2, outputs))
        yield (generator.normal(0, 1, (outputs, inputs)) * sizes[:, None],)


def row_by_row(weights: Array) -> dict[str, Any]:
    """Task 3, with a grid for one row after the other."""
    rows = weights.tolist()
    scales = [max(*row, -min(row)) / 127 for row in rows]
    pairs = zip(rows, scales, strict=True)
    return {"scales": scales, "integers": [[round(w / scale) for w in row] for row, scale in pairs]}


def measured(generator: Generator) -> list[dict[str, Any]]:
    """Task 4: six variants."""
    low, high = (50, 90, 0.3, 0.05, 0.05), (2000, 96, 2, 1, 0.6)
    drawn = generator.uniform(low, high, (6, 5)).tolist()
    return [
        {"name": f"variant {place}", "mb": int(mb), "accuracy": accuracy, "low": accuracy - below}
        | {"ms": ms, "usd_per_hour": usd}
        for place, (mb, accuracy, below, ms, usd) in enumerate(drawn)
    ]


def shop(generator: Generator, ample: bool) -> tuple[list[dict[str, Any]], int, float]:
    """Task 4: variants that all will do if it is ample; else some of them may do just so."""
    variants = measured(generator)
    sizes, lows = ([each[key] for each in variants] for key in ("mb", "low"))
    size, low, above = generator.integers(0, (6, 6, 2)).tolist()
    if ample:
        return variants, max(sizes), min(lows)
    return variants, sizes[size], lows[low] + 0.1 * above


def shops(
    generator: Generator, rules: list[str], fits: tuple[bool, ...] = (True,), ample: bool = False
) -> Iterator[Args]:
    """Task 4: questions that each wrong rule gets wrong; a variant will do if it `fits`."""
    for rule, fit in product(rules, fits):
        right, wrong = None, None
        while right == wrong or fit != (right is not None):
            given = shop(generator, ample)
            right, wrong = first_that_will_do(*given), WRONG["05-4"][rule](*given)
        yield given


def first_that_will_do(
    variants: list[dict[str, Any]], memory_mb: float, floor: float
) -> str | None:
    """Task 4, going through the variants from the cheapest to the dearest."""
    for each in sorted(variants, key=lambda each: each["usd_per_hour"] / 3600 * each["ms"] * 1000):
        if each["low"] >= floor and each["mb"] <= memory_mb:
            return each["name"]
    return None


_levels = partial(compared, right=nearest, wrong=WRONG["05-2"])
_LEVELS = (
    _levels(2, "rounding to the nearest level", partial(levels, low=-126, high=126)),
    compared(
        1,
        "numbers out of range, at its nearest end and as int8",
        partial(levels, low=-500, high=500),
        quantize,
        wrong=WRONG["05-2"],
        pick=kind_and_levels,
    ),
)
# On a layer that is not square, the maximum of each column gives nothing that could be compared.
_rows = {name: rule for name, rule in WRONG["05-3"].items() if name != "wrong-axis"}
_grid = partial(compared, draw=layers, right=row_by_row, wrong=_rows)
_GRID = (
    _grid(2, "the scale of each channel", pick=itemgetter("scales")),
    _grid(1, "the integers of each channel", pick=itemgetter("integers")),
)
_RULES = list(WRONG["05-4"])
_ALL = partial(shops, rules=_RULES[-1:] * 15, ample=True)
_FEW = partial(shops, rules=_RULES * 5)
_NONE = partial(shops, rules=_RULES[:3] * 3, fits=(True, False))
_shop = partial(compared, right=first_that_will_do, wrong=WRONG["05-4"])
_SHOP = (
    _shop(2, "the fewest dollars for a million predictions, where every variant will do", _ALL),
    _shop(1, "leaving out what does not fit, or cannot promise the floor", _FEW),
    _shop(1, "a None where none will do, and only there", _NONE, pick=lambda name: name is None),
)
HIDDEN: dict[str, Hidden] = {
    "05-1": Hidden(
        TASK_1, "answer", (number(2, "the integer for 0.5 kg", round(0.5 / 0.02) - 68),)
    ),
    "05-2": Hidden(TASK_2, "quantize", _LEVELS),
    "05-3": Hidden(TASK_3, "per_channel", _GRID),
    "05-4": Hidden(TASK_4, "cheapest", _SHOP),
}
