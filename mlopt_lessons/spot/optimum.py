"""The cheapest schedule that meets the deadline, for somebody who knows the whole trace: the floor.

Exact dynamic programming over ticks. A state is what runs (nothing, on demand, spot in a zone), how much
of its launch is still to be paid in time, and how much work is done. Work is counted in whole units of the
greatest common divisor of tick, overhead and work, so that nothing is rounded.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.spot.job import Job, Rates
from mlopt_lessons.spot.replay import Zones, check_replay
from mlopt_lessons.spot.trace import SECONDS_PER_HOUR, Trace

MOST_UNITS = 2_000_000
Costs = NDArray[np.float64]


@dataclass(frozen=True)
class Optimum:
    """Dollars and ticks of the cheapest schedule."""

    cost: float
    spot_ticks: int
    on_demand_ticks: int


@dataclass(frozen=True)
class _Units:
    """The job in whole units of time: work, overhead and tick; ticks until the deadline."""

    work: int
    overhead: int
    tick: int
    ticks: int

    @classmethod
    def of(cls, job: Job, tick_s: float) -> "_Units":
        milliseconds = [
            round(1000 * seconds)
            for seconds in (
                job.work_h * SECONDS_PER_HOUR,
                job.overhead_h * SECONDS_PER_HOUR,
                tick_s,
            )
        ]
        unit = math.gcd(*milliseconds)
        work, overhead, tick = (each // unit for each in milliseconds)
        if work > MOST_UNITS:
            raise ValueError(
                f"Work, overhead and tick have {unit} ms in common, which makes {work:,} steps of work; "
                "round the hours to whole seconds or minutes."
            )
        ticks = math.floor(job.deadline_h * SECONDS_PER_HOUR / tick_s + 1e-9)
        return cls(work, overhead, tick, ticks)

    def yields(self) -> list[int]:
        """Units of work in each tick after a launch; the last one goes on for ever."""
        owed = [max(self.overhead - age * self.tick, 0) for age in range(self.phases)]
        return [min(max(self.tick - each, 0), self.work) for each in owed]

    @property
    def phases(self) -> int:
        """Ticks of different yield after a launch."""
        return -(-self.overhead // self.tick) + 1


def optimum(traces: Trace | Sequence[Trace], job: Job, rates: Rates, start: int = 0) -> Optimum:
    """The cheapest schedule from tick `start`; with several zones it may use any of them.

    A launch costs the job's overhead, also from one zone to another and from spot to on demand. Raises
    ValueError as `replay` does, when nobody could meet the deadline, and when the hours have too
    small a common divisor.
    """
    traces = [traces] if isinstance(traces, Trace) else list(traces)
    available, tick_s = Zones.of(traces).available, traces[0].tick_s
    if math.isinf(job.deadline_h):
        raise ValueError("The optimum needs a deadline; give the job one.")
    check_replay("greedy", job, available.shape[1], start, tick_s)
    units = _Units.of(job, tick_s)
    table = _Table(len(traces), units, rates, tick_s)
    for tick in range(units.ticks):
        table.advance(available[:, start + tick])
    return table.best()


class _Table:
    """Least dollars to each state, shape (machines, phases, work + 1), and the spot ticks on the way.

    Machine 0 is on demand, the others are spot in a zone. `idle` has the shape (work + 1,).
    """

    def __init__(self, zones: int, units: _Units, rates: Rates, tick_s: float) -> None:
        self.units = units
        hours = tick_s / SECONDS_PER_HOUR
        self.prices = [rates.on_demand * hours, *[rates.spot * hours] * zones]
        shape = (zones + 1, units.phases, units.work + 1)
        self.running, self.spot = np.full(shape, np.inf), np.zeros(shape, np.int32)
        self.idle, self.idle_spot = np.full(shape[2], np.inf), np.zeros(shape[2], np.int32)
        self.idle[0] = 0.0
        self.found: list[tuple[float, int]] = []

    def advance(self, available: NDArray[np.bool_]) -> None:
        """Takes away what is not available, chooses, and pays a tick."""
        self._stop()
        for zone in np.flatnonzero(~available):
            self.running[zone + 1] = np.inf
        launched, launched_spot = self.idle.copy(), self.idle_spot.copy()
        for machine, price in enumerate(self.prices):
            if machine == 0 or available[machine - 1]:
                self._run(machine, price, launched, launched_spot)
        self._note()

    def _stop(self) -> None:
        """Anything may stop: idle is the least of all states. A launch starts from there."""
        for machine in range(len(self.prices)):
            for phase in range(self.units.phases):
                self._least(
                    self.idle,
                    self.idle_spot,
                    self.running[machine, phase],
                    self.spot[machine, phase],
                )

    @staticmethod
    def _least(
        costs: Costs, spot: NDArray[np.int32], other: Costs, other_spot: NDArray[np.int32]
    ) -> None:
        better = other < costs
        np.copyto(costs, other, where=better)
        np.copyto(spot, other_spot, where=better)

    def _run(
        self, machine: int, price: float, launched: Costs, launched_spot: NDArray[np.int32]
    ) -> None:
        costs, spot = self.running[machine], self.spot[machine]
        before, before_spot = costs.copy(), spot.copy()
        costs.fill(np.inf)
        for phase, gain in enumerate(self.units.yields()):
            sources = (
                [(launched, launched_spot)]
                if phase == 0
                else [(before[phase - 1], before_spot[phase - 1])]
            )
            if phase == self.units.phases - 1:
                sources.append((before[phase], before_spot[phase]))
            for source, source_spot in sources:
                shifted, shifted_spot = self._shift(
                    source + price, source_spot + (machine > 0), gain
                )
                self._least(costs[phase], spot[phase], shifted, shifted_spot)

    @staticmethod
    def _shift(costs: Costs, spot: NDArray[np.int32], gain: int) -> tuple[Costs, NDArray[np.int32]]:
        """Moves each state on by `gain` units of work; what goes beyond the end is done."""
        if gain == 0:
            return costs, spot
        moved, moved_spot = np.full_like(costs, np.inf), np.zeros_like(spot)
        moved[gain:], moved_spot[gain:] = costs[:-gain], spot[:-gain]
        last = costs[-gain - 1 :]
        best = int(last.argmin())
        moved[-1], moved_spot[-1] = last[best], spot[len(spot) - len(last) + best]
        return moved, moved_spot

    def _note(self) -> None:
        done = self.running[:, :, -1]
        place = np.unravel_index(int(done.argmin()), done.shape)
        if np.isfinite(done[place]):
            self.found.append((float(done[place]), int(self.spot[:, :, -1][place])))

    def best(self) -> Optimum:
        """The cheapest state that is done."""
        if not self.found:
            raise ValueError("Nobody meets this deadline; allow more time.")
        cost, spot = min(self.found)
        price = self.prices[1]
        return Optimum(cost, spot, round((cost - spot * price) / self.prices[0]))
