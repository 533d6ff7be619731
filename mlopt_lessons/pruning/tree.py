"""The story's tree: branches that bear and dead wood that only drinks."""

from dataclasses import dataclass
from math import cos, pi, sin
from random import Random

_LEVELS, _SPREAD, _SHRINK = 6, 0.42, 0.76


@dataclass(frozen=True)
class Branch:
    """A line from (x0, y0) to (x1, y1) in the picture's units; thickness in points."""

    x0: float
    y0: float
    x1: float
    y1: float
    thickness: float
    alive: bool
    trunk: bool


def grow(dead: float = 0.5, seed: int = 0) -> tuple[Branch, ...]:
    """A tree whose twigs are dead with this probability; what grows on dead wood is dead too.

    Raises ValueError for a part that is not from 0 to 1.
    """
    if not 0 <= dead <= 1:
        raise ValueError(f"The dead part is {dead}: give a part from 0 to 1.")
    return tuple(_branches(0.0, 0.0, pi / 2, 0.55, 0, True, dead, Random(seed)))


def prune_tree(branches: tuple[Branch, ...]) -> tuple[Branch, ...]:
    """The tree without its dead branches."""
    return tuple(branch for branch in branches if branch.alive)


def _branches(
    x: float,
    y: float,
    angle: float,
    length: float,
    level: int,
    alive: bool,
    dead: float,
    lot: Random,
) -> list[Branch]:
    alive = alive and (level < 2 or lot.random() >= dead / 2)
    x1, y1 = x + length * cos(angle), y + length * sin(angle)
    found = [Branch(x, y, x1, y1, 7 * _SHRINK**level, alive, level < 2)]
    if level < _LEVELS:
        for turn in (-_SPREAD, _SPREAD):
            bend = angle + turn + lot.uniform(-0.12, 0.12)
            found += _branches(x1, y1, bend, length * _SHRINK, level + 1, alive, dead, lot)
    return found
