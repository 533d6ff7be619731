"""Hand-ins of every form, taken into a class; expected are files on disk and what is said of each."""

import io
import zipfile
from pathlib import Path

import pytest
from intake_class import (
    COST,
    RECEIVED,
    RESOURCES,
    actions,
    answered,
    make_zip,
    only,
    submitted,
    take,
)
from nbgrader.apps.baseapp import NbGrader

from mlopt_lessons.grading.intake import intake

# --- forms ---------------------------------------------------------------------------------------


FORMS = {
    "Moodle": "Ada Lovelace_12345_assignsubmission_file/01_cost.ipynb",
    "older Moodle": "Ada Lovelace_12345_assignsubmission_file_/my work/try.ipynb",
    "Moodle without folders": "Ada Lovelace_12345_assignsubmission_file_01_cost.ipynb",
    "Canvas": "lovelaceada_1234_567890_01_cost-2.ipynb",
    "late in Canvas": "lovelaceada_LATE_1234_567890_x.ipynb",
    "Blackboard": "Exercise_ada_attempt_2026-11-25-10-00-00_x.ipynb",
    "nbgrader": "ada+01_cost+2026-11-25 10:00:00 UTC+aB_9/01_cost.ipynb",
    "a folder a learner": "ada/01_cost.ipynb",
    "folders of lessons": "ada/01_cost/01_cost.ipynb",
    "a folder a lesson": "01_cost/ada.ipynb",
    "files by learner": "ada.ipynb",
    "files by learner and lesson": "ada_01_cost.ipynb",
    "nbgrader's own folders": "submitted/ada/01_cost/01_cost.ipynb",
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "folder"])
@pytest.mark.parametrize("path", FORMS.values(), ids=FORMS)
def test_every_form_is_taken(root: Path, path: str, zipped: bool) -> None:
    line = only(take(root, {path: COST}, zipped=zipped))
    assert line.action in ("took", "renamed")
    assert line.lesson == "01_cost"
    assert submitted(root)[f"{line.student}/01_cost/01_cost.ipynb"] == COST


@pytest.mark.parametrize(
    "path",
    [
        "ada/01_cost.ipynb",
        "ada/01_cost/01_cost.ipynb",
        "Ada Lovelace/01_cost.ipynb",
        "Ada Lovelace_12_assignsubmission_file/01_cost.ipynb",
    ],
)
def test_took_is_said_only_where_every_name_stays(root: Path, path: str) -> None:
    assert only(take(root, {path: COST})).action == "took"


@pytest.mark.parametrize("path", ["Zoë/01_cost.ipynb", "ada/x.ipynb", "ada.ipynb"])
def test_renamed_is_said_and_into_what(root: Path, path: str) -> None:
    line = only(take(root, {path: COST}))
    assert line.action == "renamed"
    assert f"01_cost of {line.student}" in line.says


def test_nbgrader_finds_what_was_taken(root: Path) -> None:
    take(root, {"Müller/x.ipynb": COST, "bob/x.ipynb": COST}, received=RECEIVED)
    app = NbGrader()
    app.load_cwd_config = False
    app.initialize([], root=str(root))
    assert len(list((root / "submitted").glob("*/01_cost/01_cost.ipynb"))) == 2
    folder = app.coursedir.format_path("submitted", "bob", "01_cost")
    assert app.coursedir.get_existing_timestamp(folder) == RECEIVED


def test_two_lessons_of_one_learner(root: Path) -> None:
    taken = take(root, {"ada/01_cost.ipynb": COST, "ada/02_resources.ipynb": RESOURCES})
    assert {each.lesson for each in taken} == {"01_cost", "02_resources"}
    assert submitted(root)["ada/02_resources/02_resources.ipynb"] == RESOURCES


def test_of_attempts_the_newest_is_taken(root: Path) -> None:
    old, new = answered(answer="old"), answered(answer="new")
    taken = take(
        root,
        {
            "a_1_90_x.ipynb": old,
            "a_1_80_x-2.ipynb": new,
            "a_1_95_x-1.ipynb": old,
            "E_ada_attempt_2026-11-25-10-00-00_x.ipynb": old,
            "E_ada_attempt_2026-11-26-10-00-00_y.ipynb": new,
            "E_ada_attempt_2026-11-26-10-00-00.txt": b"Name: Ada (ada)",
            "bob+01_cost+2026-11-25 10:00:00 UTC+a/01_cost.ipynb": old,
            "bob+01_cost+2026-11-26 10:00:00 UTC+b/01_cost.ipynb": new,
        },
    )
    files = submitted(root)
    assert [files[f"{who}/01_cost/01_cost.ipynb"] for who in ("a_1", "ada", "bob")] == [new] * 3
    assert sorted(each.action for each in taken) == ["left"] * 5 + ["renamed", "renamed", "took"]


def test_two_canvas_files_that_are_no_attempts_are_two_notebooks(root: Path) -> None:
    taken = take(root, {"a_1_80_x.ipynb": COST, "a_1_90_y.ipynb": COST})
    assert [each.action for each in taken] == ["refused", "refused"]
    assert submitted(root) == {}


