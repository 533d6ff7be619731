"""Waste in a bill: what was paid for and not used, in dollars and with the rows behind it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.keys import has_tag, tag_values

KINDS = ("unused commitment", "failed runs", "idle", "nights and weekends", "cold storage")

COMPUTE = ("Compute", "AI and Machine Learning")  # FOCUS's service categories of machines
IDLE_PERCENT = 5.0
OPENS, CLOSES = 8, 20  # hours, UTC, Monday to Friday
COLD = pd.Timedelta(days=30)
SHORT = pd.Timedelta(hours=12)  # a charge for longer does not tell what ran at night
DEVELOPMENT = ("development", "dev")
_SATURDAY, _FRIDAY = 5, 4


@dataclass(frozen=True, eq=False)
class Finding:
    """One kind of waste: its dollars (effective cost), the index of its rows in the bill, and why."""

    kind: str
    dollars: float
    rows: pd.Index
    note: str


def find_waste(bill: Bill) -> list[Finding]:
    """A finding for each of KINDS that the bill can be checked for, $0 where it was checked and is clean.

    Every row is in one finding at most, the first that fits. Only charges above 0 count. Kinds without
    evidence are left out: `unchecked` names them. Raises ValueError where the bill carries no
    EffectiveCost.
    """
    cost = bill.costs()
    free = cost > 0
    blind = {kind for kind, _ in unchecked(bill)}
    found = []
    for kind in KINDS:
        if kind in blind:
            continue
        rule, note = _RULES[kind]
        here = rule(bill) & free
        free &= ~here
        found.append(Finding(kind, math.fsum(cost[here]), bill.rows.index[here], note))
    return found


def unchecked(bill: Bill) -> list[tuple[str, str]]:
    """The kinds that the bill has no evidence for, each with the column or tag that it would take."""
    evidence = {
        "unused commitment": (_told(bill, "CommitmentDiscountStatus"), "CommitmentDiscountStatus"),
        "failed runs": (has_tag(bill, "status"), "the tag status (succeeded, failed)"),
        "idle": (_told(bill, "x_UtilisationPercent"), "x_UtilisationPercent (mean, 0 to 100)"),
        "nights and weekends": (
            has_tag(bill, "workload") or has_tag(bill, "environment"),
            "the tag workload (notebook) or environment (development)",
        ),
        "cold storage": (_told(bill, "x_LastUsed"), "x_LastUsed (date of the last reading)"),
    }
    missing = [(kind, what) for kind, (there, what) in evidence.items() if not there]
    if "nights and weekends" not in dict(missing) and not _hourly(bill):
        missing.append(
            ("nights and weekends", f"charges for less than {SHORT.seconds // 3600} hours")
        )
    return sorted(missing, key=lambda each: KINDS.index(each[0]))


def _told(bill: Bill, column: str) -> bool:
    return bool(bill.rows[column].notna().any())


def _hourly(bill: Bill) -> bool:
    rows = bill.rows[_switchable(bill)]
    return rows.empty or bool((rows["ChargePeriodEnd"] - rows["ChargePeriodStart"] <= SHORT).any())


def is_compute(bill: Bill) -> pd.Series:
    """Rows of machines: FOCUS's service categories "Compute" and "AI and Machine Learning"."""
    return bill.rows["ServiceCategory"].isin(COMPUTE)


def is_idle(bill: Bill) -> pd.Series:
    """Rows of machines whose mean utilisation is known and below 5 %."""
    return is_compute(bill) & (bill.rows["x_UtilisationPercent"] < IDLE_PERCENT)


def off_hours(start: pd.Series, end: pd.Series) -> pd.Series:
    """Whether a period lies wholly outside Monday to Friday, 8 to 20 h UTC."""
    day, weekday = start.dt.normalize(), start.dt.day_of_week
    tonight = start.dt.hour >= CLOSES
    weekend = weekday >= _SATURDAY
    closed = weekend | tonight | (start.dt.hour < OPENS)
    ahead = tonight.astype(int).where(weekday < _FRIDAY, 7 - weekday)
    ahead = ahead.where(weekend | tonight, 0)
    opens = day + pd.to_timedelta(ahead, unit="D") + pd.Timedelta(hours=OPENS)
    return closed & (end <= opens)


def _switchable(bill: Bill) -> pd.Series:
    notebook = tag_values(bill, "workload") == "notebook"
    development = tag_values(bill, "environment").isin(DEVELOPMENT)
    return is_compute(bill) & (notebook | development)


def _off(bill: Bill) -> pd.Series:
    start, end = bill.rows["ChargePeriodStart"], bill.rows["ChargePeriodEnd"]
    return _switchable(bill) & off_hours(start, end)


def _cold(bill: Bill) -> pd.Series:
    end = bill.rows["BillingPeriodEnd"].fillna(bill.rows["ChargePeriodEnd"].max())
    return end - bill.rows["x_LastUsed"] > COLD


_RULES: dict[str, tuple[Callable[[Bill], pd.Series], str]] = {
    "unused commitment": (
        lambda bill: bill.rows["CommitmentDiscountStatus"] == "Unused",
        "commitments that were paid for and that nothing used",
    ),
    "failed runs": (
        lambda bill: tag_values(bill, "status") == "failed",
        "runs that ended without a result",
    ),
    "idle": (is_idle, f"machines below {IDLE_PERCENT:g} % utilisation in the hour that was billed"),
    "nights and weekends": (
        _off,
        f"notebooks and development machines outside Monday to Friday, {OPENS} to {CLOSES} h UTC",
    ),
    "cold storage": (
        _cold,
        f"storage that nothing read in the last {COLD.days} days of the period",
    ),
}
