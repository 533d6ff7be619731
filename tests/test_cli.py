"""The command `mlopt`: what it prints, its exit status, and never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner

from mlopt_lessons import __version__, cli


def run(
    *arguments: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Runs `mlopt` as a shell does."""
    code = "import sys; from mlopt_lessons.cli import main; main(sys.argv[1:])"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | environment,
        check=False,
    )


def test_help_lists_every_command_without_importing_a_lesson() -> None:
    result = CliRunner().invoke(cli.mlopt, ["--help"])
    assert result.exit_code == 0
    assert all(name in result.output for name in ("lab", "doctor", "check", "quantize"))


def test_version() -> None:
    assert __version__ in CliRunner().invoke(cli.mlopt, ["--version"]).output


def test_lesson_commands_load_when_called() -> None:
    result = CliRunner().invoke(cli.mlopt, ["quantize", "--help"])
    assert result.exit_code == 0
    assert "--calibrate" in result.output


def test_lab_makes_a_workspace_with_cleared_notebooks(tmp_path: Path) -> None:
    done = run("lab", str(tmp_path / "work"), "--sync-only")
    assert done.returncode == 0, done.stderr
    notebook = nbformat.read(tmp_path / "work/notebooks/05_quantization.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert "new: " in done.stdout


def test_a_second_lab_keeps_what_the_learner_changed(tmp_path: Path) -> None:
    run("lab", "work", "--sync-only", cwd=tmp_path)
    mine = tmp_path / "work/notebooks/05_quantization.ipynb"
    mine.write_text(mine.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    before = mine.read_bytes()
    done = run("lab", "work", "--sync-only", cwd=tmp_path)
    assert done.returncode == 0
    assert f"kept: {mine}" in done.stdout
    assert mine.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("lab", "a-file", "--sync-only"), 1, "is a file"),
        (("lab", "--port", "0"), 2, "not in the range"),
        (("check", "nothing.ipynb"), 1, "no notebook at"),
        (("check", "a-file"), 1, "is not a notebook"),
        (("nonsense",), 2, "No such command"),
        (("lab", "--nonsense"), 2, "No such option"),
    ],
)
def test_an_error_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], status: int, words: str
) -> None:
    (tmp_path / "a-file").write_text("not a notebook")
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_reader_that_has_enough_ends_a_command_quietly() -> None:
    code = (
        "import click, sys\n"
        "from mlopt_lessons.sentences import one_sentence\n"
        "@click.command()\n@one_sentence()\n"
        "def talk():\n    for _ in range(100_000): click.echo('a line')\n"
        "talk()"
    )
    command = f'{sys.executable} -c "$CODE" | head -1'
    done = subprocess.run(
        command,
        check=False,
        shell=True,
        capture_output=True,
        text=True,
        env=os.environ | {"CODE": code},
    )
    assert done.stdout == "a line\n"
    assert done.stderr == ""


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = run("check", "nothing.ipynb", cwd=tmp_path, MLOPT_DEBUG="1")
    assert "Traceback" in done.stderr


def test_doctor_finds_this_machine_ready(tmp_path: Path) -> None:
    done = run("doctor", str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert "Ready." in done.stdout
    assert "torch" in done.stdout
