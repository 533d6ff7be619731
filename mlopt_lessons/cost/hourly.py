"""A bill as amounts in each hour: small enough that a what-if is computed while a slider moves."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.keys import UNALLOCATED, key_values, tag_values
from mlopt_lessons.cost.waste import CLOSES, COLD, OPENS, SHORT, is_compute, is_idle

ON_DEMAND, SPOT, FIXED = 0, 1, 2
MOST_GROUPS = 6
OTHER = "other"
LONGEST_DAYS = 400
_HOUR = pd.Timedelta(hours=1)
_TRAITS = ("compute", "switchable", "idle", "cold", "restartable", "run")


@dataclass(frozen=True, eq=False)
class Hourly:
    """Amounts of charges that are alike, in each hour: shape (cells, hours), in the bill's currency.

    For each cell, shape (cells,): `group` is the place of its name in `groups`; `paid` is ON_DEMAND,
    SPOT or FIXED (bought in advance, or no usage: no switch changes it). `traits` says of each cell
    whether it is compute, switchable (a notebook or development machine, charged for 12 hours or less
    at a time: a longer charge does not tell when it ran), idle, cold storage, restartable training,
    part of a run. `start` is the first hour, UTC.
    """

    start: pd.Timestamp
    amounts: NDArray[np.float64]
    groups: tuple[str, ...]
    group: NDArray[np.int64]
    paid: NDArray[np.int64]
    traits: dict[str, NDArray[np.bool_]]

    @property
    def hours(self) -> pd.DatetimeIndex:
        """The start of every hour, UTC."""
        return pd.date_range(self.start, periods=self.amounts.shape[1], freq="h")

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Which hours lie outside Monday to Friday, 8 to 20 h UTC."""
        hours = self.hours
        opened = (hours.day_of_week < 5) & (hours.hour >= OPENS) & (hours.hour < CLOSES)
        return ~np.asarray(opened)


def hourly_cells(bill: Bill, by: str | None = None, cost: str = "EffectiveCost") -> Hourly:
    """Spreads every charge evenly over its hours, and adds up those that are alike.

    `by` is a key of `group`: the six largest values become groups, then "other" and "unallocated"
    where there are any; without it all is one group. Hours run from the first charge for usage to the
    last; what reaches beyond is spread over those inside. Raises ValueError for keys and costs that the
    bill does not have and for more than 400 days.
    """
    amounts = bill.costs(cost).fillna(0.0).to_numpy()
    groups, group = _grouped(bill, by, amounts)
    paid, traits = _paid(bill, amounts), _traits(bill)
    bits = sum(trait.astype(np.int64) << place for place, trait in enumerate(traits.values()))
    code = (group << len(_TRAITS) | bits) * (FIXED + 1) + paid
    cells, first, cell = np.unique(code, return_index=True, return_inverse=True)
    start, begins, ends, hours = _spans(bill)
    return Hourly(
        start=start,
        amounts=_spread(amounts, cell, begins, ends, (len(cells), hours)),
        groups=groups,
        group=group[first],
        paid=paid[first],
        traits={name: trait[first] for name, trait in traits.items()},
    )


def _grouped(
    bill: Bill, by: str | None, amounts: NDArray[np.float64]
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    if by is None:
        return ("all",), np.zeros(len(amounts), np.int64)
    values = key_values(bill, by)
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        raise ValueError(f"{by} is a time, not a group; choose service, team or another key.")
    codes, names = pd.factorize(values.astype(str))
    sizes = np.bincount(codes, np.abs(amounts), len(names))
    named = [k for k in np.argsort(-sizes, kind="stable") if names[k] != UNALLOCATED]
    place = np.full(len(names), min(len(named), MOST_GROUPS), np.int64)  # that of "other"
    place[named[:MOST_GROUPS]] = np.arange(min(len(named), MOST_GROUPS))
    found = [str(names[k]) for k in named[:MOST_GROUPS]]
    if len(named) > MOST_GROUPS:
        found.append(OTHER)
    if UNALLOCATED in names:
        place[list(names).index(UNALLOCATED)] = len(found)
        found.append(UNALLOCATED)
    return tuple(found), place[codes]


def _paid(bill: Bill, amounts: NDArray[np.float64]) -> NDArray[np.int64]:
    rows = bill.rows
    bought = (rows["ChargeCategory"] != "Usage") | rows["CommitmentDiscountStatus"].notna()
    bought |= rows["PricingCategory"] == "Committed"
    fixed = bought.to_numpy(bool) | (amounts <= 0)
    spot = (rows["PricingCategory"] == "Dynamic").to_numpy(bool)
    return np.where(fixed, FIXED, np.where(spot, SPOT, ON_DEMAND)).astype(np.int64)


def _traits(bill: Bill) -> dict[str, NDArray[np.bool_]]:
    workload, compute = tag_values(bill, "workload"), is_compute(bill)
    development = tag_values(bill, "environment") == "development"
    rows = bill.rows
    short = rows["ChargePeriodEnd"] - rows["ChargePeriodStart"] <= SHORT
    end = rows["BillingPeriodEnd"].fillna(rows["ChargePeriodEnd"].max())
    found = (
        compute,
        compute & short & ((workload == "notebook") | development),
        # A failed run that hangs is no idle machine: it goes when the run does.
        is_idle(bill) & (tag_values(bill, "status") != "failed"),
        end - rows["x_LastUsed"] > COLD,
        compute & (workload == "training") & (tag_values(bill, "restartable") != "no"),
        tag_values(bill, "run").notna(),
    )
    return {name: each.to_numpy(bool) for name, each in zip(_TRAITS, found, strict=True)}


def _spans(bill: Bill) -> tuple[pd.Timestamp, NDArray[np.int64], NDArray[np.int64], int]:
    """First hour, then of every charge the hour in which it begins and the one before which it ends."""
    begins = bill.rows["ChargePeriodStart"].dt.floor("h")
    ends = bill.rows["ChargePeriodEnd"].dt.ceil("h")
    usage = bill.rows["ChargeCategory"] == "Usage"
    counted = usage if usage.any() else ~usage
    start = begins[counted].min()
    hours = max(1, int((ends[counted].max() - start) / _HOUR))
    if hours > 24 * LONGEST_DAYS:
        raise ValueError(
            f"The bill covers {hours // 24} days; a what-if takes {LONGEST_DAYS} at most: cut it."
        )
    first = ((begins - start) // _HOUR).clip(0, hours - 1).to_numpy(np.int64)
    last = ((ends - start) // _HOUR).clip(0, hours).to_numpy(np.int64)
    return start, first, np.maximum(last, first + 1), hours


def _spread(
    amounts: NDArray[np.float64],
    cell: NDArray[np.int64],
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    short = ends - begins == 1
    place = cell * shape[1] + begins
    sums = np.bincount(place[short], amounts[short], shape[0] * shape[1])
    found = sums.astype(np.float64).reshape(shape)
    long = pd.DataFrame({"cell": cell, "begin": begins, "end": ends, "amount": amounts})[~short]
    for (row, begin, end), amount in long.groupby(["cell", "begin", "end"])["amount"].sum().items():
        found[row, begin:end] += amount / (end - begin)
    return found
