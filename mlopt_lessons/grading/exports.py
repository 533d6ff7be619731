"""Grades as CSV: for Canvas, for Moodle, and as one plain table.

Canvas (its gradebook importer): Student, ID, SIS User ID, SIS Login ID, Section, one column an
assignment, and a row with the points possible; an empty cell takes a grade away that is there, so a
grade that is not final keeps what the roster has. Moodle (its CSV grade import): one column tells who
it is, "-" is no grade; one learner it does not know stops the whole import, and it reads an empty id
as the learner of the line before, so that such lines are left out.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mlopt_lessons.grading.report_data import ClassRecord, HandIn, Learner, Lesson
from mlopt_lessons.grading.report_tables import GradeRow, grade_rows
from mlopt_lessons.grading.roster import POINTS, Matching, Person, Roster, match

BOM = "\ufeff"  # Excel takes a file for UTF-8 only with it; Moodle takes it off, Canvas does not
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
CANVAS_HEADS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
CANVAS_KNOWN = ("canvas_id", "sis_id", "login", "section")
MOODLE_IDS = {"email": "Email address", "number": "ID number", "login": "Username"}
NO_GRADE = "-"
NO_ADDRESSES = (
    "The ids of this class stand in the column Username; where they are no user names in Moodle, "
    "export its participants, and give that file with --roster: one unknown name stops the import."
)
NUMBER = re.compile(r"-?\d*([.,]\d+)?")  # and a lone "-", which is no formula either
GRADE_HEADS = (
    "student", "last_name", "first_name", "email", "lesson", "state", "automatic", "automatic_max",
    "written", "written_max", "waiting", "late_penalty", "total", "max",
)  # fmt: skip
Row = Sequence[str]


@dataclass(frozen=True)
class Export:
    """A file to import, and sentences on who or what is not in it and what to do."""

    text: str
    sentences: tuple[str, ...] = ()


def safe(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    if NUMBER.fullmatch(text):
        return text
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text


def number(points: float) -> str:
    """Points as the platforms read them: two digits at most, a point, no exponent."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def grades_csv(record: ClassRecord) -> str:
    """A line for each learner and lesson; what is not graded or waits is empty, never 0."""
    lines: list[Row] = [GRADE_HEADS]
    for lesson in record.lessons:
        lines += [_grade_line(row) for row in grade_rows(record, lesson)]
    return BOM + _csv(lines)


def canvas_csv(record: ClassRecord, roster: Roster | None = None) -> Export:
    """The file for Canvas's Import. With the gradebook's own export as `roster` it has all ids.

    Raises GradingError where the roster has two columns for one lesson.
    """
    matching = _matching(record, roster)
    lessons = _with_final(record)
    columns = {each.name: roster.column(each.name) if roster else "" for each in lessons}
    heads = [columns[each.name] or safe(each.name) for each in lessons]
    blank = [""] * (len(CANVAS_HEADS) - 1)
    lines: list[Row] = [
        [*CANVAS_HEADS, *heads],
        [f"    {POINTS.title()}", *blank, *(number(each.points) for each in lessons)],
    ]
    for learner in _listed(record, matching if roster else None):
        person = matching.people.get(learner.id)
        cells = [_canvas_cell(record, learner, each, columns, person) for each in lessons]
        lines.append([*_canvas_ids(learner, person), *cells])
    told = [
        *_unmatched(record, matching),
        *_not_final(record),
        *_canvas_columns(lessons, columns, roster),
    ]
    return Export(_csv(lines), tuple(told))


def moodle_csv(record: ClassRecord, roster: Roster | None = None) -> Export:
    """The file for Moodle's grade import; the third column tells who it is."""
    matching = _matching(record, roster)
    lessons = _with_final(record)
    listed = _listed(record, matching if roster else None)
    people = {each.id: matching.people.get(each.id) or _own(each) for each in listed}
    kind = max(MOODLE_IDS, key=lambda key: len(_usable(people, key)))
    usable = _usable(people, kind)
    lines: list[Row] = [
        ["First name", "Last name", MOODLE_IDS[kind], *(safe(e.name) for e in lessons)]
    ]
    for learner in listed:
        if learner.id in usable:
            cells = [_final(record, learner, each) or NO_GRADE for each in lessons]
            names = [safe(people[learner.id].get(each)) for each in ("first", "last")]
            lines.append([*names, usable[learner.id], *cells])
    told = [_no_id(each, MOODLE_IDS[kind]) for each in listed if each.id not in usable]
    steps = _moodle_steps(lessons, kind, known=roster is not None)
    return Export(
        BOM + _csv(lines),
        (*_unmatched(record, matching), *told, *_not_final(record), *steps),
    )


def _grade_line(row: GradeRow) -> Row:
    learner, lesson, handin = row.learner, row.lesson, row.handin
    texts = (learner.id, learner.last, learner.first, learner.email, lesson.name)
    points = _points(handin, lesson) if handin and handin.graded else [""] * 5
    automatic, written, waiting, penalty, total = points
    most = (number(lesson.automatic), number(lesson.written), number(lesson.points))
    return (
        *map(safe, texts), row.state, automatic, most[0], written, most[1],
        waiting, penalty, total, most[2],
    )  # fmt: skip


