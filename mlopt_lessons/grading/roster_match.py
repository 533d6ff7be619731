"""Who in a platform's class list is which learner."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mlopt_lessons.grading.platforms import HASH, LATIN, student_id
from mlopt_lessons.grading.report_data import Learner
from mlopt_lessons.grading.roster import IDS, Person, Roster

KEYS = (*IDS, "made", "download", "name")  # the surest first
FEW = 3  # of fewer learners it says nothing that most are not in the list
DOWNLOADED = re.compile(
    rf"(?P<name>.+)_(?P<id>\d+)(?:{HASH})?|(?P<bare>\d+){HASH}", re.DOTALL
)  # bare: the name has no Latin letter


@dataclass(frozen=True)
class Matching:
    """Who is who, by the learner's id: the person in the list, or the sentence why there is none.

    `others` are the people of the list that no learner is.
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    unmatched: Mapping[str, str] = field(default_factory=dict)
    others: tuple[Person, ...] = ()


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


def doubt(learners: Sequence[Learner], roster: Roster) -> str:
    """The sentence that the list may be another class's, where most learners are not in it."""
    missing = match(learners, roster.people).unmatched
    if len(learners) < FEW or 2 * len(missing) <= len(learners):
        return ""
    names = ", ".join(each.shown for each in learners if each.id in missing)
    return (
        f"The roster may be the wrong one: going by its columns {', '.join(roster.heads)}, only "
        f"{len(learners) - len(missing)} of {len(learners)} learners are in it. Not in it: {names}."
    )


def _why_not(learner: Learner, candidates: Sequence[Person]) -> str:
    if not candidates:
        why = "is nobody in the roster by login, number, email or name"
    elif len(candidates) > 1:
        why = f"could be {len(candidates)} people in the roster, all {candidates[0].name}"
    else:
        why = f"and another learner could both be {candidates[0].name} in the roster"
    return f"{learner.shown} {why}: enter the grades by hand."


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
        texts = (person.name, person.get("login"), person.get("email"), *_orders(person))
        return {student_id(text) for text in texts if text.strip()}
    if key == "download":
        number = person.get("canvas_id")
        return {_download(person.name, number)} if number else set()
    return {_plain_id(person.get(key))} - {""}


def _orders(person: Person) -> tuple[str, ...]:
    """First and last name in the orders of platforms and countries, as in 李小龙 for 小龙 and 李."""
    first, last = person.get("first"), person.get("last")
    if not (first or last):
        last, _, first = (part.strip() for part in person.name.partition(","))
    return f"{first} {last}", f"{last} {first}", f"{last}{first}"


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
