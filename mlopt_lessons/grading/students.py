"""Who the learners of a class are: students.csv, as `nbgrader db student import` reads it.

Intake writes the names that an export tells, the instructor may correct them, and grading takes
them into the gradebook. Names are strangers' text, and nbgrader's formgrader writes them into its
page as they are: nothing is left in them that HTML or a spreadsheet acts on.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mlopt_lessons.grading.records import GradingError

STUDENTS = "students.csv"
HEADS = ("id", "first_name", "last_name", "email")
MOST_NAME = 100  # characters
MARKS = " .'’-,()"  # what a name may hold beside letters and digits
KINDS = ("L", "M", "Nd")  # Unicode's letters, their marks, and digits
FORMULA = " .,-"  # a spreadsheet takes a minus at the start for a formula


class Name(NamedTuple):
    """A learner's name, in two parts; either may be empty."""

    first: str
    last: str


def cleaned(text: str) -> str:
    """A name, or a part of one, without what no name has, up to 100 characters."""
    spaced = " ".join(text.split())
    kept = "".join(each for each in spaced if each in MARKS or _is_of_a_name(each))
    plain = unicodedata.normalize("NFC", kept).lstrip(FORMULA)
    return " ".join(plain.split())[:MOST_NAME].strip()


def divided(name: str) -> Name:
    """A whole name, divided at its last space; one without a space is a last name."""
    first, _, last = cleaned(name).rpartition(" ")
    return Name(first, cleaned(last))


def names_in(root: Path) -> dict[str, Name]:
    """The name of each learner in the class's students.csv; none where there is no such file.

    Raises GradingError where it is damaged.
    """
    table = _read(root / STUDENTS)
    first, last = table.column("first_name"), table.column("last_name")
    names: dict[str, Name] = {}
    for id, *parts in zip(table.column("id"), first, last, strict=True):
        names.setdefault(id, Name(*map(cleaned, parts)))
    return names


def add(root: Path, names: Mapping[str, str]) -> None:
    """Adds a line for each learner who has none, by id; `names` are whole names.

    The lines that are there stay letter by letter. Raises GradingError where the file is damaged.
    """
    table = _read(root / STUDENTS)
    known = set(table.column("id"))
    new = {id: divided(name) for id, name in sorted(names.items()) if id not in known}
    if not new:
        return
    lines = [
        table.line({"id": id, "first_name": name.first, "last_name": name.last})
        for id, name in new.items()
    ]
    _replace((root / STUDENTS).resolve(), table.text + _csv(lines))


@dataclass(frozen=True)
class _Table:
    """The text of the file, ending in a whole line, with its heads and its rows."""

    text: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def column(self, head: str) -> list[str]:
        """The cells below a head, empty where a row, or the table, has none."""
        place = self.heads.index(head) if head in self.heads else len(self.heads)
        return [row[place].strip() if place < len(row) else "" for row in self.rows]

    def line(self, cells: Mapping[str, str]) -> list[str]:
        """A row with these cells."""
        return [cells.get(head, "") for head in self.heads]


def _read(path: Path) -> _Table:
    text = _text(path)
    if not text.strip():
        return _Table(_csv([HEADS]), HEADS, ())
    if not text.endswith(("\n", "\r")):
        text += "\n"
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise GradingError(f"{path} is not CSV ({error}); mend it, or move it away.") from error
    heads = [head.strip() for head in rows[0]]
    if "id" not in heads:
        raise GradingError(
            f"{path} has no column id; its first line should be {','.join(HEADS)}, with commas."
        )
    return _Table(text, heads, rows[1:])


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise GradingError(f"{path} is not UTF-8 text; save it as CSV in UTF-8.") from error
    except OSError as error:
        raise GradingError(f"{path} cannot be read ({error.strerror}).") from error


def _replace(path: Path, text: str) -> None:
    """Writes a file so that whoever reads it finds the old or the new one, with its permissions."""
    new = path.with_name(f".{path.name}.new")
    with open(new, "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        shutil.copymode(path, new)
    os.replace(new, path)


def _csv(lines: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(lines)
    return out.getvalue()


def _is_of_a_name(letter: str) -> bool:
    return unicodedata.category(letter).startswith(KINDS)
