"""The commands `mlopt rightsize` and `mlopt profile`; their libraries load when they run."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from mlopt_lessons.sentences import one_sentence


def _number(name: str, default: float, text: str) -> Callable[[Any], Any]:
    return click.option(name, default=default, type=float, show_default=True, help=text)


@click.command()
@click.argument("usage", type=click.Path(path_type=Path))
@click.option("--rule", metavar="RULE", default="vpa", show_default=True,
              help="Whose requests to show a job: twice, krr, vpa, aws, kubecost or 'p95 + 15 %'.")  # fmt: skip
@click.option("--price-core", type=float, help="Dollars for a core-hour.  [default: AWS Fargate's]")
@click.option("--price-gib", type=float, help="Dollars for a GiB-hour.  [default: AWS Fargate's]")
@_number("--kill-price", 1.0, "Dollars that a job killed for memory costs you.")
@_number("--train", 0.5, "Part of each record that a rule learns from; the rest judges it.")
@click.option(
    "--ignore-gaps", is_flag=True, help="Join what was recorded where samples are missing."
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="CSV file for the requests, a row a job."
)
def rightsize(**options: object) -> None:
    """Compare what your jobs ask for with what they use, and what each rule would ask for.

    USAGE is a CSV file with a row a sample and the columns time, cpu_cores and memory_gib; job where
    there are several; cpu_request and memory_request_gib where they are known.
    """
    from mlopt_lessons.resources import command_run

    with one_sentence():
        request = command_run.RightsizeRequest(**options)  # type: ignore[arg-type]
        click.echo(command_run.rightsize(request))


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@_number("--interval", 0.1, "Seconds between samples.")
@click.option("--out", type=click.Path(path_type=Path), help="CSV file for the usage log.")
def profile(command: tuple[str, ...], interval: float, out: Path | None) -> None:
    """Run COMMAND and say what it used: cores, memory, its peak, and what to ask for.

    Write -- before COMMAND. The report goes to standard error; the exit status is the command's, 128 and
    the signal's number where a signal ended it. Ten samples a second take about 2 % of a core.
    """
    from mlopt_lessons.resources import command_run

    with one_sentence(), _until_it_ends():
        request = command_run.ProfileRequest(command, interval, out)
        text, status = command_run.profile(request)
        click.echo(text, err=True)
    sys.exit(status)


@contextmanager
def _until_it_ends() -> Iterator[None]:
    """Ctrl-C ends the command, not the report on it; whoever ends this process ends the command, too."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave), signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
