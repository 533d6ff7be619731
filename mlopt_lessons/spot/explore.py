"""What labs (a) and (b) show: a job on a market, and the cost of every checkpoint interval."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.spot.closed_forms import best_interval, expected_billed, young
from mlopt_lessons.spot.job import Job, Rates
from mlopt_lessons.spot.market import Checkpoints, Market
from mlopt_lessons.spot.runs import bill, costs, simulate
from mlopt_lessons.spot.timeline import Segment, timeline

RUNS = 2_000
BINS = 60
# Histograms end at so many times the on-demand bill, and the work; what is above stands in the last bin.
DEAREST, LONGEST = 1.5, 2.0
MOST_STRETCHES = 200  # more stretches of work than that cannot be told apart in a picture
LONG = 10_000  # intervals of work: the first launch then counts for nothing
INTERVALS_H = np.geomspace(1 / 60, 100, 120)


class Histogram(NamedTuple):
    """Heights, shape (bins,), the highest 1, between edges, shape (bins + 1,)."""

    heights: NDArray[np.float64]
    edges: NDArray[np.float64]

    @classmethod
    def of(cls, values: NDArray[np.float64], most: float) -> "Histogram":
        """Values from 0 to `most`; those above it are counted in the last bin."""
        counts, edges = np.histogram(np.minimum(values, most), BINS, (0.0, most))
        return cls(counts / counts.max(), edges)


@dataclass(frozen=True, eq=False)
class MarketView:
    """One job on one market: a run in detail, cost and end of 2,000 runs, and the mean bill.

    `costs` is the histogram of the runs' dollars, `ends` that of their hours from start to end; `bill`
    the mean dollars by what they paid for; `missed` the part of the runs that end after the deadline;
    `wall_h` the hours from start to end in the middle run and in the slowest of 20.
    """

    segments: Sequence[Segment]
    costs: Histogram
    ends: Histogram
    bill: Mapping[str, float]
    on_demand: float
    missed: float
    wall_h: tuple[float, float]
    preemptions: float
    deadline_h: float

    @property
    def cost(self) -> float:
        """Mean dollars of a run."""
        return sum(self.bill.values())

    @property
    def saved(self) -> float:
        """Part of the on-demand bill that spot saves."""
        return 1 - self.cost / self.on_demand

    @property
    def finish_note(self) -> str:
        """When it ends, in a few words."""
        late = "" if math.isinf(self.deadline_h) else f"; late in {100 * self.missed:.1f} %"
        return f"half end by {self.wall_h[0]:.0f} h, 19 in 20 by {self.wall_h[1]:.0f} h{late}"

    @property
    def cost_note(self) -> str:
        """The mean bill, in a few words."""
        return f"mean ${self.cost:,.0f}, {100 * self.saved:.0f} % saved"

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        useful = self.bill.get("useful", 0.0)
        return (
            f"{self.cost_note} against ${self.on_demand:,.0f} on demand; "
            f"${useful:,.0f} of it for useful work; {self.preemptions:.1f} preemptions a run; "
            f"{self.finish_note}."
        )


def market_view(
    job: Job,
    market: Market,
    checkpoints: Checkpoints,
    rates: Rates,
    *,
    fallback: bool = True,
    run: int = 0,
    seed: int = 0,
) -> MarketView:
    """Simulates 2,000 runs of a job and shows one of them, number `run`, in detail.

    Raises ValueError for a market or an interval that cannot be.
    """
    runs = simulate(job, market, checkpoints, runs=RUNS, seed=seed, fallback=fallback)
    dollars = costs(runs, rates)
    wall = runs.wall
    middle, slow = np.quantile(wall, (0.5, 0.95))
    return MarketView(
        segments=timeline(
            job,
            market,
            checkpoints,
            RUNS,
            seed,
            run=run,
            fallback=fallback,
            detail=job.work_h <= MOST_STRETCHES * checkpoints.interval_h,
        ),
        costs=Histogram.of(dollars, DEAREST * job.work_h * rates.on_demand),
        ends=Histogram.of(wall, LONGEST * job.work_h),
        bill=bill(runs, rates),
        on_demand=job.work_h * rates.on_demand,
        missed=float(runs.missed(job.deadline_h).mean()),
        wall_h=(float(middle), float(slow)),
        preemptions=float(runs.preemptions.mean()),
        deadline_h=job.deadline_h,
    )


@dataclass(frozen=True, eq=False)
class IntervalView:
    """The expected bill of every checkpoint interval, in hours billed for each hour of work.

    `best` is the exact optimum, `young` Young's approximation and `here` the learner's own choice,
    each as (interval in hours, inflation). `ratio` is on-demand price over spot price: above it,
    spot costs more than on demand.
    """

    intervals_h: NDArray[np.float64]
    inflation: NDArray[np.float64]
    best: tuple[float, float]
    young: tuple[float, float]
    here: tuple[float, float]
    ratio: float

    @property
    def note(self) -> str:
        """Best and chosen interval in a few words."""
        return f"best every {_span(self.best[0])}; yours every {_span(self.here[0])}"

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        best, here = (100 * (1 - at[1] / self.ratio) for at in (self.best, self.here))
        return (
            f"With the best interval, {_span(self.best[0])}, spot saves {best:.0f} % of the "
            f"on-demand bill; with yours, {_span(self.here[0])}, {here:.0f} %. "
            f"Young's formula says {_span(self.young[0])}."
        )


def _span(hours: float) -> str:
    return f"{hours:.1f} h" if hours >= 2 else f"{60 * hours:.0f} min"


def interval_view(
    market: Market, checkpoint_h: float, interval_h: float, rates: Rates
) -> IntervalView:
    """The expected inflation for intervals from a minute to 100 hours, and where the best one lies.

    Raises ValueError for a rate, a cost or an interval that cannot be.
    """

    def at(interval: float) -> float:
        plan, work = Checkpoints(float(interval), checkpoint_h), LONG * float(interval)
        return expected_billed(Job(work), market, plan) / work

    best, rule = best_interval(market, checkpoint_h), young(market, checkpoint_h)
    return IntervalView(
        intervals_h=INTERVALS_H,
        inflation=np.array([at(interval) for interval in INTERVALS_H]),
        best=(best, at(best)),
        young=(rule, at(rule)),
        here=(interval_h, at(interval_h)),
        ratio=rates.ratio,
    )
