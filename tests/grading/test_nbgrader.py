"""nbgrader agrees: what is committed is what it releases, and marks are what they should be."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from release import ROOT, make_course, nbgrader, release

LESSON = "05_quantization"
AUTOMATIC, WRITTEN = 12, 3


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course folder with released exercises and two hand-ins: the solution, and nothing done."""
    folder = make_course(tmp_path_factory.mktemp("course"))
    release(folder)
    for student, source in (("solver", "solutions"), ("blank", "exercises")):
        target = folder / "submitted" / student / LESSON
        target.mkdir(parents=True)
        shutil.copy(folder / source / LESSON / f"{LESSON}.ipynb", target)
    nbgrader(folder, "autograde", LESSON, "--create")
    return folder


def cells(path: Path) -> list[dict]:
    return [dict(cell) for cell in nbformat.read(path, as_version=4).cells]


def test_what_is_committed_is_what_nbgrader_releases(course: Path) -> None:
    made = {p.relative_to(course / "exercises") for p in (course / "exercises").rglob("*.ipynb")}
    committed = {p.relative_to(ROOT / "exercises") for p in (ROOT / "exercises").rglob("*.ipynb")}
    assert made == committed
    for name in made:
        assert cells(course / "exercises" / name) == cells(ROOT / "exercises" / name)


def marks(course: Path, student: str) -> tuple[float, float, bool]:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(LESSON, student)
        return submission.score, submission.max_score, submission.needs_manual_grade


def test_the_solution_gets_every_automatic_mark(course: Path) -> None:
    assert marks(course, "solver") == (AUTOMATIC, AUTOMATIC + WRITTEN, True)


def test_the_blank_exercise_gets_none(course: Path) -> None:
    score, most, _ = marks(course, "blank")
    assert (score, most) == (0, AUTOMATIC + WRITTEN)