def test_what_lies_beside_goes_along(root: Path) -> None:
    taken = take(
        root,
        {
            "ada/mine/01_cost.ipynb": COST,
            "ada/mine/my data/x.csv": b"1,2",
            "ada/notes.txt": b"n",
            "ada/__MACOSX/._x": b"junk",
            "ada/.ipynb_checkpoints/01_cost-checkpoint.ipynb": b"old",
            "lovelaceada_1_20_01_cost.ipynb": COST,
            "lovelaceada_1_21_data.csv": b"3",
        },
    )
    assert set(actions(taken).values()) == {"took"}
    assert submitted(root) == {
        "ada/01_cost/01_cost.ipynb": COST,
        "ada/01_cost/my data/x.csv": b"1,2",
        "ada/01_cost/notes.txt": b"n",
        "lovelaceada_1/01_cost/01_cost.ipynb": COST,
        "lovelaceada_1/01_cost/data.csv": b"3",
    }


def test_of_two_lessons_each_keeps_its_own_beside_it(root: Path) -> None:
    files = {
        "ada/01_cost/01_cost.ipynb": COST,
        "ada/01_cost/a.csv": b"a",
        "ada/02_resources/02_resources.ipynb": RESOURCES,
        "ada/02_resources/b.csv": b"b",
        "ada/whose.csv": b"c",
    }
    taken = take(root, files)
    assert actions(taken)["ada/whose.csv"] == "refused"
    names = {name for name in submitted(root) if name.endswith(".csv")}
    assert names == {"ada/01_cost/a.csv", "ada/02_resources/b.csv"}


def test_a_learners_own_zip_is_looked_into(root: Path, tmp_path: Path) -> None:
    own = make_zip(tmp_path / "own.zip", {"01_cost/01_cost.ipynb": COST, "01_cost/data.csv": b"1"})
    taken = take(root, {"Ada_1_assignsubmission_file/work.zip": own.read_bytes()})
    assert {each.action for each in taken} == {"took"}
    assert submitted(root) == {"Ada/01_cost/01_cost.ipynb": COST, "Ada/01_cost/data.csv": b"1"}


def test_a_zip_of_a_windows_that_writes_backslashes(root: Path) -> None:
    assert only(take(root, {"ada\\01_cost.ipynb": COST})).student == "ada"


# --- lines ---------------------------------------------------------------------------------------


def test_there_is_a_line_for_each_file_in_order(root: Path) -> None:
    files = {
        "bob/01_cost.ipynb": COST,
        "ada/01_cost.ipynb": COST,
        "ada/data.csv": b"1",
        "eve/x.ipynb": b"?",
        "README.txt": b"",
    }
    taken = take(root, files)
    assert [each.path_in_source for each in taken] == sorted(files)
    assert all(each.says.endswith(".") and each.says[0].isupper() for each in taken)


@pytest.mark.parametrize(
    "files",
    [
        {"ada/data.csv": b"1"},
        {"ada/data.csv": b"1", "ada/notes.txt": b"2"},
        {"ada/judge.py": b"1", "ada/notes.txt": b"2"},
        {"E_ada_attempt_2026-11-25-10-00-00.txt": b"a receipt"},
        {"Ada_1_assignsubmission_onlinetext/onlinetext.html": b"<p>"},
        {f"Ada_1_assignsubmission_file/{name}": COST for name in ("a.ipynb", "b.ipynb", "c.csv")},
        {"ada/01_cost/a.csv": b"1", "ada/02_resources/b.csv": b"1"},
    ],
)
@pytest.mark.parametrize("lesson", [None, "01_cost"])
def test_there_is_one_line_a_file_where_nothing_is_taken(
    root: Path, files: dict[str, bytes], lesson: str | None
) -> None:
    taken = take(root, files, lesson=lesson)
    assert [each.path_in_source for each in taken] == sorted(files)
    assert set(actions(taken).values()) <= {"left", "refused"}


def test_a_line_is_safe_to_print(root: Path) -> None:
    line = only(take(root, {"ada/\x1b[2Jx\n.ipynb": COST}))
    assert str(line).isprintable()
    assert line.action == "refused"


def test_many_learners_at_once(root: Path) -> None:
    files = {f"Learner {n}_{n}_assignsubmission_file/01_cost.ipynb": COST for n in range(1, 301)}
    taken = take(root, files)
    assert len({each.student for each in taken}) == 300
    assert len(submitted(root)) == 300


def test_a_zip_in_memory_is_as_good(root: Path, tmp_path: Path) -> None:
    """A zip with something before it, as a self-extracting one has, and a comment after it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("ada/01_cost.ipynb", COST)
        archive.comment = b"of the platform"
    source = tmp_path / "x.zip"
    source.write_bytes(b"#!/bin/sh\n" + buffer.getvalue())
    assert only(intake(source, root)).action == "took"
