"""The Makefile: what it refuses, in which order it tests, and that a second run does nothing twice."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OLD_PYTHON = "#!/bin/sh\nexit 1\n"  # answers "no" to every question, as an old one does

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the Makefile reads, and an environment that seems installed."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "pip").touch()
    for stamp in (".lab", ".test"):
        (tmp_path / ".venv" / stamp).touch()
    return tmp_path


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs make as a shell does, whatever make runs these tests."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(
        command, cwd=folder, env=clean | environment, capture_output=True, text=True, check=False
    )


def test_help_lists_every_target(checkout: Path) -> None:
    text = (checkout / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()
    listed = [line.split()[0] for line in make(checkout, "help").stdout.splitlines()]
    assert sorted(listed) == sorted(targets)


def test_nothing_is_installed_twice(checkout: Path) -> None:
    assert "pip" not in make(checkout, "--dry-run", "lab", "test").stdout


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_new_requirements_are_installed(checkout: Path, changed: str) -> None:
    later = (checkout / ".venv" / ".lab").stat().st_mtime + 5
    os.utime(checkout / changed, (later, later))
    assert "pip install" in make(checkout, "--dry-run", "lab").stdout


def test_a_learner_does_not_wait_for_what_only_tests_need(checkout: Path) -> None:
    (checkout / ".venv" / ".test").unlink()
    assert "pip" not in make(checkout, "--dry-run", "lab").stdout


def test_an_environment_cut_short_is_made_again(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "pip").unlink()
    assert "-m venv .venv" in make(checkout, "--dry-run", "lab").stdout


def test_the_browser_comes_last_and_alone(checkout: Path) -> None:
    steps = make(checkout, "--dry-run", "-j4", "test").stdout.splitlines()
    assert "ruff" in steps[0]
    assert "browser -m browser" in steps[-1]


def test_an_old_python_is_refused_in_a_sentence(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    old = checkout / "old-python"
    old.write_text(OLD_PYTHON)
    old.chmod(0o755)
    done = make(checkout, "lab", f"PYTHON={old}")
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed" in done.stderr


def test_an_old_python3_is_passed_over_for_a_newer_one(checkout: Path, tmp_path: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("python3.11", OLD_PYTHON), ("python3", "#!/bin/sh\nexit 0\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    done = make(checkout, "--dry-run", "lab", PATH=f"{programs}:{os.environ['PATH']}")
    assert "python3 -m venv .venv" in done.stdout
