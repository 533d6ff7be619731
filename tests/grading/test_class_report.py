"""What the report reads of a gradebook, against nbgrader, and the files that it writes."""

import shutil

import pytest
from class_records import Book, class_of, final, nbgrader_book, task_mark

from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.report import report, report_files
from mlopt_lessons.grading.report_data import Learner, Lesson, read_class


@pytest.fixture(scope="module")
def new_gradebook(tmp_path_factory):
    """An empty gradebook, made once: nbgrader takes seconds."""
    path = tmp_path_factory.mktemp("new") / "gradebook.db"
    with nbgrader_book(f"sqlite:///{path}"):
        return path


@pytest.fixture
def book(tmp_path, new_gradebook):
    path = shutil.copy(new_gradebook, tmp_path / "gradebook.db")
    with nbgrader_book(f"sqlite:///{path}") as made:
        yield Book(made, f"sqlite:///{path}")


def test_points_are_those_of_nbgrader(book):
    book.learner("ada", first_name="Ada", last_name="Byron", email="ada@example.org")
    book.graded("ada", 2, 3, written=1.5, penalty=0.5)
    book.graded("bob", 1, 0, written=0, penalty=3)
    record = read_class(book.url)
    with nbgrader_book(book.url) as theirs:
        for learner in ("ada", "bob"):
            submission = theirs.find_submission("01_cost", learner)
            ours = record.handins[learner, "01_cost"]
            assert ours.automatic == submission.code_score
            assert ours.written == submission.written_score
            assert ours.penalty == submission.late_submission_penalty
            assert ours.total == max(0, submission.score - submission.late_submission_penalty)
            assert ours.final
        assignment = theirs.find_assignment("01_cost")
        assert record.lessons == (
            Lesson("01_cost", assignment.max_code_score, assignment.max_written_score),
        )
    assert record.learners[0] == Learner("bob")
    assert record.learners[1] == Learner("ada", "Ada", "Byron", "ada@example.org")


def test_a_score_by_hand_wins_and_what_waits_is_not_final(book):
    book.graded("ada", 0, 3, by_hand={"task-1-check": 2})
    found = read_class(book.url).handins["ada", "01_cost"]
    assert (found.automatic, found.written, found.waiting, found.final) == (5, 0, 3, False)


def test_a_submission_that_nobody_graded_is_not_graded(book):
    book.learner("ada")
    book.book.add_submission("01_cost", "ada")
    assert not read_class(book.url).handins["ada", "01_cost"].graded
    for grade in book.book.find_submission_notebook("01_cost", "01_cost", "ada").grades:
        book.book.db.delete(grade)
    book.book.db.commit()
    assert not read_class(book.url).handins["ada", "01_cost"].graded


def test_what_a_grader_must_look_at_again_waits_with_its_score(book):
    book.graded("ada", 0, 3, written=2)
    for grade in book.book.find_submission_notebook("01_cost", "01_cost", "ada").grades:
        grade.needs_manual_grade = grade.name == "written"
    book.book.db.commit()
    found = read_class(book.url).handins["ada", "01_cost"]
    assert (found.automatic, found.written, found.waiting, found.final) == (3, 2, 3, False)


def test_marks_and_notes_come_back_as_the_judge_gave_them(book):
    mark = task_mark(2, 1, parts=[("π", 2, 1), ("the rest", 2, 0)], mistake="no-clip")
    book.graded("ada", 0, 1, marks=[mark], notes=["One cell was missing and was put back."])
    (found,) = read_class(book.url).judged
    assert (found.student, found.marks, found.notes) == (
        "ada", (mark,), ("One cell was missing and was put back.",),
    )  # fmt: skip


def test_marks_of_a_hand_in_that_the_gradebook_no_longer_has_are_left_out(book):
    book.graded("ada", 0, 1, marks=[task_mark(1, 0)])
    book.book.remove_submission("01_cost", "ada")
    assert read_class(book.url).judged == ()


def test_reading_writes_nothing(book, tmp_path):
    book.graded("ada", 1, 1)
    before = (tmp_path / "gradebook.db").read_bytes()
    read_class(book.url)
    assert (tmp_path / "gradebook.db").read_bytes() == before


def test_no_gradebook_is_a_sentence_and_makes_none(tmp_path):
    with pytest.raises(GradingError, match=r"There is no gradebook .*; grade a lesson first"):
        read_class(f"sqlite:///{tmp_path / 'gradebook.db'}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("content", "says"), [(b"", "cannot be read"), (b"no database", "cannot")])
def test_what_is_no_gradebook_is_a_sentence(tmp_path, content, says):
    (tmp_path / "gradebook.db").write_bytes(content)
    with pytest.raises(GradingError, match=says):
        read_class(f"sqlite:///{tmp_path / 'gradebook.db'}")


def test_a_gradebook_without_lessons_and_a_wrong_url_are_sentences(new_gradebook):
    with pytest.raises(GradingError, match="no lesson yet"):
        read_class(f"sqlite:///{new_gradebook}")
    with pytest.raises(GradingError, match="is no URL"):
        read_class("gradebook.db")


def test_marks_of_another_version_are_a_sentence(book):
    book.graded("ada", 1, 1)
    book.book.db.connection().exec_driver_sql("UPDATE mlopt_graded SET outcome = '{}'")
    book.book.db.commit()
    with pytest.raises(GradingError, match="--regrade"):
        read_class(book.url)


def test_a_roster_of_another_platform_is_refused():
    from mlopt_lessons.grading.roster import Roster

    with pytest.raises(GradingError, match="exported by Moodle; export one from Canvas"):
        report_files(class_of(final("a", 5)), "canvas", Roster("moodle", ()))


def test_the_files_of_a_report():
    record = class_of(final("a", 5))
    assert list(report_files(record)) == ["report.html", "grades.csv", "canvas.csv", "moodle.csv"]
    assert list(report_files(record, "moodle")) == ["report.html", "grades.csv", "moodle.csv"]


def test_a_report_of_nothing_is_still_a_report():
    assert "01_cost" in report_files(class_of())["report.html"]


def test_a_report_is_files_in_a_folder(book, tmp_path):
    book.learner("ada", first_name="Ada", last_name="Byron", email="ada@example.org")
    book.graded("ada", 2, 3, written=1.5)
    for name in ("ada", "eve"):
        (tmp_path / "submitted" / name / "01_cost").mkdir(parents=True)
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "Student,ID,SIS Login ID,Section,01_cost (9)\nAda,4,ada,A,\n", encoding="utf-8"
    )
    out = tmp_path / "new" / "report"
    paths = report(tmp_path, None, out, platform="canvas", roster=roster)
    assert [path.name for path in paths] == ["report.html", "grades.csv", "canvas.csv"]
    assert sorted(out.iterdir()) == sorted(paths)
    assert (out / "canvas.csv").read_text(encoding="utf-8").splitlines()[-1] == "Ada,4,,ada,A,6.5"
    assert "not graded yet" in (out / "report.html").read_text(encoding="utf-8")
    assert "eve" in (out / "grades.csv").read_text(encoding="utf-8")
    assert report(tmp_path, None, out, platform="canvas", roster=roster) == paths


def test_a_folder_that_is_a_file_is_a_sentence(book, tmp_path):
    book.graded("ada", 2, 3, written=1.5)
    (tmp_path / "out").write_text("mine")
    with pytest.raises(GradingError, match="cannot be written into"):
        report(tmp_path, None, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
