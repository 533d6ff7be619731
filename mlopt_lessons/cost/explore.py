"""What the lab shows: a bill in slices, and what it would be with switches thrown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.hourly import Hourly, hourly_cells
from mlopt_lessons.cost.keys import tag_values
from mlopt_lessons.cost.unit_cost import run_costs
from mlopt_lessons.cost.what_if import Terms, WhatIf, blind_switches, throw

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
PERIODS = ("month", "week", "day of the week", "hour of the day")
Bars = tuple[tuple[str, ...], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class BillView:
    """A bill by group and time, before and after switches; all amounts in the bill's currency.

    `amounts` (as billed) and `left` (with the switches) have shape (groups, bars); `bars` are the names
    of the days, weeks or hours. `per_run` is what a succeeded training run costs before and after,
    None where no run is tagged. `blind` holds the thrown switches that the bill has no evidence for,
    with what it lacks: they save 0 here, which is not known to be true.
    """

    groups: tuple[str, ...]
    bars: tuple[str, ...]
    amounts: NDArray[np.float64]
    left: NDArray[np.float64]
    what_if: WhatIf
    per_run: tuple[float, float] | None
    blind: Mapping[str, str]
    group_by: str
    period: str
    currency: str
    source: str

    @property
    def steps(self) -> list[tuple[str, float]]:
        """The savings waterfall: the bill before, what each switch takes away (≤ 0 if it saves), after."""
        saved = [(name, -amount) for name, amount in self.what_if.saved.items()]
        return [("before", self.what_if.before), *saved, ("after", self.what_if.after)]

    @property
    def sums(self) -> Mapping[str, float]:
        """What each group costs as billed."""
        return dict(zip(self.groups, self.amounts.sum(axis=1).tolist(), strict=True))

    @property
    def note(self) -> str:
        """Before and after in a few words."""
        before, after = self.what_if.before, self.what_if.after
        if not self.what_if.saved:
            return self._money(before)
        share = f", {100 * (1 - after / before):.0f} % saved" if before > 0 else ""
        return f"{self._money(before)} → {self._money(after)}{share}"

    @property
    def run_note(self) -> str:
        """The unit cost in a few words, empty where no run is tagged."""
        if self.per_run is None:
            return ""
        before, after = (self._money(each) for each in self.per_run)
        return (
            f"{before} a training run" if before == after else f"{before} → {after} a training run"
        )

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        first = max(self.sums, key=lambda name: self.sums[name])
        bar = int(self.amounts.sum(axis=0).argmax())
        told = [
            f"{self._money(self.what_if.before)} by {self.group_by}: most goes to {first}, "
            f"{self._money(self.sums[first])}",
            f"the dearest {_DEAREST[self.period]} {self.bars[bar]}, "
            f"{self._money(self.amounts[:, bar].sum())}",
        ]
        if saved := self.what_if.saved:
            each = ", ".join(f"{name} {self._saving(name)}" for name in saved)
            told.append(f"saved: {each}; {self._money(self.what_if.after)} is left")
        if self.per_run is not None:
            told.append(self.run_note)
        return "; ".join(told) + f" ({self.source})."

    def _saving(self, switch: str) -> str:
        if switch in self.blind:
            return f"unknown, needs {self.blind[switch]}"
        return self._money(self.what_if.saved[switch])

    def _money(self, amount: float) -> str:
        digits = 0 if abs(amount) >= 100 else 2
        sign = "-" if round(amount, digits) < 0 else ""
        number = f"{abs(amount):,.{digits}f}"
        return f"{sign}${number}" if self.currency == "USD" else f"{sign}{number} {self.currency}"


_DEAREST = {
    "month": "day is",
    "week": "week begins on",
    "day of the week": "day of the week is",
    "hour of the day": "hour of the day (UTC) is",
}


class BillSlice:
    """A bill made ready for a lab: what does not change between two views is computed once."""

    def __init__(self, bill: Bill) -> None:
        self.bill = bill
        self._cells = lru_cache(maxsize=32)(lambda by, cost: hourly_cells(bill, by, cost))
        self._bars = lru_cache(maxsize=None)(self._bars_of)
        self._blind = blind_switches(bill)
        tagged = tag_values(bill, "run").notna().any()
        self._succeeded = run_costs(bill, "BilledCost").succeeded if tagged else 0

    def prepare(self, group_by: Sequence[str], cost: str = "EffectiveCost") -> None:
        """Computes these groupings now, so that a menu need not wait for them."""
        for by in group_by:
            self._cells(by, cost)

    def view(
        self,
        group_by: str = "team",
        period: str = "month",
        cost: str = "EffectiveCost",
        switches: Sequence[str] = (),
        terms: Terms | None = None,
    ) -> BillView:
        """The bill by group over time, and what the switches leave of it.

        `group_by` is a key of `group`; the six largest are shown, then "other" and "unallocated". A
        bar of `period` is a day ("month"), a calendar week, or the sum of all Mondays, or of all hours
        from 8 to 9. Raises ValueError for a group, period, cost or switch that is none.
        """
        cells = self._cells(group_by, cost)
        names, bar = self._bars(period, cells.start, cells.amounts.shape[1])
        what_if, state = throw(cells, switches, terms)
        return BillView(
            groups=cells.groups,
            bars=names,
            amounts=_binned(cells, cells.amounts, bar, len(names)),
            left=_binned(cells, state.amounts, bar, len(names)),
            what_if=what_if,
            per_run=self._per_run(cells, state.amounts),
            blind={name: what for name, what in self._blind.items() if name in switches},
            group_by=group_by,
            period=period,
            currency=self.bill.currency,
            source=self.bill.source,
        )

    def _per_run(self, cells: Hourly, left: NDArray[np.float64]) -> tuple[float, float] | None:
        if not self._succeeded:
            return None
        runs = cells.traits["run"]
        before, after = (
            float(each[runs].sum()) / self._succeeded for each in (cells.amounts, left)
        )
        return before, after

    @staticmethod
    def _bars_of(period: str, start: pd.Timestamp, hours: int) -> Bars:
        times = pd.date_range(start, periods=hours, freq="h")
        if period == "day of the week":
            return WEEKDAYS, times.day_of_week.to_numpy(np.int64)
        if period == "hour of the day":
            return tuple(str(hour) for hour in range(24)), times.hour.to_numpy(np.int64)
        if period not in PERIODS:
            raise ValueError(f"{period!r} is no period; choose one of {', '.join(PERIODS)}.")
        days = times.normalize()
        if period == "week":
            days = days - pd.to_timedelta(times.day_of_week, unit="D")
        bar, first = pd.factorize(days)
        return tuple(f"{day.day} {day:%b}" for day in pd.DatetimeIndex(first)), bar.astype(np.int64)


def _binned(
    cells: Hourly, amounts: NDArray[np.float64], bar: NDArray[np.int64], bars: int
) -> NDArray[np.float64]:
    """Sums of cells by group and of hours by bar, shape (groups, bars)."""
    by_group = np.zeros((len(cells.groups), amounts.shape[1]))
    np.add.at(by_group, cells.group, amounts)
    rows = [np.bincount(bar, row, bars) for row in by_group]
    return np.array(rows)
