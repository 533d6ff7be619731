"""What the lab shows: one job with its request, and what a rule saves and breaks over all jobs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.resources.rules import decay_weights, quantile_places
from mlopt_lessons.resources.score import (
    FARGATE,
    HOURS_PER_MONTH,
    KILL_USD,
    SHORT_SHARE,
    Rates,
    asked,
    checked,
    kill_starts,
    short_of_cpu,
    split,
)
from mlopt_lessons.resources.usage import SECONDS_PER_HOUR, Request, Usage

SAME, MAX = "same as CPU", "maximum"
MEMORY_RULES = (SAME, MAX)
PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 100.0)
MARGINS = (0.0, 0.1, 0.15, 0.3, 0.5, 1.0)
HALF_LIVES_H = (6.0, 24.0, 72.0, 168.0, math.inf)


class Frontier(NamedTuple):
    """Every pair of PERCENTILES and MARGINS, arrays of shape (percentiles, margins).

    `saved` is the part of the bill for cores and memory that is saved, `killed` the part of the jobs that
    are killed for memory, `best` marks pairs of which no other both saves more and kills no more.
    """

    saved: NDArray[np.float64]
    killed: NDArray[np.float64]
    best: NDArray[np.bool_]


class Outcome(NamedTuple):
    """What a rule does to all jobs: as `Frontier`, kills a month, jobs short of CPU, dollars a month."""

    saved: float
    killed: float
    kills_month: float
    short: float
    usd_month: float


@dataclass(frozen=True, eq=False)
class SizingView:
    """One job under a rule, and all jobs under it.

    `judged_from` is the number of the first sample that the rule has not seen; `kills` are the numbers of
    the samples at which the job is killed, shape (kills,); `short` the part of the judged intervals in
    which this job wants more cores than it gets. `before_usd_month` is the bill with the old requests.
    """

    usage: Usage
    judged_from: int
    old: Request
    request: Request
    kills: NDArray[np.int64]
    short: float
    outcome: Outcome
    frontier: Frontier
    before_usd_month: float

    @property
    def hours(self) -> NDArray[np.float64]:
        """Hours from the first sample to each, shape (n,)."""
        return self.usage.hours_at

    @property
    def seen_h(self) -> float:
        """Hours that the rule has seen."""
        return self.judged_from * self.usage.interval_s / SECONDS_PER_HOUR

    @property
    def shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What is used of the cores and of the memory asked for, 0 to 1, each of shape (n,)."""
        return self.usage.cpu / self.old.cpu, self.usage.memory_gib / self.old.memory_gib

    @property
    def request_shares(self) -> tuple[float, float]:
        """The rule's request as parts of the old one: cores, memory."""
        return self.request.cpu / self.old.cpu, self.request.memory_gib / self.old.memory_gib

    @property
    def dollars_note(self) -> str:
        """The bill after and before, in a few words."""
        return f"${self.outcome.usd_month:,.0f} a month, was ${self.before_usd_month:,.0f}"

    @property
    def note(self) -> str:
        """The rule's result over all jobs, in a few words."""
        return f"{self.dollars_note}; {100 * self.outcome.killed:.0f} % of jobs killed"

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        kills = len(self.kills)
        times = ("never killed", "killed once")[kills] if kills < 2 else f"killed {kills} times"
        return (
            f"{self.usage.job} asks for {self.request.cpu:.3g} cores and "
            f"{self.request.memory_gib:.3g} GiB instead of {self.old.cpu:.3g} and "
            f"{self.old.memory_gib:.3g}, is {times} and short of CPU in "
            f"{100 * self.short:.0f} % of the intervals. Over all jobs: {self.note}, "
            f"{100 * self.outcome.short:.0f} % short of CPU."
        )


class _Sorted(NamedTuple):
    """A series of the part to learn from, sorted, and the order that sorts it."""

    order: NDArray[np.int64]
    ranked: NDArray[np.float64]


