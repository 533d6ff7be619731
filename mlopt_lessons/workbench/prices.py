"""What a machine costs an hour, with source and date, and what a prediction costs on it."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import StringIO
from math import isfinite

import pandas as pd

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Price:
    """Dollars an hour of a machine, with where and when the price was read.

    The learner's own: `Price("mine", usd_per_hour=0.12, source="my invoice", date="2026-11-24")`.
    """

    name: str
    usd_per_hour: float
    source: str
    date: str
    vcpus: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.usd_per_hour, int | float) or isinstance(self.usd_per_hour, bool):
            raise TypeError(f"usd_per_hour must be a number, got {self.usd_per_hour!r}.")
        if not isfinite(self.usd_per_hour) or self.usd_per_hour <= 0:
            raise ValueError(f"usd_per_hour must be above 0, got {self.usd_per_hour}.")
        if not self.source or not self.date:
            raise ValueError("A price needs its source and its date.")

    def __str__(self) -> str:
        return f"{self.name}, ${self.usd_per_hour:g}/h on {self.date}"


@cache
def prices() -> pd.DataFrame:
    """The shipped price table: name, provider, region, kind, vcpus, ram_gib, usd_per_hour, date, source."""
    return _table("prices.csv")


@cache
def gpu_prices() -> pd.DataFrame:
    """What GPU machines cost, in dollars an hour: 85 rows, each with its date and source.

    Columns: provider, region, instance, gpu, gpus, vcpus, ram_gib, on_demand_usd_h, spot_usd_h (empty
    where none was published), date, source. Spot prices move: a row holds for its date.
    """
    return _table("gpu_prices.csv")


def _table(name: str) -> pd.DataFrame:
    text = files("mlopt_lessons.workbench").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text))


def price(name: str) -> Price:
    """A row of `prices()`. Raises ValueError for a name that is not there."""
    table = prices().set_index("name")
    if name not in table.index:
        raise ValueError(f"There is no price for {name!r}; choose one of {', '.join(table.index)}.")
    row = table.loc[name].to_dict()
    return Price(
        name, float(row["usd_per_hour"]), str(row["source"]), str(row["date"]), int(row["vcpus"])
    )


def dollars_per_million(seconds_per_prediction: float, price: Price) -> float:
    """Dollars for a million predictions, one after the other, on a machine that does nothing else.

    seconds × 1,000,000 / 3,600 × $/h. One stream on the whole machine: with several streams at once
    each prediction costs less.
    """
    if not isfinite(seconds_per_prediction) or seconds_per_prediction <= 0:
        raise ValueError(f"Seconds per prediction must be above 0, got {seconds_per_prediction}.")
    return seconds_per_prediction * 1e6 / SECONDS_PER_HOUR * price.usd_per_hour
