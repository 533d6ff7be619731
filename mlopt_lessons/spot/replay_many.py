"""The same job replayed from many starts at once."""

from collections.abc import Sequence

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
    Policy,
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
    begins = np.asarray(starts, dtype=np.int64)
    if not begins.size:
        raise ValueError("At least one start is needed.")
    for start in (int(begins.min()), int(begins.max())):
        check_replay(policy, job, zones.available.shape[1], start, tick_s)
    run = run_compiled if compiled else run_together
    counts = run(zones, terms_of(job, tick_s, rates, slices), policy, begins)
    return _table(counts, begins, job, rates, tick_s)


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
    """What `run_ticks` counts from each start, shape (starts, 5): one numpy step a tick for all."""
    runs = _Together(zones, terms, POLICIES[policy], net_of(policy), starts)
    for tick in range(int((zones.available.shape[1] - starts).max()) + 1):
        runs.settle()
        runs.let_go(tick)
        if not len(runs.begins):
            break
        runs.decide(tick)
    return runs.counts


class _Together:
    """The runs that are not over, arrays of shape (runs,), and the counts of all, (starts, 5)."""

    def __init__(
        self, zones: Zones, terms: Terms, policy: Policy, net: int, starts: NDArray[np.int64]
    ) -> None:
        self.zones, self.terms, self.policy, self.net = zones, terms, policy, net
        self.counts = np.empty((len(starts), len(COLUMNS)))
        self.row = np.arange(len(starts))
        self.begins = starts
        self.done, self.debt, self.mark = (np.zeros(len(starts)) for _ in range(3))
        self.spot, self.paid, self.launches = (np.zeros(len(starts)) for _ in range(3))
        self.running, self.zone = (np.zeros(len(starts), np.int64) for _ in range(2))

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
        wanted = self.policy(now, self.terms, np.where)
        if self.net != NO_NET:
            wanted = self._above_net(now, wanted)
        launched = (wanted != IDLE) & (wanted != now.running)
        self.debt[launched] = self.terms.overhead
        self.launches += launched
        self.running = wanted

    def _situation(self, tick: int) -> Situation:
        at = self.begins + tick
        available = self.zones.available[:, at]
        kept = (self.running == SPOT) & available[self.zone, np.arange(len(at))]
        self.running = np.where((self.running == SPOT) & ~kept, IDLE, self.running)
        self.zone = np.where(kept, self.zone, available.argmax(axis=0))
        passed = tick * self.terms.tick
        if (
            self.net == NET_WHEN_IDLE
            and abs(slice_end(passed, self.terms)[0] - passed) < self.terms.tick / 2
        ):
            self.mark = self.done.copy()
        here = available[self.zone, np.arange(len(at))]
        life = self.zones.life_s[self.zone, at]
        return Situation(passed, self.done, self.running, here, life, self.mark)

    def _above_net(self, now: Situation, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        terms, rest = self.terms, self.terms.work - now.done
        left = np.floor((terms.deadline - now.passed) / terms.tick)
        one = np.ceil((rest + terms.overhead) / terms.tick) >= left
        two = np.ceil((rest + 2 * terms.overhead) / terms.tick) >= left
        unsafe = now.running == IDLE
        if self.net != NET_WHEN_IDLE:
            unsafe = now.running != SPOT
        held = np.where((now.running == SPOT) & (self.debt == 0), SPOT, ON_DEMAND)
        return np.where(one, held, np.where(two & unsafe, ON_DEMAND, wanted))
