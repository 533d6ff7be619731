"""Availability traces for the lesson, drawn from a model; nothing recorded is in them.

Each zone switches between capacity and none; stretches of both are exponential. Zones share weather: a
zone follows a common pattern for part of the time, and its own for the rest.

The defaults keep to summary figures of the AWS traces that came with "Can't Be Late" (Wu et al., NSDI'24;
3,895 ticks of 600 s from 26 October 2022, two zones of us-west-2): one V100 could be had in 79 and 72 % of
the time, in stretches of 4.1 and 2.7 hours with gaps of 1.1 hours, and the two zones had a correlation of
0.46.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.spot.job import check_number
from mlopt_lessons.spot.trace import SECONDS_PER_HOUR, Trace

ZONES = ("zone-a", "zone-b", "zone-c")


def generate(
    hours: float = 600.0,
    zones: Sequence[str] = ZONES,
    seed: int = 0,
    *,
    up_h: float = 3.0,
    down_h: float = 1.2,
    shared: float = 0.7,
    tick_s: float = 600.0,
) -> list[Trace]:
    """Traces of zones over the same `hours`, a tick every `tick_s` seconds.

    `up_h` and `down_h` are the mean hours with and without capacity of every pattern, so that it is there
    in up_h/(up_h + down_h) of the time on average. `shared` is the part of the time, 0 to 1, in which a
    zone follows the common pattern: the correlation of two zones is shared². Raises ValueError for
    values that cannot be.
    """
    _check(hours, zones, up_h, down_h, shared, tick_s)
    rng = np.random.default_rng(seed)
    ticks = max(1, round(hours * SECONDS_PER_HOUR / tick_s))
    step = tick_s / SECONDS_PER_HOUR
    common = _pattern(rng, ticks, up_h / step, down_h / step)
    source = f"simulated: two-state generator, seed {seed}"
    found = []
    for zone in zones:
        own = _pattern(rng, ticks, up_h / step, down_h / step)
        # A zone changes from its own pattern to the common one and back in stretches of days.
        # Both last a tick or more, or `shared` would not be met.
        day = max(24 / step, *(1 / part for part in (shared, 1 - shared) if part))
        follows = _pattern(rng, ticks, shared * day, (1 - shared) * day)
        found.append(Trace(np.where(follows, common, own), tick_s, zone, source))
    return found


def _check(
    hours: float, zones: Sequence[str], up_h: float, down_h: float, shared: float, tick_s: float
) -> None:
    for name, value in (("hours", hours), ("up_h", up_h), ("down_h", down_h), ("tick_s", tick_s)):
        check_number(name, value, least=0, open_end=True)
    if min(up_h, down_h) * SECONDS_PER_HOUR < tick_s:
        raise ValueError(
            f"up_h and down_h must last a tick of {tick_s:g} s or more; use a shorter tick."
        )
    if not 0 <= shared <= 1:
        raise ValueError(f"shared is a part of the time, from 0 to 1, not {shared:g}.")
    if not zones:
        raise ValueError("At least one zone is needed.")


def _pattern(rng: np.random.Generator, ticks: int, up: float, down: float) -> NDArray[np.bool_]:
    """True for `up` ticks and False for `down` ticks on average, in turn, from a random moment on."""
    if up == 0 or down == 0:
        return np.full(ticks, up > 0)
    changes = (1 / down, 1 / up)  # the chance of a change in a tick, from False and from True
    state = rng.random() < up / (up + down)
    drawn = rng.random(ticks)
    pattern = np.empty(ticks, bool)
    for tick in range(ticks):
        pattern[tick] = state
        state ^= bool(drawn[tick] < changes[state])
    return pattern
