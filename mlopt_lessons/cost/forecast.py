"""What the month will cost when it is over, with an interval, from its days so far."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.keys import utc

LEAST_DAYS = 7  # a whole week: five weekdays and two days of a weekend
DAY = pd.Timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True)
class Forecast:
    """The month's cost at its end: the expected one and an interval, in the bill's currency.

    `so_far` is what `days` days cost; `days_left` are forecast. `level` is the chance that
    the month ends within the interval, if its days go on as they were.
    """

    low: float
    middle: float
    high: float
    so_far: float
    level: float
    days: int
    days_left: int


def month_end(
    bill: Bill, through: Any | None = None, level: float = 0.8, cost: str = "EffectiveCost"
) -> Forecast:
    """Forecasts the calendar month of the day `through`, the last complete day (default: the bill's).

    Usage of at most a day is a daily total and goes on; purchases, taxes, credits and charges for longer
    periods count in `so_far` alone. Weekdays and weekends have a mean each, and one variance s² about
    these. With k days so far in a class and m to come, the interval is the expected sum ± t · s · sqrt(Σ
    (m + m²/k)), t of n - 2 degrees of freedom: the prediction interval of a sum of normal, independent
    days. Raises ValueError for fewer than 7 days, a day outside the bill and a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, as 0.8, got {level}.")
    last = last_day(bill) if through is None else utc(through).normalize()
    first, end = _month(last)
    past, future = (
        pd.date_range(first, last, freq="D"),
        pd.date_range(last + DAY, end - DAY, freq="D"),
    )
    totals, once = _daily(bill, cost, past)
    if len(totals) < LEAST_DAYS:
        raise ValueError(
            f"A forecast needs {LEAST_DAYS} days of the month, there are {len(totals)}; wait for more."
        )
    so_far = math.fsum([*totals, once])
    middle, half = _interval(totals, _weekend(past), _weekend(future), level)
    low = so_far + middle - half
    # Days that never cost less than nothing will not bring the month below what it has cost.
    low = max(low, so_far) if totals.min() >= 0 else low
    return Forecast(
        low, so_far + middle, so_far + middle + half, so_far, level, len(past), len(future)
    )


def last_day(bill: Bill) -> pd.Timestamp:
    """The last day, in UTC, that the bill's usage covers to its end.

    Raises ValueError where no usage is charged by the day or less, so that no day is known.
    """
    ends = bill.rows["ChargePeriodEnd"][_is_daily(bill)]
    if ends.empty:
        raise ValueError(
            "No usage of this bill is charged by the day or less: nothing to forecast."
        )
    return ends.max().floor("D") - DAY


def _is_daily(bill: Bill) -> pd.Series:
    rows = bill.rows
    short = rows["ChargePeriodEnd"] - rows["ChargePeriodStart"] <= DAY
    return (rows["ChargeCategory"] == "Usage") & short


def days_left(bill: Bill) -> int:
    """Days of the last day's month that the bill does not cover."""
    last = last_day(bill)
    return (_month(last)[1] - last).days - 1


def _month(day: pd.Timestamp) -> tuple[pd.Timestamp, pd.Timestamp]:
    first = day.replace(day=1)
    return first, first + pd.offsets.MonthBegin(1)


def _daily(bill: Bill, cost: str, days: pd.DatetimeIndex) -> tuple[NDArray[np.float64], float]:
    """The usage of each day, and the sum of what is charged once or for longer than a day."""
    values, starts = bill.costs(cost).fillna(0.0), bill.rows["ChargePeriodStart"]
    inside = (starts >= days[0]) & (starts < days[-1] + DAY)
    if not inside.any():
        raise ValueError(f"The bill has no charges from {days[0].date()} to {days[-1].date()}.")
    daily = _is_daily(bill)
    sums = values[inside & daily].groupby(starts[inside & daily].dt.floor("D")).sum()
    return sums.reindex(days, fill_value=0.0).to_numpy(), math.fsum(values[inside & ~daily])


def _weekend(days: pd.DatetimeIndex) -> NDArray[np.bool_]:
    return np.asarray(days.day_of_week >= _SATURDAY)


def _interval(
    totals: NDArray[np.float64],
    past: NDArray[np.bool_],
    future: NDArray[np.bool_],
    level: float,
) -> tuple[float, float]:
    """The expected sum of the days to come and half the width of its interval."""
    middle, spread, squares = 0.0, 0.0, 0.0
    for weekend in (False, True):
        seen, count = totals[past == weekend], int((future == weekend).sum())
        middle += count * float(seen.mean())
        spread += count + count**2 / len(seen)
        squares += float(((seen - seen.mean()) ** 2).sum())
    freedom = len(totals) - 2
    quantile = float(stats.t.ppf((1 + level) / 2, freedom))
    return middle, quantile * math.sqrt(squares / freedom * spread)
