"""A class list that a learning platform exported, and who in it is which learner.

Canvas: the gradebook's own export (Student, ID, SIS User ID, SIS Login ID, Section, one column an
assignment named "Title (id)"). Moodle: the grader report or the list of participants (First name,
Last name or Surname, ID number, Email address, Username).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mlopt_lessons.grading.platforms import LATIN, student_id
from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.report_data import Learner

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
KEYS = (*IDS, "made", "download", "name")  # the surest first
POINTS = "points possible"  # Canvas's row that is no student
TEST_STUDENT = "Student, Test"  # Canvas's own, without a learner behind it
DOWNLOADED = re.compile(
    r"(?P<name>.+)_(?P<id>\d+)(?:-[0-9a-f]{8})?|(?P<bare>\d+)-[0-9a-f]{8}", re.DOTALL
)  # bare: the name has no Latin letter
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
    """A class list, the platform that wrote it, and Canvas's points for each of its assignments."""

    platform: Platform
    people: tuple[Person, ...]
    points: Mapping[str, str] = field(default_factory=dict)

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


@dataclass(frozen=True)
class Matching:
    """Who is who, by the learner's id: the person in the list, or the sentence why there is none.

    `others` are the people of the list that no learner is.
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    unmatched: Mapping[str, str] = field(default_factory=dict)
    others: tuple[Person, ...] = ()


def read_roster(path: Path) -> Roster:
    """Reads a list. Raises GradingError for a file that is none, and says which columns it needs."""
    rows = _rows(path)
    heads = rows[0] if rows else []
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
    return Roster("canvas" if canvas else "moodle", kept, columns)


def match(learners: Sequence[Learner], people: Sequence[Person]) -> Matching:
    """Finds each learner in the list by login, number, email or name; none is guessed.

    A learner whom several people could be, or two learners who could be one person, have no match.
    """
    index = _index(people)
    found = {learner.id: _candidates(learner, index) for learner in learners}
    claims: dict[int, list[str]] = defaultdict(list)
    for id, places in found.items():
        if len(places) == 1:
            claims[places[0]].append(id)
    sure = {ids[0]: people[place] for place, ids in claims.items() if len(ids) == 1}
    unmatched = {
        each.id: _why_not(each, [people[place] for place in found[each.id]])
        for each in learners
        if each.id not in sure
    }
    possible = {place for places in found.values() for place in places}
    others = tuple(each for place, each in enumerate(people) if place not in possible)
    return Matching(sure, unmatched, others)


def _why_not(learner: Learner, candidates: Sequence[Person]) -> str:
    who = f"{learner.name} ({learner.id})" if learner.name != learner.id else learner.id
    if not candidates:
        why = "is nobody in the roster by login, number, email or name"
    elif len(candidates) > 1:
        why = f"could be {len(candidates)} people in the roster, all {candidates[0].name}"
    else:
        why = f"and another learner could both be {candidates[0].name} in the roster"
    return f"{who} {why}: enter the grades by hand."


def _candidates(learner: Learner, index: Mapping[str, Mapping[str, list[int]]]) -> list[int]:
    """The people whom the surest key finds that finds one; where none does, those it finds."""
    several: list[int] = []
    for key in KEYS:
        places = sorted({p for text in _texts(learner, key) for p in index[key].get(text, ())})
        if len(places) == 1:
            return places
        several = several or places
    return several


def _texts(learner: Learner, key: str) -> set[str]:
    """What a learner may be called under a key; "made" and "download" are what `intake` makes ids of."""
    if key == "name":
        return {_name(f"{learner.first} {learner.last}"), _name(learner.id)} - {""}
    if key == "made":
        return {learner.id}
    if key == "download":
        found = DOWNLOADED.fullmatch(learner.id)
        return {_download(found["name"] or "", found["id"] or found["bare"])} if found else set()
    if key == "canvas_id":
        return {_plain_id(learner.lms_id)} - {""}  # never the id: it may be another number
    return {_plain_id(text) for text in (learner.id, learner.lms_id, learner.email)} - {""}


def _called(person: Person, key: str) -> set[str]:
    """What a person of the list is called under a key."""
    if key == "name":
        return {_name(person.name)} - {""}
    if key == "made":
        first, last = person.get("first"), person.get("last")
        texts = (person.name, f"{first} {last}", person.get("login"), person.get("email"))
        return {student_id(text) for text in texts if text.strip()}
    if key == "download":
        number = person.get("canvas_id")
        return {_download(person.name, number)} if number else set()
    return {_plain_id(person.get(key))} - {""}


def _index(people: Sequence[Person]) -> dict[str, dict[str, list[int]]]:
    index: dict[str, dict[str, list[int]]] = {key: defaultdict(list) for key in KEYS}
    for place, each in enumerate(people):
        for key in KEYS:
            for text in _called(each, key):
                index[key][text].append(place)
    return index


def _plain_id(text: str) -> str:
    return text.strip().casefold()


def _download(name: str, number: str) -> str:
    """Whose file of Canvas's "Download Submissions" it is: the letters of the name, and the ID."""
    spelt = unicodedata.normalize("NFKD", name.translate(LATIN)).encode("ascii", "ignore").decode()
    return f"{''.join(sorted(re.findall('[a-z0-9]', spelt.casefold())))} {number}"


def _name(text: str) -> str:
    """A name as its sorted words, so that "Doe, Jane", "Jane Doe" and "jane_doe" are one."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(sorted(re.findall(r"\w+", bare.replace("_", " "))))


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
