"""`mlopt class` as an instructor types it: taken in, graded, reported, and refused in sentences."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from boxes import real_box
from release import ROOT

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
    reported = run(folder, "report")
    assert reported.returncode == 0, reported.stderr
    with (folder / "report" / "grades.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {name: float(row["automatic"]) for name, row in rows.items()} == {"ada": 11, "bob": 0}
    assert rows["ada"]["waiting"] == "3"
    assert (folder / "report" / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("grade", "99_nothing"), "There is no exercise 99_nothing"),
        (("grade", LESSON, "--course", "nowhere"), "There is no folder /"),
        (("report",), "mlopt class grade"),
        (("intake", "nowhere.zip"), "nowhere.zip"),
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