class Sizing:
    """Jobs under every rule of the lab, with what does not change computed once.

    Raises ValueError without jobs, for a job whose request is not known, and as `split` does.
    """

    def __init__(
        self, usages: Sequence[Usage], prices: Rates = FARGATE, train: float = 0.5
    ) -> None:
        self.usages, self.prices = list(checked(usages)), prices
        parts = [split(usage, train) for usage in self.usages]
        self._train, self._tests = [seen for seen, _ in parts], [test for _, test in parts]
        self.jobs = [usage.job for usage in self.usages]
        old = [asked(usage) for usage in self.usages]
        self._old = np.array([(each.cpu, each.memory_gib) for each in old]).T
        self._months = HOURS_PER_MONTH / np.array([test.hours for test in self._tests])
        self._cpu = [_sorted(seen.cpu) for seen in self._train]
        self._memory = [_sorted(seen.memory_gib) for seen in self._train]
        self._peaks = np.array([test.memory_gib.max() for test in self._tests])
        self._wanted = [np.sort(test.cpu) for test in self._tests]
        self._climbs = [_climbs(test.memory_gib) for test in self._tests]
        self._before_kills = self._kills(self._old[1])
        self._places = lru_cache(maxsize=64)(self._weigh)
        self._frontier = lru_cache(maxsize=64)(self._every_pair)

    def prepare(self, half_lives_h: Sequence[float] = HALF_LIVES_H) -> None:
        """Computes all frontiers now, so that a slider need not wait for them."""
        for half_life_h in half_lives_h:
            for memory_rule in MEMORY_RULES:
                self._frontier(half_life_h, memory_rule)

    def view(
        self,
        job: str,
        percentile: float,
        margin: float,
        half_life_h: float = math.inf,
        memory_rule: str = SAME,
        kill_price: float = KILL_USD,
    ) -> SizingView:
        """A job and all jobs under percentile (0 to 100) × (1 + margin), samples halved every half-life.

        memory_rule is SAME, the percentile for memory too, or MAX, memory's maximum × (1 + margin). Raises
        ValueError for a job or a rule that is not there, and for numbers that `rule` refuses.
        """
        if job not in self.jobs:
            raise ValueError(f"There is no job {job!r}; choose one of {', '.join(self.jobs)}.")
        if not (0 <= percentile <= 100 and -1 < margin < math.inf):
            raise ValueError(f"Percentile {percentile} or margin {margin} cannot be.")
        cpu, memory = self._percentiles([percentile], half_life_h, memory_rule)[..., 0] * (
            1 + margin
        )
        at = self.jobs.index(job)
        test = self._tests[at]
        judged_from = len(self._train[at].cpu)
        return SizingView(
            usage=self.usages[at],
            judged_from=judged_from,
            old=Request(*map(float, self._old[:, at])),
            request=Request(float(cpu[at]), float(memory[at])),
            kills=judged_from + kill_starts(test.memory_gib, float(memory[at])),
            short=short_of_cpu(test.cpu, float(cpu[at])),
            outcome=self._outcome(cpu, memory, kill_price),
            frontier=self._frontier(half_life_h, memory_rule),
            before_usd_month=self._before(kill_price),
        )

    def _before(self, kill_price: float) -> float:
        bill = self.prices.month(*map(float, self._old.sum(axis=1)))
        return bill + kill_price * float(self._before_kills @ self._months)

    def _outcome(
        self, cpu: NDArray[np.float64], memory: NDArray[np.float64], kill_price: float
    ) -> Outcome:
        kills_month = float(self._kills(memory) @ self._months)
        bill = self.prices.month(float(cpu.sum()), float(memory.sum()))
        lacks = [
            1 - np.searchsorted(wanted, each, "right") / len(wanted)
            for wanted, each in zip(self._wanted, cpu, strict=True)
        ]
        return Outcome(
            saved=1 - bill / self.prices.month(*self._old.sum(axis=1)),
            killed=float((self._peaks > memory).mean()),
            kills_month=kills_month,
            short=float((np.array(lacks) > SHORT_SHARE).mean()),
            usd_month=bill + kill_price * kills_month,
        )

    def _kills(self, memory: NDArray[np.float64]) -> NDArray[np.int64]:
        """Times that each job climbs above its memory, shape (jobs,)."""
        pairs = zip(self._climbs, memory, strict=True)
        return np.array([_above(tops, each) - _above(dips, each) for (tops, dips), each in pairs])

    def _percentiles(
        self, percentiles: Sequence[float], half_life_h: float, memory_rule: str
    ) -> NDArray[np.float64]:
        """Percentiles of CPU and memory of every job, shape (2, jobs, percentiles)."""
        if memory_rule not in MEMORY_RULES:
            raise ValueError(
                f"memory_rule is one of {', '.join(MEMORY_RULES)}, not {memory_rule!r}."
            )
        wanted = np.asarray(percentiles) / 100
        for_memory = np.ones_like(wanted) if memory_rule == MAX else wanted
        places = self._places(half_life_h)
        found = [
            (np.interp(wanted, at, cpu.ranked), np.interp(for_memory, mem_at, memory.ranked))
            for (at, mem_at), cpu, memory in zip(places, self._cpu, self._memory, strict=True)
        ]
        return np.array(found).transpose(1, 0, 2)

    def _weigh(self, half_life_h: float) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Where the sorted values of CPU and of memory lie between 0 and 1, for every job."""
        found = []
        for seen, cpu, memory in zip(self._train, self._cpu, self._memory, strict=True):
            weights = decay_weights(len(seen.cpu), seen.interval_s, half_life_h)
            found.append((_exact_ends(weights[cpu.order]), _exact_ends(weights[memory.order])))
        return found

    def _every_pair(self, half_life_h: float, memory_rule: str) -> Frontier:
        bases = self._percentiles(PERCENTILES, half_life_h, memory_rule)
        requests = bases[..., None] * (1 + np.array(MARGINS))
        hourly = np.array([self.prices.core_usd_h, self.prices.gib_usd_h])
        saved = 1 - np.tensordot(hourly, requests.sum(axis=1), 1) / (hourly @ self._old.sum(axis=1))
        killed = (self._peaks[:, None, None] > requests[1]).mean(axis=0)
        return Frontier(saved, killed, _undominated(saved, killed))


def _sorted(values: NDArray[np.float64]) -> _Sorted:
    order = np.argsort(values, kind="stable")
    return _Sorted(order, values[order])


def _exact_ends(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places of sorted values; only the ends stand at 0 and 1, however little their neighbours weigh."""
    places = quantile_places(weights)
    places[1:-1] = np.clip(places[1:-1], np.nextafter(0.0, 1.0), np.nextafter(1.0, 0.0))
    return places


def _climbs(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sorted values, and sorted lower ones of neighbours: climbs above x = values above − pairs above."""
    return np.sort(values), np.sort(np.minimum(values[1:], values[:-1]))


def _above(ranked: NDArray[np.float64], limit: float) -> int:
    return len(ranked) - int(np.searchsorted(ranked, limit, "right"))


def _undominated(saved: NDArray[np.float64], killed: NDArray[np.float64]) -> NDArray[np.bool_]:
    more, fewer = saved.ravel()[:, None], killed.ravel()[:, None]
    no_worse = (more >= saved.ravel()) & (fewer <= killed.ravel())
    better = (more > saved.ravel()) | (fewer < killed.ravel())
    beaten = np.asarray((no_worse & better).any(axis=0))
    return np.logical_not(beaten).reshape(saved.shape)
