"""How sure the total is: an interval from the levers' ranges, and which lever matters most.

What a lever saves is drawn from a two-piece normal distribution: its median is `saves`, and 2.5 % lie
below `low` and 2.5 % above `high` (half of a normal distribution on either side, each with its own width).
No draw is above 1. Levers are drawn independently. Shares of the bill and interactions are taken as given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import erf, exp, inf, pi, sqrt

import numpy as np

from mlopt_lessons.combined.levers import (
    Floats,
    Interaction,
    Lever,
    bill_parts,
    check_plan,
    left_if_touched,
    left_shares,
    mix,
)

Z95 = 1.959963984540054  # the normal quantile of 97.5 %
DRAWS = 4000


@dataclass(frozen=True)
class Interval:
    """The dollars left: 95 % of the draws lie between `low` and `high`, half of them below `middle`."""

    low: float
    middle: float
    high: float
    mean: float
    deviation: float
    draws: int
    seed: int


@dataclass(frozen=True)
class Swing:
    """The dollars left with one lever at the low and at the high end of its range, all else as given."""

    lever: str
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        """How far apart the two ends are, in dollars."""
        return abs(self.at_low - self.at_high)


def interval(
    spend: float,
    levers: Sequence[Lever],
    interactions: Sequence[Interaction] = (),
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Interval:
    """The interval of the dollars left, by `draws` seeded draws of what every lever saves.

    Raises ValueError as `total`, and for fewer than 100 draws.
    """
    left = drawn(spend, levers, interactions, draws=draws, seed=seed)
    low, middle, high = np.percentile(left, (2.5, 50, 97.5)).tolist()
    return Interval(low, middle, high, float(left.mean()), float(left.std()), draws, seed)


def drawn(
    spend: float,
    levers: Sequence[Lever],
    interactions: Sequence[Interaction] = (),
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Floats:
    """The dollars left in each draw, shape (draws,). Raises ValueError as `interval`."""
    check_plan(spend, levers, interactions)
    if draws < 100:
        raise ValueError(f"{draws} draws are too few for a 95 % interval; take 100 or more.")
    saves = _drawn_saves(levers, draws, seed)
    names = {name for each in interactions for name in (each.first, each.second)}
    # Only levers that interact need the sum over sets; the others are plain factors.
    tied = [i for i, lever in enumerate(levers) if lever.name in names]
    free = [i for i in range(len(levers)) if i not in tied]
    touched = left_if_touched(saves[tied], [levers[i] for i in tied], interactions)
    left = np.zeros(draws)
    for weight, shares in zip(*bill_parts(levers), strict=True):
        factors = 1 - shares[free, None] * saves[free]
        left += weight * mix(touched, shares[tied])[-1] * factors.prod(axis=0)
    return spend * left


def _drawn_saves(levers: Sequence[Lever], draws: int, seed: int) -> Floats:
    """What each lever saves in each draw, shape (levers, draws)."""
    z = _normals(len(levers), draws, seed)
    middle = np.array([lever.saves for lever in levers])[:, None]
    down, up = (np.array(each)[:, None] for each in _widths(levers))
    return np.minimum(middle + z * np.where(z > 0, up, down), 1.0)


def _widths(levers: Sequence[Lever]) -> tuple[list[float], list[float]]:
    """The standard deviations of the lower and the upper half, as parts of the spend touched."""
    down = [(lever.saves - lever.range[0]) / Z95 for lever in levers]
    up = [(lever.range[1] - lever.saves) / Z95 for lever in levers]
    return down, up


@lru_cache(maxsize=16)
def _normals(levers: int, draws: int, seed: int) -> Floats:
    # The same draws for every position of a slider: what moves is the lever, not the dice.
    normals = np.random.default_rng(seed).standard_normal((levers, draws))
    normals.setflags(write=False)
    return normals


def closed_form(spend: float, levers: Sequence[Lever]) -> tuple[float, float]:
    """Mean and standard deviation of the dollars left, for levers that do not interact.

    Independent factors: E[ΠF] = ΠE[F], in each part of the bill; the second moment takes E[F·G] of a lever's
    factors in each two parts. Raises ValueError as `total`.
    """
    check_plan(spend, levers)
    moments = np.array([saves_moments(lever) for lever in levers]).reshape(-1, 2)
    mean, square = moments[:, 0], moments[:, 1] + moments[:, 0] ** 2
    weights, shares = bill_parts(levers)
    first = float(weights @ (1 - shares * mean).prod(axis=1))
    one, other = shares[:, None], shares[None]
    both = (1 - (one + other) * mean + one * other * square).prod(axis=2)
    second = float(weights @ both @ weights)
    return spend * first, spend * sqrt(max(0.0, second - first**2))


def saves_moments(lever: Lever) -> tuple[float, float]:
    """Mean and variance of what a lever saves: half normal below and above, the upper one cut at 1.

    The moments of a half normal distribution cut at k standard deviations are integrals by parts of
    z·φ(z) and z²·φ(z) from 0 to k.
    """
    (down,), (up,) = _widths([lever])
    k = (1 - lever.saves) / up if up > 0 else inf
    beyond = 0.5 * (1 - erf(k / sqrt(2)))
    at_k = 0.0 if k == inf else _density(k)
    inner = 0.0 if k == inf else k * at_k
    cut = 0.0 if beyond == 0 else (1 - lever.saves) * beyond
    mean = up * (_density(0) - at_k) + cut - down * _density(0)
    square = up**2 * (0.5 - beyond - inner) + cut * (1 - lever.saves) + down**2 / 2
    return lever.saves + mean, square - mean**2


def _density(z: float) -> float:
    return exp(-z * z / 2) / sqrt(2 * pi)


def tornado(
    spend: float, levers: Sequence[Lever], interactions: Sequence[Interaction] = ()
) -> tuple[Swing, ...]:
    """One lever at a time at the ends of its range; the widest swing first, so that is what to measure.

    Raises ValueError as `total`.
    """
    check_plan(spend, levers, interactions)
    swings = [
        Swing(
            lever.name,
            *(_left_with(spend, levers, interactions, lever, end) for end in lever.range),
        )
        for lever in levers
    ]
    return tuple(sorted(swings, key=lambda swing: -swing.width))


def _left_with(
    spend: float,
    levers: Sequence[Lever],
    interactions: Sequence[Interaction],
    changed: Lever,
    saves: float,
) -> float:
    # A range may reach below 0, where a lever costs; `saves` of a lever may not, so the table is asked.
    values = np.array([saves if lever is changed else lever.saves for lever in levers])
    return spend * float(left_shares(values, levers, interactions)[-1])
