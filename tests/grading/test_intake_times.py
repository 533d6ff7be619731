"""When a hand-in came: by what was told, by names, and by the times of files."""

import os
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from intake_class import COST, RECEIVED, make_folder, stamp, take

from mlopt_lessons.grading.intake import intake


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


LATE = "ada_LATE_1_20_x.ipynb"


def test_received_is_not_given_to_what_canvas_calls_late(root: Path) -> None:
    late, on_time = take(root, {LATE: COST, "bob_2_21_x.ipynb": COST}, received=RECEIVED)
    assert "late by Canvas" in late.says
    assert "timestamp.txt" in late.says
    assert "2026-11-25 10:00:00 UTC" in on_time.says
    assert [stamp(root, who) for who in ("ada_1", "bob_2")] == [None, "2026-11-25 10:00:00 UTC"]


def test_received_is_given_to_late_ones_by_themselves(root: Path) -> None:
    files = {LATE: COST, "bob_2_21_x.ipynb": COST}
    take(root, files)
    two = {LATE: COST, "eve_LATE_3_22_x.ipynb": COST}
    taken = take(root, two, received=RECEIVED, name="late")
    assert [each.action for each in taken] == ["kept", "renamed"]
    times = [stamp(root, who) for who in ("ada_1", "bob_2", "eve_3")]
    assert times == ["2026-11-25 10:00:00 UTC", None, "2026-11-25 10:00:00 UTC"]


def test_a_late_one_that_is_there_keeps_its_time_among_others(root: Path) -> None:
    take(root, {LATE: COST}, received=RECEIVED)
    files = {LATE: COST, "bob_2_21_x.ipynb": COST}
    late, _ = take(root, files, received=RECEIVED - timedelta(days=2), name="all")
    assert "its time was left as it is" in late.says
    assert stamp(root, "ada_1") == "2026-11-25 10:00:00 UTC"


def test_a_zip_without_times(root: Path, tmp_path: Path) -> None:
    intake(zip_of_times(tmp_path / "x.zip", {"ada/x.ipynb": (1980, 1, 1, 0, 0, 0)}), root)
    assert stamp(root, "ada") is None
