"""Exercise 03 as its author sees it: right answers, and each named wrong answer as code.

Never shipped to learners. Tests prove that each wrong answer gets its own hint.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Run:
    """Task 1: a job on spot in hours, with what a launch, a save, a loss and a wait take."""

    work: float = 60.0
    interval: float = 3.0
    preemptions: int = 8
    launches: int = 9
    lost: float = 1.5
    save: float = 6 / 60
    start: float = 15 / 60
    paid_wait: float = 0.0
    usd: float = 30 * (1 - 0.7)


def spot_bill(run: Run) -> float:
    """Task 1: dollars for every hour in which a machine runs."""
    saves = run.work / run.interval * run.save
    extra = run.launches * run.start + run.preemptions * (run.lost + run.paid_wait)
    return (run.work + saves + extra) * run.usd


def lost_minutes(lives: Array, interval: int, restart: int) -> int:
    """Task 2: minutes of work since the last checkpoint, life by life."""
    return sum(worked(life, restart) % interval for life in lives.tolist())


def worked(life: int, restart: int) -> int:
    """Minutes of work in a life."""
    return max(life - restart, 0)


def all_minutes(lives: Array, interval: int, restart: int) -> int:
    """Task 2, wrong: every minute of work."""
    return sum(worked(life, restart) for life in lives.tolist())


def kept_minutes(lives: Array, interval: int, restart: int) -> int:
    """Task 2, wrong: what the checkpoints hold."""
    return all_minutes(lives, interval, restart) - lost_minutes(lives, interval, restart)


def by_the_clock(lives: Array, interval: int, restart: int) -> int:
    """Task 2, wrong: checkpoints at every interval of all work, lost or not."""
    passed = np.cumsum(np.maximum(lives - restart, 0))
    return int((passed % interval).sum())


def best_interval(rate: float, cost: float, restart: float) -> float:
    """Task 3: where the bill's derivative is 0, (1 − λτ)·e^(λτ) = e^(−λC), by halving."""
    low, high = 0.0, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        falls = (1 - middle) * math.exp(middle) > math.exp(-rate * cost)
        low, high = (middle, high) if falls else (low, middle)
    return low / rate


def young(rate: float, cost: float, restart: float) -> float:
    """Task 3, wrong: the approximation for cheap checkpoints."""
    return math.sqrt(2 * cost / rate)


def whole_interval(rate: float, cost: float, restart: float) -> float:
    """Task 3, wrong: the same, if a preemption cost a whole interval."""
    return math.sqrt(cost / rate)


def bill(interval: Array, rate: float, cost: float, restart: float) -> Array:
    """Hours billed for an hour of work."""
    return np.exp(rate * restart) * np.expm1(rate * (interval + cost)) / (rate * interval)


CANDIDATES = np.geomspace(0.01, 100, 20_000)


def saves_are_free(rate: float, cost: float, restart: float) -> float:
    """Task 3, wrong: the bill without the time of a save."""
    return float(CANDIDATES[np.argmin(bill(CANDIDATES, rate, 0, restart))])


def losses_forgotten(rate: float, cost: float, restart: float) -> float:
    """Task 3, wrong: the time of the saves alone."""
    return float(CANDIDATES[np.argmin((CANDIDATES + cost) / CANDIDATES)])


def restart_in_exponent(rate: float, cost: float, restart: float) -> float:
    """Task 3, wrong: a restart at each save."""
    return float(CANDIDATES[np.argmin(bill(CANDIDATES, rate, cost + restart, 0))])


def smallest_bill(rate: float, cost: float, restart: float) -> float:
    """Task 3, wrong: the bill of the best interval."""
    return float(bill(CANDIDATES, rate, cost, restart).min())


@dataclass(frozen=True)
class Policy:
    """Task 4: spot while nothing is risked, then on demand; each switch turns one thought off.

    `reserve` is what a start takes. `net` keeps the deadline, `always_net` also where spot is at
    hand, `knows_running` lets a running spot machine stay, `patient` waits while there is time,
    `returns` goes back to spot, `looks` asks whether there is any.
    """

    reserve: int = 1
    net: bool = True
    always_net: bool = True
    knows_running: bool = True
    patient: bool = True
    returns: bool = True
    looks: bool = True

    def __call__(self, available: bool, running: str, steps_left: int, work_left: int) -> str:
        if not self.looks:
            return "spot"
        if self.on_demand(available, running, steps_left - 1 < work_left + self.reserve):
            return "on-demand"
        return "spot" if available else "wait"

    def on_demand(self, available: bool, running: str, tight: bool) -> bool:
        """Whether this state belongs to on demand; tight: a start in the next step is too late."""
        if running == "on-demand" and not self.returns:
            return True
        if not self.patient and not available:
            return True
        stays = available and (not self.always_net or (running == "spot" and self.knows_running))
        return self.net and tight and not stays


RIGHT: dict[str, Any] = {
    "03-1": spot_bill,
    "03-2": lost_minutes,
    "03-3": best_interval,
    "03-4": Policy(),
}
WRONG: dict[str, dict[str, Any]] = {
    "03-1": {
        "discount-is-saving": lambda run: run.work * run.usd,
        "lost-work-forgotten": lambda run: spot_bill(replace(run, lost=0)),
        "lost-whole-interval": lambda run: spot_bill(replace(run, lost=run.interval)),
        "restart-forgotten": lambda run: spot_bill(replace(run, start=0)),
        "first-launch-forgotten": lambda run: spot_bill(replace(run, launches=run.preemptions)),
        "checkpoints-are-free": lambda run: spot_bill(replace(run, save=0)),
        "outage-is-billed": lambda run: spot_bill(replace(run, paid_wait=2)),
        "minutes-as-hundredths": lambda run: spot_bill(replace(run, save=0.06, start=0.15)),
    },
    "03-2": {
        "everything-is-lost": all_minutes,
        "notice-is-guaranteed": lambda lives, interval, restart: 0,
        "average-is-each": lambda lives, interval, restart: len(lives) * interval / 2,
        "kept-for-lost": kept_minutes,
        "checkpoints-by-the-clock": by_the_clock,
    },
    "03-3": {
        "young-is-exact": young,
        "interval-as-often-as-possible": saves_are_free,
        "lost-work-forgotten": losses_forgotten,
        "lost-whole-interval": whole_interval,
        "restart-at-each-checkpoint": restart_in_exponent,
        "value-for-place": smallest_bill,
    },
    "03-4": {
        "spot-when-unavailable": Policy(looks=False),
        "late-but-cheap": Policy(net=False),
        "waits-too-long": Policy(reserve=0),
        "last-minute-gamble": Policy(always_net=False),
        "net-ignores-running": Policy(knows_running=False),
        "on-demand-too-early": Policy(patient=False),
        "stays-on-demand": Policy(returns=False),
    },
}
