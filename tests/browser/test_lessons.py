"""Every lesson in the browser, in a workspace as a learner has it."""

from pathlib import Path

from bare_path import BarePath
from lab_page import NotebookPage
from lab_progress import lock_all, survive_restart
from lab_walk import time_lesson, walk_lesson
from playwright.sync_api import expect

from mlopt_lessons.course.ledger_table import FAILS, HOLDS, ledger_lines
from mlopt_lessons.course.store import open_store


def test_every_lab_answers_to_its_controls(lesson: NotebookPage) -> None:
    walk_lesson(lesson)


def test_a_slider_reaches_its_picture_in_time(
    lesson: NotebookPage, bare: BarePath, results_folder: Path
) -> None:
    time_lesson(lesson, Path(lesson.notebook).stem, results_folder, bare.timing)


def test_an_answer_and_a_prediction_survive_a_kernel_restart(lesson: NotebookPage) -> None:
    survive_restart(lesson, "2")


def test_the_ledger_fills_lesson_by_lesson(lesson: NotebookPage, workspace: Path) -> None:
    """Lessons come in their order, in one workspace: at lesson 8 every claim has been judged."""
    assert lock_all(lesson, "2") > 0
    lines = ledger_lines(open_store(workspace))
    last = Path(lesson.notebook).stem.startswith("08")
    own = [each for each in lines if last or each.notebook == lesson.notebook]
    open_still = [each.cells()["claim"] for each in own if each.state not in (HOLDS, FAILS)]
    assert open_still == []
    if last:
        lesson.restart_and_run_all()
        claims = len({each.claim.id for each in lines})
        expect(lesson.page.get_by_text(f"All {claims} claims measured.").first).to_be_attached()
