"""What lab (c) shows: one job on a trace under every policy, beside the optimum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.spot.job import Job, Rates
from mlopt_lessons.spot.optimum import optimum
from mlopt_lessons.spot.policies import IDLE, ON_DEMAND, POLICIES, SPOT, net_of
from mlopt_lessons.spot.replay import Outcome, Zones, outcome, run_ticks, terms_of
from mlopt_lessons.spot.trace import SECONDS_PER_HOUR, Trace

MOST_ZONES = 3
NOTHING, CAPACITY, RUNS_SPOT, RUNS_ON_DEMAND = 0, 1, 2, 3
_CODES = {IDLE: NOTHING, SPOT: RUNS_SPOT, ON_DEMAND: RUNS_ON_DEMAND}


@dataclass(frozen=True, eq=False)
class PolicyView:
    """One job from one start: capacity in each zone, what the policy ran, what every policy costs.

    `rows` has a row for each zone and, last, one for the job; its values are NOTHING, CAPACITY,
    RUNS_SPOT and RUNS_ON_DEMAND, a column a tick.
    """

    policy: str
    job: Job
    tick_h: float
    rows: NDArray[np.int8]
    outcomes: Mapping[str, Outcome]
    best: float

    @property
    def note(self) -> str:
        """The policy's result in a few words."""
        found = self.outcomes[self.policy]
        end = "late" if found.late else f"done after {(found.finish_tick or 0) * self.tick_h:.1f} h"
        return f"{self.policy}: ${found.cost:,.0f}, {found.launches} launches, {end}"

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        in_time = {name: o.cost for name, o in self.outcomes.items() if not o.late}
        cheapest = min(in_time, key=lambda name: in_time[name])
        return (
            f"{self.note}. The cheapest that is in time is {cheapest} at ${in_time[cheapest]:,.0f}; "
            f"whoever knew the future would pay ${self.best:,.0f}."
        )


class Replays:
    """A job's replays on the same traces, with what does not change computed once."""

    def __init__(self, traces: Sequence[Trace], work_h: float, rates: Rates) -> None:
        self.traces, self.work_h, self.rates = list(traces), work_h, rates
        self._zones = Zones.of(self.traces)
        self._best = lru_cache(maxsize=None)(self._optimum)

    def prepare(
        self, deadlines_h: Sequence[float], overheads_h: Sequence[float], starts: Sequence[int]
    ) -> None:
        """Computes the optimum of every combination now, so that a slider need not wait for it."""
        for zones in range(1, len(self.traces) + 1):
            for deadline in deadlines_h:
                for overhead in overheads_h:
                    for start in starts:
                        self._best(zones, deadline, overhead, start)

    def _optimum(self, zones: int, deadline_h: float, overhead_h: float, start: int) -> float:
        job = Job(self.work_h, deadline_h, overhead_h)
        return optimum(self.traces[:zones], job, self.rates, start).cost

    def view(
        self, policy: str, zones: int, deadline_h: float, overhead_h: float, start: int
    ) -> PolicyView:
        """The job under every policy, and `policy` in detail. Raises ValueError as `Job` does."""
        job = Job(self.work_h, deadline_h, overhead_h)
        tick_s = self.traces[0].tick_s
        used = Zones(self._zones.available[:zones], self._zones.life_s[:zones])
        terms = terms_of(job, tick_s, self.rates)
        outcomes, ran = {}, {}
        for name, rule in POLICIES.items():
            counts, ran[name] = run_ticks(used, terms, rule, net_of(name), start)
            outcomes[name] = outcome(counts, job, self.rates, tick_s)
        return PolicyView(
            policy=policy,
            job=job,
            tick_h=tick_s / SECONDS_PER_HOUR,
            rows=self._rows(used, ran[policy], start),
            outcomes=outcomes,
            best=self._best(zones, deadline_h, overhead_h, start),
        )

    @staticmethod
    def _rows(zones: Zones, ran: NDArray[np.int8], start: int) -> NDArray[np.int8]:
        ticks = len(ran)
        rows = np.zeros((MOST_ZONES + 1, ticks), np.int8)
        capacity = zones.available[:, start : start + ticks]
        rows[: len(capacity)] = np.where(capacity, CAPACITY, NOTHING)
        for what, code in _CODES.items():
            rows[-1, ran == what] = code
        return rows