def _points(handin: HandIn, lesson: Lesson) -> list[str]:
    """Five cells; no written points while all of them wait, no total while any does."""
    return [
        number(handin.automatic),
        number(handin.written) if handin.waiting < lesson.written or handin.final else "",
        number(handin.waiting),
        number(handin.penalty),
        number(handin.total) if handin.final else "",
    ]


def _canvas_cell(
    record: ClassRecord,
    learner: Learner,
    lesson: Lesson,
    columns: Mapping[str, str],
    person: Person | None,
) -> str:
    there = person.cells.get(columns[lesson.name], "") if person else ""
    return _final(record, learner, lesson) or safe(there)


def _canvas_ids(learner: Learner, person: Person | None) -> Row:
    """Student and what Canvas knows them by; by login and name where there is no roster."""
    if person is not None:
        return [safe(person.name), *(safe(person.get(key)) for key in CANVAS_KNOWN)]
    name = f"{learner.last}, {learner.first}".strip(", ") or learner.id
    return [safe(_no_points(name)), "", "", safe(learner.id), ""]


def _no_points(name: str) -> str:
    """Canvas takes a line whose name holds "Points Possible" for the points of the assignments."""
    return name.replace(POINTS.title(), POINTS)


def _canvas_columns(
    lessons: Sequence[Lesson], columns: Mapping[str, str], roster: Roster | None
) -> list[str]:
    """What Canvas would do unasked: new assignments, and points that are not those here."""
    told = []
    for each in lessons:
        there = roster.points[columns[each.name]] if roster and columns[each.name] else None
        if there is not None and _float(there) != each.points:
            told.append(
                f"{each.name}: Canvas has {there.strip() or 'no'} points for it, and here are "
                f"{number(each.points)}; set them in Canvas before the import."
            )
    new = [f"{each.name} of {number(each.points)}" for each in lessons if not columns[each.name]]
    if new:
        told.append(
            f"Canvas makes new assignments ({', '.join(new)} points), unless it has some of these "
            "names, and an empty cell takes away a grade that is there; make the assignments in "
            "Canvas, export its gradebook, and give that with --roster."
        )
    return told


def _moodle_steps(lessons: Sequence[Lesson], kind: str, *, known: bool) -> list[str]:
    """What to do in Moodle; `known` says that its own list was given."""
    if not lessons:
        return []
    points = ", ".join(f"{each.name} of {number(each.points)}" for each in lessons)
    steps = [
        f"In Moodle, make the grade items first, with their points ({points}): an item that the "
        f'import makes has 100. Map the column "{MOODLE_IDS[kind]}" to the same field. A "-" takes '
        "away a grade that is there."
    ]
    return steps if known or kind != "login" else [*steps, NO_ADDRESSES]


def _matching(record: ClassRecord, roster: Roster | None) -> Matching:
    return match(record.learners, roster.people) if roster else Matching()


def _unmatched(record: ClassRecord, matching: Matching) -> list[str]:
    """The sentence for each learner with a grade who is nobody in the roster."""
    return [matching.unmatched[e.id] for e in _listed(record) if e.id in matching.unmatched]


def _listed(record: ClassRecord, matching: Matching | None = None) -> list[Learner]:
    """Learners with a final grade; of those the matched ones where there is a roster."""
    graded = [
        each
        for each in record.learners
        if any(_final(record, each, lesson) for lesson in record.lessons)
    ]
    return [each for each in graded if matching is None or each.id in matching.people]


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
        f"{learner.name} has no {head} of their own that a spreadsheet leaves as it is, and is not "
        "in the file for Moodle: enter the grades by hand."
    )


def _not_final(record: ClassRecord) -> list[str]:
    """A sentence for each lesson with hand-ins that have no grade yet."""
    told = []
    for lesson in record.lessons:
        states = [row.state for row in grade_rows(record, lesson)]
        waits, ungraded = states.count("waits"), states.count("not graded")
        if waits:
            told.append(
                f"{lesson.name}: {waits} of the hand-ins wait for grading by hand and have no grade in "
                "the file; grade them with nbgrader's formgrader and write the report again."
            )
        if ungraded:
            told.append(
                f"{lesson.name}: {ungraded} of the hand-ins are not graded; run mlopt class grade "
                f"{lesson.name}."
            )
    return told


def _with_final(record: ClassRecord) -> list[Lesson]:
    lessons = {lesson for (_, lesson), handin in record.handins.items() if handin.final}
    return [each for each in record.lessons if each.name in lessons]


def _final(record: ClassRecord, learner: Learner, lesson: Lesson) -> str:
    """The grade, or an empty text while there is none."""
    handin = record.handins.get((learner.id, lesson.name))
    return number(handin.total) if handin and handin.final else ""


def _float(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _csv(lines: Iterable[Row]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue()
