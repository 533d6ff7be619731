"""Reads what nvidia-smi writes, so that a log can be taken on a machine without this course.

    nvidia-smi --query-gpu=timestamp,index,name,utilization.gpu,memory.used,memory.total,power.draw,\
temperature.gpu --format=csv -l 5 > log.csv

It tells neither SM-active nor occupancy.
"""

import numpy as np
import pandas as pd

#: nvidia-smi's column → ours, and our units in one of its: %, MiB, MiB, W, °C.
COLUMNS = {
    "utilization.gpu": ("utilisation", 1.0),
    "memory.used": ("memory_used_bytes", 2.0**20),
    "memory.total": ("memory_total_bytes", 2.0**20),
    "power.draw": ("power_w", 1.0),
    "temperature.gpu": ("temperature_c", 1.0),
}
NUMBER = r"^\s*(-?\d+(?:\.\d+)?)\s*(?:%|MiB|W)?\s*$"


def is_smi_log(table: pd.DataFrame) -> bool:
    """Whether a table of text has nvidia-smi's columns."""
    return "utilization.gpu" in map(_bare, table.columns)


def _bare(column: str) -> str:
    return str(column).split(" [")[0].strip()


def from_smi(file: str, table: pd.DataFrame) -> pd.DataFrame:
    """A table of nvidia-smi's text as a log's table, with times in seconds from the first row.

    Fields such as [N/A] are left empty. Raises ValueError without the column timestamp, for a time that
    is not nvidia-smi's, and for a field that is no number.
    """
    table = table.rename(columns=_bare)
    if "timestamp" not in table:
        raise ValueError(f"{file} lacks the column timestamp; add it to --query-gpu.")
    times = pd.to_datetime(table["timestamp"], format="%Y/%m/%d %H:%M:%S.%f", errors="coerce")
    if times.isna().any():
        row = int(np.flatnonzero(times.isna())[0])
        raise ValueError(
            f"Reading {row + 1} of {file}: the timestamp {table['timestamp'].iloc[row]!r} is not "
            "nvidia-smi's, such as 2026/11/24 09:30:00.000."
        )
    found = {"gpu": _names(table), "time_s": (times - times.min()).dt.total_seconds()}
    for column, (name, factor) in COLUMNS.items():
        if column in table:
            found[name] = _numbers(file, column, table[column]) * factor
    return pd.DataFrame(found)


def _names(table: pd.DataFrame) -> "pd.Series[str]":
    none = pd.Series("", index=table.index)
    index = table.get("index", none).fillna("").str.strip().replace("", "0")
    return ("gpu" + index + " " + table.get("name", none).fillna("").str.strip()).str.strip()


def _numbers(file: str, column: str, texts: "pd.Series[str]") -> "pd.Series[float]":
    texts = texts.fillna("").str.strip()
    found = pd.to_numeric(texts.str.extract(NUMBER, expand=False), errors="coerce")
    wrong = found.isna() & (texts != "") & ~texts.str.startswith("[")
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"Reading {row + 1} of {file}: {column} is {texts.iloc[row]!r}, no number."
        )
    return found
