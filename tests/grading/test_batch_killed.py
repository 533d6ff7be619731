"""A grader killed at any point, or two at once: the gradebook holds whole hand-ins, and the next run ends the work."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from toy_class import BLANK, GOOD, HALF, make_class, state

HERE = Path(__file__).parent


def test_two_graders_at_once_leave_what_one_leaves(tmp_path: Path) -> None:
    folder = make_class(tmp_path / "class", {"ada": GOOD, "bob": HALF, "cam": BLANK})
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import killed_grader; from pathlib import Path; "
        "killed_grader.grade(Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(HERE), str(folder)]
    runs = [subprocess.Popen(command) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    alone = make_class(tmp_path / "alone", {"ada": GOOD, "bob": HALF, "cam": BLANK})
    subprocess.run([*command[:-1], str(alone)], check=True)
    assert state(folder) == state(alone)


@pytest.fixture(scope="module")
def kills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grader of a class of three, killed at many points: see killed_grader."""
    tmp_path = tmp_path_factory.mktemp("kills")
    folder = make_class(tmp_path / "class", {"ada": GOOD, "bob": HALF, "cam": BLANK})
    command = [sys.executable, str(HERE / "killed_grader.py"), str(folder), str(tmp_path / "out")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return tmp_path / "out"


def test_a_grader_killed_at_any_point_leaves_whole_hand_ins_only(kills: Path) -> None:
    whole = state(kills / "whole")
    points = [path for path in kills.iterdir() if path.name != "whole"]
    assert len(points) > 25
    partly = 0
    for point in points:
        told = _state_after_a_kill(point / "killed")
        students = {row[0] for row in told["records"]}
        partly += 0 < len(students) < 3
        for name in ("grades", "comments", "late", "records"):
            assert set(told[name]) == {row for row in whole[name] if row[0] in students}, point.name
        assert told["sheets"].items() <= whole["sheets"].items()
        assert students <= {path.split("/")[1] for path in told["sheets"]}
    assert partly > 5


def test_a_grader_killed_at_any_point_goes_on_where_it_stopped(kills: Path) -> None:
    whole = state(kills / "whole")
    for point in kills.iterdir():
        if point.name != "whole":
            assert state(point / "resumed") == whole, point.name


def _state_after_a_kill(folder: Path) -> dict[str, Any]:
    """As `state`, of a gradebook that may not be there yet."""
    with sqlite3.connect(folder / "gradebook.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    if {"mlopt_graded", "alembic_version"} <= found:
        return state(folder)
    return {name: [] for name in ("grades", "comments", "late", "records")} | {"sheets": {}}
