"""Every attack earns what its honest answers earn, harms no neighbour, and leaves nothing behind."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from attacks import ATTACKS, readme
from bs4 import BeautifulSoup
from class_folder import LESSON, POINTS
from graded_class import Outcome

PLACES = range(len(ATTACKS))
IDS = [attack.name for attack in ATTACKS]
CHECKS = {f"task-{task}-check": points for task, points in POINTS.items()}
CELLS = CHECKS | {"written": 3.0}
MOST_MB = 400
SHOWS = [attack.name for attack in ATTACKS if attack.name.startswith("script_")]
RUNS_CODE = {"script", "style", "iframe", "object", "embed", "link", "meta", "base"}
# They run alone, since limits of seconds apply; the first test waits for the class to be graded.
pytestmark = [pytest.mark.timing, pytest.mark.timeout(1500)]


def expected(honest: tuple[int, ...]) -> dict[str, float]:
    return {
        f"task-{task}-check": points if task in honest else 0.0 for task, points in POINTS.items()
    }


def earned(hostile: Outcome, student: str) -> dict[str, float | None]:
    return {cell: hostile.rows[student].scores[cell] for cell in CHECKS}


def told(hostile: Outcome, student: str) -> str:
    """The sheet of a student, for the message of a test that fails."""
    cells = json.loads(hostile.sheet(student).read_text(encoding="utf-8"))["cells"]
    outputs = [str(output)[:600] for cell in cells for output in cell.get("outputs", [])]
    lines = [line for line in hostile.printed.splitlines() if line.startswith(student)]
    return "\n".join([*lines, *outputs])


@pytest.mark.parametrize("place", PLACES, ids=IDS)
def test_the_attacker_earns_what_its_honest_answers_earn(hostile: Outcome, place: int) -> None:
    handed = hostile.handed[2 * place + 1]
    assert handed.attack is ATTACKS[place]
    got, right = earned(hostile, handed.student), expected(handed.honest)
    for cell, points in right.items():
        allowed = (0.0, points) if handed.attack.at_most else (points,)
        assert got[cell] in allowed, f"{cell}: {told(hostile, handed.student)}"


@pytest.mark.parametrize("place", PLACES, ids=IDS)
def test_both_neighbours_keep_their_marks(hostile: Outcome, place: int) -> None:
    for neighbour in (hostile.handed[2 * place], hostile.handed[2 * place + 2]):
        assert neighbour.attack is None
        got = earned(hostile, neighbour.student)
        assert got == expected(neighbour.honest), told(hostile, neighbour.student)


@pytest.mark.parametrize("place", PLACES, ids=IDS)
def test_marks_are_numbers_and_points_are_the_release_s(hostile: Outcome, place: int) -> None:
    row = hostile.rows[hostile.handed[2 * place + 1].student]
    assert row.points == CELLS
    assert (row.notebooks, row.comments) == (1, len(CELLS))
    for cell, score in row.scores.items():
        if score is not None:
            assert math.isfinite(score)
            assert 0 <= score <= CELLS[cell]


@pytest.mark.parametrize(
    "place", [n for n in PLACES if ATTACKS[n].refused], ids=[a.name for a in ATTACKS if a.refused]
)
def test_a_refused_hand_in_says_why(hostile: Outcome, place: int) -> None:
    student = hostile.handed[2 * place + 1].student
    (line,) = [each for each in hostile.printed.splitlines() if each.startswith(student + ":")]
    assert f"{student}: 0 of 11 points (" in line
    assert 20 < len(line) < 600


def test_the_batch_finishes_and_nothing_fails(hostile: Outcome) -> None:
    assert hostile.returncode == 0, hostile.printed[-4000:]
    assert hostile.summary["failed"] == []
    assert hostile.summary["graded"] == len(hostile.handed) == len(hostile.rows)


def test_the_grader_stays_small(hostile: Outcome) -> None:
    assert hostile.summary["peak_mb"] < MOST_MB


def test_no_process_is_left(hostile: Outcome) -> None:
    assert hostile.processes == []


def test_no_connection_was_made(hostile: Outcome) -> None:
    assert hostile.heard == []


def test_no_file_is_left_or_changed(hostile: Outcome) -> None:
    assert hostile.files_after == hostile.files_before
    assert hostile.marked == []
    assert hostile.temporary == []


def test_no_setting_of_the_machine_changed(hostile: Outcome) -> None:
    assert hostile.settings_after == hostile.settings_before
    assert hostile.segments == 0


def test_the_gradebook_holds(hostile: Outcome) -> None:
    with closing(sqlite3.connect(hostile.folder / "gradebook.db")) as book:
        assert book.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert book.execute("PRAGMA foreign_key_check").fetchall() == []
        rows = book.execute("SELECT student, lesson, fingerprint FROM mlopt_graded").fetchall()
    assert sorted(rows)[0][1] == LESSON
    assert sorted(student for student, _, _ in rows) == sorted(h.student for h in hostile.handed)
    assert all(fingerprint for _, _, fingerprint in rows)


def test_every_sheet_is_a_notebook_of_bounded_size(hostile: Outcome) -> None:
    for handed in hostile.handed:
        path = hostile.sheet(handed.student)
        assert path.stat().st_size < 12_000_000, handed.student
        sheet = json.loads(path.read_text(encoding="utf-8"))
        points = {
            cell["metadata"]["nbgrader"]["grade_id"]: cell["metadata"]["nbgrader"]["points"]
            for cell in sheet["cells"]
            if cell["metadata"].get("nbgrader", {}).get("grade")
        }
        assert points == CELLS, handed.student
        assert sheet["metadata"]["kernelspec"]["name"] == "python3", handed.student


@pytest.mark.parametrize(
    "place", [n for n in PLACES if ATTACKS[n].leaks], ids=[a.name for a in ATTACKS if a.leaks]
)
def test_no_hidden_input_is_told(hostile: Outcome, place: int) -> None:
    handed = hostile.handed[2 * place + 1]
    text = hostile.sheet(handed.student).read_text(encoding="utf-8") + hostile.printed
    assert [word for word in ATTACKS[place].leaks if word in text] == []


@pytest.fixture(scope="session")
def pages(hostile: Outcome) -> dict[str, Path]:
    """The feedback of the attacks on readers, made by nbgrader."""
    command = [sys.executable, "-m", "nbgrader", "generate_feedback", LESSON]
    command += ["--student=*_m_script_*"]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    subprocess.run(command, cwd=hostile.folder, env=os.environ | {"PATH": path}, check=True)
    found = {}
    for page in hostile.folder.glob(f"feedback/*/{LESSON}/*.html"):
        found[page.parts[-3].split("_m_")[1]] = page
    return found


@pytest.mark.parametrize("name", SHOWS)
def test_script_is_shown_and_not_run(hostile: Outcome, pages: dict[str, Path], name: str) -> None:
    page = BeautifulSoup(pages[name].read_text(encoding="utf-8"), "html.parser")
    for element in page.find_all(True):
        assert hostile.mark not in str(element.attrs), element
        if element.name in RUNS_CODE:
            assert hostile.mark not in (element.string or ""), element
    for text in page.find_all(string=lambda text: hostile.mark in text):
        assert text.find_parent("pre") is not None, text  # where no mathematics is run


def test_the_readme_lists_every_attack() -> None:
    assert (Path(__file__).parent / "README.md").read_text(encoding="utf-8") == readme()
