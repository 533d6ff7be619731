"""Which lesson a notebook is taken for: by its cells, its path, the export's name, or the option."""

import shutil
from pathlib import Path

import pytest
from intake_class import COST, RESOURCES, actions, only, take

from mlopt_lessons.grading.records import GradingError

BLANK = b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "1", "metadata": {}}]}'


def test_the_cells_tell_the_lesson(root: Path) -> None:
    taken = take(root, {"ada.ipynb": RESOURCES, "bob.ipynb": COST})
    assert {each.student: each.lesson for each in taken} == {
        "ada": "02_resources",
        "bob": "01_cost",
    }


def test_the_exports_own_name_tells_the_lesson(root: Path) -> None:
    assert only(take(root, {"ada.ipynb": BLANK}, name="CS101-01_cost-77")).lesson == "01_cost"


def test_the_option_tells_the_lesson(root: Path) -> None:
    assert only(take(root, {"ada.ipynb": BLANK}, lesson="01_cost")).lesson == "01_cost"


def test_without_any_of_them_it_is_refused(root: Path) -> None:
    line = only(take(root, {"ada.ipynb": BLANK}))
    assert line.action == "refused"
    assert "--lesson" in line.says


def test_where_two_fit_it_is_refused(root: Path) -> None:
    twin = root / "exercises" / "02_resources" / "02_resources.ipynb"
    twin.write_bytes((root / "exercises" / "01_cost" / "01_cost.ipynb").read_bytes())
    line = only(take(root, {"ada.ipynb": COST}))
    assert line.action == "refused"
    assert "01_cost or 02_resources" in line.says


@pytest.mark.parametrize("option", [None, "01_cost"])
def test_the_notebook_of_another_lesson_is_refused(root: Path, option: str | None) -> None:
    line = only(take(root, {"ada/01_cost/x.ipynb": RESOURCES}, lesson=option))
    assert line.action == "refused"
    assert "02_resources" in line.says


def test_with_an_option_files_of_other_lessons_are_left(root: Path) -> None:
    taken = take(
        root, {"ada/01_cost.ipynb": COST, "ada/02_resources.ipynb": RESOURCES}, lesson="01_cost"
    )
    assert actions(taken) == {"ada/01_cost.ipynb": "took", "ada/02_resources.ipynb": "left"}


RUN = "run: nbgrader generate_assignment 02_resources --create --force"


@pytest.fixture
def half(root: Path) -> Path:
    """A class whose second exercise was not released."""
    shutil.rmtree(root / "exercises" / "02_resources")
    return root


@pytest.mark.parametrize(
    "path", ["ada/02_resources.ipynb", "02_resources/ada.ipynb", "ada_02_resources.ipynb"]
)
def test_the_notebook_of_a_lesson_that_was_not_released(half: Path, path: str) -> None:
    line, bob = take(half, {path: RESOURCES, "bob/01_cost.ipynb": COST})
    assert (line.student, line.action, bob.action) == ("ada", "refused", "took")
    assert line.says == f"02_resources was not released in this class; {RUN}"


def test_cells_are_surer_than_the_name_of_a_lesson_that_was_not_released(half: Path) -> None:
    line = only(take(half, {"ada/02_resources.ipynb": COST}))
    assert "its cells are those of 01_cost" in line.says


def test_a_lesson_that_was_not_released_cannot_be_asked_for(half: Path) -> None:
    with pytest.raises(GradingError, match=RUN):
        take(half, {"ada.ipynb": RESOURCES}, lesson="02_resources")


def test_a_lesson_without_a_judge_is_told_as_such(root: Path) -> None:
    (root / "solutions/02_resources/judge.py").unlink()
    assert "judge.py" in only(take(root, {"ada/02_resources.ipynb": RESOURCES})).says


def test_a_lesson_that_is_none(root: Path) -> None:
    with pytest.raises(GradingError, match="09_none"):
        take(root, {"ada.ipynb": COST}, lesson="09_none")
