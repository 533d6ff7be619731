"""Exercise 07 as its author sees it: right answers, and each named wrong answer as code.

Never shipped to learners. Tests prove that each wrong answer gets its own hint.
"""

from dataclasses import dataclass
from itertools import combinations
from math import factorial, prod
from typing import Any

Row = dict[str, Any]
Levers = dict[str, tuple[float, float]]

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
            saving, eligible = levers[name]
            share = eligible if self.eligibility else 1
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
    eligibility: bool = True

    def __call__(self, bill: float, levers: Levers) -> dict[str, float]:
        parts = {
            name: saving * (eligible if self.eligibility else 1)
            for name, (saving, eligible) in levers.items()
        }
        return {name: getattr(self, self.by)(bill, parts, name) for name in levers}

    def shapley(self, bill: float, parts: dict[str, float], name: str) -> float:
        """The published sum over sets: |S|! (n - |S| - 1)! / n! of each, times what it adds."""
        others, n = [part for each, part in parts.items() if each != name], len(parts)
        return sum(
            factorial(size) * factorial(n - size - 1) / factorial(n) * added
            for size in range(n)
            for before in combinations(others, size)
            for added in [bill * parts[name] * prod(1 - each for each in before)]
        )

    def alone(self, bill: float, parts: dict[str, float], name: str) -> float:
        """What it saves when nothing else acts."""
        return bill * parts[name]

    def last(self, bill: float, parts: dict[str, float], name: str) -> float:
        """What it saves after all others."""
        return bill * parts[name] * prod(1 - parts[each] for each in parts if each != name)

    def ends(self, bill: float, parts: dict[str, float], name: str) -> float:
        """The mean of first and last."""
        return (self.alone(bill, parts, name) + self.last(bill, parts, name)) / 2

    def one_order(self, bill: float, parts: dict[str, float], name: str) -> float:
        """What it saves in the order in which the levers are written."""
        names = list(parts)
        before = names[: names.index(name)]
        return bill * parts[name] * prod(1 - parts[each] for each in before)

    def in_proportion(self, bill: float, parts: dict[str, float], name: str) -> float:
        """The total saving, shared out by the percentages."""
        total = bill * (1 - prod(1 - each for each in parts.values()))
        return total * parts[name] / sum(parts.values())

    def sum_of_orders(self, bill: float, parts: dict[str, float], name: str) -> float:
        """The sum over all orders, not their mean."""
        return factorial(len(parts)) * self.shapley(bill, parts, name)


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

    def __call__(
        self, variants: list[Row], service: Row, levers: Levers
    ) -> tuple[str, float] | None:
        allowed = [each for each in variants if self.fits(each, service)]
        if not allowed:
            return None
        priced = [each | {"usd": self.usd(each, service, levers)} for each in allowed]
        best = min(priced, key=lambda row: row[self.by])
        return best["name"], best["usd"]

    def fits(self, variant: Row, service: Row) -> bool:
        """Whether floor, memory and time allow it."""
        return (
            (self.floor is None or variant[self.floor] >= service["floor"])
            and (not self.memory or variant["mb"] <= service["memory_mb"])
            and (not self.limit or variant["ms"] <= service["limit_ms"])
        )

    def usd(self, variant: Row, service: Row, levers: Levers) -> float:
        """Dollars of a month."""
        millions = service["millions"] if self.month else 1
        serving = variant["usd_million"] * millions
        saved = [saving * eligible for saving, eligible in levers.values()]
        left = {
            "multiply": prod(1 - each for each in saved),
            "add": 1 - sum(saved),
            "whole": prod(1 - saving for saving, _ in levers.values()),
            "none": 1,
        }
        once = {"spread": variant["once_usd"] / service["months"], "free": 0}
        once["monthly"] = variant["once_usd"]
        if self.levers == "all":
            return (serving + once[self.once]) * left["multiply"]
        return serving * left[self.levers] + once[self.once]


RIGHT: dict[str, Any] = {"07-1": Total(), "07-2": Waterfall(), "07-3": Split(), "07-4": Plan()}
WRONG: dict[str, dict[str, Any]] = {
    "07-1": {
        "savings-add-up": Total("added"),
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
        "eligibility-forgotten": Split(eligibility=False),
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
