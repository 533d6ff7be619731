"""Every lesson in the browser, in a workspace as a learner has it."""

from pathlib import Path

from lab_page import NotebookPage
from lab_progress import survive_restart
from lab_walk import time_lesson, walk_lesson


def test_every_lab_answers_to_its_controls(lesson: NotebookPage) -> None:
    walk_lesson(lesson)


def test_a_slider_reaches_its_picture_in_time(lesson: NotebookPage, results_folder: Path) -> None:
    time_lesson(lesson, Path(lesson.notebook).stem, results_folder)


def test_an_answer_and_a_prediction_survive_a_kernel_restart(lesson: NotebookPage) -> None:
    survive_restart(lesson, "2")
