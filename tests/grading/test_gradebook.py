"""What is written into nbgrader's gradebook, against nbgrader's own preprocessors and the raw database."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
import toy_class
from nbgrader.api import Gradebook as Nbgraders
from nbgrader.preprocessors import SaveAutoGrades, SaveCells
from sqlalchemy import create_engine, make_url, text
from toy_class import BLANK, GOOD, LESSON, graded, make_class, rows, state

from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.gradebook import Gradebook
from mlopt_lessons.grading.outcomes import Recorded
from mlopt_lessons.grading.records import GradingError

DUE = datetime(2026, 3, 1, 12, 0)
pytestmark = pytest.mark.usefixtures("alembic")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_class(tmp_path, {"ada": GOOD, "bob": BLANK})


@pytest.fixture
def classroom(folder: Path) -> Classroom:
    return Classroom(folder)


@pytest.fixture
def gradebook(classroom: Classroom) -> Iterator[Gradebook]:
    with Gradebook(classroom) as opened:
        opened.register(classroom.exercise(LESSON))
        yield opened


def test_a_lesson_is_registered_as_nbgrader_itself_registers_it(
    folder: Path, gradebook: Gradebook, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("nbgrader") / "gradebook.db"
    url = f"sqlite:///{other}"
    with Nbgraders(url) as book:
        book.add_assignment(LESSON)
    told = {"notebook": LESSON, "assignment": LESSON, "db_url": url}
    SaveCells().preprocess(toy_class.release(), {"nbgrader": told})
    sources = "SELECT name, cell_type, locked, source, checksum FROM source_cell ORDER BY 1"
    for query in (toy_class.CELLS, sources, toy_class.VERSION):
        assert rows(folder, query) == rows(other.parent, query)
    assert len(rows(folder, toy_class.CELLS)) == 6  # three of grades, three of solutions


def test_marks_written_questions_and_comments_follow_nbgraders_rules(
    classroom: Classroom, gradebook: Gradebook, folder: Path
) -> None:
    for student in ("ada", "bob"):
        gradebook.save(graded(classroom, student))
    grades = {(row[0], row[2]): row[3:] for row in rows(folder, toy_class.IDS)}
    assert grades["ada", "task-1-check"] == (2, None, None, 0)
    assert grades["ada", "written"] == (None, None, None, 1)
    assert grades["bob", "task-2-check"] == (0, None, None, 0)
    assert grades["bob", "written"] == (0, None, None, 0)  # nothing there: nothing to read
    comments = {(row[0], row[1]): row[2] for row in rows(folder, toy_class.COMMENTS)}
    assert set(comments.values()) == {None, "No response."}
    assert {key for key, said in comments.items() if said} == {
        ("bob", "task-1"), ("bob", "task-2"), ("bob", "written"),
    }  # fmt: skip


def test_nbgraders_own_preprocessor_says_the_same_of_the_sheet(
    classroom: Classroom, gradebook: Gradebook, folder: Path
) -> None:
    for student in ("ada", "bob"):
        gradebook.save(graded(classroom, student))
        ours = state(folder)
        sheet = nbformat.read(classroom.sheet(student, LESSON), 4)
        for cell in sheet.cells:  # what nbgrader reads marks from: an error, or none
            failed = student == "bob" and cell.metadata.nbgrader.grade_id in toy_class.POINTS
            if failed:
                cell.outputs = [nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])]
        told = {"notebook": LESSON, "assignment": LESSON, "student": student}
        SaveAutoGrades().preprocess(sheet, {"nbgrader": told | {"db_url": classroom.db_url}})
        assert state(folder) == ours


def test_what_the_instructor_gave_stays_when_a_hand_in_is_graded_again(
    classroom: Classroom, gradebook: Gradebook, folder: Path
) -> None:
    gradebook.save(graded(classroom, "ada"))
    with Nbgraders(classroom.db_url) as book:
        grade = book.find_grade("written", LESSON, LESSON, "ada")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.5, 1, False
        book.find_grade("task-1-check", LESSON, LESSON, "ada").manual_score = 1.5
        book.find_comment("task-2", LESSON, LESSON, "ada").manual_comment = "Well seen."
        book.db.commit()
    gradebook.book.db.expire_all()
    gradebook.save(graded(classroom, "ada"))
    grades = {row[2]: row[3:] for row in rows(folder, toy_class.IDS) if row[0] == "ada"}
    # nbgrader asks to look again at whatever was marked by hand.
    assert grades["written"] == (None, 2.5, 1, 1)
    assert grades["task-1-check"] == (2, 1.5, None, 1)
    assert grades["task-2-check"] == (3, None, None, 0)
    assert ("ada", "task-2", None, "Well seen.") in rows(folder, toy_class.COMMENTS)


def test_a_hand_in_that_could_not_be_graded_asks_for_the_instructor(
    classroom: Classroom, gradebook: Gradebook, folder: Path
) -> None:
    (folder / "submitted" / "bob" / LESSON / f"{LESSON}.ipynb").unlink()
    gradebook.save(graded(classroom, "bob"))
    mine = [row[3:] for row in rows(folder, toy_class.IDS) if row[0] == "bob"]
    assert mine == [(0, None, None, 1)] * 3
    (record,) = gradebook.outcomes(LESSON)
    assert record.notes
    assert record.notes[0].endswith(".")


def test_a_record_holds_how_it_was_graded(classroom: Classroom, gradebook: Gradebook) -> None:
    made = graded(classroom, "ada")
    gradebook.save(made)
    (record,) = gradebook.outcomes(LESSON)
    assert (record.student, record.seed, record.seconds) == ("ada", 5, 0.5)
    assert record.marks == made.marks
    assert record.written == {"written": True}
    assert gradebook.graded(LESSON) == {"ada": made.fingerprint}


def test_a_submission_that_nbgrader_removed_is_not_graded_any_more(
    classroom: Classroom, gradebook: Gradebook
) -> None:
    gradebook.save(graded(classroom, "ada"))
    with Nbgraders(classroom.db_url) as book:
        book.remove_submission(LESSON, "ada")
    assert gradebook.graded(LESSON) == {}
    gradebook.book.db.expire_all()
    gradebook.save(graded(classroom, "ada"))
    assert set(gradebook.graded(LESSON)) == {"ada"}


@pytest.mark.parametrize("earned", [float("nan"), float("inf"), -1.0, 2.5])
def test_a_mark_that_is_none_is_refused_and_the_earlier_one_stays(
    classroom: Classroom, gradebook: Gradebook, folder: Path, earned: float
) -> None:
    made = graded(classroom, "ada")
    gradebook.save(made)
    before = state(folder)
    first = replace(made.marks[0], parts=(replace(made.marks[0].parts[0], earned=earned),))
    with pytest.raises(GradingError, match=r"judge\.py"):
        gradebook.save(replace(made, marks=(first, made.marks[1])))
    assert state(folder) == before


def test_marks_for_other_cells_or_for_too_few_are_refused(
    classroom: Classroom, gradebook: Gradebook
) -> None:
    made = graded(classroom, "ada")
    with pytest.raises(GradingError, match="marks nothing for task-2-check"):
        gradebook.save(replace(made, marks=made.marks[:1]))
    strange = replace(made.marks[0], cell="task-9-check")
    with pytest.raises(GradingError, match="task-9-check"):
        gradebook.save(replace(made, marks=(*made.marks, strange)))
    assert gradebook.graded(LESSON) == {}


def test_a_seed_is_drawn_once_and_can_be_set(
    classroom: Classroom, gradebook: Gradebook, tmp_path_factory: pytest.TempPathFactory
) -> None:
    drawn = gradebook.seed(LESSON)
    assert drawn == gradebook.seed(LESSON)
    assert drawn != gradebook.seed("91_other")
    with Gradebook(classroom) as again:
        assert again.seed(LESSON) == drawn
        assert again.seed(LESSON, 7) == again.seed(LESSON) == 7
    with pytest.raises(GradingError, match="seed"):
        gradebook.seed(LESSON, -1)


def test_a_changed_exercise_is_registered_anew_until_it_has_marks(
    classroom: Classroom, gradebook: Gradebook, folder: Path
) -> None:
    exercise = classroom.exercise(LESSON)
    more = toy_class.release()
    more.cells.append(toy_class.cell("code", "check()", "task-3-check", points=1))
    changed = replace(exercise, release=nbformat.writes(more))
    gradebook.register(changed)
    assert ("task-3-check", "GradeCell", 1) in rows(folder, toy_class.CELLS)
    gradebook.register(exercise)
    assert len(rows(folder, toy_class.CELLS)) == 6
    gradebook.save(graded(classroom, "ada"))
    before = state(folder)
    with pytest.raises(GradingError, match="other cells"):
        gradebook.register(changed)
    assert state(folder) == before


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all.db", "nonsense", "postgresql://localhost:1/x"]
)
def test_a_gradebook_that_cannot_be_opened_is_told(folder: Path, url: str) -> None:
    with pytest.raises(
        GradingError, match=r"The gradebook (cannot be used|needs the package psycopg)"
    ):
        Gradebook(Classroom(folder, url))


def test_a_folder_whose_name_is_odd_keeps_its_gradebook(tmp_path: Path) -> None:
    folder = make_class(tmp_path / "my class, 50% #1", {"ada": GOOD})
    with Gradebook(Classroom(folder)) as gradebook:
        gradebook.seed(LESSON, 3)
    assert (folder / "gradebook.db").is_file()


@pytest.mark.skipif("MLOPT_TEST_POSTGRES" not in os.environ, reason="no PostgreSQL to try")
def test_postgresql_holds_the_same(folder: Path) -> None:
    """The variable holds a URL, such as postgresql+psycopg://me@localhost/grades."""
    plain = make_url(os.environ["MLOPT_TEST_POSTGRES"])
    with create_engine(plain).begin() as database:
        database.execute(text("DROP SCHEMA IF EXISTS mlopt_test CASCADE"))
        database.execute(text("CREATE SCHEMA mlopt_test"))
    own = plain.update_query_dict({"options": "-csearch_path=mlopt_test"})
    url = own.render_as_string(hide_password=False)
    records = filled_twice(Classroom(folder, url))
    assert [replace(each, graded_at=DUE) for each in records] == [
        replace(each, graded_at=DUE) for each in filled_twice(Classroom(folder))
    ]
    with create_engine(own).connect() as database:
        for query in (toy_class.IDS, toy_class.COMMENTS, toy_class.CELLS, toy_class.LATE):
            found = {tuple(row) for row in database.execute(text(query))}
            assert found == set(rows(folder, query))  # True is 1
            assert len(found) > 1


def filled_twice(classroom: Classroom) -> list[Recorded]:
    """What a gradebook holds after every hand-in was graded, and graded again."""
    with Gradebook(classroom) as gradebook:
        gradebook.register(classroom.exercise(LESSON))
        gradebook.seed(LESSON, 5)
        for student in ("ada", "bob", "ada", "bob"):
            gradebook.save(graded(classroom, student), DUE)
        assert gradebook.seed(LESSON) == 5
        return gradebook.outcomes(LESSON)
