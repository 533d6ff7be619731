"""The command `mlopt`. Each command imports what it needs when it runs, so that --help is quick."""

import importlib
import importlib.util
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import click

from mlopt_lessons.sentences import DEBUG, sentence

# Commands that lessons bring along: name → (module, object, the line in --help).
LESSON_COMMANDS = {
    "quantize": (
        "mlopt_lessons.quantization.command",
        "quantize",
        "Quantize your own model: bytes, accuracy, latency, dollars.",
    ),
    "prune": (
        "mlopt_lessons.pruning.command",
        "prune",
        "Prune your own model: bytes, accuracy, latency, dollars.",
    ),
    "bill": (
        "mlopt_lessons.cost.command",
        "bill",
        "Report on your own cloud bill: who spent what, waste, the month's end.",
    ),
    "rightsize": (
        "mlopt_lessons.resources.command",
        "rightsize",
        "Compare what your own jobs ask for with what they use.",
    ),
    "profile": (
        "mlopt_lessons.resources.command",
        "profile",
        "Run your own command and say what it used: cores, memory, its peak.",
    ),
    "gpu": (
        "mlopt_lessons.gpu.command",
        "gpu",
        "Pick the cheapest GPU for your own job, or watch the ones you have.",
    ),
    "plan": (
        "mlopt_lessons.combined.command",
        "plan",
        "Write a decision memo: what your savings make together, and what to do first.",
    ),
    "class": (
        "mlopt_lessons.grading.command",
        "class_",
        "For instructors: take hand-ins in, grade them in a box, report on the class.",
    ),
    "spot": (
        "mlopt_lessons.spot.command",
        "spot",
        "Plan your own job on spot instances, or run it through a spot market.",
    ),
}


class Commands(click.Group):
    """A group that loads lesson commands when they are called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, sorted."""
        return sorted([*super().list_commands(ctx), *LESSON_COMMANDS])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, imported now if a lesson brings it."""
        if name not in LESSON_COMMANDS:
            return super().get_command(ctx, name)
        module, attribute, _ = LESSON_COMMANDS[name]
        return getattr(importlib.import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in --help, without importing any lesson."""
        own = {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        lessons = {name: line for name, (_, _, line) in LESSON_COMMANDS.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted((own | lessons).items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mlopt-lessons")
def mlopt() -> None:
    """Same results, less money: the course, and its tools for your own models."""


@mlopt.command()
@click.argument("folder", default="mlopt-workspace", type=click.Path(path_type=Path))
@click.option("--sync-only", is_flag=True, help="Make or update the workspace, start nothing.")
@click.option("--no-browser", is_flag=True, help="Print the address, open no browser.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of JupyterLab.")
def lab(folder: Path, sync_only: bool, no_browser: bool, port: int | None) -> None:
    """Make or update the workspace FOLDER and open it in JupyterLab.

    What you changed is never overwritten: a file changed on both sides is kept and the course's new
    version is laid beside it.
    """
    from mlopt_lessons.course.workspace import sync

    for change in sync(folder):
        click.echo(f"{change.action}: {change.path}")
    click.echo(f"Workspace: {folder.resolve()}")
    if not sync_only:
        _start_lab(folder, no_browser, port)


def _start_lab(folder: Path, no_browser: bool, port: int | None) -> None:
    if importlib.util.find_spec("jupyterlab") is None:
        raise ModuleNotFoundError(name="jupyterlab")
    options = [
        "--ServerApp.answer_yes=True",  # Ctrl-C ends it without a question
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *(["--no-browser"] if no_browser else []),
        *([f"--port={port}"] if port else []),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    environment = os.environ | {"MLOPT_WORKSPACE": str(folder.resolve())}
    _become([sys.executable, "-m", "jupyterlab", *options], folder, environment)


def _become(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Turns this process into another, so that whoever stops it stops JupyterLab and its kernels."""
    os.chdir(folder)
    sys.stdout.flush()
    if os.name != "nt":
        os.execve(command[0], command, environment)
    # Windows cannot; there Ctrl-C reaches both, and this process waits until the other has ended.
    with subprocess.Popen(command, env=environment) as server, suppress(KeyboardInterrupt):
        server.wait()
    sys.exit(server.returncode)


@mlopt.command()
@click.argument("folder", default=".", type=click.Path(path_type=Path))
def doctor(folder: Path) -> None:
    """Say what is missing on this machine and how to mend it."""
    from mlopt_lessons.doctor import examine

    missing = 0
    for finding in examine(folder):
        click.echo(str(finding))
        missing += finding.level == "missing"
    click.echo("Ready." if not missing else f"{missing} to mend before you start.")
    sys.exit(1 if missing else 0)


@mlopt.command()
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--timeout", default=300, show_default=True, help="Seconds that one cell may take.")
def check(notebook: Path, timeout: int) -> None:
    """Run an exercise NOTEBOOK's checks and say what passed."""
    from mlopt_lessons.course.run_checks import run_checks

    results = run_checks(notebook, timeout)
    for result in results:
        click.echo(f"{'passed' if result.passed else 'not yet':8} {result.task}: {result.message}")
    passed = sum(result.passed for result in results)
    click.echo(f"{passed} of {len(results)} tasks passed.")
    sys.exit(0 if passed == len(results) else 1)


def main(arguments: list[str] | None = None) -> None:
    """Runs `mlopt`. An error becomes one sentence and exit status 1, a wrong option status 2."""
    try:
        mlopt(args=arguments, prog_name="mlopt")
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        click.echo(f"Error: {sentence(error)}", err=True)
        sys.exit(1)
