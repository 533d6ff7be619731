"""Hand-ins of every form, taken into a class; expected are files on disk and what is said of each."""

import io
import os
import shutil
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from intake_class import answered, make_class, make_folder, make_zip
from nbgrader.apps.baseapp import NbGrader

from mlopt_lessons.grading.intake import intake
from mlopt_lessons.grading.intake_learner import Taken
from mlopt_lessons.grading.records import GradingError

COST, RESOURCES = answered("01_cost"), answered("02_resources")
OWN = (".intake.lock", "timestamp.txt")
BLANK = b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "1", "metadata": {}}]}'
RECEIVED = datetime(2026, 11, 25, 10, 0, 0)


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_class(tmp_path_factory.mktemp("class") / "root")


@pytest.fixture
def root(pattern: Path, tmp_path: Path) -> Path:
    """A class of one test's own."""
    return Path(shutil.copytree(pattern, tmp_path / "root"))


def take(
    root: Path,
    files: Mapping[str, bytes],
    *,
    zipped: bool = True,
    name: str = "export",
    **options: object,
) -> list[Taken]:
    """Takes in an export with these files."""
    path = root.parent / (f"{name}.zip" if zipped else name)
    source = (make_zip if zipped else make_folder)(path, files)
    return intake(source, root, **options)  # type: ignore[arg-type]


def actions(taken: list[Taken]) -> dict[str, str]:
    return {each.path_in_source: each.action for each in taken}


def only(taken: list[Taken]) -> Taken:
    assert len(taken) == 1, [str(each) for each in taken]
    return taken[0]


def submitted(root: Path) -> dict[str, bytes]:
    """All that lies in submitted/, by path, but for the lock and the times."""
    above = root / "submitted"
    found = {str(path.relative_to(above)): path for path in above.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if Path(name).name not in OWN}


def stamp(root: Path, student: str, lesson: str = "01_cost") -> str | None:
    path = root / "submitted" / student / lesson / "timestamp.txt"
    return path.read_text().strip() if path.exists() else None


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


@pytest.mark.parametrize("path", ["ada/01_cost.ipynb", "ada/01_cost/01_cost.ipynb"])
def test_took_is_said_only_where_every_name_stays(root: Path, path: str) -> None:
    assert only(take(root, {path: COST})).action == "took"


@pytest.mark.parametrize("path", ["Ada Lovelace/01_cost.ipynb", "ada/x.ipynb", "ada.ipynb"])
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
            "ada/work/01_cost.ipynb": COST,
            "ada/work/my data/x.csv": b"1,2",
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


# --- which lesson --------------------------------------------------------------------------------


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


def test_a_lesson_that_is_none(root: Path) -> None:
    with pytest.raises(GradingError, match="09_none"):
        take(root, {"ada.ipynb": COST}, lesson="09_none")


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "refused", "word"),
    [
        ({"ada/data.csv": b"1"}, "ada/data.csv", "no notebook"),
        ({"ada/01_cost.ipynb": b"%PDF-1.7"}, "ada/01_cost.ipynb", "JSON"),
        ({"ada/01_cost.ipynb": b""}, "ada/01_cost.ipynb", "JSON"),
        ({"ada/01_cost.ipynb": b"[1, 2]"}, "ada/01_cost.ipynb", "."),
        ({"ada/01_cost.ipynb": b" " * 11_000_000}, "ada/01_cost.ipynb", ""),
        ({"01_cost.ipynb": COST}, "01_cost.ipynb", "whose"),
        (
            {"ada/timestamp.txt": b"2020-01-01 00:00:00 UTC", "ada/01_cost.ipynb": COST},
            "ada/timestamp.txt",
            "when",
        ),
        ({"ada/sub/judge.py": b"", "ada/01_cost.ipynb": COST}, "ada/sub/judge.py", "judge"),
        ({"ada/Gradebook.DB": b"", "ada/01_cost.ipynb": COST}, "ada/Gradebook.DB", "gradebook"),
        ({"ada/work.zip": b"no zip"}, "ada/work.zip", "zip"),
    ],
)
def test_what_is_refused(root: Path, files: dict[str, bytes], refused: str, word: str) -> None:
    lines = {each.path_in_source: each for each in take(root, files)}
    assert lines[refused].action == "refused"
    assert word in lines[refused].says
    assert lines[refused].says.endswith(".")
    assert not any(
        refused.rsplit("/", maxsplit=1)[-1].lower() == Path(name).name.lower()
        for name in submitted(root)
    )


def test_a_refused_file_beside_it_does_not_cost_the_notebook(root: Path) -> None:
    files = {"ada/timestamp.txt": b"2020-01-01 00:00:00 UTC", "ada/01_cost.ipynb": COST}
    take(root, files, received=RECEIVED)
    assert stamp(root, "ada") == "2026-11-25 10:00:00 UTC"


