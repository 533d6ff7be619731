"""A bill as a text: totals, slices, shares, waste, forecast, and what could not be checked."""

import math
from collections.abc import Sequence

import pandas as pd

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.bill_shares import Shares, shares
from mlopt_lessons.cost.focus import COSTS
from mlopt_lessons.cost.forecast import days_left, last_day, month_end
from mlopt_lessons.cost.grouping import group
from mlopt_lessons.cost.keys import TAG_KEYS, has_tag
from mlopt_lessons.cost.waste import KINDS, find_waste, unchecked

TOP = 8
DEFAULT_COST = "EffectiveCost"


def bill_report(bill: Bill, by: Sequence[str] = (), cost: str = DEFAULT_COST) -> str:
    """The whole report. Groups by `by` at once, or by service and then by team where it is not given.

    Raises ValueError for a key or a cost that the bill does not have.
    """
    slices = [list(by)] if by else [["service"], ["team"]]
    parts = [
        _head(bill),
        _totals(bill),
        *(_slice(bill, names, cost) for names in slices),
        _shares(bill, cost),
        _waste(bill),
        _forecast(bill, cost),
    ]
    return "\n\n".join(part for part in parts if part)


def money(amount: float, currency: str) -> str:
    """An amount with its currency: $1,234.50; four digits that count where it is below 1."""
    digits = (
        2 if abs(amount) >= 1 or amount == 0 else max(2, 3 - math.floor(math.log10(abs(amount))))
    )
    sign = "-" if amount < 0 else ""
    unit = "$" if currency == "USD" else f"{currency} "
    return f"{sign}{unit}{abs(amount):,.{digits}f}"


def counted(count: int, what: str) -> str:
    """A number with its noun: 1 row, 2,000 rows."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _head(bill: Bill) -> str:
    starts, ends = bill.rows["ChargePeriodStart"], bill.rows["ChargePeriodEnd"]
    return (
        f"{bill.source}: {counted(len(bill.rows), 'charge')} in {bill.currency}, "
        f"{starts.min():%Y-%m-%d %H:%M} to {ends.max():%Y-%m-%d %H:%M} UTC."
    )


def _totals(bill: Bill) -> str:
    lines = ["Cost, and the credits (negative charges) in it:"]
    for cost in COSTS:
        name = cost.removesuffix("Cost").lower()
        if not bill.has(cost):
            lines.append(f"  {name:12}not in this bill")
            continue
        values = bill.rows[cost]
        empty = int(values.isna().sum())
        told = f"  (missing in {counted(empty, 'charge')})" if empty else ""
        total, credits = math.fsum(values.dropna()), math.fsum(values[values < 0])
        lines.append(
            f"  {name:12}{money(total, bill.currency):>14}{money(credits, bill.currency):>14}{told}"
        )
    return "\n".join(lines)


def _slice(bill: Bill, names: list[str], cost: str) -> str:
    kind = cost.removesuffix("Cost").lower()
    title = f"By {' and '.join(names)} ({kind} cost):"
    table = group(bill, names, cost)
    total = math.fsum(table["amount"])
    shown = table.head(TOP)
    lines = [
        _line(" / ".join(str(row[name]) for name in names), row["amount"], total, bill.currency)
        for row in shown.to_dict("records")
    ]
    if len(table) > TOP:
        rest = math.fsum(table["amount"][TOP:])
        lines.append(_line(f"{len(table) - TOP:,} more", rest, total, bill.currency))
    return "\n".join([title, *lines])


def _line(name: str, amount: float, total: float, currency: str) -> str:
    part = f"{amount / total:7.1%}" if total > 0 else ""
    short = name if len(name) <= 40 else f"{name[:37]}..."
    return f"  {short:42}{money(amount, currency):>14}{part}"


def _shares(bill: Bill, cost: str) -> str:
    found: Shares = shares(bill, cost=cost)
    told = {
        "without any tag": found.untagged,
        "at spot prices": found.spot,
        "covered by a commitment": found.committed,
        "idle machines": found.idle,
    }
    lines = [
        f"  {name:26}{'not told by this bill' if value is None else f'{value:.1%}'}"
        for name, value in told.items()
    ]
    missing = [tag for tag in TAG_KEYS[:1] if not has_tag(bill, tag)]
    if missing:
        lines.append(f"  No charge carries the tag {missing[0]}.")
    return "\n".join([f"Of the usage ({money(found.usage, bill.currency)}):", *lines])


def _waste(bill: Bill) -> str:
    if not bill.has(DEFAULT_COST):
        return f"Waste: cannot be priced, the bill carries no {DEFAULT_COST}."
    found = find_waste(bill)
    lines = [
        f"  {each.kind:22}{money(each.dollars, bill.currency):>14}  "
        f"{counted(len(each.rows), 'row')}: {each.note}"
        for each in found
    ]
    total = money(math.fsum(each.dollars for each in found), bill.currency)
    lines = [f"Waste found: {total}.", *lines] if lines else []
    blind = [f"  {kind:22}the bill lacks {what}" for kind, what in unchecked(bill)]
    return "\n".join([*lines, *(["Not checkable:", *blind] if blind else [])])


def _forecast(bill: Bill, cost: str) -> str:
    try:
        if days_left(bill) == 0:
            return ""
        told = month_end(bill, cost=cost)
    except ValueError as error:
        return f"No forecast: {error}"
    low, middle, high, so_far = (
        money(each, bill.currency) for each in (told.low, told.middle, told.high, told.so_far)
    )
    return (
        f"Month's end: {middle}, between {low} and {high} in {told.level:.0%} of such months; "
        f"{so_far} up to {last_day(bill):%Y-%m-%d}, {counted(told.days_left, 'day')} to come."
    )


LISTED = [
    "ChargePeriodStart",
    "ServiceName",
    "ResourceId",
    "ChargeDescription",
    "EffectiveCost",
    "Tags",
]


def finding_rows(bill: Bill, kind: str) -> pd.DataFrame:
    """The charges behind a finding, the dearest first.

    Raises ValueError for a kind that is none, or that the bill has no evidence for.
    """
    found = {each.kind: each for each in find_waste(bill)}
    if kind in found:
        rows = bill.rows.loc[found[kind].rows, LISTED]
        return rows.sort_values("EffectiveCost", ascending=False, kind="stable")
    if kind in (missing := dict(unchecked(bill))):
        raise ValueError(f"{kind} cannot be checked: the bill lacks {missing[kind]}.")
    raise ValueError(f"{kind!r} is no kind of waste; choose one of {', '.join(KINDS)}.")
