"""A report on a class, as files: grades to import, one plain table, and a page on what was missed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlopt_lessons.grading.exports import Export, grades_csv
from mlopt_lessons.grading.exports_canvas import canvas_csv
from mlopt_lessons.grading.exports_moodle import moodle_csv
from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.report_data import ClassRecord, read_class, with_handed_in, with_names
from mlopt_lessons.grading.report_page import report_page
from mlopt_lessons.grading.roster import Platform, Roster, read_roster
from mlopt_lessons.grading.roster_match import doubt, match
from mlopt_lessons.grading.students import names_in

WRITERS: dict[Platform, Callable[[ClassRecord, Roster | None], Export]] = {
    "canvas": canvas_csv,
    "moodle": moodle_csv,
}


@dataclass(frozen=True)
class Written:
    """The files of a report, and sentences that the instructor must read now."""

    files: tuple[Path, ...]
    sentences: tuple[str, ...] = ()


def report(
    root: Path,
    db_url: str | None,
    out: Path,
    *,
    platform: Literal["canvas", "moodle", "all"] = "all",
    roster: Path | None = None,
) -> Written:
    """Writes the report on the class in `root` into the folder `out`, and says which files.

    grades.csv has a line a learner and lesson, canvas.csv and moodle.csv go into the platforms, and
    report.html says what the class missed and what is not in those files. `roster` is the
    platform's own export, with its ids. Late penalties are worked out again first, in the gradebook
    too. Files of an earlier report are replaced. Raises GradingError where there is no gradebook,
    the roster cannot be used, or `out` cannot be written.
    """
    from mlopt_lessons.grading.classroom import Classroom
    from mlopt_lessons.grading.report_late import late_again

    classroom = Classroom(root, db_url)
    people = read_roster(roster) if roster else None
    record, told = late_again(classroom, read_class(classroom.db_url))
    handed_in = {lesson.name: classroom.students(lesson.name) for lesson in record.lessons}
    record = with_names(with_handed_in(record, handed_in), names_in(root))
    contents = report_files(record, platform, people)
    doubts = doubt(record.learners, people) if people else ""
    sentences = tuple(_plain(each) for each in (*told, doubts) if each)
    return Written(tuple(_write(out, contents)), sentences)


def report_files(
    record: ClassRecord,
    platform: Literal["canvas", "moodle", "all"] = "all",
    roster: Roster | None = None,
) -> dict[str, str]:
    """The files of a report by name. Raises GradingError for a roster of another platform."""
    chosen: list[Platform] = ["canvas", "moodle"] if platform == "all" else [platform]
    if roster and roster.platform not in chosen:
        raise GradingError(
            f"The roster was exported by {roster.platform.title()}; export one from "
            f"{platform.title()}, or leave --roster out."
        )
    files, told = {"grades.csv": grades_csv(record)}, {}
    for name in chosen:
        made = _made(record, name, roster)
        files[f"{name}.csv"] = made.text
        told[f"Before you import {name}.csv into {name.title()}"] = made.sentences
    absent = match(record.learners, roster.people).others if roster else ()
    return {"report.html": report_page(record, told, [each.name for each in absent]), **files}


def _made(record: ClassRecord, name: Platform, roster: Roster | None) -> Export:
    """The file for a platform; where the roster is the other's, without its ids."""
    if roster is None or roster.platform == name:
        return WRITERS[name](record, roster)
    told = (
        f"The roster is {roster.platform.title()}'s, so that this file has no ids of {name.title()}: "
        f"do not import it, and give --platform {name} with a roster that {name.title()} exported."
    )
    return Export(WRITERS[name](record, None).text, (told,))


def _plain(sentence: str) -> str:
    """A sentence in which no name that a learner chose moves the cursor."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in sentence)


def _write(out: Path, contents: dict[str, str]) -> list[Path]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        return [_replace(out / name, text) for name, text in contents.items()]
    except OSError as error:
        raise GradingError(
            f"The report cannot be written into {out} ({error.strerror}); name another folder with --out."
        ) from error


def _replace(path: Path, text: str) -> Path:
    """Writes a file whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".report-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8", "backslashreplace"))
        Path(temporary).chmod(0o600)  # grades are nobody else's
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
