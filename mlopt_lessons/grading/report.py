"""A report on a class, as files: grades to import, one plain table, and a page on what was missed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from mlopt_lessons.grading.exports import Export, canvas_csv, grades_csv, moodle_csv
from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.report_data import ClassRecord, read_class, with_handed_in
from mlopt_lessons.grading.report_page import report_page
from mlopt_lessons.grading.roster import Platform, Roster, match, read_roster

WRITERS: dict[Platform, Callable[[ClassRecord, Roster | None], Export]] = {
    "canvas": canvas_csv,
    "moodle": moodle_csv,
}


def report(
    root: Path,
    db_url: str | None,
    out: Path,
    *,
    platform: Literal["canvas", "moodle", "all"] = "all",
    roster: Path | None = None,
) -> list[Path]:
    """Writes the report on the class in `root` into the folder `out`, and says which files.

    grades.csv has a line a learner and lesson, canvas.csv and moodle.csv go into the platforms, and
    report.html says what the class missed and what is not in those files. `roster` is the
    platform's own export, with its ids. Files of an earlier report are replaced. Raises GradingError
    where there is no gradebook, the roster cannot be used, or `out` cannot be written.
    """
    from mlopt_lessons.grading.classroom import Classroom

    classroom = Classroom(root, db_url)
    record = read_class(classroom.db_url)
    handed_in = {lesson.name: classroom.students(lesson.name) for lesson in record.lessons}
    contents = report_files(
        with_handed_in(record, handed_in), platform, read_roster(roster) if roster else None
    )
    return _write(out, contents)


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
        made = WRITERS[name](record, roster if roster and roster.platform == name else None)
        files[f"{name}.csv"] = made.text
        told[f"Before you import {name}.csv into {name.title()}"] = made.sentences
    if roster:
        told["In the roster, and nobody here"] = tuple(_absent(record, roster))
    return {"report.html": report_page(record, told), **files}


def _absent(record: ClassRecord, roster: Roster) -> list[str]:
    """People of the roster of whom the gradebook knows nothing."""
    return [each.name for each in match(record.learners, roster.people).others]


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