def test_two_notebooks_of_one_lesson_are_both_refused(root: Path) -> None:
    taken = take(root, {"ada/a.ipynb": COST, "ada/b.ipynb": COST, "bob/01_cost.ipynb": COST})
    assert actions(taken) == {
        "ada/a.ipynb": "refused",
        "ada/b.ipynb": "refused",
        "bob/01_cost.ipynb": "took",
    }
    assert "ada/a.ipynb and ada/b.ipynb" in taken[0].says
    assert set(submitted(root)) == {"bob/01_cost/01_cost.ipynb"}


def test_many_files_beside_a_notebook_are_capped(root: Path) -> None:
    files = {"ada/01_cost.ipynb": COST} | {f"ada/{number}.txt": b"x" for number in range(300)}
    found = list(actions(take(root, files)).values())
    assert 0 < found.count("refused") < 200
    assert found.count("took") + found.count("refused") == 301
    assert len(submitted(root)) == found.count("took") <= 200


def test_large_files_beside_a_notebook_are_capped_together(root: Path) -> None:
    big = os.urandom(8_000_000)
    files = {"ada/01_cost.ipynb": COST} | {f"ada/{number}.bin": big for number in range(3)}
    assert list(actions(take(root, files)).values()).count("refused") == 1
    assert len(submitted(root)) == 3


def test_names_that_cannot_lie_side_by_side(root: Path) -> None:
    files = {"ada/01_cost.ipynb": COST, "ada/a": b"1", "ada/a/b": b"2", "ada/01_COST.ipynb/x": b"3"}
    found = actions(take(root, files))
    assert found["ada/a"] == "took"
    assert found["ada/a/b"] == found["ada/01_COST.ipynb/x"] == "refused"
    assert set(submitted(root)) == {"ada/01_cost/01_cost.ipynb", "ada/01_cost/a"}


@pytest.mark.parametrize(
    "paths",
    [
        ["Wei Wang_7_assignsubmission_file/x.ipynb", "Wei Wang_8_assignsubmission_file/x.ipynb"],
        [
            "01_cost_u_smith_attempt_2026-11-25-10-00-00_x.ipynb",
            "01_cost_v_smith_attempt_2026-11-25-10-00-00_x.ipynb",
        ],
        ["Ada/01_cost.ipynb", "ada/01_cost.ipynb"],
        ["Ada Lovelace/01_cost.ipynb", "Ada_Lovelace/01_cost.ipynb"],
    ],
)
def test_two_learners_never_become_one(root: Path, paths: list[str]) -> None:
    taken = take(root, {path: answered(answer=path) for path in paths})
    assert [each.action for each in taken] == ["refused", "refused"]
    assert submitted(root) == {}


def test_a_learner_who_differs_in_capitals_from_an_earlier_one(root: Path) -> None:
    take(root, {"ada/01_cost.ipynb": COST}, name="one")
    line = only(take(root, {"Ada/02_resources.ipynb": RESOURCES}, name="two"))
    assert line.action == "refused"
    assert "capitals" in line.says


def test_one_name_with_another_number_in_each_lesson_is_one_learner(root: Path) -> None:
    taken = take(
        root,
        {
            "01_cost/Ada Lovelace_12_assignsubmission_file/x.ipynb": COST,
            "02_resources/Ada Lovelace_34_assignsubmission_file/x.ipynb": RESOURCES,
        },
    )
    assert {each.student for each in taken if each.action == "renamed"} == {"Ada_Lovelace"}


def test_a_source_that_is_none(root: Path, tmp_path: Path) -> None:
    plain = tmp_path / "x.txt"
    plain.write_text("x")
    with pytest.raises(GradingError, match="neither a folder nor a zip"):
        intake(plain, root)
    with pytest.raises(GradingError, match="There is no"):
        intake(tmp_path / "none", root)


# --- earlier hand-ins ----------------------------------------------------------------------------


def test_the_same_again_is_kept_with_its_first_time(root: Path) -> None:
    files = {"ada/01_cost.ipynb": COST, "ada/data.csv": b"1"}
    take(root, files, received=RECEIVED)
    before = submitted(root)
    taken = take(root, files, received=RECEIVED + timedelta(days=3), name="again")
    assert set(actions(taken).values()) == {"kept"}
    assert submitted(root) == before
    assert stamp(root, "ada") == "2026-11-25 10:00:00 UTC"


@pytest.mark.parametrize(
    "later",
    [
        {"ada/01_cost.ipynb": answered(answer="new")},
        {"ada/01_cost.ipynb": COST, "ada/data.csv": b"1"},
    ],
)
def test_another_one_never_overwrites(root: Path, later: dict[str, bytes]) -> None:
    take(root, {"ada/01_cost.ipynb": COST})
    before = submitted(root)
    taken = take(root, later, name="again")
    notebook = next(each for each in taken if each.path_in_source.endswith(".ipynb"))
    assert notebook.action == "refused"
    assert "--replace" in notebook.says
    assert submitted(root) == before


