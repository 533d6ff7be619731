"""What the report reads of a gradebook, against nbgrader, and the files that it writes."""

import shutil
from datetime import datetime, timedelta

import pytest
from class_records import Book, nbgrader_book, task_mark

from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.gradebook import Gradebook
from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.report import report
from mlopt_lessons.grading.report_data import Learner, Lesson, read_class
from mlopt_lessons.grading.report_late import late_again

DUE = datetime(2026, 12, 4, 23, 59)
DAY = timedelta(days=1)
PER_DAY = """c = get_config()
c.AssignLatePenalties.plugin_class = "mlopt_lessons.grading.late.PerDay"
c.PerDay.percent = 10.0
"""
CLASS_LIST = "Student,ID,SIS Login ID,Section,Exam (9)\nWeil,4,sw,A,\nZola,5,ez,A,\n"


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


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot be read .*grade a lesson first"),
        (b"no database at all", r"is damaged \(file is not a database\); put back a copy"),
    ],
)
def test_what_is_no_gradebook_is_a_sentence(tmp_path, content, says):
    (tmp_path / "gradebook.db").write_bytes(content)
    with pytest.raises(GradingError, match=says):
        read_class(f"sqlite:///{tmp_path / 'gradebook.db'}")


def test_a_damaged_gradebook_is_told_as_such(book, tmp_path):
    book.graded("ada", 2, 3)
    path = tmp_path / "gradebook.db"
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(GradingError, match="is damaged"):
        read_class(book.url)


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
    written = report(tmp_path, None, out, platform="canvas", roster=roster)
    paths = written.files
    assert written.sentences == ()
    assert [path.name for path in paths] == ["report.html", "grades.csv", "canvas.csv"]
    assert sorted(out.iterdir()) == sorted(paths)
    assert (out / "canvas.csv").read_text(encoding="utf-8").splitlines()[-1] == "Ada,4,,ada,A,6.5"
    assert "not graded yet" in (out / "report.html").read_text(encoding="utf-8")
    assert "eve" in (out / "grades.csv").read_text(encoding="utf-8")
    assert report(tmp_path, None, out, platform="canvas", roster=roster) == written


def test_a_folder_that_is_a_file_is_a_sentence(book, tmp_path):
    book.graded("ada", 2, 3, written=1.5)
    (tmp_path / "out").write_text("mine")
    with pytest.raises(GradingError, match="cannot be written into"):
        report(tmp_path, None, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def handed_in(root, learner, text):
    """The time of a hand-in, as intake leaves it."""
    folder = root / "submitted" / learner / "01_cost"
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text(text)


@pytest.fixture
def late_class(book, tmp_path):
    """Six hand-ins with a written score that is newer than their penalties, which are all None."""
    (tmp_path / "nbgrader_config.py").write_text(PER_DAY)
    book.book.update_or_create_assignment("01_cost", duedate=DUE)
    times = {"early": DUE - DAY, "late": DUE + DAY, "very": DUE + 9 * DAY, "more": DUE + DAY}
    for id in (*times, "never", "moved"):
        book.graded(id, 2, 3, written=1)
        book.book.update_or_create_submission("01_cost", id, timestamp=times.get(id))
    book.book.grant_extension("01_cost", "more", hours=12)
    handed_in(tmp_path, "late", f"{DUE + DAY} UTC\n")
    handed_in(tmp_path, "moved", f"{DUE + 3 * DAY} UTC\n")
    handed_in(tmp_path, "early", "yesterday")
    return Classroom(tmp_path, book.url)


def penalties(url):
    """Of each learner: when it came, and what that costs."""
    with nbgrader_book(url) as theirs:
        return {
            each.student_id: (each.timestamp, each.late_submission_penalty)
            for each in theirs.find_assignment("01_cost").submissions
        }


def test_late_penalties_are_those_of_the_gradebook_one_by_one(late_class, book, tmp_path):
    other = tmp_path / "other.db"
    shutil.copy(tmp_path / "gradebook.db", other)
    record, told = late_again(late_class, read_class(book.url))
    with Gradebook(Classroom(tmp_path, f"sqlite:///{other}")) as one_by_one:
        for id in ("early", "late", "very", "more", "never", "moved"):
            at = late_class.received(id, "01_cost") if id != "early" else None
            one_by_one.late_again(id, "01_cost", at)
    found = penalties(book.url)
    assert found == penalties(f"sqlite:///{other}")
    cost = {id: taken for id, (_, taken) in found.items()}
    assert cost == pytest.approx(
        {"early": 0, "late": 0.6, "very": 5.4, "more": 0.6, "never": 0, "moved": 1.8}
    )
    assert {each.learner: each.penalty for each in record.of("01_cost")} == pytest.approx(cost)
    assert told == [
        "Late penalties were worked out again; 4 changed.",
        "No time can be read of early for 01_cost; the time known before counts, or it is in time: "
        "Its timestamp.txt holds no time; put one there.",
    ]


def test_a_written_score_is_in_the_total_with_the_penalty_of_now(late_class, book, tmp_path):
    written = report(tmp_path, None, tmp_path / "report")
    lines = (tmp_path / "report" / "grades.csv").read_text(encoding="utf-8").splitlines()
    (late,) = [line for line in lines if line.startswith("late,")]
    assert late.endswith("final,5,6,1,3,0,0.6,5.4,9")
    assert len(written.sentences) == 2
    before = (tmp_path / "gradebook.db").read_bytes()
    (told,) = report(tmp_path, None, tmp_path / "report").sentences  # the time that none can read
    assert told.startswith("No time can be read of early")
    assert (tmp_path / "gradebook.db").read_bytes() == before


def test_without_a_due_date_no_time_is_asked_for_and_nothing_is_taken(late_class, book):
    late_again(late_class, read_class(book.url))
    book.book.update_or_create_assignment("01_cost", duedate=None)
    _, told = late_again(late_class, read_class(book.url))
    assert told == ["Late penalties were worked out again; 4 changed."]
    assert {taken for _, taken in penalties(book.url).values()} == {0}


def test_a_roster_of_another_class_is_doubted_in_one_sentence(book, tmp_path):
    for id in ("ada", "bob", "e\x1bve"):
        book.graded(id, 2, 3, written=1.5)
    (tmp_path / "roster.csv").write_text(CLASS_LIST)
    out = tmp_path / "report"
    (told,) = report(tmp_path, None, out, roster=tmp_path / "roster.csv").sentences
    assert told == (
        "The roster may be the wrong one: going by its columns Student, ID, SIS Login ID, only "
        "0 of 3 learners are in it. Not in it: ada, bob, e\ufffdve."
    )
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count(told) == 1
    assert "is nobody in the roster" not in page
    assert "In the roster, without a hand-in here: Weil, Zola." in page
