"""Columns of a bill as the types that the course computes with, or a sentence that names the row."""

import re
from typing import Any

import numpy as np
import pandas as pd

from mlopt_lessons.cost import focus
from mlopt_lessons.cost.tags import parse_tags

TIME = pd.DatetimeTZDtype("us", "UTC")
# Two forms that pandas would read with a guess: 03/04/2026 may be in March or April.
_ISO = re.compile(r"\d{4}-?\d{2}-?\d{2}")


def numbers(column: pd.Series, file: str, required: bool = False) -> pd.Series:
    """A column as float64, NaN where it is empty.

    Raises ValueError, naming the first row, for text, NaN, infinity, and where `required` for an
    empty field. Reads no thousands separators: 1,000 may be one thousand or one.
    """
    found = _spread(column, _number)
    empty = column.isna().to_numpy()
    wrong = ~np.isfinite(found) & (~empty | required)
    if wrong.any():
        _raise(column, int(np.argmax(wrong)), file, "a plain number as 1234.56")
    return pd.Series(found, index=column.index, name=column.name)


def times(column: pd.Series, file: str) -> pd.Series:
    """A column as UTC times; times without a zone are UTC, as FOCUS demands.

    Raises ValueError, naming the first row, for what is no ISO 8601 date.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        zoned = column if column.dt.tz is not None else column.dt.tz_localize("UTC")
        return zoned.astype(TIME)
    codes, distinct = _distinct(column)
    read = pd.to_datetime(
        pd.Series([_iso(each) for each in distinct], dtype=object),
        utc=True,
        format="ISO8601",
        errors="coerce",
    ).astype(TIME)
    found = pd.Series(read.reindex(codes).array, index=column.index, name=column.name)
    wrong = found.isna() & column.notna()
    if wrong.any():
        _raise(column, int(np.argmax(wrong)), file, "a date as 2026-06-30T22:00:00Z")
    return found


def texts(column: pd.Series) -> pd.Series:
    """A column as a categorical of text; empty and "NULL" are missing, old FOCUS values get today's name."""
    codes, distinct = _distinct(column)
    read = [_meant(each) for each in distinct]
    kept = pd.Index(sorted({each for each in read if each is not None}), dtype="str")
    places = np.append(kept.get_indexer(pd.Index(read, dtype=object)), -1)  # -1 takes the last
    values = pd.Categorical.from_codes(places[codes], categories=kept)
    return pd.Series(values, index=column.index, name=column.name)


def tags(column: pd.Series | None, index: pd.Index, file: str) -> pd.Series:
    """A column of tag dicts, {} where there are none; equal texts share one dict."""
    if column is None:
        none: dict[str, str] = {}
        return pd.Series([none] * len(index), index=index, dtype=object, name="Tags")
    if isinstance(column.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(column):
        codes, distinct = _distinct(column)
    else:
        codes, distinct = np.arange(len(column)), list(column)
    read = []
    for place, each in enumerate(distinct):
        try:
            read.append(parse_tags(each))
        except ValueError as error:
            row = column.index[int(np.argmax(codes == place))] + 1
            raise ValueError(f"Row {row} of {file}: {error}") from error
    values = np.empty(len(read) + 1, dtype=object)
    values[:] = [*read, {}]
    return pd.Series(values[codes], index=index, name="Tags")


def missing(name: str, index: pd.Index) -> pd.Series:
    """A column for which the bill carries nothing."""
    if name in focus.TIMES:
        return pd.Series(pd.NaT, index=index, dtype=TIME, name=name)
    if name in (*focus.COSTS, *focus.NUMBERS):
        return pd.Series(np.nan, index=index, name=name)
    empty = pd.Categorical.from_codes(np.full(len(index), -1), categories=pd.Index([], dtype="str"))
    return pd.Series(empty, index=index, name=name)


def _distinct(column: pd.Series) -> tuple[np.ndarray, list[Any]]:
    """Codes into the distinct values, -1 where there is none."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(), list(column.cat.categories)
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    return codes, list(distinct)


def _spread(column: pd.Series, read: Any) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    codes, distinct = _distinct(column)
    values = np.array([*(read(each) for each in distinct), np.nan], dtype=np.float64)
    return values[codes]


def _number(value: Any) -> float:
    if "_" in str(value):  # Python reads 1_000 as a number; a bill does not mean it
        return float("nan")
    try:
        return float(value)
    except (ValueError, TypeError):
        return float("nan")


def _iso(value: Any) -> Any:
    return value if not isinstance(value, str) or _ISO.match(value.strip()) else None


def _meant(value: Any) -> str | None:
    text = str(value).strip()
    return None if text in ("", "NULL", "null") else focus.RENAMED_VALUES.get(text, text)


def _raise(column: pd.Series, place: int, file: str, expected: str) -> None:
    value = column.iloc[place]
    told = "is empty" if pd.isna(value) else f"is {value!r}"
    row = column.index[place] + 1
    raise ValueError(f"{column.name} in row {row} of {file} {told}; it must be {expected}.")
