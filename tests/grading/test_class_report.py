"""The numbers of the report on a class, against tables worked out by hand, pandas, numpy and nbgrader."""

import shutil

import numpy as np
import pandas as pd
import pytest
from class_records import Book, class_of, final, nbgrader_book, recorded, task_mark, waiting
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.course.questions import misconceptions
from mlopt_lessons.grading import report_tables as tables
from mlopt_lessons.grading import report_words as words
from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.grading.report import report, report_files
from mlopt_lessons.grading.report_data import HandIn, Learner, Lesson, read_class, with_handed_in

COST = Lesson("01_cost", 11, 3)


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


def test_states_of_hand_ins_and_what_is_counted():
    record = class_of(
        final("a", 5, 1), waiting("b", 4), HandIn("c", "01_cost", graded=False),
        final("d", 4, penalty=1), learners=[Learner("e")],
    )  # fmt: skip
    states = {row.learner.id: row.state for row in tables.grade_rows(record, COST)}
    assert states == {
        "a": "final", "b": "waits", "c": "not graded", "d": "final", "e": "nothing",
    }  # fmt: skip
    found = tables.summary(record, COST)
    assert (found.final, found.waits, found.not_graded, found.nothing) == (2, 1, 1, 1)
    assert (found.handed_in, found.late) == (4, 1)
    assert [each.id for each in tables.without_any(record)] == ["e"]


def test_what_lies_in_the_folder_and_is_not_graded_is_there():
    record = class_of(final("a", 5))
    found = with_handed_in(record, {"01_cost": ["a", "new"], "05_quantization": ["a"]})
    assert found.handins["a", "01_cost"].graded
    assert not found.handins["new", "01_cost"].graded
    assert not found.handins["a", "05_quantization"].graded
    assert [each.id for each in found.learners] == ["a", "new"]


POINTS = st.lists(st.integers(0, 28).map(lambda half: half / 2), min_size=1, max_size=60)


@given(POINTS)
def test_a_distribution_is_that_of_numpy(points):
    record = class_of(*(final(f"s{i:02}", value) for i, value in enumerate(points)))
    found = tables.distribution(record, COST)
    assert found.n == len(points)
    assert found.median == np.median(points)
    assert (found.low, found.high) == (min(points), max(points))
    np.testing.assert_array_equal(found.counts, np.histogram(points, found.edges)[0])
    assert sum(found.counts) == len(points)
    assert found.edges[-1] >= 14
    assert len(found.counts) <= tables.MOST_BARS


def test_penalties_are_in_the_distribution_of_totals():
    found = tables.distribution(class_of(final("a", 6, 2, penalty=3), final("b", 9)), COST)
    assert (found.low, found.high, found.most, found.of_tasks) == (5, 9, 14, False)


def test_while_anything_waits_the_distribution_is_of_the_tasks():
    found = tables.distribution(class_of(final("a", 6, 3), waiting("b", 9)), COST)
    assert (found.low, found.high, found.most, found.of_tasks) == (6, 9, 11, True)
    assert "without what waits for grading by hand" in words.distribution_text(found)


def test_a_lesson_without_graded_hand_ins_has_no_median():
    found = tables.distribution(class_of(HandIn("a", "01_cost", graded=False)), COST)
    assert (found.n, found.median, sum(found.counts)) == (0, None, 0)
    assert words.distribution_text(found) == "01_cost: nothing is graded yet."


def _judged():
    """Three learners, two tasks; worked out by hand below."""
    return [
        recorded("a", "01_cost", task_mark(1, 2), task_mark(2, 4, parts=[("x", 1, 1), ("y", 3, 3)])),
        recorded("b", "01_cost", task_mark(1, 2),
                 task_mark(2, 1, parts=[("x", 1, 1), ("y", 3, 0)], mistake="no-clip", message="Clip it.")),
        recorded("c", "01_cost", task_mark(1, 0, message="It raised ZeroDivisionError."),
                 task_mark(2, 0, parts=[("x", 1, 0), ("y", 3, 0)], mistake="no-clip", message="Clip it.")),
    ]  # fmt: skip


def test_missed_tasks_and_parts_by_hand():
    found = tables.missed(class_of(judged=_judged()))
    rows = [(row.task, row.part, row.earned, row.possible, row.full, row.n) for row in found]
    assert rows == [
        ("01-2", "", 5, 12, 1, 3), ("01-2", "y", 3, 9, 1, 3), ("01-2", "x", 2, 3, 2, 3),
        ("01-1", "", 4, 6, 2, 3),
    ]  # fmt: skip
    assert found[0].share == pytest.approx(5 / 12)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=30))
def test_shares_are_those_of_pandas(earned):
    judged = [
        recorded(f"s{i}", "01_cost", task_mark(1, one), task_mark(2, two, points=4))
        for i, (one, two) in enumerate(earned)
    ]
    found = {row.task: row for row in tables.missed(class_of(judged=judged))}
    frame = pd.DataFrame(earned, columns=["01-1", "01-2"])
    shares = frame.sum() / (len(frame) * pd.Series({"01-1": 2, "01-2": 4}))
    assert {task: row.share for task, row in found.items()} == pytest.approx(shares.to_dict())
    assert {task: row.full for task, row in found.items()} == (frame == [2, 4]).sum().to_dict()
    ordered = [row.share for row in tables.missed(class_of(judged=judged))]
    assert ordered == sorted(ordered)


def test_mistakes_by_hand():
    first, second = tables.mistakes(class_of(judged=_judged()))
    assert (first.id, first.task, first.learners, first.n) == ("no-clip", "01-2", 2, 3)
    assert (first.name, first.hint) == (misconceptions()["no-clip"]["name"], "Clip it.")
    assert (second.id, second.name, second.learners) == (None, tables.UNNAMED, 1)
    assert second.hint == "It raised ZeroDivisionError."


def test_an_unknown_misconception_keeps_its_id_in_words():
    assert tables.name_of("never-heard-of") == "Never heard of"


def test_a_right_answer_is_no_mistake():
    judged = [recorded("a", "01_cost", task_mark(1, 2, mistake="no-clip"))]
    assert tables.mistakes(class_of(judged=judged)) == []


def test_remarks_name_the_learner():
    judged = [
        recorded("a", "01_cost", notes=("Stopped: too much memory.",)),
        recorded("x", "01_cost"),
    ]
    (found,) = tables.remarks(class_of(learners=[Learner("a", "Ada", "Byron")], judged=judged))
    assert (found.learner.name, found.lesson, found.text) == (
        "Ada Byron", "01_cost", "Stopped: too much memory.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n", "text"), [(4, "5 of 12 (n = 4)"), (5, "42 % (n = 5)"), (3, "5 of 12 (n = 3)")]
)
def test_shares_of_a_few_are_told_as_points(n, text):
    row = tables.Missed("01_cost", "01-1", "Task 1", "", 5, 12, 1, n)
    assert words.share_text(row) == text
    assert bool(words.few_text(n)) == (n < 5)


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
