"""A cloud bill in the FinOps FOCUS format: one row a charge, read from a file or made from a table."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mlopt_lessons.cost import convert, focus
from mlopt_lessons.cost.table_file import read_table


@dataclass(frozen=True, eq=False)
class Bill:
    """Charges under canonical FOCUS names (`focus.COLUMNS`), a row a charge, in one currency.

    `rows` has a RangeIndex; costs are float64, times UTC, Tags dicts that rows may share (do not change
    them). What the file did not carry is missing (NaN, NaT), never 0. `source` is "recorded: FILE" or
    "simulated: …, seed …". Raises ValueError for rows without the canonical columns: see `make_bill`.
    """

    rows: pd.DataFrame
    currency: str
    source: str

    def __post_init__(self) -> None:
        if missing := [name for name in focus.COLUMNS if name not in self.rows]:
            raise ValueError(f"The bill lacks the columns {', '.join(missing)}; use make_bill.")
        if not self.rows.index.equals(pd.RangeIndex(len(self.rows))):
            raise ValueError("A bill's rows are numbered from 0; use rows.reset_index(drop=True).")

    def has(self, cost: str) -> bool:
        """Whether any row carries that cost. Raises ValueError for a name that is no FOCUS cost."""
        if cost not in focus.COSTS:
            raise ValueError(f"{cost!r} is no cost; choose one of {', '.join(focus.COSTS)}.")
        return bool(self.rows[cost].notna().any())

    def costs(self, cost: str = "EffectiveCost") -> pd.Series:
        """One cost of every row, in `currency`; NaN where a row carries none.

        Raises ValueError where the whole bill carries none: no other cost is put in its place.
        """
        if not self.has(cost):
            there = ", ".join(name for name in focus.COSTS if self.has(name)) or "none"
            raise ValueError(f"The bill carries no {cost}; it has {there}. Choose one of these.")
        return self.rows[cost]


def load_bill(path: str | Path, currency: str | None = None) -> Bill:
    """Reads a FOCUS bill, 1.0 to 1.4, from CSV (also .gz) or Parquet.

    Columns that are not in `focus.COLUMNS` are left out. `currency` picks the charges of one currency
    where the bill mixes several; it also names the currency of a bill without BillingCurrency. Raises
    OSError or ValueError with a sentence that names the column and the row (1 = first charge) for
    whatever cannot be read.
    """
    path = Path(path)

    def wanted(names: list[str]) -> dict[str, bool]:
        focus.check_required(names, path.name)
        numbers = {*focus.COSTS, *focus.NUMBERS}
        return {each: name in numbers for each, name in focus.mapping(names, path.name).items()}

    return _from_table(read_table(path, wanted), path.name, currency, f"recorded: {path.name}")


def make_bill(table: pd.DataFrame, currency: str, source: str) -> Bill:
    """A bill from a table with FOCUS column names; checks and raises as `load_bill` does.

    Columns that FOCUS has and the table lacks are filled with missing values.
    """
    focus.check_required(table.columns, "The table")
    if table.empty:
        raise ValueError("The table has no rows; a bill needs at least one charge.")
    names = [*focus.mapping(table.columns, "The table")]
    return _from_table(table[names].reset_index(drop=True), "The table", currency, source)


def _from_table(table: pd.DataFrame, file: str, currency: str | None, source: str) -> Bill:
    table = table.rename(columns=focus.mapping(table.columns, file))
    table, currency = _one_currency(table, file, currency)
    rows = pd.DataFrame(
        {name: _column(table, name, file) for name in focus.COLUMNS}, index=table.index, copy=False
    )
    _check_periods(rows, file)
    _share_provider(rows)
    return Bill(rows.reset_index(drop=True), currency, source)


def _column(table: pd.DataFrame, name: str, file: str) -> pd.Series:
    if name == "Tags":
        return convert.tags(table.get(name), table.index, file)
    if name not in table:
        return convert.missing(name, table.index)
    column = table.pop(name)  # freed as soon as it is converted: bills can be large
    if name in focus.TIMES:
        return convert.times(column, file)
    if name in (*focus.COSTS, *focus.NUMBERS):
        return convert.numbers(column, file, required=name == "BilledCost")
    return convert.texts(column)


def _one_currency(table: pd.DataFrame, file: str, currency: str | None) -> tuple[pd.DataFrame, str]:
    if focus.CURRENCY not in table:
        if currency is None:
            raise ValueError(f'{file} has no BillingCurrency; say which it is: currency="USD".')
        return table, currency
    told = convert.texts(table[focus.CURRENCY])
    if told.isna().any():
        raise ValueError(f"Row {int(told.isna().argmax()) + 1} of {file} has no BillingCurrency.")
    found = sorted(told.unique())
    if currency is None and len(found) > 1:
        raise ValueError(_mixed(table, told, file))
    if currency is not None and currency not in found:
        raise ValueError(f"{file} has no charges in {currency}; it has {', '.join(found)}.")
    chosen = found[0] if currency is None else currency
    return table if len(found) == 1 else table[told == chosen], chosen


def _mixed(table: pd.DataFrame, told: pd.Series, file: str) -> str:
    billed = convert.numbers(table["BilledCost"], file, required=True)
    sums = billed.groupby(told, observed=True).sum()
    amounts = ", ".join(f"{name} {amount:,.2f}" for name, amount in sums.items())
    first = sums.abs().idxmax()
    return (
        f"{file} mixes currencies ({amounts}), and they cannot be added. Choose the charges of one: "
        f'currency="{first}".'
    )


def _check_periods(rows: pd.DataFrame, file: str) -> None:
    for kind in ("Charge", "Billing"):
        start, end = rows[f"{kind}PeriodStart"], rows[f"{kind}PeriodEnd"]
        if kind == "Charge" and (start.isna() | end.isna()).any():
            row = rows.index[int(np.argmax(start.isna() | end.isna()))]
            raise ValueError(
                f"Row {row + 1} of {file} has no whole charge period; give start and end."
            )
        if (wrong := end < start).any():
            row = rows.index[int(np.argmax(wrong))]
            raise ValueError(
                f"In row {row + 1} of {file} the {kind.lower()} period ends ({end[row]:%Y-%m-%d %H:%M}) "
                f"before it starts ({start[row]:%Y-%m-%d %H:%M}). Correct it or leave the row out."
            )


def _share_provider(rows: pd.DataFrame) -> None:
    """The old and the new column of the provider's name fill each other's gaps."""
    old, new = rows["ProviderName"].astype(object), rows["ServiceProviderName"].astype(object)
    rows["ServiceProviderName"] = convert.texts(new.where(new.notna(), old))
    rows["ProviderName"] = convert.texts(old.where(old.notna(), new))
