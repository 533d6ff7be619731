"""One run of a job in detail: what it did from hour to hour."""

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

from mlopt_lessons.spot.billing import per_second
from mlopt_lessons.spot.job import Job
from mlopt_lessons.spot.ledger import Draws, Ledger, Step
from mlopt_lessons.spot.lives import Plan
from mlopt_lessons.spot.market import Checkpoints, Market

Kind = Literal["useful", "lost", "restart", "checkpoint", "waiting", "on-demand"]
_EPSILON = 1e-12


class Segment(NamedTuple):
    """A stretch of a run: what it was, and when it began and ended, in hours from the start."""

    kind: Kind
    start_h: float
    end_h: float


def timeline(
    job: Job,
    market: Market,
    checkpoints: Checkpoints,
    runs: int = 2_000,
    seed: int = 0,
    *,
    run: int = 0,
    fallback: bool = True,
    detail: bool = True,
) -> list[Segment]:
    """Run number `run` of those that `simulate` makes with the same arguments, hour by hour.

    Without `detail` each life is one stretch of work and one of checkpoints. Raises ValueError for a
    run that is not there.
    """
    if not 0 <= run < runs:
        raise ValueError(f"There are runs 0 to {runs - 1}; {run} is none of them.")
    plan = Plan.of(market, checkpoints)
    ledger = Ledger(job, market, plan, Draws(seed, runs, only=run), per_second)
    found: list[Segment] = []
    now = 0.0
    for step in ledger.steps(job.deadline_h if fallback else math.inf):
        for kind, hours in _pieces(step, plan if detail else None):
            if hours > _EPSILON:
                found.append(Segment(kind, now, now + hours))
                now += hours
    return found


def _pieces(step: Step, plan: Plan | None) -> Iterator[tuple[Kind, float]]:
    life = step.life
    yield "restart", float(life.restart[0])
    yield from _stretches(float(life.useful[0]), float(life.checkpoint[0]), plan)
    yield "lost", float(life.lost[0])
    yield "waiting", float(step.waiting[0])
    yield "on-demand", float(step.on_demand[0])


def _stretches(useful: float, saving: float, plan: Plan | None) -> Iterator[tuple[Kind, float]]:
    """Work and checkpoints in turn, as `plan` has them; the rest of either at the end."""
    while plan is not None and useful > _EPSILON:
        work, save = min(plan.interval, useful), min(plan.save, saving)
        yield "useful", work
        yield "checkpoint", save
        useful, saving = useful - work, saving - save
    yield "useful", useful
    yield "checkpoint", saving
