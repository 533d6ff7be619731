"""A bill in slices: sums by service, team, resource or hour, and the part that has given values."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.keys import TIME_KEYS, key_values, utc

Period = tuple[Any, Any]


def group(
    bill: Bill, by: str | Sequence[str], cost: str = "EffectiveCost", period: Period | None = None
) -> pd.DataFrame:
    """Sums of one cost by one key, or by several at once.

    Keys: "service", "category", "resource", "region", "provider", "account", "pricing", "charge",
    "commitment", "hour" and "day" (UTC, when the charge's period starts), and tags: "team" or "tag:team".
    `period` is (start, end): charges that start in it, its end excluded. Returns the keys' columns,
    "amount" in the bill's currency, "rows", and "without_cost": rows that carry none and add
    nothing. A row without the key is in "unallocated". Sums are exactly rounded (math.fsum). Largest
    first; times in order. Raises ValueError for keys and costs that the bill does not have.
    """
    names = [by] if isinstance(by, str) else list(by)
    if not names or len(set(names)) < len(names):
        raise ValueError("Name one key to group by, or several different ones.")
    chosen = _in_period(bill, period)
    values = bill.costs(cost)[chosen].to_numpy()
    keys = pd.DataFrame({name: key_values(bill, name)[chosen] for name in names})
    codes = keys.groupby(names, observed=True, sort=True).ngroup().to_numpy()
    table = keys.iloc[np.unique(codes, return_index=True)[1]].reset_index(drop=True)
    texts = {name: "str" for name in names if name not in TIME_KEYS}
    return _ordered(table.astype(texts).assign(**_sums(values, codes)), names)


def _sums(values: NDArray[np.float64], codes: NDArray[np.integer[Any]]) -> dict[str, Any]:
    known = np.isfinite(values)
    counts = np.bincount(codes)
    ordered = np.where(known, values, 0.0)[np.argsort(codes, kind="stable")].tolist()
    edges = [0, *np.cumsum(counts).tolist()]
    return {
        "amount": [math.fsum(ordered[edges[k] : edges[k + 1]]) for k in range(len(counts))],
        "rows": counts,
        "without_cost": np.bincount(codes[~known], minlength=len(counts)),
    }


def _ordered(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    times = [name for name in names if name in TIME_KEYS]
    rising = [True] * len(times) + [False]
    return table.sort_values([*times, "amount"], ascending=rising, ignore_index=True, kind="stable")


def _in_period(bill: Bill, period: Period | None) -> pd.Series:
    starts = bill.rows["ChargePeriodStart"]
    if period is None:
        return pd.Series(True, index=starts.index)
    first, last = (utc(each) for each in period)
    if not first < last:
        raise ValueError(
            f"The period is from {first} to {last}; its end must come after its start."
        )
    return (starts >= first) & (starts < last)


def drill(bill: Bill, where: Mapping[str, Any] | None = None, /, **more: Any) -> Bill:
    """The part of a bill in which every key has the given value; its rows are numbered anew.

    `drill(bill, category="Storage", team="search")`; keys that are no Python names go in a mapping:
    `drill(bill, {"tag:cost-center": "12"})`. The value may be "unallocated"; for "hour" and "day" it
    is a time. Raises ValueError for a key that is none and where nothing is left.
    """
    keep = pd.Series(True, index=bill.rows.index)
    conditions = {**(where or {}), **more}
    for key, value in conditions.items():
        keep &= key_values(bill, key) == (utc(value) if key in TIME_KEYS else value)
    if not keep.any():
        told = ", ".join(f"{key} = {value}" for key, value in conditions.items())
        raise ValueError(f"No charge has {told}; group by these keys to see their values.")
    return Bill(bill.rows[keep].reset_index(drop=True), bill.currency, bill.source)
