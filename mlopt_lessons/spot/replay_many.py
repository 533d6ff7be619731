"""The same job replayed from many starts at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.spot.job import Job, Rates
from mlopt_lessons.spot.policies import (
    IDLE,
    NET_WHEN_IDLE,
    NO_NET,
    ON_DEMAND,
    POLICIES,
    SPOT,
    Situation,
    Terms,
    net_of,
    slice_end,
)
from mlopt_lessons.spot.replay import SLICES, Zones, check_replay, terms_of
from mlopt_lessons.spot.replay_compiled import run_compiled
from mlopt_lessons.spot.trace import SECONDS_PER_HOUR, Trace

Floats = NDArray[np.float64]
COLUMNS = ["spot_ticks", "on_demand_ticks", "launches", "finish_tick", "done_h"]
BLOCK = 8192  # runs that go together: their arrays stay in a core's cache


def replay_many(
    traces: Trace | Sequence[Trace],
    job: Job,
    rates: Rates,
    policy: str,
    starts: Sequence[int] | NDArray[np.int64],
    *,
    slices: int = SLICES,
    compiled: bool = False,
) -> pd.DataFrame:
    """What `replay` gives for each start, a row each: cost, late and what `Outcome` counts.

    `finish_tick` is −1 where the trace ended first. With `compiled`, numba runs the loop of `replay`
    itself (the extra `fast`). Raises ValueError as `replay` does.
    """
    traces = [traces] if isinstance(traces, Trace) else list(traces)
    zones, tick_s = Zones.of(traces), traces[0].tick_s
    begins = _whole(starts)
    for start in (int(begins.min()), int(begins.max())):
        check_replay(policy, job, zones.available.shape[1], start, tick_s)
    run = run_compiled if compiled else run_together
    counts = run(zones, terms_of(job, tick_s, rates, slices), policy, begins)
    return _table(counts, begins, job, rates, tick_s)


def _whole(starts: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    given = np.asarray(starts)
    if not given.size:
        raise ValueError("At least one start is needed.")
    if given.dtype.kind not in "iu":
        raise TypeError("Starts are ticks of the trace, whole numbers.")
    return given.astype(np.int64)


def _table(
    counts: Floats, starts: NDArray[np.int64], job: Job, rates: Rates, tick_s: float
) -> pd.DataFrame:
    table = pd.DataFrame(counts, columns=COLUMNS)
    hours = tick_s / SECONDS_PER_HOUR
    dollars = (
        table["spot_ticks"] * rates.spot + table["on_demand_ticks"] * rates.on_demand
    ) * hours
    finish = table["finish_tick"]
    late = (finish < 0) | (finish * hours > job.deadline_h)
    whole = dict.fromkeys(COLUMNS[:4], np.int64)
    table = table.astype(whole).assign(done_h=table["done_h"] / SECONDS_PER_HOUR)
    return table.assign(cost=dollars, late=late, start=starts)


def run_together(zones: Zones, terms: Terms, policy: str, starts: NDArray[np.int64]) -> Floats:
    """What `run_ticks` counts from each start, shape (starts, 5): one numpy step a tick for many."""
    blocks = np.split(starts, range(BLOCK, len(starts), BLOCK))
    return np.concatenate([_run_block(zones, terms, policy, block) for block in blocks])


def _run_block(zones: Zones, terms: Terms, policy: str, starts: NDArray[np.int64]) -> Floats:
    runs = _Together(zones, terms, policy, starts)
    for tick in range(int((zones.available.shape[1] - starts).max()) + 1):
        runs.settle()
        runs.let_go(tick)
        if not len(runs.begins):
            break
        runs.decide(tick)
    return runs.counts


def choose_each(condition: Any, yes: Any, no: Any) -> Any:
    """The `pick` of many runs; choices such as SPOT take a byte, which is quicker to move."""
    return np.where(
        condition, *(np.int8(each) if isinstance(each, int) else each for each in (yes, no))
    )


class _Together:
    """The runs that are not over, arrays of shape (runs,), and the counts of all, (starts, 5)."""

    def __init__(self, zones: Zones, terms: Terms, policy: str, starts: NDArray[np.int64]) -> None:
        self.zones, self.terms = zones, terms
        self.policy, self.net = POLICIES[policy], net_of(policy)
        self.first = zones.available.argmax(axis=0)  # the first zone with capacity, each tick
        self.counts = np.empty((len(starts), len(COLUMNS)))
        self.row = np.arange(len(starts))
        self.begins = starts
        self.done, self.debt, self.mark = (np.zeros(len(starts)) for _ in range(3))
        self.spot, self.paid, self.launches = (np.zeros(len(starts), np.int32) for _ in range(3))
        self.running = np.zeros(len(starts), np.int8)
        self.zone = np.zeros(len(starts), np.int64)

    def settle(self) -> None:
        """Pays the tick that has passed, and counts its work."""
        runs = self.running != IDLE
        work = np.maximum(self.terms.tick - self.debt, 0.0)
        self.debt -= runs * (self.terms.tick - work)
        self.done += runs * np.minimum(work, self.terms.work - self.done)
        self.spot += self.running == SPOT
        self.paid += self.running == ON_DEMAND

    def let_go(self, tick: int) -> None:
        """Takes out the runs whose work is done or whose trace is over."""
        ended = self.done >= self.terms.work
        over = ended | (self.begins + tick >= self.zones.available.shape[1])
        if not over.any():
            return
        finish = np.where(ended, float(tick), -1.0)
        found = np.stack([self.spot, self.paid, self.launches, finish, self.done], axis=1)
        self.counts[self.row[over]] = found[over]
        stays = np.flatnonzero(~over)
        for name in (
            "row",
            "begins",
            "done",
            "debt",
            "mark",
            "spot",
            "paid",
            "launches",
            "running",
            "zone",
        ):
            setattr(self, name, getattr(self, name)[stays])

    def decide(self, tick: int) -> None:
        """Asks the policy and the safety net what runs next, and starts it."""
        now = self._situation(tick)
        wanted = self.policy(now, self.terms, choose_each)
        if self.net != NO_NET:
            wanted = self._above_net(now, wanted)
        launched = (wanted != IDLE) & (wanted != now.running)
        self.debt[launched] = self.terms.overhead
        self.launches += launched
        self.running = wanted

    def _situation(self, tick: int) -> Situation:
        at = self.begins + tick
        kept = self.running == SPOT
        if kept.any():
            kept &= self._at(self.zones.available, at)
            self.running[(self.running == SPOT) & ~kept] = IDLE
        self.zone = (
            np.where(kept, self.zone, self.first[at]) if len(self.zones.life_s) > 1 else self.zone
        )
        passed = tick * self.terms.tick
        if (
            self.net == NET_WHEN_IDLE
            and abs(slice_end(passed, self.terms)[0] - passed) < self.terms.tick / 2
        ):
            self.mark = self.done.copy()
        here, life = self._at(self.zones.available, at), self._at(self.zones.life_s, at)
        return Situation(passed, self.done, self.running, here, life, self.mark)

    def _at(self, table: NDArray[Any], at: NDArray[np.int64]) -> NDArray[Any]:
        """The value of each run's zone at its tick."""
        if len(table) == 1:
            return table[0].take(at)
        return table.ravel().take(self.zone * table.shape[1] + at)

    def _above_net(self, now: Situation, wanted: NDArray[np.int8]) -> NDArray[np.int8]:
        """The safety net; where ceil(x) ≥ whole is meant, x > whole − 1 says the same, sooner."""
        terms = self.terms
        spare = np.floor((terms.deadline - now.passed) / terms.tick) - 1
        most = terms.work - now.done.min()
        if (most + 2 * terms.overhead) / terms.tick <= spare:
            return wanted  # even the run that has most to do is far from its deadline
        rest = terms.work - now.done
        two = (rest + 2 * terms.overhead) / terms.tick > spare
        one = (rest + terms.overhead) / terms.tick > spare
        unsafe = now.running == IDLE if self.net == NET_WHEN_IDLE else now.running != SPOT
        wanted = choose_each(two & unsafe, ON_DEMAND, wanted)
        held = choose_each((now.running == SPOT) & (self.debt == 0), SPOT, ON_DEMAND)
        return np.where(one, held, wanted)
