"""Usage logs: reading, checking, writing.

A CSV file with a row a sample and the columns time (ISO 8601, or seconds since 1970), cpu_cores and
memory_gib; job where there are several; cpu_request and memory_request_gib where they are known.
"""

import io
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.resources.usage import Request, Usage

NEEDED = ("time", "cpu_cores", "memory_gib")
REQUESTS = ("cpu_request", "memory_request_gib")
LONGEST_GAP = 1.5  # intervals
FIRST_LINE = 2  # line 1 holds the names of the columns


def load_usage(path: str | Path, *, ignore_gaps: bool = False) -> list[Usage]:
    """Reads a usage log, a `Usage` a job in the order of the file.

    Jobs may have different intervals. A job's interval is the median time between its samples; a request
    that changes counts as it was last. Where samples are missing the log is refused; with
    ignore_gaps=True what was recorded is joined. Raises OSError for a file that cannot be read, and
    ValueError, with the line, for anything that is wrong in it.
    """
    path = Path(path)
    table = _read(path)
    _check_columns(path.name, table)
    numbers = [each for each in (*NEEDED[1:], *REQUESTS) if each in table]
    for column in numbers:
        table[column] = _numbers(path.name, table[column], may_lack=column in REQUESTS)
    table["time"] = _seconds(path.name, table["time"])
    jobs = table["job"] if "job" in table else pd.Series(path.stem, index=table.index)
    if (lacking := jobs.isna()).any():
        raise ValueError(f"{path.name}, line {_line(lacking)}: job is empty; name the job.")
    return [
        _usage(path.name, str(job), rows, ignore_gaps)
        for job, rows in table.groupby(jobs.astype(str), sort=False)
    ]


def save_usage(usages: Sequence[Usage], path: str | Path) -> None:
    """Writes jobs in the format that `load_usage` reads, each from second 0 on."""
    tables = [
        pd.DataFrame(
            {
                "job": each.job,
                "time": np.arange(len(each.cpu)) * each.interval_s,
                "cpu_cores": each.cpu,
                "memory_gib": each.memory_gib,
                "cpu_request": each.request.cpu if each.request else np.nan,
                "memory_request_gib": each.request.memory_gib if each.request else np.nan,
            }
        )
        for each in usages
    ]
    if not tables:
        raise ValueError("There is no job to save.")
    pd.concat(tables).to_csv(path, index=False, encoding="utf-8")


def _read(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}; check the name and the folder.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name} is not text in UTF-8 (byte {error.start}); save it as CSV UTF-8."
        ) from error
    if not text.strip():
        raise ValueError(f"{path.name} is empty; a usage log has a line a sample.")
    try:
        table = pd.read_csv(
            io.StringIO(text), dtype=str, skip_blank_lines=False, skipinitialspace=True
        )
    except pd.errors.ParserError as error:
        raise ValueError(
            f"{path.name} is not a table with commas: {str(error).strip()}."
        ) from error
    table = table.dropna(how="all")
    if table.empty:
        raise ValueError(f"{path.name} has names of columns and no samples.")
    return table.rename(columns=str.strip)


def _check_columns(name: str, table: pd.DataFrame) -> None:
    present = list(table.columns)
    if len(present) == 1 and any(mark in present[0] for mark in ";\t"):
        raise ValueError(f"{name} has one column, {present[0]!r}; separate columns with commas.")
    if missing := [each for each in NEEDED if each not in present]:
        hints = [_hint(each, present) for each in missing]
        raise ValueError(f"{name} lacks {' and '.join(hints)}. It has: {', '.join(present)}.")
    if len(known := [each for each in REQUESTS if each in present]) == 1:
        raise ValueError(
            f"{name} has {known[0]} alone; give both of {' and '.join(REQUESTS)}, or none."
        )


def _hint(column: str, present: list[str]) -> str:
    others = [each for each in present if each not in (*NEEDED, *REQUESTS, "job")]
    starts = [each for each in others if each[:3].lower() == column[:3]]
    similar = get_close_matches(column, others, 1, 0.5) or starts
    return f"{column} (is it {similar[0]!r}? rename it)" if similar else column


def _line(wrong: pd.Series) -> int:
    return int(wrong.index[wrong.to_numpy(bool)][0]) + FIRST_LINE


def _numbers(name: str, column: pd.Series, may_lack: bool = False) -> pd.Series:
    values = pd.to_numeric(column, errors="coerce").astype(np.float64)
    absent = column.isna() | column.str.strip().str.lower().isin(["nan", ""])
    for wrong, told in (
        (values.isna() & ~absent, "is {!r}, not a number"),
        (absent & (not may_lack), "is empty or NaN; leave such samples out, or measure again"),
        (values.isin([np.inf, -np.inf]), "is infinite; a measurement is finite"),
        (values < 0, "is {}, below 0; usage is 0 or more"),
    ):
        if wrong.any():
            at = _line(wrong)
            said = told.format(column[wrong].iloc[0])
            raise ValueError(f"{name}, line {at}: {column.name} {said}.")
    return values


def _seconds(name: str, column: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().all() and np.isfinite(numbers).all():
        return numbers.astype(np.float64)
    stamps = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    if (wrong := stamps.isna()).any():
        raise ValueError(
            f"{name}, line {_line(wrong)}: time is {column[wrong].iloc[0]!r}; write all times as "
            "2026-11-24T08:00:00Z, or all as seconds since 1970."
        )
    return (stamps - pd.Timestamp(0, tz="UTC")).dt.total_seconds()


def _usage(name: str, job: str, rows: pd.DataFrame, ignore_gaps: bool) -> Usage:
    times = rows["time"].to_numpy()
    if len(times) < 2:
        raise ValueError(f"{name}: job {job!r} has one sample; an interval needs two or more.")
    lines = rows.index.to_numpy() + FIRST_LINE
    interval = _interval(f"{name}: job {job!r}", times, lines, ignore_gaps)
    cpu, memory = (rows[each].to_numpy(np.float64) for each in NEEDED[1:])
    return Usage(job, cpu, memory, interval, _request(rows), f"recorded: {name}")


def _interval(
    where: str, times: NDArray[np.float64], lines: NDArray[np.int64], ignore_gaps: bool
) -> float:
    steps = np.diff(times)
    if (back := np.flatnonzero(steps <= 0)).size:
        does = "repeats" if steps[back[0]] == 0 else f"jumps back by {-steps[back[0]]:g} s"
        raise ValueError(
            f"{where}: time {does} at line {lines[back[0] + 1]}; sort by time, once each."
        )
    interval = float(np.median(steps))
    odd = steps < interval / LONGEST_GAP
    if not ignore_gaps:
        odd |= steps > LONGEST_GAP * interval
    if (found := np.flatnonzero(odd)).size:
        after = lines[found[0] + 1]
        raise ValueError(
            f"{where}: {steps[found[0]]:g} s pass before line {after} and {interval:g} s between most "
            f"samples; {len(found)} such place(s). Record at one interval"
            + ("." if ignore_gaps else ", or read it with ignore_gaps=True.")
        )
    return interval


def _request(rows: pd.DataFrame) -> Request | None:
    if not set(REQUESTS) <= set(rows.columns):
        return None
    known = rows[list(REQUESTS)].dropna()
    return Request(*map(float, known.iloc[-1])) if len(known) else None
