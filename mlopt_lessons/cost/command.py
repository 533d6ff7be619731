"""The command `mlopt bill`; its libraries load when it runs."""

from pathlib import Path

import click

from mlopt_lessons.sentences import one_sentence


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--by", multiple=True, metavar="KEY",
              help="Group by service, team, resource, region, day, tag:NAME, ...; again to drill.")  # fmt: skip
@click.option("--cost", default="EffectiveCost", show_default=True,
              help="BilledCost, EffectiveCost, ListCost or ContractedCost.")  # fmt: skip
@click.option("--currency", help="Take the charges of one currency, as USD.")
@click.option("--rows", "kind", metavar="KIND", help="List the charges behind a finding, as idle.")
@click.option("--csv", "out", type=click.Path(path_type=Path),
              help="Write the groups, or the charges of --rows, to this file.")  # fmt: skip
def bill(**options: object) -> None:
    """Report on a cloud bill: FILE is a FOCUS export, 1.0 to 1.4, as CSV (also .gz) or Parquet.

    Totals, services and teams, shares, waste with the charges behind it, and the month's end.
    """
    from mlopt_lessons.cost import command_run

    with one_sentence():
        click.echo(command_run.run(command_run.BillRequest(**options)))  # type: ignore[arg-type]
