"""The commands `mlopt spot run` and `plan`; their libraries load when they run."""

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


@click.group()
def spot() -> None:
    """Spot instances for your own job: plan it, or run it through a spot market."""


@spot.command(context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@_number("--rate", 6.0, "Preemptions per running hour, on average.")
@_number("--notice", 5.0, "Seconds from SIGTERM to SIGKILL; 0: none.")
@_number("--outage", 1.0, "Seconds without a machine, on average.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@_number("--price-spot", 7.0, "Dollars an hour on spot.")
@_number("--price-on-demand", 24.0, "Dollars an hour on demand.")
@click.option(
    "--give-up", default=20, show_default=True, help="Launches in a row without progress."
)
@click.option(
    "--step", metavar="REGEX", help="How your command tells its step, as 'iter ([0-9]+)'."
)
@click.option("--quiet", is_flag=True, help="Do not show what the command prints.")
def run(command: tuple[str, ...], **options: object) -> None:
    """Run COMMAND on a spot market of this machine: it is told to go, killed and started again.

    Write -- before COMMAND. Lives are exponential. COMMAND gets SIGTERM as its notice and is killed when
    the notice is over; when it has saved, let it exit with status 75. It must go on from its
    own checkpoints, and should print its steps, as "step 120", so that lost work can be counted.
    """
    from mlopt_lessons.spot import command_run
    from mlopt_lessons.spot.supervisor import RunError

    with one_sentence(), _told_to_go():
        request = command_run.RunRequest(command, **options)  # type: ignore[arg-type]
        try:
            click.echo(command_run.run(request, click.echo))
        except RunError as error:
            click.echo(command_run.table(error.report))
            raise


@spot.command()
@click.option("--hours", required=True, type=float, help="Hours of work.")
@click.option("--deadline", required=True, type=float, help="Hours until it must be done.")
@click.option("--trace", "traces", multiple=True, required=True, type=click.Path(path_type=Path),
              help="A recorded availability trace; again for each further zone.")  # fmt: skip
@_number("--overhead", 0.1, "Hours that each launch costs.")
@_number("--spot", 7.0, "Dollars an hour on spot.")
@_number("--on-demand", 24.0, "Dollars an hour on demand.")
@click.option("--starts", default=200, show_default=True, help="Times of the trace to start at.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for plan.csv and plan.png.")
def plan(**options: object) -> None:
    """Compare what every policy costs for your job, on recorded availability of spot machines.

    A trace is a JSON file: {"metadata": {"gap_seconds": 600}, "data": [1, 0, ...]}, 1 = available.
    """
    from mlopt_lessons.spot import command_run

    with one_sentence():
        request = command_run.PlanRequest(**options)  # type: ignore[arg-type]
        click.echo(command_run.plan(request))


@contextmanager
def _told_to_go() -> Iterator[None]:
    """Whoever ends `mlopt spot run` ends the command that it started, too."""

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
