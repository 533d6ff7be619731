"""A class list that a learning platform exported, and who in it is which learner.

Canvas: the gradebook's own export (Student, ID, SIS User ID, SIS Login ID, Section, one column an
assignment named "Title (id)"). Moodle: the grader report or the list of participants (First name,
Last name or Surname, ID number, Email address, Username).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.report_data import GRADE_HEADS

Platform = Literal["canvas", "moodle"]
LARGEST_MB = 20
HEADS = {
    "name": ("student", "full name", "name"),
    "last": ("last name", "lastname", "surname", "family name"),
    "first": ("first name", "firstname", "given name"),
    "canvas_id": ("id",),
    "sis_id": ("sis user id",),
    "login": ("sis login id", "username", "user name", "login"),
    "number": ("id number", "idnumber"),
    "email": ("email address", "email", "e-mail address"),
    "section": ("section",),
}
IDS = ("login", "sis_id", "number", "email", "canvas_id")
POINTS = "points possible"  # Canvas's row that is no student
TEST_STUDENT = "Student, Test"  # Canvas's own, without a learner behind it
ASSIGNMENT = re.compile(r"(?P<title>.*\S)\s*\((?P<id>\d+)\)\s*", re.DOTALL)


@dataclass(frozen=True)
class Person:
    """A row of the list: what it says about somebody by the names of HEADS, and all its cells."""

    known: Mapping[str, str]
    cells: Mapping[str, str] = field(default_factory=dict)

    def get(self, what: str) -> str:
        """One of HEADS, or an empty text."""
        return self.known.get(what, "")

    @property
    def name(self) -> str:
        """The name as the platform writes it, or whatever else tells who it is."""
        full = self.get("name") or f"{self.get('first')} {self.get('last')}".strip()
        return full or next((self.known[key] for key in IDS if self.get(key)), "")


@dataclass(frozen=True)
class Roster:
    """A class list, the platform that wrote it, and Canvas's points for each of its assignments.

    `heads` are the columns of the file that tell who somebody is.
    """

    platform: Platform
    people: tuple[Person, ...]
    points: Mapping[str, str] = field(default_factory=dict)
    heads: tuple[str, ...] = ()

    def column(self, lesson: str) -> str:
        """The head of Canvas's column of this lesson, as "01_cost (4711)"; empty where none is it.

        Raises GradingError where several could be.
        """
        found = [head for head in self.points if _title(head) == _plain(lesson)]
        if len(found) > 1:
            raise GradingError(
                f"The roster has {len(found)} columns for {lesson} ({', '.join(found)}); "
                "delete all but one of them from it."
            )
        return found[0] if found else ""


def read_roster(path: Path) -> Roster:
    """Reads a list. Raises GradingError for a file that is none, and says which columns it needs."""
    rows = _rows(path)
    heads = rows[0] if rows else []
    if set(GRADE_HEADS) <= set(heads):
        raise GradingError(
            f"{path.name} is the report's own table of grades and no class list; give what the "
            "platform exports, or leave --roster out."
        )
    places = _places(heads)
    if not places.keys() & {"name", *IDS} and not {"first", "last"} <= places.keys():
        raise GradingError(
            f"{path.name} is no class list that can be used: its first line needs a column such as "
            "Student, SIS Login ID, Email address, ID number or Username."
        )
    canvas = {"name", "canvas_id"} <= places.keys() or {"canvas_id", "section"} <= places.keys()
    people = [_person(heads, places, row) for row in rows[1:]]
    points = next((each.cells for each in people if _is_points(each)), {})
    kept = tuple(each for each in people if _is_somebody(each))
    columns = {head: points.get(head, "") for head in heads if ASSIGNMENT.fullmatch(head)}
    telling = sorted(place for what, place in places.items() if what != "section")
    known = tuple(heads[place].strip() for place in telling)
    return Roster("canvas" if canvas else "moodle", kept, columns, known)


def _rows(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > LARGEST_MB * 1e6:
            raise GradingError(
                f"{path.name} is over {LARGEST_MB} MB; give the platform's class list."
            )
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise GradingError(f"The roster {path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise GradingError(f"{path.name} is not UTF-8 text; export it again as CSV.") from error
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise GradingError(f"{path.name} is not CSV ({error}); export it again.") from error
    return [row for row in rows if any(cell.strip() for cell in row)]


def _places(heads: Iterable[str]) -> dict[str, int]:
    """Where each of HEADS stands."""
    plain = [head.strip().casefold() for head in heads]
    found = ((what, next((n for n in names if n in plain), "")) for what, names in HEADS.items())
    return {what: plain.index(name) for what, name in found if name}


def _person(heads: Sequence[str], places: Mapping[str, int], row: Sequence[str]) -> Person:
    cells = dict(zip(heads, row, strict=False))
    known = {what: row[place].strip() for what, place in places.items() if place < len(row)}
    return Person(known, cells)


def _is_points(person: Person) -> bool:
    return POINTS in person.name.casefold()


def _is_somebody(person: Person) -> bool:
    return bool(person.name) and not _is_points(person) and person.name != TEST_STUDENT


def _title(head: str) -> str:
    found = ASSIGNMENT.fullmatch(head)
    return _plain(found["title"]) if found else ""


def _plain(text: str) -> str:
    return "".join(re.findall(r"[a-z0-9]+", text.casefold()))
