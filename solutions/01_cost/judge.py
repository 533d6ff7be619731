"""Exercise 01 as its author sees it: right answers, each named wrong answer as code, hidden marks.

Never shipped to learners. Tests prove that each wrong answer gets its own hint and loses points.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.cost.exercise import HOURS_A_WEEK, TASK_1, TASK_2, TASK_3, TASK_4
from mlopt_lessons.course.checking_values import plain, same
from mlopt_lessons.grading.marking import Answer, Args, Hidden, Part, ask, compared, number

Array = NDArray[Any]
Weeks = dict[str, Array]
TIMES = ("done_s", "failed_s", "idle_s")


@dataclass(frozen=True)
class Charge:
    """Task 1: a row of the bill, in dollars; team is empty where no tag says whose it is."""

    team: str
    category: str
    listed: float
    contracted: float
    billed: float
    effective: float
    unused: bool = False


APRIL = (
    Charge("forecast", "Usage", 400, 360, 360, 360),
    Charge("vision", "Usage", 850, 765, 0, 510),
    Charge("", "Usage", 0, 0, 0, 90, unused=True),
    Charge("forecast", "Purchase", 1200, 1200, 1200, 0),
    Charge("vision", "Usage", 60, 60, 60, 60),
    Charge("vision", "Credit", -80, -80, -80, -80),
    Charge("", "Usage", 70, 70, 70, 70),
)


def used(bill: tuple[Charge, ...]) -> float:
    """Task 1: the effective cost of every row."""
    return sum(each.effective for each in bill)


def week_days() -> Array:
    """The day of each of 168 hours, Monday is 0."""
    return np.repeat(np.arange(7), 24)


def at_night_or_weekend() -> Array:
    """The hours outside Monday to Friday, 8 to 20."""
    clock = np.tile(np.arange(24), 7)
    return (week_days() >= 5) | (clock < 8) | (clock >= 20)


def paid(seconds: Array, price: Array) -> Array:
    """Dollars of each hour."""
    return seconds / 3600 * price


def idle_dollars(utilisation: Array, seconds: Array, price: Array) -> float:
    """Task 2: hour by hour, those with a known utilisation below 5 %."""
    rows = zip(utilisation.tolist(), paid(seconds, price).tolist(), strict=True)
    return sum(dollars for share, dollars in rows if share < 5)


def in_hours(hours: Array, seconds: Array, price: Array) -> float:
    """Dollars of the hours marked True."""
    return float(paid(seconds, price)[hours].sum())


def unused_share(utilisation: Array, seconds: Array, price: Array) -> float:
    """Task 2, wrong: of every hour the part that was not used."""
    return float(np.nansum(paid(seconds, price) * (1 - utilisation / 100)))


def at_mean_price(utilisation: Array, seconds: Array, price: Array) -> float:
    """Task 2, wrong: idle hours times the mean price of the week."""
    return float(seconds[utilisation < 5].sum() / 3600 * price.mean())


@dataclass(frozen=True)
class Unit:
    """Task 3: dollars for a run that succeeded; each switch leaves something out.

    `hour` is how many seconds of failed and idle time are taken for an hour.
    """

    failed: bool = True
    idle: bool = True
    storage: bool = True
    divided: bool = True
    by: str = "succeeded"
    hour: int = 3600

    def __call__(self, weeks: Weeks, price: float) -> float:
        total = sum(self.dollars(weeks, price, week) for week in range(len(weeks["storage"])))
        return total / (sum(weeks[self.by].tolist()) if self.divided else 1)

    def dollars(self, weeks: Weeks, price: float, week: int) -> float:
        """What a week cost."""
        rest = self.failed * weeks["failed_s"][week] + self.idle * weeks["idle_s"][week]
        hours = weeks["done_s"][week] / 3600 + rest / self.hour
        return float(hours * price + self.storage * weeks["storage"][week])


def mean_of_weeks(weeks: Weeks, price: float) -> float:
    """Task 3, wrong: the mean of what a run cost in each week."""
    parts = range(len(weeks["storage"]))
    each = [Unit().dollars(weeks, price, week) / weeks["succeeded"][week] for week in parts]
    return float(np.mean(each))


@dataclass(frozen=True)
class Stop:
    """Task 4: epochs paid and the epoch kept, by waiting; each switch turns one thought off.

    `late` is added to the patience; `waited` says how many epochs a best one has waited already.
    """

    late: int = 0
    waited: int = 0
    ties: bool = False
    on_test: bool = False
    to_the_last: bool = False
    adds_up: bool = False

    def __call__(self, validation: Array, test: Array, patience: int) -> tuple[int, int]:
        curve = (test if self.on_test else validation).tolist()
        best, kept, waiting = -1.0, 0, self.waited
        for epoch, value in enumerate(curve, start=1):
            against = curve[epoch - 2] if self.to_the_last and epoch > 1 else best
            better = value >= against if self.ties else value > against
            waiting = (waiting if self.adds_up else self.waited) if better else waiting + 1
            if value >= best if self.ties else value > best:
                best, kept = value, epoch
            if not better and waiting >= patience + self.late:
                return epoch, kept
        return len(curve), kept


def stop(validation: Array, test: Array, patience: int) -> tuple[int, int]:
    """Task 4: the first epoch whose best one lies `patience` epochs back."""
    for epoch in range(1, len(validation) + 1):
        kept = int(np.argmax(validation[:epoch])) + 1
        if epoch - kept >= patience:
            return epoch, kept
    return len(validation), int(np.argmax(validation)) + 1


def from_zero(validation: Array, test: Array, patience: int) -> tuple[int, int]:
    """Task 4, wrong: counts epochs from 0."""
    epoch, kept = stop(validation, test, patience)
    return epoch - 1, kept - 1


RIGHT: dict[str, Any] = {
    "01-1": used,
    "01-2": idle_dollars,
    "01-3": Unit(),
    "01-4": stop,
}
WRONG: dict[str, dict[str, Any]] = {
    "01-1": {
        "list-is-paid": lambda bill: sum(each.listed for each in bill),
        "contracted-is-paid": lambda bill: sum(each.contracted for each in bill),
        "billed-is-used": lambda bill: sum(each.billed for each in bill),
        "credits-dropped": lambda bill: used([row for row in bill if row.category != "Credit"]),
        "credit-added": lambda bill: sum(abs(each.effective) for each in bill),
        "untagged-dropped": lambda bill: used([row for row in bill if row.team]),
        "unused-commitment-dropped": lambda bill: used([row for row in bill if not row.unused]),
        "commitment-counted-twice": lambda bill: sum(
            row.billed if row.category == "Purchase" else row.effective for row in bill
        ),
    },
    "01-2": {
        "nights-are-idle": lambda _, *paid_for: in_hours(at_night_or_weekend(), *paid_for),
        "weekend-only": lambda _, *paid_for: in_hours(week_days() >= 5, *paid_for),
        "unknown-is-idle": lambda share, *paid_for: in_hours(~(share >= 5), *paid_for),
        "unused-share-is-idle": unused_share,
        "percent-as-fraction": lambda share, *paid_for: in_hours(share < 0.05, *paid_for),
        "idle-hours-for-dollars": lambda share, *_: int((share < 5).sum()),
        "mean-price": at_mean_price,
        "busy-for-idle": lambda share, *paid_for: in_hours(share >= 5, *paid_for),
        "whole-bill-is-idle": lambda _, *paid_for: float(paid(*paid_for).sum()),
    },
    "01-3": {
        "flat-rate-only": Unit(failed=False, idle=False, storage=False),
        "failed-runs-are-free": Unit(failed=False),
        "idle-hours-forgotten": Unit(idle=False),
        "storage-forgotten": Unit(storage=False),
        "attempts-counted": Unit(by="started"),
        "average-of-ratios": mean_of_weeks,
        "seconds-as-hours": Unit(hour=1),
        "total-for-unit": Unit(divided=False),
    },
    "01-4": {
        "best-known-afterwards": lambda curve, *_: (int(np.argmax(curve)) + 1,) * 2,
        "stops-on-the-test-set": Stop(on_test=True),
        "last-model-kept": lambda *curves: (stop(*curves)[0],) * 2,
        "patience-off-by-one": Stop(late=1),
        "best-epoch-is-waiting": Stop(waited=1),
        "first-dip-stops": lambda validation, test, _: stop(validation, test, 1),
        "compared-with-last-epoch": Stop(to_the_last=True),
        "waiting-adds-up": Stop(adds_up=True),
        "tie-is-better": Stop(ties=True),
        "counted-from-zero": from_zero,
        "whole-run-billed": lambda *curves: (len(curves[0]), stop(*curves)[1]),
    },
}


def some_weeks(generator: np.random.Generator) -> Iterator[Args]:
    """Task 2: twenty weeks with hours at the threshold, off, and not measured."""
    for _ in range(20):
        shares = generator.choice([0.0, 1.5, 4.9, 5.0, 30.0, 100.0, np.nan], HOURS_A_WEEK)
        seconds = generator.integers(0, 3601, HOURS_A_WEEK)
        yield shares, seconds, generator.uniform(0.5, 30, HOURS_A_WEEK)


def bills(generator: np.random.Generator, runs: int, counts: tuple[int, ...]) -> Iterator[Args]:
    """Task 3: as many weeks as each count says, with up to `runs` that succeeded in each."""
    for count in counts:
        weeks = {name: generator.integers(1, 300_000, count) for name in TIMES}
        weeks["storage"] = generator.uniform(1, 80, count)
        weeks["succeeded"] = generator.integers(1, runs + 1, count)
        weeks["started"] = weeks["succeeded"] + generator.integers(1, 5, count) * (runs > 1)
        yield weeks, float(generator.uniform(1, 30))


def dollars_for_a_run(weeks: Weeks, price: float) -> float:
    """Task 3, added up the other way round: kind by kind."""
    kinds = [weeks[name].sum() / 3600 * price for name in TIMES]
    return float((sum(kinds) + weeks["storage"].sum()) / weeks["succeeded"].sum())


def trainings(generator: np.random.Generator) -> Iterator[Args]:
    """Task 4: twenty trainings of 80 epochs that rise, waver and sink a little."""
    epochs = np.arange(1, 81)
    for _ in range(20):
        rise = 0.9 - 0.5 * np.exp(-epochs / generator.uniform(2, 12))
        rise -= generator.uniform(0, 0.001) * epochs
        curves = np.round(500 * (rise + generator.normal(0, 0.006, (2, 80)))) / 500  # some ties
        yield curves[0], curves[1], int(generator.integers(1, 12))


def looks_back_only(answer: Answer, generator: np.random.Generator) -> bool:
    """Task 4: stops where it should, and decides the same when what comes later is changed."""
    for validation, test, patience in trainings(generator):
        epoch, _ = stop(validation, test, patience)
        later = np.arange(len(validation)) >= epoch
        changed = [np.where(later, 1.0, curve) for curve in (validation, test)]
        first = plain(ask(answer, (validation, test, patience)))
        second = plain(ask(answer, (*changed, patience)))
        if not (same(first[0], epoch, 0) and same(first, second, 0)):
            return False
    return True


def unit_cost(points: float, says: str, runs: int, counts: tuple[int, ...]) -> Part:
    """Task 3: a part, and the weeks it asks about."""
    draw = partial(bills, runs=runs, counts=counts)
    return compared(points, says, draw, dollars_for_a_run, wrong=WRONG["01-3"])


def decision(points: float, says: str, place: int) -> Part:
    """Task 4: one of the two numbers."""
    rules = WRONG["01-4"]
    return compared(points, says, trainings, stop, wrong=rules, pick=lambda pair: pair[place])


_APRIL = number(2, "what April used", 360 + (510 + 90) + 60 - 80 + 70)
_IDLE = compared(2, "the dollars of idle hours", some_weeks, idle_dollars, wrong=WRONG["01-2"])
_RUN = (
    unit_cost(2, "adding up all that was paid", 1, (1, 1, 1)),
    unit_cost(1, "dividing it by the runs that succeeded, over several weeks", 8, (3, 5, 12)),
)
_STOP = (
    decision(2, "the epochs that are paid for", 0),
    decision(1, "the epoch whose checkpoint is kept", 1),
    Part(1, "deciding without a look at what comes later", looks_back_only),
)
HIDDEN: dict[str, Hidden] = {
    "01-1": Hidden(TASK_1, "answer", (_APRIL,)),
    "01-2": Hidden(TASK_2, "idle_dollars", (_IDLE,)),
    "01-3": Hidden(TASK_3, "cost_per_run", _RUN),
    "01-4": Hidden(TASK_4, "stop", _STOP),
}
