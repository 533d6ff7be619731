"""The command `mlopt gpu watch`; its libraries load when it runs."""

from pathlib import Path

import click

from mlopt_lessons.sentences import one_sentence


@click.command()
@click.option("--interval", default=1.0, show_default=True, help="Seconds between readings.")
@click.option(
    "--seconds", default=60.0, show_default=True, help="How long to watch; Ctrl-C ends it."
)
@click.option(
    "--from",
    "log",
    type=click.Path(path_type=Path),
    help="Play this log instead of watching a GPU.",
)
@click.option("--out", type=click.Path(path_type=Path), help="CSV file for the log.")
@click.option("--price", type=float, help="Dollars an hour of one GPU; published ones else.")
@click.option(
    "--below", default=5.0, show_default=True, help="Idle is under this utilisation, in %."
)
@click.option(
    "--minutes",
    default=10.0,
    show_default=True,
    help="Idle is for this long, or for the whole log.",
)
def watch(**options: object) -> None:
    """Watch this machine's GPUs: utilisation beside what works, and what idle time costs.

    Needs NVIDIA's driver and pip install "mlopt-lessons[gpu]". A log is a CSV file with the columns
    time_s and utilisation, and gpu, sm_active, occupancy, memory_used_bytes, memory_total_bytes, power_w
    and temperature_c where known; what nvidia-smi --query-gpu writes as CSV is read, too.
    """
    from mlopt_lessons.gpu import watch_command_run

    with one_sentence():
        request = watch_command_run.WatchRequest(**options)  # type: ignore[arg-type]
        watch_command_run.watch(request, click.echo)
