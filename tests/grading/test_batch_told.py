"""What grading a class says of what cannot be graded, of being late, and of names."""

import re
from pathlib import Path

import pytest
from graded_toys import counted, grade
from sqlalchemy.exc import DatabaseError
from toy_class import BLANK, GOOD, HALF, LESSON, fake_grade_one, hand_in, make_class

from mlopt_lessons.grading import batch
from mlopt_lessons.grading.batch_words import reason
from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.database import unreadable
from mlopt_lessons.grading.gradebook import Gradebook
from mlopt_lessons.grading.records import GradingError


@pytest.fixture(autouse=True)
def _no_box(alembic: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A grader that reads the source alone."""
    monkeypatch.setattr(batch, "grade_one", fake_grade_one)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_class(tmp_path / "class", {"ada": GOOD, "bob": HALF, "cam": BLANK})


@pytest.mark.parametrize(
    ("judge", "says"),
    [
        ("HIDDEN = None", "The judge.py of 90_toy has no HIDDEN"),
        ("x = 1\nif x\n", "90_toy/judge.py does not load, line 2: SyntaxError: expected ':'; mend"),
        (
            "import numpy\n\n1 / 0",
            "does not load, line 3: ZeroDivisionError: division by zero; mend",
        ),
        (
            "import numpy.nowhere",
            "line 1: ModuleNotFoundError: No module named 'numpy.nowhere'; mend",
        ),
        ("raise SystemExit", "does not load, line 1: SystemExit: SystemExit; mend"),
        ("\0", "90_toy/judge.py does not load"),
    ],
)
def test_a_judge_that_does_not_load_stops_all_at_once(folder: Path, judge: str, says: str) -> None:
    (folder / "solutions" / LESSON / "judge.py").write_text(judge)
    with pytest.raises(GradingError, match=re.escape(says)):
        grade(folder)
    assert not (folder / "gradebook.db").exists()


def test_where_nothing_can_be_written_nothing_is_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = counted(monkeypatch)
    (folder / "autograded").write_text("a file, as even root cannot write below it")
    with pytest.raises(GradingError, match=r"Nothing can be written into .*/autograded"):
        grade(folder)
    assert jobs == []
    assert not (folder / "gradebook.db").exists()


def test_where_nothing_was_handed_in_it_says_so(tmp_path: Path) -> None:
    summary, lines = grade(make_class(tmp_path / "class", {}))
    assert lines == []
    assert str(summary) == (
        "90_toy: nothing was handed in for it yet; take hand-ins in with mlopt class intake."
    )


@pytest.mark.parametrize("damage", ["all of it", "a page"])
def test_a_damaged_gradebook_is_called_so(folder: Path, damage: str) -> None:
    grade(folder)
    database = folder / "gradebook.db"
    whole = database.read_bytes()
    kept = 0 if damage == "all of it" else 4096
    database.write_bytes(whole[:kept] + b"\x55" * (len(whole) - kept))
    with pytest.raises(
        GradingError, match=r"The gradebook .*/gradebook\.db is damaged \(.*copy of"
    ):
        grade(folder)


def test_damage_is_told_by_what_the_database_says_and_no_password_with_it() -> None:
    url = "postgresql+psycopg://me:secret@host/book"
    told = unreadable(DatabaseError("SELECT", {}, ValueError("file is not a database")), url)
    assert told.startswith(
        "The gradebook postgresql+psycopg://me:***@host/book is damaged (file is"
    )
    assert unreadable(DatabaseError("malformed", {}, ValueError("locked")), url) == ""
    assert unreadable(ValueError("malformed")).startswith("The gradebook is damaged (malformed); ")


PER_DAY = "c.AssignLatePenalties.plugin_class = 'mlopt_lessons.grading.late.PerDay'\n"


def with_penalty(folder: Path, due: str = "") -> None:
    """Sets a penalty of ten percent a day, and the due date where there is one."""
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write(PER_DAY)
    if due:
        with Gradebook(Classroom(folder)) as gradebook:
            gradebook.register(gradebook.classroom.exercise(LESSON))
            gradebook.book.update_or_create_assignment(LESSON, duedate=due)


def test_what_being_late_takes_is_told(folder: Path) -> None:
    hand_in(folder, "ada", GOOD, "2026-03-02 13:00:00 UTC")
    hand_in(folder, "bob", HALF, "2026-03-01 11:00:00 UTC")
    with_penalty(folder, "2026-03-01 12:00:00 UTC")
    summary, lines = grade(folder)
    assert sorted(lines) == [
        "ada: 5 of 5 points, 1 off for being late",
        "bob: 5 of 5 points",
        "cam: 0 of 5 points",
    ]
    told = "Counted as in time: no time is known of cam; put it into their timestamp.txt."
    assert summary.warnings == (told,)
    again, _ = grade(folder)  # also of what was graded before
    assert again.warnings == (told,)


def test_a_penalty_without_a_due_date_is_told(folder: Path) -> None:
    summary, _ = grade(folder)
    assert summary.warnings == ()
    with_penalty(folder)
    summary, _ = grade(folder)
    (told,) = summary.warnings
    assert told.startswith("90_toy has no due date, so the late penalty takes nothing; set one, ")
    assert 'nbgrader db assignment add 90_toy --duedate="' in told


def test_of_many_without_a_time_some_are_named(tmp_path: Path) -> None:
    folder = make_class(tmp_path / "class", {f"learner{number:02d}": BLANK for number in range(12)})
    with_penalty(folder, "2026-03-01 12:00:00 UTC")
    (told,) = grade(folder)[0].warnings
    assert "learner00, learner01, " in told
    assert "learner09 and 2 more; put" in told


def test_names_do_not_move_the_cursor(folder: Path) -> None:
    hand_in(folder, "eve\x1b[2J\nada: 5 of 5 points", BLANK)
    _, lines = grade(folder)
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)


def test_a_timestamp_that_is_none_counts_as_in_time_and_is_told(folder: Path) -> None:
    hand_in(folder, "ada", GOOD, "yesterday-ish")
    summary, lines = grade(folder)
    assert summary.graded == 3
    assert any(line.startswith("ada: counted as in time.") for line in lines)


def test_a_long_error_is_cut_and_says_so() -> None:
    assert reason(ValueError("no\nmore")) == "ValueError: no."
    told = reason(ValueError("x" * 300))
    assert told.endswith("xx….")
    assert len(told) < 220
