"""Latency measured fairly: warm, interleaved, with spread, and with what it was measured on."""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from mlopt_lessons.course.machine import describe

MIN_REPEATS = 30


@dataclass(frozen=True)
class Latency:
    """Seconds a call: the median, the 10th and 90th percentile, and every call in order."""

    name: str
    median_s: float
    low_s: float
    high_s: float
    calls_s: tuple[float, ...]
    threads: int
    machine: str

    @property
    def repeats(self) -> int:
        """How many calls were timed."""
        return len(self.calls_s)

    def __str__(self) -> str:
        times = [f"{1e3 * seconds:.3g}" for seconds in (self.median_s, self.low_s, self.high_s)]
        return f"{times[0]} ms ({times[1]} to {times[2]})"


def latency(
    variants: Mapping[str, Callable[[], object]],
    *,
    repeats: int = 50,
    warmup: int = 5,
    threads: int | None = None,
    clock: Callable[[], float] = perf_counter,
) -> dict[str, Latency]:
    """Times each variant `repeats` times, in turn (A B C, A B C, …), after `warmup` such rounds.

    Taking turns gives each variant its share of whatever else the machine is doing. The first calls
    allocate and compile, so they are not counted. A turn is two calls, and the second is timed: it
    finds its own data in the caches, as a service does, and not what another variant left there.
    `threads` is what the variants use (default: torch's setting), and is only reported. Raises
    ValueError below 30 repeats: too few for a spread.
    """
    if not variants:
        raise ValueError("There is nothing to time: pass at least one variant.")
    if repeats < MIN_REPEATS or warmup < 1:
        raise ValueError(
            f"Use at least {MIN_REPEATS} repeats and 1 warm-up, got {repeats}, {warmup}."
        )
    for _ in range(warmup):
        for call in variants.values():
            call()
    with _no_garbage_collection():
        rounds = [[_timed(call, clock) for call in variants.values()] for _ in range(repeats)]
    used = torch.get_num_threads() if threads is None else threads
    columns = np.array(rounds).T
    return {
        name: _latency(name, column, used) for name, column in zip(variants, columns, strict=True)
    }


def ratio(slow: Latency, fast: Latency) -> tuple[float, float, float]:
    """How many times `fast` is faster: median, 10th and 90th percentile of the paired rounds.

    Both must come from one call of `latency`, so that round i of one stands beside round i of the other.
    """
    if slow.repeats != fast.repeats:
        raise ValueError(
            "A ratio needs two variants timed together: pass both to one latency() call."
        )
    low, median, high = np.percentile(np.divide(slow.calls_s, fast.calls_s), [10, 50, 90])
    return float(median), float(low), float(high)


def _timed(call: Callable[[], object], clock: Callable[[], float]) -> float:
    call()
    start = clock()
    call()
    return clock() - start


def _latency(name: str, calls: NDArray[np.float64], threads: int) -> Latency:
    low, median, high = (float(value) for value in np.percentile(calls, [10, 50, 90]))
    return Latency(name, median, low, high, tuple(calls.tolist()), threads, describe().summary())


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
