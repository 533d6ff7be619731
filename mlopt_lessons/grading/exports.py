"""Grades as CSV: the plain table, and what the files for Canvas and Moodle have in common.

A file for a platform names only learners with a final grade, and with a roster only those that are
in it; everybody and everything else is told in sentences.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlopt_lessons.grading.report_data import GRADE_HEADS, ClassRecord, HandIn, Learner, Lesson
from mlopt_lessons.grading.report_tables import GradeRow, grade_rows
from mlopt_lessons.grading.roster import Roster
from mlopt_lessons.grading.roster_match import Matching, doubt, match

BOM = "\ufeff"  # Excel takes a file for UTF-8 only with it; Moodle takes it off, Canvas does not
FORMULA = tuple("=+-@\t\r\n＝＋－＠")
# Where a spreadsheet splits at more than the comma, a formula may begin in the middle.
INNER = re.compile(r"[;\t\r\n|]\s*[=+\-@＝＋－＠]")
NUMBER = re.compile(r"-?\d*([.,]\d+)?")  # and a lone "-", which is no formula either
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
    text = INNER.sub(lambda found: f"{found[0][:-1]}'{found[0][-1]}", text)
    return f"'{text}" if text.startswith(FORMULA) or text.lstrip().startswith(FORMULA) else text


def number(points: float) -> str:
    """Points as the platforms read them: two digits at most, a point, no exponent."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def grades_csv(record: ClassRecord) -> str:
    """A line for each learner and lesson; what is not graded or waits is empty, never 0."""
    lines: list[Row] = [GRADE_HEADS]
    for lesson in record.lessons:
        lines += [_grade_line(row) for row in grade_rows(record, lesson)]
    return BOM + csv_text(lines)


def csv_text(lines: Iterable[Row]) -> str:
    """Rows as CSV."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue()


def matching(record: ClassRecord, roster: Roster | None) -> Matching:
    """Who is who in the roster; nobody without one."""
    return match(record.learners, roster.people) if roster else Matching()


def unmatched(record: ClassRecord, roster: Roster | None, found: Matching) -> list[str]:
    """A sentence for each learner with a grade who is nobody in the roster; one where most are not."""
    if roster and (told := doubt(record.learners, roster)):
        return [told]
    return [found.unmatched[e.id] for e in listed(record) if e.id in found.unmatched]


def listed(record: ClassRecord, found: Matching | None = None) -> list[Learner]:
    """Learners with a final grade; of those the matched ones where there is a roster."""
    graded = [
        each
        for each in record.learners
        if any(final_grade(record, each, lesson) for lesson in record.lessons)
    ]
    return [each for each in graded if found is None or each.id in found.people]


def with_final(record: ClassRecord) -> list[Lesson]:
    """The lessons of which somebody has a final grade."""
    lessons = {lesson for (_, lesson), handin in record.handins.items() if handin.final}
    return [each for each in record.lessons if each.name in lessons]


def final_grade(record: ClassRecord, learner: Learner, lesson: Lesson) -> str:
    """The grade, or an empty text while there is none."""
    handin = record.handins.get((learner.id, lesson.name))
    return number(handin.total) if handin and handin.final else ""


def not_final(record: ClassRecord) -> list[str]:
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
