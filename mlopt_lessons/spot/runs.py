"""Thousands of runs of a job on the continuous market at once.

The loop goes over lives, not over time: each step spends one life of every run that still works, and
runs that are done leave the arrays. Random numbers are unit exponentials, drawn once for a seed and
only rescaled, so that a slider moves the same runs and curves stay smooth.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.spot.billing import Billing, per_second
from mlopt_lessons.spot.closed_forms import billed_saving_on_notice, expected_billed
from mlopt_lessons.spot.job import Job, Rates
from mlopt_lessons.spot.ledger import Draws, Ledger
from mlopt_lessons.spot.lives import Hours, Plan
from mlopt_lessons.spot.market import Checkpoints, Market

MOST_PREEMPTIONS = 5_000.0  # on average in a run: more would take minutes to simulate


@dataclass(frozen=True, eq=False)
class Runs:
    """Hours of each run, arrays of shape (runs,).

    On spot: `useful`, `lost`, `restart` and `checkpoint`. `on_demand` holds all hours there, its restart
    too. `waiting` for a machine is not paid. `billed` are the spot hours that the provider charges.
    """

    useful: Hours
    lost: Hours
    restart: Hours
    checkpoint: Hours
    on_demand: Hours
    waiting: Hours
    billed: Hours
    preemptions: NDArray[np.int64]

    @property
    def spot(self) -> Hours:
        """Hours on spot machines."""
        return self.useful + self.lost + self.restart + self.checkpoint

    @property
    def wall(self) -> Hours:
        """Hours from the start to the end."""
        return self.spot + self.on_demand + self.waiting

    def missed(self, deadline_h: float) -> NDArray[np.bool_]:
        """Which runs end after the deadline; 0.04 ms more are a rounding error, not a delay."""
        return self.wall > deadline_h + 1e-8


def simulate(
    job: Job,
    market: Market,
    checkpoints: Checkpoints,
    runs: int = 2_000,
    seed: int = 0,
    *,
    fallback: bool = True,
    billing: Billing = per_second,
) -> Runs:
    """Runs a job `runs` times on a market.

    With a deadline and `fallback`, a run begins a stretch of work on spot, τ + C, only if it could lose
    all of it, and the restart before it, and still do what is left on demand; else it goes there, for
    one more restart and no preemptions. So it is late only if work and one restart do not fit the
    deadline. Without `fallback` it stays on spot, late or not. `job.overhead_h` is trace mode's; here
    `restart_h` counts. A notice as long as a save loses nothing: the save begins with it and takes C. A
    shorter one loses the work since the last checkpoint. `billing` is asked for each life as it ends.

    Raises ValueError for a checkpoint interval longer than the work, for fewer than one run, and for a
    job that may be preempted more than 5,000 times on average.
    """
    _check(job, market, checkpoints, runs, fallback)
    ledger = Ledger(job, market, Plan.of(market, checkpoints), Draws(seed, runs), billing)
    for _ in ledger.steps(job.deadline_h if fallback else math.inf):
        pass
    kept = ledger.kept()
    return Runs(preemptions=kept.pop("preemptions").astype(np.int64), **kept)


def _check(job: Job, market: Market, checkpoints: Checkpoints, runs: int, fallback: bool) -> None:
    if runs < 1:
        raise ValueError(f"At least one run is needed, got {runs}.")
    if job.work_h < checkpoints.interval_h < math.inf:
        raise ValueError(
            f"A checkpoint every {checkpoints.interval_h:g} h never comes in {job.work_h:g} h of "
            "work; choose a shorter interval, or math.inf for none."
        )
    until = job.deadline_h if fallback else math.inf
    hours = min(until, _long_run(job, market, checkpoints))
    if hours * market.preemptions_per_hour > MOST_PREEMPTIONS:
        raise ValueError(
            f"This job would run {hours:,.0f} h with {market.preemptions_per_hour:g} preemptions an hour "
            "and hardly ever end. Lower the rate, save more often, or set a deadline with on demand as "
            "the way out."
        )


def _long_run(job: Job, market: Market, checkpoints: Checkpoints) -> float:
    """About the mean hours on spot, without a deadline."""
    if checkpoints.saved_on_notice(market):
        return billed_saving_on_notice(job, market, checkpoints.cost_h)
    return expected_billed(job, market, checkpoints)


def costs(runs: Runs, rates: Rates) -> NDArray[np.float64]:
    """Dollars of each run, shape (runs,)."""
    return runs.billed * rates.spot + runs.on_demand * rates.on_demand


def bill(runs: Runs, rates: Rates) -> dict[str, float]:
    """Mean dollars by what they paid for: useful, lost, restart, checkpoint, on-demand.

    Sums to the mean of `costs`. What rounding up adds and what a free hour saves is shared out in
    proportion to the hours of the run.
    """
    hours = {name: getattr(runs, name) for name in ("useful", "lost", "restart", "checkpoint")}
    spot = runs.spot
    rate = rates.spot * np.divide(runs.billed, spot, out=np.zeros_like(spot), where=spot > 0)
    dollars = {name: float(np.mean(each * rate)) for name, each in hours.items()}
    return {**dollars, "on-demand": float(np.mean(runs.on_demand)) * rates.on_demand}
