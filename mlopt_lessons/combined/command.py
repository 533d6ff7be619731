"""The command `mlopt plan`; its libraries load when it runs."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlopt_lessons.sentences import one_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlopt_lessons.combined.command_run import Drawn, PlanRequest
    from mlopt_lessons.combined.levers_file import OwnPlan


@click.command()
@click.option("--spend", type=float,
              help="Your bill, dollars a month; default: the file's, or the story's 10,000.")  # fmt: skip
@click.option("--levers", type=click.Path(path_type=Path), metavar="FILE",
              help="Your levers, .toml or .csv: name, saves, eligibility, low, high, part, ...")  # fmt: skip
@click.option("--workspace", type=click.Path(path_type=Path), metavar="FOLDER",
              help="The workspace whose measured figures are taken; default: the one you are in.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default="plan", show_default=True,
              metavar="FOLDER", help="Where plan.md, plan.html and the pictures go.")  # fmt: skip
def plan(spend: float | None, levers: Path | None, workspace: Path | None, out: Path) -> None:
    """Write a decision memo of one page: what your savings make together, and what to do first.

    Without --levers it takes what you measured in lessons 1 to 6; a lesson that is not done yet counts with
    the story's figure, marked quoted. Savings are parts of 1: 0.6 for 60 %. An earlier memo is
    replaced.
    """
    from mlopt_lessons.combined import command_run

    with one_sentence():
        click.echo(command_run.run(_request(spend, levers, workspace, out), _pictures()))


def _request(
    spend: float | None, levers: Path | None, workspace: Path | None, out: Path
) -> "PlanRequest":
    from mlopt_lessons.combined.command_run import PlanRequest
    from mlopt_lessons.combined.levers import STORY_SPEND
    from mlopt_lessons.combined.levers_file import read_levers

    if levers is not None and workspace is not None:
        raise ValueError(
            "Give --levers or --workspace, not both: the levers come from one of them."
        )
    found, source = (read_levers(levers), levers.name) if levers is not None else _own(workspace)
    if spend is not None:
        given, source = spend, "as given"
    elif found.spend is not None:
        given = found.spend
    else:
        given, source = STORY_SPEND, "the story's"
    return PlanRequest(found, given, source, date.today().isoformat(), out)


def _own(workspace: Path | None) -> "tuple[OwnPlan, str]":
    """The plan of the learner's ledger, and where its bill is from."""
    from mlopt_lessons.combined.levers_file import OwnPlan
    from mlopt_lessons.combined.own_figures import own_levers
    from mlopt_lessons.course.store import MARKER, find_workspace, open_store

    if workspace is not None and not (workspace / MARKER).is_dir():
        raise ValueError(f"{workspace} is no workspace of this course; mlopt lab makes one.")
    return OwnPlan(tuple(own_levers(open_store(workspace or find_workspace())))), "your ledger"


def _pictures() -> "Mapping[str, Drawn]":
    from mlopt_lessons.combined import figures
    from mlopt_lessons.combined.memo import SWINGS, WATERFALL
    from mlopt_lessons.course.look import draw_png

    return {
        WATERFALL: lambda view: draw_png(figures.levers_waterfall(view)),
        SWINGS: lambda view: draw_png(figures.levers_swings(view)),
    }
