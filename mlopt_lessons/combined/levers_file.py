"""The learner's own levers from a file: TOML with interactions, or a CSV with one lever a row."""

import csv
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mlopt_lessons.combined.levers import Interaction, Lever, check_plan

NEEDED = ("name", "saves")
COLUMNS = ("name", "saves", "eligibility", "low", "high", "source", "kind", "part")
NUMBERS = ("saves", "eligibility", "low", "high")
PAIR = ("first", "second", "factor", "why")
TABLES = ("spend", "lever", "interaction")


@dataclass(frozen=True)
class OwnPlan:
    """What a file holds: the levers, their interactions, and dollars a month where it says so."""

    levers: tuple[Lever, ...]
    interactions: tuple[Interaction, ...] = ()
    spend: float | None = None


def read_levers(path: str | Path) -> OwnPlan:
    """Reads levers from a .toml or a .csv file.

    TOML: `spend = 12000`, one `[[lever]]` table for each lever with the keys name, saves, eligibility, low,
    high, source, kind and part, and `[[interaction]]` tables with first, second, factor and why. CSV: the same
    keys as columns, one lever a row. Only name and saves are needed. Raises ValueError or TypeError with the
    file and the line or number of the lever for anything else, OSError where the file cannot be read.
    """
    path = Path(path)
    readers = {".toml": _from_toml, ".csv": _from_csv}
    if path.suffix.lower() not in readers:
        raise ValueError(f"{path.name}: levers are read from a .toml or a .csv file; rename it.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not text in UTF-8; save it as UTF-8 again.") from None
    plan = readers[path.suffix.lower()](path.name, text)
    if not plan.levers:
        raise ValueError(f"{path.name} has no lever; write one with at least name and saves.")
    with_file(path.name, check_plan, plan.spend or 0.0, plan.levers, plan.interactions)
    _check_named(path.name, plan)
    return plan


def with_file(where: str, make: Any, *values: Any, **named: Any) -> Any:
    """Calls `make`; an error's sentence starts with where it happened."""
    try:
        return make(*values, **named)
    except (ValueError, TypeError) as error:
        raise type(error)(f"{where}: {error}") from None


def _from_toml(file: str, text: str) -> OwnPlan:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file} is no TOML: {error}.") from None
    _check_names(file, found, TABLES)
    levers = [
        _lever(f"{file}, lever {number}", row)
        for number, row in enumerate(_tables(file, found, "lever"), 1)
    ]
    pairs = [
        _interaction(f"{file}, interaction {number}", row)
        for number, row in enumerate(_tables(file, found, "interaction"), 1)
    ]
    spend = found.get("spend")
    if spend is not None:
        with_file(file, check_plan, spend, ())
    return OwnPlan(tuple(levers), tuple(pairs), spend)


def _tables(file: str, found: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    rows = found.get(name, [])
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        return rows
    raise ValueError(f"{file}: write each {name} as a table of its own, under [[{name}]].")


def _from_csv(file: str, text: str) -> OwnPlan:
    lines = csv.reader(text.splitlines(), skipinitialspace=True)
    header = [cell.strip() for cell in next(lines, [])]
    if not any(header):
        return OwnPlan(())
    if len(header) == 1 and ";" in header[0]:
        raise ValueError(f"{file} separates its columns by semicolons; save it with commas.")
    _check_names(file, header, COLUMNS)
    if again := [name for name in header if header.count(name) > 1]:
        raise ValueError(f"{file} has the column {again[0]!r} twice; remove one.")
    return OwnPlan(
        tuple(
            _csv_lever(f"{file}, line {lines.line_num}", header, row) for row in lines if any(row)
        )
    )


def _csv_lever(where: str, header: Sequence[str], row: Sequence[str]) -> Lever:
    if len(row) > len(header):
        raise ValueError(
            f"{where} has {len(row)} cells, the header {len(header)}; write 0.6, not 0,6, and put text "
            "with a comma in quotes."
        )
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip()}
    return _lever(
        where,
        {
            name: _number(where, name, cell) if name in NUMBERS else cell
            for name, cell in cells.items()
        },
    )


def _number(where: str, name: str, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError(
            f"{where}: {name} must be a part of 1 such as 0.6, without % sign, got {cell!r}."
        ) from None


def _lever(where: str, row: Mapping[str, Any]) -> Lever:
    _check_names(where, row, COLUMNS)
    if missing := [name for name in NEEDED if name not in row]:
        raise ValueError(f"{where} lacks {' and '.join(missing)}; a lever needs name and saves.")
    return with_file(where, Lever, **row)


def _interaction(where: str, row: Mapping[str, Any]) -> Interaction:
    _check_names(where, row, PAIR)
    if missing := [name for name in PAIR if name not in row]:
        raise ValueError(f"{where} lacks {' and '.join(missing)}; it needs {', '.join(PAIR)}.")
    return with_file(where, Interaction, **row)


def _check_names(
    where: str, given: Sequence[str] | Mapping[str, Any], known: Sequence[str]
) -> None:
    for name in given:
        if name not in known:
            close = get_close_matches(name, known, 1, cutoff=0.54)
            meant = f"did you mean {close[0]}" if close else f"it knows {', '.join(known)}"
            raise ValueError(f"{where}: {name!r} is not known here; {meant}.")


def _check_named(file: str, plan: OwnPlan) -> None:
    names = [lever.name for lever in plan.levers]
    for each in plan.interactions:
        for name in (each.first, each.second):
            if name not in names:
                raise ValueError(
                    f"{file}: an interaction names {name!r}, which is no lever here; the levers are "
                    f"{', '.join(names)}."
                )
