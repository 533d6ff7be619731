"""The files of a report, made of a class's records, with a roster and without one."""

import pytest
from class_records import class_of, final

from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.report import report_files
from mlopt_lessons.grading.roster import Roster

CLASS_LIST = "Student,ID,SIS Login ID,Section,Exam (9)\nWeil,4,sw,A,\nZola,5,ez,A,\n"


def test_a_roster_of_another_platform_is_refused():
    with pytest.raises(GradingError, match="exported by Moodle; export one from Canvas"):
        report_files(class_of(final("a", 5)), "canvas", Roster("moodle", ()))


def test_the_files_of_a_report():
    record = class_of(final("a", 5))
    assert list(report_files(record)) == ["report.html", "grades.csv", "canvas.csv", "moodle.csv"]
    assert list(report_files(record, "moodle")) == ["report.html", "grades.csv", "moodle.csv"]


def test_a_report_of_nothing_is_still_a_report():
    assert "01_cost" in report_files(class_of())["report.html"]


def test_with_a_roster_the_page_asks_for_none(roster):
    record = class_of(final("ada", 5), final("sw", 4))
    page = report_files(record, roster=roster(CLASS_LIST))["report.html"]
    assert "with --roster" not in page
    assert "its columns of assignments are Exam (9)." in page
    assert "The roster is Canvas&#x27;s, so that this file has no ids of Moodle" in page
    assert "with --roster" in report_files(record)["report.html"]


def test_the_tables_of_the_report_are_no_roster(roster):
    files = report_files(class_of(final("ada", 5)))
    with pytest.raises(GradingError, match="the report's own table of grades and no class list"):
        roster(files["grades.csv"], "grades.csv")
