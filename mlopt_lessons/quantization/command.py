"""The command `mlopt quantize`; its libraries load when it runs, so that --help is quick."""

from pathlib import Path

import click

from mlopt_lessons.sentences import sentence


@click.command()
@click.argument("model")
@click.option("--calibrate", metavar="DATA", help="Real inputs: .npy, .npz or .csv, one row each.")
@click.option("--labels", metavar="FILE", help="Right answers, one for each row of DATA.")
@click.option("--price", metavar="NAME|USD", help="A price of the list, or dollars an hour.")
@click.option("--out", metavar="FOLDER", default="quantized", show_default=True)
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
def quantize(
    model: str,
    calibrate: str | None,
    labels: str | None,
    price: str | None,
    out: str,
    threads: int,
    batch: tuple[int, ...],
    repeats: int,
) -> None:
    """Quantize MODEL to int8 and 4 bits, and report bytes, accuracy, latency and dollars.

    MODEL is an .onnx file, package.module:name (an nn.Module or a function that returns one),
    or a model of the course: mlp, glyph_cnn, depthwise_cnn (these bring their own data).
    """
    from mlopt_lessons.quantization import command_run
    from mlopt_lessons.workbench.comparison.inputs import CommandUsageError

    request = command_run.Request(
        model=model,
        data=Path(calibrate) if calibrate else None,
        labels=Path(labels) if labels else None,
        price=price,
        folder=Path(out),
        threads=threads,
        batch=batch,
        repeats=repeats,
    )
    try:
        click.echo(command_run.run(request))
    except CommandUsageError as error:
        raise click.UsageError(str(error)) from error
    except (ValueError, TypeError, OSError, RuntimeError, MemoryError) as error:
        raise click.ClickException(sentence(error)) from error
