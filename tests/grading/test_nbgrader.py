"""nbgrader agrees: what is committed is what it releases, and what it grades in boxes gets its marks."""

import shutil
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from release import ROOT, make_course, nbgrader, release

# Points of each exercise's checks; each has a written question, graded by hand, on top.
CHECKED = {
    "01_cost": 11,
    "02_resources": 11,
    "03_spot": 11,
    "04_gpu": 11,
    "05_quantization": 12,
    "06_pruning": 14,
    "07_putting_it_together": 11,
}
WRITTEN = 3


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course folder with released exercises and two hand-ins: the solution, and nothing done."""
    folder = make_course(tmp_path_factory.mktemp("course"))
    release(folder)
    for lesson in CHECKED:
        for student, source in (("solver", "solutions"), ("blank", "exercises")):
            target = folder / "submitted" / student / lesson
            target.mkdir(parents=True)
            shutil.copy(folder / source / lesson / f"{lesson}.ipynb", target)
    nbgrader(folder, "autograde", "*")
    nbgrader(folder, "generate_feedback", "*")
    return folder


def cells(path: Path) -> list[dict]:
    return [dict(cell) for cell in nbformat.read(path, as_version=4).cells]


def test_what_is_committed_is_what_nbgrader_releases(course: Path) -> None:
    made = {p.relative_to(course / "exercises") for p in (course / "exercises").rglob("*.ipynb")}
    committed = {p.relative_to(ROOT / "exercises") for p in (ROOT / "exercises").rglob("*.ipynb")}
    assert made == committed
    for name in made:
        assert cells(course / "exercises" / name) == cells(ROOT / "exercises" / name)


def test_every_exercise_is_graded_here() -> None:
    assert {path.name for path in (ROOT / "solutions").iterdir() if path.is_dir()} == set(CHECKED)


def marks(course: Path, lesson: str, student: str) -> tuple[float, float, bool]:
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(lesson, student)
        return submission.score, submission.max_score, submission.needs_manual_grade


@pytest.mark.parametrize("lesson", CHECKED)
def test_the_solution_gets_every_automatic_mark(course: Path, lesson: str) -> None:
    checked = CHECKED[lesson]
    assert marks(course, lesson, "solver") == (checked, checked + WRITTEN, True)


@pytest.mark.parametrize("lesson", CHECKED)
def test_the_blank_exercise_gets_none(course: Path, lesson: str) -> None:
    # Nothing was written either, so that there is nothing to grade by hand.
    assert marks(course, lesson, "blank") == (0, CHECKED[lesson] + WRITTEN, False)


@pytest.mark.parametrize("lesson", CHECKED)
def test_feedback_says_of_each_task_what_became_of_it(course: Path, lesson: str) -> None:
    pages = [course / "feedback" / name / lesson / f"{lesson}.html" for name in ("solver", "blank")]
    solver, blank = (unescape(page.read_text(encoding="utf-8")) for page in pages)
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        tasks = len(gradebook.find_notebook(lesson, lesson).grade_cells) - 1
    assert solver.count("That is right.") == tasks
    assert "That is right." not in blank
    assert "No response." in blank
