"""Which points nothing beats on two scales at once, and the cheapest that is good enough."""

from collections.abc import Callable, Iterable
from math import isfinite
from typing import TypeVar

T = TypeVar("T")
Scale = Callable[[T], float]


def pareto(points: Iterable[T], x: Scale[T], y: Scale[T]) -> list[T]:
    """The points that nothing beats, by rising `x`; less of `x` is better, and more of `y`.

    One point beats another that has no less `x` and no more `y`, unless both are equal; of equal ones the
    first stays. So `y` rises along the list. Raises ValueError for a value that is not finite.
    """
    values = [(_finite(x(point)), _finite(y(point)), point) for point in points]
    values.sort(key=lambda each: (each[0], -each[1]))  # stable: the first of equals stays first
    kept, best = [], -float("inf")
    for _, quality, point in values:
        if quality > best:
            kept.append(point)
            best = quality
    return kept


def cheapest(points: Iterable[T], x: Scale[T], y: Scale[T], floor: float) -> T | None:
    """The point with the least `x` whose `y` is `floor` or more; of equal ones the better; None without one.

    It lies on the frontier. Raises ValueError for a value that is not finite.
    """
    _finite(floor)
    enough = [point for point in pareto(points, x, y) if y(point) >= floor]
    return enough[0] if enough else None


def _finite(value: float) -> float:
    if not isfinite(value):
        raise ValueError(f"A frontier needs finite numbers, got {value}; leave that point out.")
    return value
