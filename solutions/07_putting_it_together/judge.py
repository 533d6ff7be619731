"""Exercise 07 as its author sees it: right answers, each named wrong answer as code, hidden marks.

Never shipped to learners. Tests prove that each wrong answer gets its own hint and loses points.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from math import exp, factorial, log1p, prod
from typing import Any

import numpy as np
from numpy.random import Generator

from mlopt_lessons.combined.exercise import TASK_1, TASK_2, TASK_3, TASK_4, Levers, Row
from mlopt_lessons.course.checking_values import plain, same
from mlopt_lessons.grading.marking import Args, Hidden, compared, number

Month = tuple[str, float] | None

BILL = 24_000
LEVERS: Levers = {"spot": (0.6, 0.4), "right-size": (0.3, 0.75), "scheduling": (0.2, 0.5)}


@dataclass(frozen=True)
class Total:
    """Task 1: dollars that are left of a bill; `of` names what the three levers do to it."""

    of: str = "what-remains"

    def __call__(self, bill: float, levers: Levers) -> float:
        saved = [saving * eligible for saving, eligible in levers.values()]
        parts = {
            "what-remains": prod(1 - each for each in saved),
            "added": 1 - sum(saved),
            "added to all": 1 - sum(saving for saving, _ in levers.values()),
            "whole": prod(1 - saving for saving, _ in levers.values()),
            "saving": 1 - prod(1 - each for each in saved),
            "saved": prod(saved),
            "eligible": prod(eligible * (1 - saving) for saving, eligible in levers.values()),
            "rounded": prod(round(1 - each, 2) for each in saved),
        }
        return bill * parts[self.of]


@dataclass(frozen=True)
class Waterfall:
    """Task 2: dollars saved and left, lever by lever; each field turns one thought off."""

    base: str = "left"
    eligibility: bool = True
    states: str = "saved"
    rest: bool = True
    ordered: bool = True
    rounded: bool = False

    def __call__(self, bill: float, levers: Levers, order: list[str]) -> list[tuple[float, float]]:
        rows, left, untouched = [], bill, bill
        for name in order if self.ordered else levers:
            saving, share = levers[name] if self.eligibility else (levers[name][0], 1)
            acts_on = share * {"left": left, "bill": bill, "untouched": untouched}[self.base]
            saved = saving * acts_on
            untouched -= acts_on
            left = left - saved if self.rest else acts_on - saved
            if self.rounded:
                saved, left = float(round(saved)), float(round(left))
            rows.append((left if self.states == "left" else saved, left))
        return rows


@dataclass(frozen=True)
class Split:
    """Task 3: the saving of each lever; `by` names how it is found."""

    by: str = "shapley"

    def __call__(self, bill: float, levers: dict[str, Any]) -> dict[str, float]:
        parts = {name: prod(pair) for name, pair in levers.items()}
        return {name: bill * parts[name] * self.met(parts, name) for name in levers}

    def met(self, parts: dict[str, float], name: str) -> float:
        """The share of the bill that a lever finds when it is pulled."""
        names, total = list(parts), 1 - prod(1 - part for part in parts.values())
        before = prod(1 - parts[each] for each in names[: names.index(name)])
        last = prod(1 - parts[each] for each in parts if each != name)
        return {
            "shapley": self.shapley(parts, name),
            "alone": 1,
            "last": last,
            "ends": (1 + last) / 2,
            "one_order": before,
            "in_proportion": total / (sum(parts.values()) or 1),
            "sum_of_orders": factorial(len(parts)) * self.shapley(parts, name),
        }[self.by]

    def shapley(self, parts: dict[str, float], name: str) -> float:
        """The published sum over sets: |S|! (n - |S| - 1)! / n! of each, times what it adds."""
        others, n = [part for each, part in parts.items() if each != name], len(parts)
        return sum(
            factorial(size) * factorial(n - size - 1) / factorial(n) * prod(1 - p for p in before)
            for size in range(n)
            for before in combinations(others, size)
        )


@dataclass(frozen=True)
class Plan:
    """Task 4: the cheapest variant that is allowed, with its month; each field is one thought."""

    floor: str | None = "low"
    memory: bool = True
    limit: bool = True
    month: bool = True
    levers: str = "multiply"
    once: str = "spread"
    by: str = "usd"

    def __call__(self, variants: list[Row], service: Row, levers: Levers) -> Month:
        allowed = [each for each in variants if self.fits(each, service)]
        priced = [each | {"usd": self.usd(each, service, levers)} for each in allowed]
        best = min(priced, key=lambda row: row[self.by], default=None)
        return (best["name"], best["usd"]) if best else None

    def fits(self, variant: Row, service: Row) -> bool:
        """Whether floor, memory and time allow it."""
        good = self.floor is None or variant[self.floor] >= service["floor"]
        small = not self.memory or variant["mb"] <= service["memory_mb"]
        return good and small and (not self.limit or variant["ms"] <= service["limit_ms"])

    def usd(self, variant: Row, service: Row, levers: Levers) -> float:
        """Dollars of a month."""
        serving = variant["usd_million"] * (service["millions"] if self.month else 1)
        saved = [saving * eligible for saving, eligible in levers.values()]
        left = {
            "multiply": prod(1 - each for each in saved),
            "add": 1 - sum(saved),
            "whole": prod(1 - saving for saving, _ in levers.values()),
            "none": 1,
        }
        parts = {"spread": 1 / service["months"], "free": 0, "monthly": 1}
        once = variant["once_usd"] * parts[self.once]
        if self.levers == "all":
            return (serving + once) * left["multiply"]
        return serving * left[self.levers] + once


RIGHT: dict[str, Any] = {"07-1": Total(), "07-2": Waterfall(), "07-3": Split(), "07-4": Plan()}
WRONG: dict[str, dict[str, Any]] = {
    "07-1": {
        "savings-add-up": Total("added"),
        "more-than-all-is-saved": Total("added to all"),
        "eligibility-forgotten": Total("whole"),
        "remaining-for-saved": Total("saving"),
        "savings-multiplied": Total("saved"),
        "rest-forgotten": Total("eligible"),
        "rounded-early": Total("rounded"),
    },
    "07-2": {
        "savings-add-up": Waterfall(base="bill"),
        "order-changes-total": Waterfall(base="untouched"),
        "eligibility-forgotten": Waterfall(eligibility=False),
        "remaining-for-saved": Waterfall(states="left"),
        "rest-forgotten": Waterfall(rest=False),
        "order-ignored": Waterfall(ordered=False),
        "rounded-early": Waterfall(rounded=True),
    },
    "07-3": {
        "alone-is-fair": Split("alone"),
        "last-is-fair": Split("last"),
        "first-and-last-are-all": Split("ends"),
        "one-order-is-fair": Split("one_order"),
        "percentages-share-the-saving": Split("in_proportion"),
        "sum-for-mean": Split("sum_of_orders"),
        "eligibility-forgotten": lambda bill, levers: Split()(
            bill, {name: pair[:1] for name, pair in levers.items()}
        ),
    },
    "07-4": {
        "ignores-accuracy": Plan(floor=None),
        "point-estimate": Plan(floor="accuracy"),
        "ignores-memory": Plan(memory=False),
        "deadline-ignored": Plan(limit=False),
        "unit-for-month": Plan(month=False),
        "savings-add-up": Plan(levers="add"),
        "eligibility-forgotten": Plan(levers="whole"),
        "levers-forgotten": Plan(levers="none"),
        "levers-on-everything": Plan(levers="all"),
        "tuning-is-free": Plan(once="free"),
        "one-month-only": Plan(once="monthly"),
        "unit-price-decides": Plan(by="usd_million"),
        "smaller-is-cheaper": Plan(by="mb"),
    },
}


def some_levers(generator: Generator, count: int) -> Levers:
    """So many levers, with what each saves and its eligible share."""
    pairs = generator.uniform(0.05, 0.9, (count, 2)).tolist()
    return {f"lever {place}": (saving, share) for place, (saving, share) in enumerate(pairs)}


def bills(generator: Generator, counts: tuple[int, ...]) -> Iterator[tuple[float, Levers]]:
    """A bill for each number of levers."""
    for count in counts:
        yield float(generator.uniform(50, 500)), some_levers(generator, count)


def orders(generator: Generator) -> Iterator[Args]:
    """Task 2: thirty bills with up to five levers, pulled in any order."""
    for bill, levers in bills(generator, (1, 2, 3, 4, 5) * 6):
        yield bill, levers, generator.permutation(list(levers)).tolist()


def stairs(bill: float, levers: Levers, order: list[str]) -> list[list[float]]:
    """Task 2, with all that is left first, and what is saved as its differences."""
    left = bill * np.cumprod([1.0, *(1 - prod(levers[name]) for name in order)])
    return np.column_stack([-np.diff(left), left[1:]]).tolist()


def at_a_moment(bill: float, levers: Levers) -> dict[str, float]:
    """Task 3, each lever pulled at a moment drawn from 0 to 1: at t another is there with chance t."""
    points, weights = np.polynomial.legendre.leggauss(8)  # exact for up to 16 levers
    moments, parts = (points + 1) / 2, {name: prod(pair) for name, pair in levers.items()}
    left = np.prod([1 - moments * part for part in parts.values()], axis=0)
    met = {name: weights / 2 @ (left / (1 - moments * part)) for name, part in parts.items()}
    return {name: float(bill * part * met[name]) for name, part in parts.items()}


def offered(generator: Generator, count: int) -> list[Row]:
    """Task 4: so many variants; some of them were fine-tuned."""
    low, high = (0.9, 0.005, 3, 0.3, 30, -500), (0.99, 0.02, 60, 3, 900, 1_500)
    drawn = generator.uniform(low, high, (count, 6)).tolist()
    return [
        {"name": f"variant {place}", "mb": int(mb), "ms": ms, "usd_million": usd}
        | {"accuracy": accuracy, "low": accuracy - below, "once_usd": max(0, round(once))}
        for place, (accuracy, below, ms, usd, mb, once) in enumerate(drawn)
    ]


def service(generator: Generator, count: int) -> tuple[list[Row], Row, Levers]:
    """Task 4: a service, for which one of the variants may do just so."""
    variants = offered(generator, count)
    good, small, quick, above, less = generator.integers(0, [count] * 3 + [2, 2]).tolist()
    millions, months = generator.integers((20, 2), (2_000, 25)).tolist()
    wanted = {"floor": variants[good]["low"] + 0.004 * above, "limit_ms": variants[quick]["ms"]}
    wanted |= {"memory_mb": variants[small]["mb"] - less, "millions": millions, "months": months}
    return variants, wanted, some_levers(generator, 3)


def months(generator: Generator, count: int, rules: list[str], fits: list[bool]) -> Iterator[Args]:
    """Task 4: services that each wrong rule gets wrong; a variant will do if it `fits`."""
    for rule, fit in product(rules, fits):
        right, wrong = None, None
        while fit != (right is not None) or same(plain(wrong), plain(right), 1e-3):
            given = service(generator, count)
            right, wrong = by_the_month(*given), WRONG["07-4"][rule](*given)
        yield given


def by_the_month(variants: list[Row], wanted: Row, levers: Levers) -> Month:
    """Task 4, with the levers as a sum of logarithms."""
    left = exp(sum(log1p(-saving * eligible) for saving, eligible in levers.values()))
    limits = {"mb": wanted["memory_mb"], "ms": wanted["limit_ms"]}

    def usd(each: Row) -> float:
        return wanted["millions"] * left * each["usd_million"] + each["once_usd"] / wanted["months"]

    good = [each for each in variants if each["low"] >= wanted["floor"]]
    will_do = [each for each in good if all(each[key] <= limits[key] for key in limits)]
    best = min(will_do, key=usd, default=None)
    return (best["name"], usd(best)) if best else None


_BILL = number(2, "what is left of the bill", BILL * 0.76 * 0.775 * 0.9, tolerance=5e-5)
_ROWS = compared(2, "the rows of the waterfall", orders, stairs, wrong=WRONG["07-2"])
_split = partial(compared, right=at_a_moment, wrong=WRONG["07-3"])
_SPLIT = (
    _split(1, "the split between two levers", partial(bills, counts=(2,) * 5)),
    _split(2, "the split among any number of levers", partial(bills, counts=(1, 3, 3, 4, 4, 5))),
)
_RULES = list(WRONG["07-4"])
_ONE = partial(months, count=1, rules=_RULES[4:11] * 3, fits=[True])
_SEVERAL = partial(months, count=6, rules=_RULES * 3, fits=[True])
_NONE = partial(months, count=3, rules=(_RULES[:4] * 3)[:10], fits=[True, False])
_plan = partial(compared, right=by_the_month, wrong=WRONG["07-4"])
_PLAN = (
    _plan(2, "the dollars of a month with a variant that will do", _ONE),
    _plan(1, "the cheapest month of several variants, and its dollars", _SEVERAL),
    _plan(1, "a None where none will do, and only there", _NONE, pick=lambda plan: plan is None),
)
HIDDEN: dict[str, Hidden] = {
    "07-1": Hidden(TASK_1, "answer", (_BILL,)),
    "07-2": Hidden(TASK_2, "waterfall", (_ROWS,)),
    "07-3": Hidden(TASK_3, "fair_split", _SPLIT),
    "07-4": Hidden(TASK_4, "plan", _PLAN),
}
