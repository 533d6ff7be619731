"""Busy is not working, measured on this machine's processor: three loops, all of them fully busy.

As a GPU's utilisation counts time with any kernel, so does a processor's count time with any instruction.
A matrix product, a sum over large vectors that wait for memory, and the same sum in tiny pieces that are
mostly calls all keep a core busy; operations a second tell them apart.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 384  # of the square matrices: three of 0.6 MB, which a core's caches hold
LARGE = 2**21  # numbers a vector: three of 8 MB
TINY = 16


@dataclass(frozen=True, eq=False)
class BusyLoop:
    """What one loop reached; arrays of shape (repeats,).

    `gflops`: 10⁹ operations a second of processor time, so that several threads count as several cores;
    `utilisation`: % of the time in which the processor worked for the loop, at most 100.
    """

    name: str
    gflops: NDArray[np.float64]
    utilisation: NDArray[np.float64]

    @property
    def median_gflops(self) -> float:
        """The median of the repeats."""
        return float(np.median(self.gflops))

    @property
    def spread(self) -> tuple[float, float]:
        """The slowest and the fastest repeat, in GFLOP/s."""
        return float(self.gflops.min()), float(self.gflops.max())


@dataclass(frozen=True)
class Busy:
    """The loops, the first one the matrix product, whose best repeat stands for the peak."""

    loops: tuple[BusyLoop, ...]

    @property
    def peak_gflops(self) -> float:
        """The best repeat of the matrix product: what was reached here, not what the data sheet says."""
        return self.loops[0].spread[1]

    @property
    def shares(self) -> dict[str, float]:
        """Median operations a second of each loop in % of the peak: an MFU of the processor."""
        return {loop.name: 100 * loop.median_gflops / self.peak_gflops for loop in self.loops}

    @property
    def finding(self) -> str:
        """How busy each loop was and what it reached, in a sentence."""
        each = [
            f"{loop.name}: {np.median(loop.utilisation):.0f} % busy, {loop.median_gflops:.3g} GFLOP/s "
            f"({loop.spread[0]:.3g} to {loop.spread[1]:.3g}), {self.shares[loop.name]:.2g} % of the peak"
            for loop in self.loops
        ]
        return f"{'; '.join(each)}."


def busy_not_working(seconds: float = 0.6, repeats: int = 5, seed: int = 0) -> Busy:
    """Runs the three loops for `seconds` in all, after a warm-up, in turn `repeats` times.

    Each repeat runs a loop for its part of the time and counts operations (a multiply-add is 2, an
    addition 1). Raises ValueError for seconds not above 0 and fewer than 2 repeats.
    """
    if not (math.isfinite(seconds) and seconds > 0) or repeats < 2:
        raise ValueError(
            f"{repeats} repeats in {seconds:g} s cannot be; give seconds above 0 and 2 repeats or more."
        )
    loops = _loops(np.random.default_rng(seed))
    for step, _ in loops.values():
        step()
    part = seconds / (len(loops) * repeats)
    # In turn, so that a slow moment of the machine meets all loops and not one.
    found = [
        [_measure(step, flops, part) for step, flops in loops.values()] for _ in range(repeats)
    ]
    results = np.array(found).transpose(1, 2, 0)
    return Busy(tuple(BusyLoop(name, *result) for name, result in zip(loops, results, strict=True)))


def _loops(rng: np.random.Generator) -> dict[str, tuple[Callable[[], object], float]]:
    """Each loop's step, and the operations in it."""
    left, right, product = (rng.random((SIDE, SIDE), np.float32) for _ in range(3))
    a, b, total = (rng.random(LARGE, np.float32) for _ in range(3))
    small, other, out = (rng.random(TINY, np.float32) for _ in range(3))
    calls = range(200)

    def tiny() -> None:
        for _ in calls:
            np.add(small, other, out=out)

    return {
        "matrix product": (lambda: np.matmul(left, right, out=product), 2.0 * SIDE**3),
        "large sums": (lambda: np.add(a, b, out=total), float(LARGE)),
        "tiny sums": (tiny, float(TINY * len(calls))),
    }


def _measure(step: Callable[[], object], flops: float, seconds: float) -> tuple[float, float]:
    """GFLOP/s of processor time and utilisation in %, over `seconds` or one step, if that is longer."""
    steps = 0
    wall, cpu = time.perf_counter(), time.process_time()
    while (passed := time.perf_counter() - wall) < seconds:
        step()
        steps += 1
    worked = time.process_time() - cpu
    # A coarse clock may have seen no processor time; then the time that passed is all there is.
    busy = worked if worked > 0 else passed
    return steps * flops / busy / 1e9, min(100.0, 100 * worked / passed)
