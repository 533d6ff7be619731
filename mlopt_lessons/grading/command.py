"""`mlopt class`: take hand-ins in, grade them in a box, report on the class."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import click

from mlopt_lessons.grading.records import Limits
from mlopt_lessons.sentences import one_sentence

DEFAULTS = Limits()
INTERRUPTED = 130
RECEIVED = (
    "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M UTC", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d",
)  # fmt: skip
COURSE = click.option(
    "--course",
    default=".",
    type=click.Path(path_type=Path),
    help="The class's folder, with solutions/ and submitted/ (default: here).",
)
DATABASE = click.option("--db", help="URL of the gradebook (default: gradebook.db in the folder).")


@contextmanager
def _stopped() -> Iterator[None]:
    """What Ctrl-C leaves, as a sentence and the exit status that a shell gives it."""
    from mlopt_lessons.grading.batch_words import STOPPED

    try:
        yield
    except KeyboardInterrupt:
        click.echo(STOPPED, err=True)
        sys.exit(INTERRUPTED)


@click.group("class")
def class_() -> None:
    """Take hand-ins in, grade them in a box, and report on the class."""


@class_.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--lesson", help="The exercise, such as 01_cost (default: told by each file).")
@click.option(
    "--replace", is_flag=True, help="Take a newer hand-in; the earlier one is kept aside."
)
@click.option(
    "--received",
    type=click.DateTime(RECEIVED),
    metavar="TIME",
    help='When they came, in UTC, such as "2026-12-04 23:59" (default: as far as the export tells). '
    "What is there already gets it, but none later than was given before. What Canvas calls LATE "
    "does not, unless all of SOURCE is late: take the late ones in by themselves.",
)
@COURSE
@one_sentence()
def intake(
    source: Path, lesson: str | None, replace: bool, received: datetime | None, course: Path
) -> None:
    """Take in hand-ins from a platform's export.

    SOURCE is a folder or zip: by Moodle, Canvas or Blackboard, a folder a learner, or files named
    by learner. Says of each file what became of it. An earlier hand-in is never overwritten.
    """
    from mlopt_lessons.grading.intake import intake as take

    taken = take(source, course, lesson=lesson, replace=replace, received=received)
    for each in taken:
        click.echo(str(each))
    counts = Counter(each.action for each in taken)
    took = sum(counts[action] for action in ("took", "renamed", "replaced"))
    told = [
        f"{took} taken",
        *(f"{counts[each]} {each}" for each in ("kept", "left") if counts[each]),
    ]
    refused = counts["refused"]
    click.echo(f"{', '.join([*told, f'{refused} refused'])}.")
    sys.exit(1 if refused else 0)


@class_.command()
@click.argument("lesson")
@click.option("--seed", type=int, help="Of the hidden inputs (default: drawn once and kept).")
@click.option("--jobs", type=click.IntRange(min=1), help="Boxes at once (default: one a core).")
@click.option("--dask", metavar="ADDRESS", help="Grade on the Dask cluster with this scheduler.")
@click.option("--regrade", is_flag=True, help="Grade again what is graded already.")
@click.option("--seconds", default=DEFAULTS.wall_s, show_default=True, help="For one hand-in.")
@click.option(
    "--memory", default=DEFAULTS.memory_mb, show_default=True, help="Of one hand-in, in MB."
)
@COURSE
@DATABASE
@one_sentence()
@_stopped()
def grade(
    lesson: str,
    seed: int | None,
    jobs: int | None,
    dask: str | None,
    regrade: bool,
    seconds: float,
    memory: int,
    course: Path,
    db: str | None,
) -> None:
    """Grade hand-ins, each in a box of its own.

    All of LESSON that is not graded yet. Stopped halfway, it goes on where it stopped.
    """
    from mlopt_lessons.grading.batch import grade_class
    from mlopt_lessons.grading.classroom import Classroom

    limits = Limits(wall_s=seconds, cell_s=min(DEFAULTS.cell_s, seconds), memory_mb=memory)
    with _cluster(dask):
        summary = grade_class(
            Classroom(course, db),
            lesson,
            seed=seed,
            limits=limits,
            jobs=jobs,
            regrade=regrade,
            report=click.echo,
        )
    click.echo(str(summary))
    for warning in summary.warnings:
        click.echo(warning)
    sys.exit(1 if summary.failed else 0)


@class_.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the files (default: report in the class's folder).",
)
@click.option(
    "--platform", default="all", show_default=True, type=click.Choice(["all", "canvas", "moodle"])
)
@click.option(
    "--roster", type=click.Path(path_type=Path), help="CSV exported by the platform, with its ids."
)
@COURSE
@DATABASE
@one_sentence()
def report(
    out: Path | None,
    platform: Literal["all", "canvas", "moodle"],
    roster: Path | None,
    course: Path,
    db: str | None,
) -> None:
    """Write grades, and what the class missed.

    Tables for Canvas and Moodle, a plain one, and a page to read before they are imported.
    """
    from mlopt_lessons.grading.report import report as write

    written = write(course, db, out or course / "report", platform=platform, roster=roster)
    for path in written.files:
        click.echo(f"wrote {path}")
    for sentence in written.sentences:
        click.echo(sentence)
    click.echo("Read report.html before you import: it names who cannot be matched, and why.")


def _cluster(address: str | None) -> AbstractContextManager[Any]:
    """Where the boxes run: here, or on the workers of a Dask cluster."""
    if address is None:
        return nullcontext()
    from distributed import Client
    from joblib import parallel_config

    Client(address)  # joblib's backend finds it as the current client
    return parallel_config(backend="dask")
