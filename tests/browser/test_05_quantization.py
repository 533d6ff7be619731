"""Lesson 5 in the browser, in a workspace as a learner has it."""

from collections.abc import Callable
from pathlib import Path

from lab_page import NotebookPage
from lab_progress import survive_restart
from lab_walk import time_lesson, walk_lesson

LESSON = "05_quantization"
Open = Callable[[str], NotebookPage]


def test_each_slider_moves_its_picture_and_soon(open_lesson: Open, results_folder: Path) -> None:
    lesson = open_lesson(LESSON)
    walk_lesson(lesson)
    time_lesson(lesson, LESSON, results_folder)


def test_an_answer_and_a_prediction_survive_a_kernel_restart(open_lesson: Open) -> None:
    lesson = open_lesson(LESSON)
    lesson.run_all()
    survive_restart(lesson, "2")
