"""Releases the exercises: nbgrader turns solutions/ into exercises/, as `make exercises` does."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
IGNORED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")


def nbgrader(course: Path, *arguments: str) -> str:
    """Runs an nbgrader command in a course folder; returns what it printed."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    # nbgrader calls alembic by name, which lies beside this Python.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        command,
        cwd=course,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"nbgrader {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def make_course(folder: Path) -> Path:
    """A course folder with the configuration and the solutions, and a gradebook of its own."""
    shutil.copytree(ROOT / "solutions", folder / "solutions", ignore=IGNORED)
    for config in ("nbgrader_config.py", "nbgrader_config.json"):
        shutil.copy(ROOT / config, folder)
    return folder


def release(course: Path) -> Path:
    """Generates every assignment of a course folder; returns the folder of exercises."""
    for source in sorted((course / "solutions").iterdir()):
        nbgrader(course, "generate_assignment", source.name, "--force", "--create")
    return course / "exercises"


def main() -> None:
    """Replaces the repository's exercises by what nbgrader makes of its solutions."""
    with tempfile.TemporaryDirectory() as folder:
        made = release(make_course(Path(folder)))
        shutil.rmtree(ROOT / "exercises", ignore_errors=True)
        shutil.copytree(made, ROOT / "exercises")


if __name__ == "__main__":
    main()
