"""Whose a file is, by the names that Moodle, Canvas, Blackboard, nbgrader and instructors use."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.grading.platforms import Named, first_name, lessons_in, name_all, told_lesson

LESSONS = ["01_cost", "02_resources"]


def one(path: str) -> Named | None:
    return name_all([path], LESSONS)[0]


def whose(*paths: str) -> list[str | None]:
    return [each.name if each else None for each in name_all(paths, LESSONS)]


@pytest.mark.parametrize(
    ("path", "platform", "name", "inside"),
    [
        ("Ada Lovelace_12345_assignsubmission_file/x.ipynb", "Moodle", "Ada Lovelace", "x.ipynb"),
        ("Ada Lovelace_12345_assignsubmission_file_/x.ipynb", "Moodle", "Ada Lovelace", "x.ipynb"),
        (
            "Ada Lovelace_12345_assignsubmission_file/a/x.ipynb",
            "Moodle",
            "Ada Lovelace",
            "a/x.ipynb",
        ),
        (
            "Ada Lovelace_12345_assignsubmission_file_x_1.ipynb",
            "Moodle",
            "Ada Lovelace",
            "x_1.ipynb",
        ),
        (
            "Ada Lovelace_12345_assignsubmission_onlinetext/onlinetext.html",
            "Moodle",
            "Ada Lovelace",
            "",
        ),
        (
            "01_cost/Ada Lovelace_12_assignsubmission_file/x.ipynb",
            "Moodle",
            "Ada Lovelace",
            "x.ipynb",
        ),
        ("lovelaceada_1234_567890_x.ipynb", "Canvas", "lovelaceada_1234", "x.ipynb"),
        ("lovelaceada_LATE_1234_567890_x-2.ipynb", "Canvas", "lovelaceada_1234", "x-2.ipynb"),
        (
            "lovelaceada_late_1234_567890_01_cost.ipynb",
            "Canvas",
            "lovelaceada_1234",
            "01_cost.ipynb",
        ),
        ("lovelaceada_1234_text.html", "Canvas", "lovelaceada_1234", ""),
        ("anon_LATE_aB3dE_567890_x.ipynb", "Canvas", "anon_aB3dE", "x.ipynb"),
        ("Exercise 1_ada_attempt_2026-11-25-10-00-00_x.ipynb", "Blackboard", "ada", "x.ipynb"),
        ("01_cost_ada_attempt_2026-11-25-10-00-00_x.ipynb", "Blackboard", "ada", "x.ipynb"),
        ("Exercise_ada_attempt_2026-11-25-10-00-00.txt", "Blackboard", "ada", ""),
        ("Opdracht_ada_poging_2026-11-25-10-00-00_x.ipynb", "Blackboard", "ada", "x.ipynb"),
        ("ada+01_cost+2026-11-25 10:00:00 UTC+aB_-9/x.ipynb", "nbgrader", "ada", "x.ipynb"),
        ("ada+01_cost+2026-11-25 10:00:00.123456 UTC/x.ipynb", "nbgrader", "ada", "x.ipynb"),
        ("ada+01_cost+2026-11-25 10:00:00 UTC+aB/timestamp.txt", "nbgrader", "ada", ""),
        ("ada/01_cost.ipynb", "", "ada", "01_cost.ipynb"),
        ("ada/01_cost/01_cost.ipynb", "", "ada", "01_cost/01_cost.ipynb"),
        ("01_cost/ada/x.ipynb", "", "ada", "x.ipynb"),
        ("submitted/ada/01_cost/01_cost.ipynb", "", "ada", "01_cost/01_cost.ipynb"),
        ("01 Cost/ada.ipynb", "", "ada", "ada.ipynb"),
        ("ada.ipynb", "", "ada", "ada.ipynb"),
        ("ada.zip", "", "ada", "ada.zip"),
        ("ada_01_cost.ipynb", "", "ada", "ada_01_cost.ipynb"),
        ("01-cost ada lovelace (2).ipynb", "", "ada lovelace", "01-cost ada lovelace (2).ipynb"),
        ("ada_2024_01_cost.ipynb", "", "ada_2024", "ada_2024_01_cost.ipynb"),
    ],
)
def test_a_platforms_names(path: str, platform: str, name: str, inside: str) -> None:
    named = one(path)
    assert named is not None
    assert (named.platform, named.name, named.inside) == (platform, name, inside)


@pytest.mark.parametrize(
    "path", ["01_cost.ipynb", "01_cost-Copy1.ipynb", "01_cost (1).ipynb", "grades.csv"]
)
def test_names_that_tell_nobody(path: str) -> None:
    assert one(path) is None


def test_what_else_the_names_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Rome")
    time.tzset()
    try:
        at_ten = one("Exercise_ada_attempt_2026-11-25-10-00-00_x.ipynb")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert at_ten
    assert at_ten.at == datetime(
        2026, 11, 25, 9, tzinfo=UTC
    )  # the platform's clock, taken for ours
    exchange = one("ada+01_cost+2026-11-25 10:00:00 UTC+aB/x.ipynb")
    assert exchange
    assert exchange.at == datetime(2026, 11, 25, 10, tzinfo=UTC)
    late, on_time = one("a_LATE_1_2_x.ipynb"), one("a_1_2_x.ipynb")
    assert late
    assert on_time
    assert (late.late, on_time.late) == (True, False)


def test_a_time_that_cannot_be_is_no_time() -> None:
    named = one("Exercise_ada_attempt_2026-13-45-10-00-00_x.ipynb")
    assert named
    assert named.at is None


def test_later_attempts_are_greater() -> None:
    blackboard = name_all(
        ["E_ada_attempt_2026-11-25-10-00-00_x.ipynb", "E_ada_attempt_2026-11-25-09-59-59_x.ipynb"],
        LESSONS,
    )
    canvas = name_all(["a_1_80_x-10.ipynb", "a_1_90_x-9.ipynb", "a_1_99_x.ipynb"], LESSONS)
    for newest_first in (blackboard, canvas):
        attempts = [each.attempt for each in newest_first if each]
        assert attempts == sorted(attempts, reverse=True)
        assert len(attempts) == len(newest_first)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("mallory/lovelaceada_1234_567890_x.ipynb", "mallory"),
        ("mallory/Ada Lovelace_12345_assignsubmission_file/x.ipynb", "mallory"),
        ("mallory/ada+01_cost+2026-11-25 10:00:00 UTC/x.ipynb", "mallory"),
        ("mallory_66_77_lovelaceada_1234_567890_x.ipynb", "mallory_66"),
        ("Mallory_66_assignsubmission_file_Ada_12_assignsubmission_file_x.ipynb", "Mallory"),
        (
            "mallory_LATE_66_77_lovelaceada 1234_attempt_2020-01-01-00-00-00_x.ipynb",
            "mallory_66",
        ),
        (
            "mallory+01_cost+2026-11-25 10:00:00 UTC+a/ada+01_cost+2026-11-25 10:00:00 UTC/x.ipynb",
            "mallory",
        ),
    ],
)
def test_what_learners_name_makes_nothing_somebody_elses(path: str, name: str) -> None:
    assert whose(path, "bob/01_cost.ipynb") == [name, "bob"]


def test_a_name_that_ends_in_a_number_makes_nobody_another() -> None:
    """Canvas's export has such a name, her number, the file's, and what she called it."""
    assert whose("lovelaceada_1234_66_803_01_cost.ipynb", "a_1_80_x.ipynb") == [None, "a_1"]
    assert whose("a_1_80_x_2026_11_25_y.ipynb", "a_LATE_1_80_x.ipynb") == ["a_1", "a_1"]


def test_a_file_of_blackboards_form_is_its_learners_in_blackboards_export_only() -> None:
    form = "E_mallory_attempt_2026-11-25-10-00-00_E_ada_attempt_2026-11-26-10-00-00_x.ipynb"
    other = "E_ada_attempt_2026-11-25-10-00-00_x.ipynb"
    assert whose(form, other) == ["mallory", "ada"]
    late = "mallory_attempt_2020-01-01-00-00-00_x.ipynb"
    (named, _) = name_all([late, "ada.ipynb"], ["01_cost"])
    assert named is not None
    assert (named.at, named.platform) == (None, "")


def test_a_folder_round_the_whole_export_is_nobody() -> None:
    assert whose("export/ada/01_cost.ipynb", "export/bob/01_cost.ipynb") == ["ada", "bob"]
    assert whose("a/ada.ipynb", "a/bob.ipynb", "a/data.csv") == ["ada", "bob", None]
    assert whose("a/submissions/ada/x.ipynb", "a/submissions/bob/x.ipynb") == ["ada", "bob"]
    assert whose("export/lovelaceada_1234_567_x.ipynb") == ["lovelaceada_1234"]
    assert whose("01_cost/ada.ipynb", "01_cost/bob.ipynb") == ["ada", "bob"]


def test_the_folder_of_the_only_learner_stays_hers() -> None:
    assert whose("ada/01_cost.ipynb", "ada/02_resources.ipynb") == ["ada", "ada"]
    assert whose("ada/01_cost/01_cost.ipynb", "ada/01_cost/data/x.csv") == ["ada", "ada"]
    moodle = "Ada Lovelace_1_assignsubmission_file/"
    assert whose(f"{moodle}ada.ipynb", f"{moodle}bob.ipynb") == ["Ada Lovelace", "Ada Lovelace"]


def test_hidden_names_become_numbers() -> None:
    english = [f"Participant_{number}_assignsubmission_file/x.ipynb" for number in (7, 8)]
    german = [f"Teilnehmerin_{number}_assignsubmission_file/x.ipynb" for number in (7, 8, 9)]
    assert whose(*english) == ["Participant_7", "Participant_8"]
    assert whose(*german) == ["Teilnehmerin_7", "Teilnehmerin_8", "Teilnehmerin_9"]
    two_of_a_name = [
        "Wei Wang_7_assignsubmission_file/x.ipynb",
        "Wei Wang_8_assignsubmission_file/x.ipynb",
    ]
    assert whose(*two_of_a_name) == ["Wei Wang", "Wei Wang"]
    assert len({each.who for each in name_all(two_of_a_name, LESSONS) if each}) == 2


SEGMENT = st.text(st.characters(exclude_characters="/"), min_size=1, max_size=25)
PATHS = st.lists(st.lists(SEGMENT, min_size=1, max_size=4).map("/".join), min_size=1, max_size=8)


@given(PATHS)
def test_no_path_is_too_odd_to_be_read(paths: list[str]) -> None:
    named = name_all(paths, LESSONS)
    assert len(named) == len(paths)
    for path, each in zip(paths, named, strict=True):
        assert each is None or path.endswith(each.inside)


@given(SEGMENT, PATHS)
def test_in_a_folder_of_hers_everything_is_hers(folder: str, paths: list[str]) -> None:
    """However the files in a Moodle folder are called; Moodle takes `_` out of names."""
    mine = [f"Ada Lovelace_1_assignsubmission_file/{path}" for path in paths]
    named = name_all([*mine, "Bob_2_assignsubmission_file/x.ipynb", f"{folder}/x.ipynb"], LESSONS)
    assert {each.who for each in named[: len(mine)] if each} == {"Ada Lovelace_1"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("01_cost.ipynb", ["01_cost"]),
        ("ada 01-Cost (2)", ["01_cost"]),
        ("101_cost", []),
        ("01_costs", []),
        ("01_cost and 02_resources", ["01_cost", "02_resources"]),
    ],
)
def test_lessons_in_a_name(text: str, found: list[str]) -> None:
    assert lessons_in(text, LESSONS) == found


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("ada/01_cost/x.ipynb", "01_cost"),
        ("01_cost/ada/02_resources.ipynb", "02_resources"),
        ("01_cost/01_cost_02_resources.ipynb", None),
        ("ada/x.ipynb", None),
    ],
)
def test_the_innermost_part_tells_the_lesson(path: str, told: str | None) -> None:
    assert told_lesson(path, LESSONS) == told


def test_canvas_numbers_are_taken_off() -> None:
    assert first_name("a/x-2.ipynb") == ("a/x.ipynb", 2)
    assert first_name("x.ipynb") == ("x.ipynb", 0)
    assert first_name("x-2b.ipynb") == ("x-2b.ipynb", 0)
