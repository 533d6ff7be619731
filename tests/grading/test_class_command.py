"""`mlopt class` as an instructor types it: taken in, graded, reported, and refused in sentences."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from boxes import real_box
from click.testing import CliRunner, Result
from release import ROOT

from mlopt_lessons.grading.command import class_

LESSON = "01_cost"
CONFIGS = ("nbgrader_config.py", "nbgrader_config.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A class with one exercise, and an export with the solution, the blank exercise and a link."""
    for part in ("solutions", "exercises"):
        shutil.copytree(ROOT / part / LESSON, tmp_path / part / LESSON)
    for config in CONFIGS:
        shutil.copy(ROOT / config, tmp_path)
    export = tmp_path / "export"
    export.mkdir()
    shutil.copy(ROOT / "solutions" / LESSON / f"{LESSON}.ipynb", export / "ada.ipynb")
    shutil.copy(ROOT / "exercises" / LESSON / f"{LESSON}.ipynb", export / "bob.ipynb")
    (export / "eve.ipynb").symlink_to(export / "ada.ipynb")
    (tmp_path / "empty").mkdir()
    return tmp_path


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs `mlopt class` in the folder."""
    code = "import sys; from mlopt_lessons.cli import main; main(['class', *sys.argv[1:]])"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=os.environ | more,
        capture_output=True,
        text=True,
        check=False,
    )


def test_from_an_export_to_grades(folder: Path) -> None:
    real_box()
    taken = run(folder, "intake", "export")
    assert taken.returncode == 1  # eve's is refused
    assert "refused   eve.ipynb: It is a link" in taken.stdout
    assert taken.stdout.endswith("2 taken, 1 refused.\n")
    graded = run(folder, "grade", LESSON, "--seed", "3")
    assert graded.returncode == 0, graded.stderr
    assert "ada: 11 of 11 points\n" in graded.stdout
    assert "bob: 0 of 11 points\n" in graded.stdout
    assert "2 graded, 0 graded before" in graded.stdout
    assert "0 graded, 2 graded before" in run(folder, "grade", LESSON).stdout
    reported = run(folder / "export", "report", "--course", "..")
    assert reported.returncode == 0, reported.stderr
    assert not (folder / "export" / "report").exists()
    with (folder / "report" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {name: float(row["automatic"]) for name, row in rows.items()} == {"ada": 11, "bob": 0}
    assert rows["ada"]["waiting"] == "3"
    assert (folder / "report" / "report.html").stat().st_size > 10_000


def intake(folder: Path, *arguments: str) -> Result:
    """`mlopt class intake` without a process of its own, which takes seconds to start."""
    course = ("--course", str(folder))
    return CliRunner().invoke(class_, ["intake", str(folder / "export"), *arguments, *course])


@pytest.mark.parametrize(
    "time",
    ["2026-12-04 23:59", "2026-12-04 23:59 UTC", "2026-12-04 23:59:00", "2026-12-04T23:59:00"],
)
def test_a_time_may_be_given_with_an_export(folder: Path, time: str) -> None:
    taken = intake(folder, "--received", time)
    assert "ada.ipynb: It is 01_cost of ada, handed in 2026-12-04 23:59:00 UTC.\n" in taken.output


def test_a_time_can_be_corrected_and_names_are_written_down(folder: Path) -> None:
    intake(folder)
    taken = intake(folder, "--received", "2026-12-04 23:59").output
    assert "kept      ada.ipynb: The same is there already, as 01_cost of ada; its time" in taken
    assert taken.endswith("0 taken, 2 kept, 1 refused.\n")
    stamp = folder / "submitted" / "ada" / LESSON / "timestamp.txt"
    assert stamp.read_text() == "2026-12-04 23:59:00 UTC\n"
    names = (folder / "students.csv").read_text(encoding="utf-8")
    assert names == "id,first_name,last_name,email\nada,,ada,\nbob,,bob,\n"


def test_the_help_tells_of_utc_and_of_late_ones(folder: Path) -> None:
    told = " ".join(intake(folder, "--help").output.split())
    assert "--received TIME When they came, in UTC" in told
    assert "LATE" in told


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("grade", "99_nothing"), "There is no exercise 99_nothing"),
        (("grade", LESSON, "--course", "nowhere"), "There is no folder /"),
        (("report",), "mlopt class grade"),
        (("intake", "nowhere.zip"), "nowhere.zip"),
        (("intake", "."), "class's own"),
        (("intake", "export", "--course", "empty"), "is no class's folder"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    folder: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = run(folder, *arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_bubblewrap_nothing_is_graded_and_the_sentence_says_what_to_do(
    folder: Path,
) -> None:
    run(folder, "intake", "export")
    done = run(folder, "grade", LESSON, PATH=str(Path(sys.executable).parent))
    assert done.returncode == 1
    assert "apt install bubblewrap" in done.stderr
    assert not (folder / "autograded").exists()


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_leaves_a_sentence_and_what_is_graded(folder: Path) -> None:
    real_box()
    for name in ("kim", "leo", "max"):
        shutil.copy(folder / "export" / "ada.ipynb", folder / "export" / f"{name}.ipynb")
    run(folder, "intake", "export")
    code = "from mlopt_lessons.cli import main; main(['class', 'grade', '01_cost', '--jobs', '1'])"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, start_new_session=True, **pipes
    ) as grading:
        first = grading.stdout.readline()
        os.killpg(grading.pid, signal.SIGINT)  # as a terminal does: the boxes get it, too
        rest, told = grading.communicate(timeout=60)
    assert grading.returncode == 130
    assert told == "Stopped; what is graded is kept, so run it again to go on.\n"
    lines = [first, *rest.splitlines()]
    assert lines[0].endswith(" points\n")
    again = re.search(r"(\d+) graded, (\d+) graded before", run(folder, "grade", LESSON).stdout)
    assert again
    assert int(again[1]) + int(again[2]) == 5
    assert int(again[2]) >= len(lines)  # one may be kept without its line


def test_warnings_about_being_late_come_last(folder: Path) -> None:
    real_box()
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write("c.AssignLatePenalties.plugin_class = 'mlopt_lessons.grading.late.PerDay'\n")
    told = run(folder, "grade", LESSON).stdout.splitlines()
    assert told[0].startswith("01_cost: nothing was handed in for it yet; ")
    assert told[1].startswith("01_cost has no due date, so the late penalty takes nothing; ")
