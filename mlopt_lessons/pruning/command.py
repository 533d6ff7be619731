"""The command `mlopt prune`; its libraries load when it runs, so that --help is quick."""

from pathlib import Path

import click

from mlopt_lessons.sentences import sentence


@click.command()
@click.argument("model")
@click.option(
    "--amount", type=click.FloatRange(0, 1, max_open=True), default=0.5, show_default=True
)
@click.option("--structured", is_flag=True, help="Remove neurons and channels, not single weights.")
@click.option("--data", metavar="DATA", help="Real inputs: .npy, .npz or .csv, one row each.")
@click.option("--labels", metavar="FILE", help="Right answers, one for each row of DATA.")
@click.option("--epochs", type=click.IntRange(min=0), help="Epochs of fine-tuning; needs labels.")
@click.option("--learning-rate", type=float, default=1e-3, show_default=True)
@click.option("--price", metavar="NAME|USD", help="A price of the list, or dollars an hour.")
@click.option("--out", metavar="FOLDER", default="pruned", show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    multiple=True,
    default=(1,),
    show_default=True,
    help="Rows a call; give it again for more sizes.",
)
@click.option("--repeats", type=click.IntRange(min=30), default=50, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def prune(model: str, data: str | None, labels: str | None, out: str, **options: object) -> None:
    """Prune MODEL and report bytes, accuracy, latency and dollars of each form it is served in.

    AMOUNT is the part of the weights that becomes 0; with --structured, the part of each layer's
    neurons and channels that is removed (half of them is about three quarters of the weights).

    MODEL is package.module:name (an nn.Module or a function that returns one), or a model of the
    course: mlp, glyph_cnn, depthwise_cnn (these bring their own data).
    """
    from mlopt_lessons.pruning import command_run
    from mlopt_lessons.workbench.comparison.inputs import CommandUsageError

    request = command_run.Request(
        model=model,
        data=Path(data) if data else None,
        labels=Path(labels) if labels else None,
        folder=Path(out),
        **options,  # type: ignore[arg-type]  # click has checked their types
    )
    try:
        click.echo(command_run.run(request))
    except CommandUsageError as error:
        raise click.UsageError(str(error)) from error
    except (ValueError, TypeError, OSError, RuntimeError, MemoryError) as error:
        raise click.ClickException(sentence(error)) from error
