"""Exercise 03 as its author sees it: right answers, each named wrong answer as code, hidden marks.

Never shipped to learners. Tests prove that each wrong answer gets its own hint and loses points.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.course.checking_values import plain
from mlopt_lessons.grading.marking import Answer, Args, Hidden, Part, ask, compared, number
from mlopt_lessons.spot.exercise import TASK_1, TASK_2, TASK_3, TASK_4

Array = NDArray[Any]
Pair = tuple[float, float]
DOLLARS = {"spot": 1.75, "on-demand": 6.0, "wait": 0.0}


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
        "kept-for-lost": lambda *given: all_minutes(*given) - lost_minutes(*given),
        "checkpoints-by-the-clock": by_the_clock,
    },
    "03-3": {
        "young-is-exact": lambda rate, cost, _: math.sqrt(2 * cost / rate),
        "interval-as-often-as-possible": saves_are_free,
        "lost-work-forgotten": losses_forgotten,
        "lost-whole-interval": lambda rate, cost, _: math.sqrt(cost / rate),
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


def machines(generator: np.random.Generator) -> Iterator[Args]:
    """Task 2: lives of thirty machines, some too short to start."""
    for interval, restart in ((60, 10), (25, 0), (7, 90)):
        lives = generator.integers(1, 400, 30)
        yield lives, interval + int(generator.integers(5)), restart + int(generator.integers(5))


def counted_minutes(lives: Array, interval: int, restart: int) -> float:
    """Task 2, minute by minute."""
    lost = 0
    for life in lives.tolist():
        since = 0
        for _ in range(life - restart):
            since = 0 if since + 1 == interval else since + 1
        lost += since
    return float(lost)


def jobs(generator: np.random.Generator, rates: Pair, saves: Pair) -> Iterator[Args]:
    """Task 3: preemptions an hour, hours of a save and of a restart.

    `saves` bounds what a save takes of the time from one preemption to the next.
    """
    for _ in range(4):
        rate, share = np.exp(generator.uniform(*np.log([rates, saves]).T)).tolist()
        yield rate, share / rate, float(generator.uniform(0.2, 1))


def traces(generator: np.random.Generator, work: Pair, down: Pair) -> Iterator[tuple[Array, int]]:
    """Task 4: sixteen days in steps, with spot or without, and the steps of work.

    `work` and the mean steps without spot (`down`) run evenly through their bounds. On the last
    day spot goes early, and comes back for one step at the last moment for on demand.
    """
    lengths = zip(np.linspace(*down, 15), generator.permutation(15), strict=True)
    for (away, place), steps in zip(lengths, generator.permutation(15), strict=True):
        stays_up, stays_down = 1 - 1 / (4 + 0.75 * place), 1 - 1 / away
        there = [bool(steps % 2)]
        for chance in generator.random(95):
            there.append(bool(chance < stays_up if there[-1] else chance > stays_down))
        yield np.array(there), round(work[0] + (work[1] - work[0]) * steps / 14)
    had, steps = int(generator.integers(5, 15)), round(work[0])
    yield (np.arange(96) < had) | (np.arange(96) == 96 - (steps - had + 2)), steps


def replay(choose: Answer, there: Array, work_left: int) -> float:
    """Task 4: dollars until the work is done; infinite where that is too late.

    The function is asked step by step: nothing that it could look at holds the rest of the trace.
    """
    bill, running = 0.0, "wait"
    for step, available in enumerate(there.tolist()):
        before = running if available or running != "spot" else "wait"
        chosen = plain(ask(choose, (available, before, len(there) - step, work_left)))
        bill += 0.0 if chosen == "spot" and not available else DOLLARS[chosen]
        running = "wait" if chosen == "spot" and not available else chosen
        work_left -= running == before != "wait"
        if work_left == 0:
            return bill
    return math.inf


def cheap_enough(
    answer: Answer, generator: np.random.Generator, *, work: Pair, down: Pair, share: float
) -> bool:
    """Task 4: in time on every trace, for less than this share of on demand in all."""
    left = 0.0
    for there, steps in traces(generator, work, down):
        bill = replay(answer, there, steps)
        if bill == math.inf:
            return False
        left += share * DOLLARS["on-demand"] * (steps + 1) - bill
    return left > 0


def states(generator: np.random.Generator) -> Iterator[Args]:
    """Task 4: states in which only one choice is right."""
    for work in generator.integers(20, 80, 4).tolist():
        plenty = 2 * work + int(generator.integers(10, 40))
        yield from ((True, before, plenty, work) for before in ("wait", "spot", "on-demand"))
        yield from ((there, "wait", work + 1, work) for there in (True, False))
        yield from ((there, "on-demand", work, work) for there in (True, False))
        yield from ((False, "wait", plenty, work), (True, "spot", work + 1, work))


def spaced(points: float, says: str, rates: Pair, saves: Pair) -> Part:
    """Task 3: a part, and the jobs it asks about."""
    draw = partial(jobs, rates=rates, saves=saves)
    return compared(points, says, draw, best_interval, wrong=WRONG["03-3"], tolerance=0.01)


_BILL = number(2, "the dollars of the job", 30 * 0.3 * (60 + 20 * 0.1 + 8 * 1.5 + 9 * 0.25))
_LOST = compared(2, "the minutes that are lost", machines, counted_minutes, wrong=WRONG["03-2"])
_INTERVAL = (
    spaced(1, "the interval where a save takes next to nothing", (0.002, 0.02), (5e-5, 2e-4)),
    spaced(2, "the interval where a save takes its time", (0.05, 1), (0.05, 1)),
)
_IN_TIME = partial(cheap_enough, work=(30, 75), down=(2, 16), share=1)
_CHEAP = partial(cheap_enough, work=(20, 35), down=(3, 9), share=0.54)
_POLICY = (
    Part(2, "in time on every trace, and cheaper than on demand alone", _IN_TIME),
    Part(1, "cheap where there is time to spare", _CHEAP),
    compared(1, "the right choice in single states", states, Policy(), wrong=WRONG["03-4"]),
)
HIDDEN: dict[str, Hidden] = {
    "03-1": Hidden(TASK_1, "answer", (_BILL,)),
    "03-2": Hidden(TASK_2, "lost_minutes", (_LOST,)),
    "03-3": Hidden(TASK_3, "best_interval", _INTERVAL),
    "03-4": Hidden(TASK_4, "choose", _POLICY),
}
