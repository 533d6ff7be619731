"""Grades for Moodle, by the rules of its CSV grade import.

One column tells who it is, "-" is no grade; one learner that Moodle does not know stops the whole
import, and it reads an empty id as the learner of the line before, so that such lines are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mlopt_lessons.grading.exports import (
    BOM,
    Export,
    Row,
    csv_text,
    final_grade,
    listed,
    matching,
    not_final,
    number,
    safe,
    unmatched,
    with_final,
)
from mlopt_lessons.grading.report_data import ClassRecord, Learner, Lesson
from mlopt_lessons.grading.roster import Person, Roster

IDS = {"email": "Email address", "number": "ID number", "login": "Username"}
NO_GRADE = "-"
NO_ADDRESSES = (
    "The ids of this class stand in the column Username; where they are no user names in Moodle, "
    "export its participants, and give that file with --roster: one unknown name stops the import."
)


def moodle_csv(record: ClassRecord, roster: Roster | None = None) -> Export:
    """The file for Moodle's grade import; the third column tells who it is."""
    found = matching(record, roster)
    lessons = with_final(record)
    learners = listed(record, found if roster else None)
    people = {each.id: found.people.get(each.id) or _own(each) for each in learners}
    kind = max(IDS, key=lambda key: len(_usable(people, key)))
    usable = _usable(people, kind)
    lines: list[Row] = [["First name", "Last name", IDS[kind], *(safe(e.name) for e in lessons)]]
    for learner in learners:
        if learner.id in usable:
            cells = [final_grade(record, learner, each) or NO_GRADE for each in lessons]
            names = [safe(people[learner.id].get(each)) for each in ("first", "last")]
            lines.append([*names, usable[learner.id], *cells])
    told = [_no_id(each, IDS[kind]) for each in learners if each.id not in usable]
    steps = _steps(lessons, kind, known=roster is not None)
    return Export(
        BOM + csv_text(lines),
        (*unmatched(record, roster, found), *told, *not_final(record), *steps),
    )


def _steps(lessons: Sequence[Lesson], kind: str, *, known: bool) -> list[str]:
    """What to do in Moodle; `known` says that its own list was given."""
    if not lessons:
        return []
    points = ", ".join(f"{each.name} of {number(each.points)}" for each in lessons)
    steps = [
        f"In Moodle, make the grade items first, with their points ({points}): an item that the "
        f'import makes has 100. Map the column "{IDS[kind]}" to the same field. A "-" takes '
        "away a grade that is there."
    ]
    return steps if known or kind != "login" else [*steps, NO_ADDRESSES]


def _own(learner: Learner) -> Person:
    """A learner by what the gradebook knows."""
    known = {"first": learner.first, "last": learner.last, "email": learner.email}
    return Person({**known, "login": learner.id})


def _usable(people: Mapping[str, Person], kind: str) -> dict[str, str]:
    """Whom Moodle finds by what: an apostrophe would make it another id, and an id is of one only."""
    ids = {learner: person.get(kind) for learner, person in people.items()}
    count = Counter(id.casefold() for id in ids.values())
    return {
        learner: id
        for learner, id in ids.items()
        if id and safe(id) == id and count[id.casefold()] == 1
    }


def _no_id(learner: Learner, head: str) -> str:
    return (
        f"{learner.shown} has no {head} of their own that a spreadsheet leaves as it is, and is not "
        "in the file for Moodle: enter the grades by hand."
    )
