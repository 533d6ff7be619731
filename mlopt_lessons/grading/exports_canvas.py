"""Grades for Canvas, by the rules of its gradebook importer.

Student, ID, SIS User ID, SIS Login ID, Section, one column an assignment, and a row with the points
possible; an empty cell takes a grade away that is there, so a grade that is not final keeps what the
roster has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlopt_lessons.grading.exports import (
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
from mlopt_lessons.grading.roster import POINTS, Person, Roster

HEADS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
KNOWN = ("canvas_id", "sis_id", "login", "section")


def canvas_csv(record: ClassRecord, roster: Roster | None = None) -> Export:
    """The file for Canvas's Import. With the gradebook's own export as `roster` it has all ids.

    Raises GradingError where the roster has two columns for one lesson.
    """
    found = matching(record, roster)
    lessons = with_final(record)
    columns = {each.name: roster.column(each.name) if roster else "" for each in lessons}
    heads = [columns[each.name] or safe(each.name) for each in lessons]
    blank = [""] * (len(HEADS) - 1)
    lines: list[Row] = [
        [*HEADS, *heads],
        [f"    {POINTS.title()}", *blank, *(number(each.points) for each in lessons)],
    ]
    for learner in listed(record, found if roster else None):
        person = found.people.get(learner.id)
        cells = [_cell(record, learner, each, columns, person) for each in lessons]
        lines.append([*_ids(learner, person), *cells])
    told = [
        *unmatched(record, roster, found),
        *not_final(record),
        *_other_points(lessons, columns, roster),
        *_new_columns([each for each in lessons if not columns[each.name]], roster),
    ]
    return Export(csv_text(lines), tuple(told))


def _cell(
    record: ClassRecord,
    learner: Learner,
    lesson: Lesson,
    columns: Mapping[str, str],
    person: Person | None,
) -> str:
    there = person.cells.get(columns[lesson.name], "") if person else ""
    return final_grade(record, learner, lesson) or safe(there)


def _ids(learner: Learner, person: Person | None) -> Row:
    """Student and what Canvas knows them by; by login and name where there is no roster."""
    if person is not None:
        return [safe(person.name), *(safe(person.get(key)) for key in KNOWN)]
    name = f"{learner.last}, {learner.first}".strip(", ") or learner.id
    return [safe(_no_points(name)), "", "", safe(learner.id), ""]


def _no_points(name: str) -> str:
    """Canvas takes a line whose name holds "Points Possible" for the points of the assignments."""
    return name.replace(POINTS.title(), POINTS)


def _other_points(
    lessons: Sequence[Lesson], columns: Mapping[str, str], roster: Roster | None
) -> list[str]:
    """Where Canvas has other points for an assignment than there are here."""
    told = []
    for each in lessons:
        there = roster.points[columns[each.name]] if roster and columns[each.name] else None
        if there is not None and _float(there) != each.points:
            told.append(
                f"{each.name}: Canvas has {there.strip() or 'no'} points for it, and here are "
                f"{number(each.points)}; set them in Canvas before the import."
            )
    return told


def _new_columns(lessons: Sequence[Lesson], roster: Roster | None) -> list[str]:
    """That Canvas would make new assignments, unasked, for these lessons."""
    if not lessons:
        return []
    new = ", ".join(f"{each.name} of {number(each.points)}" for each in lessons)
    if roster is None:
        return [
            f"Canvas makes new assignments ({new} points), unless it has some of these "
            "names, and an empty cell takes away a grade that is there; make the assignments in "
            "Canvas, export its gradebook, and give that with --roster."
        ]
    return [
        f"The roster has no column for some lessons, so Canvas makes new assignments ({new} points); "
        f"its columns of assignments are {', '.join(roster.points) or 'none'}. Call the assignment in "
        "Canvas as the lesson is called here, and export its gradebook again."
    ]


def _float(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
