"""What is no source of hand-ins, and what is no class that could take any in."""

import shutil
from pathlib import Path

import pytest
from intake_class import COST, make_folder, make_zip, only, submitted, take

from mlopt_lessons.grading.intake import intake
from mlopt_lessons.grading.records import GradingError


@pytest.mark.parametrize(
    "path",
    [
        ".",
        "..",
        "submitted",
        "submitted/ada",
        "replaced",
        "solutions",
        "solutions/01_cost",
        "exercises",
        "autograded",
        "feedback",
        "downloads/..",
    ],
)
def test_the_class_itself_is_never_taken_in(root: Path, path: str) -> None:
    take(root, {"ada/01_cost.ipynb": COST})
    for folder in ("replaced", "autograded", "feedback", "downloads"):
        make_folder(root / folder, {"eve/01_cost/01_cost.ipynb": COST})
    before = submitted(root)
    with pytest.raises(GradingError, match="class's own"):
        intake(root / path, root)
    assert submitted(root) == before


def test_the_class_is_known_behind_links_too(root: Path, tmp_path: Path) -> None:
    take(root, {"ada/01_cost.ipynb": COST})
    (tmp_path / "link").symlink_to(root / "submitted")
    with pytest.raises(GradingError, match="class's own"):
        intake(tmp_path / "link", root)


@pytest.mark.parametrize("path", ["export.zip", "downloads/export.zip"])
def test_an_export_may_lie_in_the_class(root: Path, path: str) -> None:
    (root / "downloads").mkdir()
    assert only(intake(make_zip(root / path, {"ada/01_cost.ipynb": COST}), root)).action == "took"


def test_a_folder_in_the_class_may_be_an_export(root: Path) -> None:
    source = make_folder(root / "downloads" / "submitted", {"ada/01_cost.ipynb": COST})
    assert only(intake(source, root)).action == "took"


@pytest.mark.parametrize("files", [[], ["ada/.DS_Store"]])
def test_where_nothing_is_in_it_that_is_said(root: Path, tmp_path: Path, files: list[str]) -> None:
    source = make_folder(tmp_path / "x", dict.fromkeys([*files, ".DS_Store"], b"1"))
    with pytest.raises(GradingError, match=r"nothing to take in: .*/x is empty"):
        intake(source, root)


def test_a_class_without_a_released_exercise_is_told_what_to_run(root: Path) -> None:
    shutil.rmtree(root / "exercises")
    with pytest.raises(GradingError, match="generate_assignment 01_cost --create --force"):
        take(root, {"ada/01_cost.ipynb": COST})
    with pytest.raises(GradingError, match="generate_assignment 02_resources --create --force"):
        take(root, {"ada/01_cost.ipynb": COST}, lesson="02_resources")
    shutil.rmtree(root / "solutions")
    (root / "solutions").mkdir()
    with pytest.raises(GradingError, match=r"no exercise.*generate_assignment 01_cost --create"):
        take(root, {"ada/01_cost.ipynb": COST})


@pytest.mark.parametrize("part", ["solutions", "nbgrader_config.py"])
def test_a_folder_that_is_no_class(root: Path, part: str) -> None:
    (root / part).rename(root.parent / part)
    with pytest.raises(
        GradingError, match=rf"/root is no class's folder: it has no {part}.*--course"
    ):
        take(root, {"ada/01_cost.ipynb": COST})