def test_replace_sets_the_earlier_one_aside(root: Path) -> None:
    take(root, {"ada/01_cost.ipynb": COST, "ada/data.csv": b"1"}, received=RECEIVED)
    new, newest = answered(answer="new"), answered(answer="newest")
    line = only(take(root, {"ada/01_cost.ipynb": new}, replace=True, name="again"))
    assert line.action == "replaced"
    take(root, {"ada/01_cost.ipynb": newest}, replace=True, name="thrice")
    assert submitted(root)["ada/01_cost/01_cost.ipynb"] == newest
    kept = sorted((root / "replaced" / "ada" / "01_cost").iterdir())
    assert [(each / "01_cost.ipynb").read_bytes() for each in kept] == [COST, new]
    assert (kept[0] / "data.csv").read_bytes() == b"1"
    assert (kept[0] / "timestamp.txt").read_text().strip() == "2026-11-25 10:00:00 UTC"


def test_with_replace_the_same_is_still_kept(root: Path) -> None:
    take(root, {"ada/01_cost.ipynb": COST})
    assert (
        only(take(root, {"ada/01_cost.ipynb": COST}, replace=True, name="again")).action == "kept"
    )
    assert not (root / "replaced").exists()


# --- when it was handed in -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "received",
    [
        RECEIVED,
        RECEIVED.replace(tzinfo=UTC),
        datetime(2026, 11, 25, 12, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_received_is_utc_unless_it_says_otherwise(root: Path, received: datetime) -> None:
    take(root, {"E_ada_attempt_2020-01-01-00-00-00_x.ipynb": COST}, received=received)
    assert stamp(root, "ada") == "2026-11-25 10:00:00 UTC"


def test_the_name_tells_the_time(root: Path) -> None:
    files = {"ada+01_cost+2026-11-24 08:00:00 UTC+a/01_cost.ipynb": COST}
    take(root, files)
    assert stamp(root, "ada") == "2026-11-24 08:00:00 UTC"


def test_the_files_time_tells_where_nothing_better_does(root: Path, tmp_path: Path) -> None:
    source = make_folder(
        tmp_path / "folder", {"ada/01_cost.ipynb": COST, "bob/01_cost.ipynb": COST}
    )
    for name, day in (("ada", 24), ("bob", 26)):
        at = datetime(2026, 11, day, 10, tzinfo=UTC).timestamp()
        os.utime(source / name / "01_cost.ipynb", (at, at))
    intake(source, root)
    assert [stamp(root, who) for who in ("ada", "bob")] == [
        "2026-11-24 10:00:00 UTC",
        "2026-11-26 10:00:00 UTC",
    ]


def zip_of_times(path: Path, times: Mapping[str, tuple[int, ...]], extra: bytes = b"") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, at in times.items():
            entry = zipfile.ZipInfo(name, at)  # type: ignore[arg-type]
            entry.extra = extra
            archive.writestr(entry, COST)
    return path


def test_a_zips_times_are_of_this_machines_clock(root: Path, tmp_path: Path) -> None:
    times = {"ada/x.ipynb": (2026, 11, 24, 10, 0, 0), "bob/x.ipynb": (2026, 11, 25, 11, 0, 2)}
    intake(zip_of_times(tmp_path / "x.zip", times), root)
    at = datetime(2026, 11, 25, 11, 0, 2).astimezone(UTC)
    assert stamp(root, "bob") == f"{at:%Y-%m-%d %H:%M:%S} UTC"


def test_a_zips_time_in_utc_is_the_better_one(root: Path, tmp_path: Path) -> None:
    at = int(datetime(2026, 11, 25, 10, tzinfo=UTC).timestamp())
    extra = b"UT\x05\x00\x01" + at.to_bytes(4, "little")
    intake(zip_of_times(tmp_path / "x.zip", {"ada/x.ipynb": (2020, 1, 1, 0, 0, 0)}, extra), root)
    assert stamp(root, "ada") == "2026-11-25 10:00:00 UTC"


def test_the_moment_of_a_download_makes_nobody_late(root: Path) -> None:
    """Canvas and today's Moodle write the moment of the download as every file's time."""
    names = ["Ada_1_assignsubmission_file/x.ipynb", "Bob_2_assignsubmission_file/x.ipynb"]
    taken = take(root, dict.fromkeys(names, COST))
    assert all("not known" in each.says for each in taken)
    assert [stamp(root, who) for who in ("Ada", "Bob")] == [None, None]


def test_what_canvas_calls_late_is_said(root: Path) -> None:
    times = {"ada_LATE_1_20_x.ipynb": COST, "bob_2_21_x.ipynb": COST}
    late, on_time = take(root, times)
    assert "late by Canvas" in late.says
    assert "late" not in on_time.says
    assert stamp(root, "ada_1") is None


def test_a_zip_without_times(root: Path, tmp_path: Path) -> None:
    intake(zip_of_times(tmp_path / "x.zip", {"ada/x.ipynb": (1980, 1, 1, 0, 0, 0)}), root)
    assert stamp(root, "ada") is None


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
