"""The hours of many runs on the continuous market, booked life by life."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.spot.billing import Billing
from mlopt_lessons.spot.job import Job
from mlopt_lessons.spot.lives import LEFT, PREEMPTED, Hours, Life, Plan
from mlopt_lessons.spot.market import Market

KEPT = (
    "useful", "lost", "restart", "checkpoint", "on_demand", "waiting", "billed", "preemptions",
)  # fmt: skip
_EPSILON = 1e-9  # hours
_TO_GO = 1 / 8  # so large a part of the runs is done before they are taken out: it moves all sums
_BLOCK = 64  # lives drawn at a time
_CACHED_RUNS = 5_000  # more are drawn anew each time: 64 blocks of that many take 160 MB


class Step(NamedTuple):
    """A life of every run that still works, the hours it waits after it, and its hours on demand."""

    life: Life
    waiting: Hours
    on_demand: Hours


class Draws:
    """Unit exponentials of the lives (kind 0) and outages (kind 1) of `runs` runs, by seed.

    `only` is the number of a run to which the values are confined.
    """

    def __init__(self, seed: int, runs: int, only: int | None = None) -> None:
        self.seed, self.runs, self.only = seed, runs, only

    def __call__(self, kind: int, life: int) -> Hours:
        """The values of one life of every run, shape (runs,)."""
        draw = _cached if self.runs <= _CACHED_RUNS else _draw
        block, row = divmod(life, _BLOCK) if draw is _cached else (life, 0)
        values: Hours = draw(self.seed, self.runs, kind, block)[row]
        return values if self.only is None else values[self.only : self.only + 1]


def _draw(seed: int, runs: int, kind: int, block: int) -> Hours:
    return np.random.default_rng([seed, kind, block]).standard_exponential((1, runs))


@lru_cache(maxsize=64)
def _cached(seed: int, runs: int, kind: int, block: int) -> Hours:
    return np.random.default_rng([seed, kind, block]).standard_exponential((_BLOCK, runs))


class Ledger:
    """The hours of all runs while they work, shape (runs,).

    `active` are the runs that work, `sums` their hours so far. A run that is done has nothing `left`
    and lives no more; it stays among the active until enough others are done.
    """

    def __init__(
        self, job: Job, market: Market, plan: Plan, draws: Draws, billing: Billing
    ) -> None:
        self.market, self.plan, self.draws, self.billing = market, plan, draws, billing
        count = draws.runs if draws.only is None else 1
        self._kept = np.zeros((len(KEPT), count))
        self._share(np.zeros((len(KEPT), count)))
        self.active = np.arange(count)
        self.left = np.full(count, float(job.work_h))
        self._done = np.arange(0)  # which of the active have nothing left

    def steps(self, until: float) -> Iterator[Step]:
        """Spends life after life until every run is done or on demand; gives each as it was spent."""
        number = 0
        while len(self.active):
            slack = None if math.isinf(until) else self._slack(until)
            life = self.plan.live(self.left, slack, self._lives(number, slack))
            step = self._wait(number, until, life, self._book(life))
            yield step
            number += 1

    def _slack(self, until: float) -> Hours:
        """Hours that may pass without progress; a rounding error more, so that none decides."""
        spent = ("useful", "lost", "restart", "checkpoint", "waiting")
        passed = np.sum([self.sums[name] for name in spent], axis=0)
        return until + _EPSILON - passed - self._on_demand()

    def _on_demand(self) -> Hours:
        return self.left + self.plan.restart

    def _lives(self, number: int, slack: Hours | None) -> Hours:
        """Hours of the next life; none where even the first stretch could not be saved in time."""
        hours = self._life_hours(number)
        hours[self._done] = 0.0
        if slack is None:
            return hours
        return np.where(slack >= self.plan.restart + self.plan.stretch(self.left), hours, 0.0)

    def _life_hours(self, number: int) -> Hours:
        if self.market.calm:
            return np.full(len(self.left), np.inf)
        return self._drawn(0, number) * (1 / self.market.preemptions_per_hour)

    def _drawn(self, kind: int, number: int) -> Hours:
        values = self.draws(kind, number)
        return values if len(self.active) == len(values) else values.take(self.active)

    def _book(self, life: Life) -> NDArray[np.bool_]:
        """Adds a life to the sums; returns which runs were preempted."""
        for name in ("useful", "lost", "restart", "checkpoint"):
            self.sums[name] += getattr(life, name)
        preempted = life.ended == PREEMPTED
        self.sums["billed"] += self.billing(life.paid, preempted)
        self.sums["preemptions"] += preempted
        self.left = self.left - life.useful
        return preempted

    def _wait(self, number: int, until: float, life: Life, preempted: NDArray[np.bool_]) -> Step:
        """Lets preempted runs wait for a machine, and sends away those that cannot wait so long."""
        works = self.left > 0
        waits = on_demand = np.zeros(len(works))
        if self.market.outage_h:
            waits = self._drawn(1, number) * self.market.outage_h
            waits *= preempted & works
        if not math.isinf(until):
            first = self.plan.restart + self.plan.stretch(self.left)
            spare = self._slack(until) - first
            leaves = works & ((life.ended == LEFT) | (spare < waits))
            waits = np.minimum(waits, np.maximum(spare, 0.0))
            on_demand = leaves * self._on_demand()
            self.left[leaves] = 0.0
            works &= ~leaves
            self.sums["on_demand"] += on_demand
        self.sums["waiting"] += waits
        self._let_go(works)
        return Step(life, waits, on_demand)

    def _let_go(self, works: NDArray[np.bool_]) -> None:
        gone = np.flatnonzero(~works)
        if len(gone) < _TO_GO * len(works):
            self._done = gone
            return
        self._kept[:, self.active[gone]] = self._table.take(gone, axis=1)
        stays = np.flatnonzero(works)
        self._share(self._table.take(stays, axis=1))
        self.active, self.left = self.active[stays], self.left[stays]
        self._done = gone[:0]

    def _share(self, table: Hours) -> None:
        # One table, so that runs that are done are taken out of all the sums at once.
        self._table = table
        self.sums = dict(zip(KEPT, table, strict=True))

    def kept(self) -> dict[str, Hours]:
        """The hours of each run that is done, by name."""
        return dict(zip(KEPT, self._kept, strict=True))
