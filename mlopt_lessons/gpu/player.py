"""Logs of GPU readings as files, and their replay on a machine without a GPU.

A log is a CSV file with a row a reading and the columns `time_s` and `utilisation`, and where known
`gpu`, `sm_active`, `occupancy`, `memory_used_bytes`, `memory_total_bytes`, `power_w` and `temperature_c`;
an empty field is a value that the GPU did not tell. A first line "# simulated: …" or "# measured: …"
says where the readings come from. What nvidia-smi writes as CSV is read, too: see `smi_log`.
"""

import warnings
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from mlopt_lessons.gpu.samples import LABELS, SERIES, Sample, Samples
from mlopt_lessons.gpu.smi_log import from_smi, is_smi_log
from mlopt_lessons.sentences import first_line

NEEDED = ("time_s", "utilisation")
ORIGINS = ("simulated:", "measured:", "recorded:")


class Player:
    """Plays a log as if it were a GPU: each `read` gives the next reading."""

    def __init__(self, samples: Samples) -> None:
        self._samples, self._next = samples, 0

    @property
    def gpu(self) -> str:
        """The name of the GPU in the log."""
        return self._samples.gpu

    @property
    def origin(self) -> str:
        """Where the log comes from."""
        return self._samples.origin

    @property
    def note(self) -> str:
        """What the log does not tell, in a sentence; "" where it tells all."""
        lacks = [
            LABELS[name]
            for name in ("sm_active", "occupancy")
            if np.isnan(getattr(self._samples, name)).all()
        ]
        verb = "is" if len(lacks) == 1 else "are"
        return f"{' and '.join(lacks)} {verb} not in the log." if lacks else ""

    def read(self) -> Sample:
        """The next reading. Raises EOFError after the last one."""
        if self._next >= len(self._samples):
            raise EOFError(f"The log of {self.gpu} is over.")
        self._next += 1
        return self._samples.at(self._next - 1)


def save_log(logs: Sequence[Samples], path: str | Path) -> None:
    """Writes logs as one file, in the format that `load_log` reads; OSError where it cannot.

    Raises ValueError without logs, or where they do not come from one place.
    """
    if not logs:
        raise ValueError("There is no log to save; record one first.")
    origins = {_common(log.origin) for log in logs}
    if len(origins) > 1:
        raise ValueError("The logs come from different places; save each as a file of its own.")
    tables = [pd.DataFrame({name: getattr(log, name) for name in SERIES}) for log in logs]
    for log, table in zip(logs, tables, strict=True):
        table.insert(0, "gpu", log.gpu)
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {origins.pop()}\n")
        pd.concat(tables).to_csv(file, index=False, float_format="%.12g")


def _common(origin: str) -> str:
    # "measured: gpu0 X, NVML" and "measured: gpu1 X, NVML" are one recording.
    return "measured: NVML" if origin.startswith("measured:") else origin


def load_log(path: str | Path) -> list[Samples]:
    """Reads a log, one `Samples` a GPU in the order of the file.

    Raises ValueError with a sentence for a file that is no such log, OSError where it cannot be opened.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not text in UTF-8; save it as CSV UTF-8.") from error
    table = _table(path.name, text)
    origin = _origin(path.name, text)
    try:
        return [
            _as_samples(str(gpu), origin, rows) for gpu, rows in table.groupby("gpu", sort=False)
        ]
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _origin(name: str, text: str) -> str:
    first = text.split("\n", 1)[0].lstrip("# ").strip()
    told = text.startswith("#") and first.startswith(ORIGINS)
    return first if told else f"recorded: {name}"


def _table(name: str, text: str) -> pd.DataFrame:
    body = text.split("\n", 1)[-1] if text.startswith("#") else text
    try:
        with warnings.catch_warnings():
            # More fields than columns, as a decimal comma makes them, must not shift the values.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(StringIO(body), dtype=str, skipinitialspace=True, index_col=False)
    except (pd.errors.EmptyDataError, pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise ValueError(
            f"{name} is no CSV: {first_line(error)}. Write a row a reading, a field a column, and "
            "points in numbers."
        ) from error
    table.columns = [str(column).strip() for column in table.columns]
    if is_smi_log(table):
        table = from_smi(name, table)
    if missing := [column for column in NEEDED if column not in table]:
        raise ValueError(
            f"{name} lacks the column(s) {', '.join(missing)}; a log needs {' and '.join(NEEDED)}."
        )
    if table.empty:
        raise ValueError(f"{name} has no reading; record for one interval or more.")
    if "gpu" not in table:
        table["gpu"] = "gpu0"
    numbers = {column: _numbers(name, table, column) for column in SERIES}
    return pd.DataFrame({"gpu": table["gpu"].fillna("gpu0"), **numbers})


def _numbers(file: str, table: pd.DataFrame, column: str) -> "pd.Series[float]":
    if column not in table:
        return pd.Series(np.nan, index=table.index)
    found = pd.to_numeric(table[column], errors="coerce")
    wrong = found.isna() & (table[column].notna() | (column in NEEDED))
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        value = table[column].iloc[place]
        told = "empty" if pd.isna(value) else repr(value)
        raise ValueError(
            f"Reading {place + 1} of {file}: {column} is {told}; write a number, without a unit."
        )
    return found


def _as_samples(gpu: str, origin: str, rows: pd.DataFrame) -> Samples:
    return Samples(gpu, origin, *(rows[name].to_numpy(float) for name in SERIES))
