"""What a machine costs an hour, with source and date, and what a prediction costs on it."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from io import StringIO
from math import isfinite
from pathlib import Path

import pandas as pd

SECONDS_PER_HOUR = 3600
NEEDED = ("name", "usd_per_hour", "source", "date")


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


def prices() -> pd.DataFrame:
    """The shipped price table: name, provider, region, kind, vcpus, ram_gib, usd_per_hour, date, source."""
    return _table("prices.csv")


def gpu_prices() -> pd.DataFrame:
    """What GPU machines cost, in dollars an hour: 85 rows, each with its date and source.

    Columns: provider, region, instance, gpu, gpus, vcpus, ram_gib, on_demand_usd_h, spot_usd_h (empty
    where none was published), date, source. Spot prices move: a row holds for its date.
    """
    return _table("gpu_prices.csv")


@cache
def _table(name: str) -> pd.DataFrame:
    text = files("mlopt_lessons.workbench").joinpath(f"data/{name}").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text))


def own_prices(path: str | Path) -> pd.DataFrame:
    """The learner's own price list, a CSV with the columns name, usd_per_hour, source and date.

    More of the columns of `prices()` may be there and are kept. For `price(name, own_prices(path))`.
    Raises ValueError with a sentence for a file that is no such list and for the first row that is no
    price; OSError where the file cannot be opened.
    """
    path = Path(path)
    try:
        table = pd.read_csv(
            path, dtype=str, index_col=False, skipinitialspace=True, encoding="utf-8-sig"
        )
    except (UnicodeDecodeError, pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise ValueError(
            f"{path.name} is no CSV in UTF-8: {error}. Save it as one again."
        ) from error
    if missing := [column for column in NEEDED if column not in table.columns]:
        raise ValueError(
            f"{path.name} lacks the column(s) {', '.join(missing)}; it needs {', '.join(NEEDED)}."
        )
    if table.empty:
        raise ValueError(f"{path.name} has no row; write one for each machine.")
    _check_rows(path.name, table)
    return _with_numbers(table)


def _check_rows(file: str, table: pd.DataFrame) -> None:
    seen: set[str] = set()
    for line, row in enumerate(table.fillna("").to_dict("records"), start=2):
        try:
            found = _row_as_price({str(column): str(value) for column, value in row.items()})
        except (ValueError, TypeError) as error:
            raise ValueError(f"Line {line} of {file}: {error}") from error
        if found.name in seen:
            raise ValueError(f"Line {line} of {file}: {found.name!r} is there already; rename one.")
        seen.add(found.name)


def _row_as_price(row: dict[str, str]) -> Price:
    if not row["name"].strip():
        raise ValueError("a price needs a name.")
    if row.get("ram_gib", "").strip():
        _number(row, "ram_gib")
    cores = _number(row, "vcpus") if row.get("vcpus", "").strip() else None
    if cores is not None and not (cores >= 1 and float(cores).is_integer()):
        raise ValueError(f"vcpus must be a whole number of 1 or more, got {row['vcpus']!r}.")
    dollars, day = _number(row, "usd_per_hour"), _checked_date(row["date"])
    return Price(row["name"], dollars, row["source"], day, None if cores is None else int(cores))


def _number(row: dict[str, str], column: str) -> float:
    try:
        return float(row[column])
    except ValueError:
        raise ValueError(
            f"{column} must be a number such as 0.12, without $ or thousands separator, "
            f"got {row[column]!r}."
        ) from None


def _checked_date(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise ValueError(f"a date is written 2026-11-24, got {text!r}.") from None


def _with_numbers(table: pd.DataFrame) -> pd.DataFrame:
    numbers = [column for column in ("usd_per_hour", "vcpus", "ram_gib") if column in table]
    return table.assign(**{column: pd.to_numeric(table[column]) for column in numbers})


def price(name: str, prices: pd.DataFrame | None = None) -> Price:
    """A row of a price list: the shipped one, or `own_prices(path)`.

    Raises ValueError for a name that is not there.
    """
    table = (_table("prices.csv") if prices is None else prices).set_index("name")
    if name not in table.index:
        raise ValueError(f"There is no price for {name!r}; choose one of {', '.join(table.index)}.")
    row = table.loc[name].to_dict()
    cores = row.get("vcpus")
    return Price(
        name,
        float(row["usd_per_hour"]),
        str(row["source"]),
        str(row["date"]),
        None if cores is None or pd.isna(cores) else int(cores),
    )


def as_price(price: Price | float) -> Price:
    """`price` itself, or a Price of that many $/h of the learner's own, dated today.

    Raises TypeError for what is neither, ValueError for 0 or less.
    """
    if isinstance(price, Price):
        return price
    return Price("own price", price, "given by the learner", date.today().isoformat())


def dollars_per_million(seconds_per_prediction: float, price: Price) -> float:
    """Dollars for a million predictions, one after the other, on a machine that does nothing else.

    seconds × 1,000,000 / 3,600 × $/h. One stream on the whole machine: with several streams at once
    each prediction costs less.
    """
    if not isfinite(seconds_per_prediction) or seconds_per_prediction <= 0:
        raise ValueError(f"Seconds per prediction must be above 0, got {seconds_per_prediction}.")
    return seconds_per_prediction * 1e6 / SECONDS_PER_HOUR * price.usd_per_hour
