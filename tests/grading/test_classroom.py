"""A class's folder: what was handed in becomes jobs, whatever lies there."""

import os
from datetime import datetime
from pathlib import Path

import pytest
from toy_class import BLANK, GOOD, LESSON, job, make_class

from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.records import GradingError, Limits

DUE = datetime(2026, 3, 1, 12, 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_class(tmp_path, {"ada": GOOD, "bob": BLANK})


@pytest.fixture
def classroom(folder: Path) -> Classroom:
    return Classroom(folder)


PROBLEMS = {
    "no notebook": lambda at: (at / f"{LESSON}.ipynb").unlink(),
    "a link": lambda at: _linked(
        at / f"{LESSON}.ipynb", at.parents[1] / "ada" / LESSON / f"{LESSON}.ipynb"
    ),
    "a link beside it": lambda at: (at / "data.csv").symlink_to("/etc/passwd"),
    "a link to a folder": lambda at: (at / "data").symlink_to("/etc"),
    "a pipe": lambda at: os.mkfifo(at / "pipe"),
    "too large": lambda at: (at / f"{LESSON}.ipynb").write_bytes(b" " * 1_200_000),
    "too much beside it": lambda at: (at / "data.csv").write_bytes(b" " * 2_200_000),
    "too many beside it": lambda at: [(at / str(number)).touch() for number in range(501)],
    "a folder": lambda at: _folder(at / f"{LESSON}.ipynb"),
    "a name that rings": lambda at: (at / "a\x07\nb").touch(),
    "no name": lambda at: (at / os.fsdecode(b"\xff")).touch(),
}


def _linked(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_hand_in_that_cannot_be_read_is_a_job_with_a_problem(
    classroom: Classroom, folder: Path, name: str
) -> None:
    PROBLEMS[name](folder / "submitted" / "bob" / LESSON)
    made = job(classroom, "bob", Limits(notebook_mb=1, extras_mb=2))
    assert made.problem.endswith(".")
    assert made.problem.isprintable()
    assert (made.notebook, made.files) == (b"", {})
    assert job(classroom, "ada").problem == ""


def test_a_learners_folder_that_is_a_link_gives_nobody_elses_marks(
    classroom: Classroom, folder: Path
) -> None:
    (folder / "submitted" / "eve").symlink_to(folder / "submitted" / "ada")
    (folder / "submitted" / "kim").mkdir()
    (folder / "submitted" / "kim" / LESSON).symlink_to(folder / "submitted" / "ada" / LESSON)
    (folder / "submitted" / "leo").mkdir()
    (folder / "submitted" / "leo" / LESSON).write_text("a file")
    assert classroom.students(LESSON) == ["ada", "bob", "eve", "kim", "leo"]
    for student in ("eve", "kim", "leo"):
        assert job(classroom, student).problem


def test_files_beside_the_notebook_come_along_and_nbgraders_own_do_not(
    classroom: Classroom, folder: Path
) -> None:
    at = folder / "submitted" / "ada" / LESSON
    (at / "data").mkdir()
    (at / "data" / "a.csv").write_bytes(b"1,2")
    (at / "timestamp.txt").write_text("2026-03-01 12:00:00 UTC")
    (at / "judge.py").write_text("HIDDEN = {}")  # the class ignores the name
    assert job(classroom, "ada").files == {"data/a.csv": b"1,2"}
    assert classroom.received("ada", LESSON) == DUE


@pytest.mark.parametrize("stamp", ["soon", "", "9" * 5000, "2026-13-45 99:00"])
def test_a_timestamp_that_is_none_is_told(classroom: Classroom, folder: Path, stamp: str) -> None:
    (folder / "submitted" / "ada" / LESSON / "timestamp.txt").write_text(stamp)
    with pytest.raises(GradingError):
        classroom.received("ada", LESSON)


def test_jobs_are_read_one_at_a_time(classroom: Classroom, folder: Path) -> None:
    jobs = classroom.jobs(LESSON, 5, Limits())
    first = next(jobs)
    (folder / "submitted" / "bob" / LESSON / f"{LESSON}.ipynb").write_bytes(b"later")
    assert first.student == "ada"
    assert next(jobs).notebook == b"later"


def test_a_folder_that_is_no_class_is_told(tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="is no class's folder: it has no solutions/; go into"):
        Classroom(tmp_path).exercise(LESSON)


def test_a_judge_that_is_no_text_is_told(classroom: Classroom, folder: Path) -> None:
    (folder / "solutions" / LESSON / "judge.py").write_bytes(b"\xff")
    with pytest.raises(GradingError, match=r"90_toy/judge\.py is not in UTF-8"):
        classroom.exercise(LESSON)


def test_what_is_missing_is_told(classroom: Classroom, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(GradingError, match="there are: 90_toy"):
        classroom.exercise("../90_toy")
    (folder / "nbgrader_config.py").rename(tmp_path / "aside")
    with pytest.raises(GradingError, match=r"no class's folder: it has no nbgrader_config\.py; go"):
        Classroom(folder).exercise(LESSON)
    (tmp_path / "aside").rename(folder / "nbgrader_config.py")
    with pytest.raises(GradingError, match="There is no folder"):
        Classroom(tmp_path / "nowhere")
    (folder / "solutions" / LESSON / "judge.py").unlink()
    with pytest.raises(GradingError, match=r"judge\.py"):
        classroom.exercise(LESSON)
    (folder / "exercises" / LESSON / f"{LESSON}.ipynb").unlink()
    with pytest.raises(GradingError, match="generate_assignment"):
        classroom.exercise(LESSON)
    (folder / "nbgrader_config.py").write_text("1 / 0")
    with pytest.raises(GradingError, match="does not load"):
        Classroom(folder)
