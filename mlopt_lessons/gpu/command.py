"""The commands `mlopt gpu pick` and `watch`; their libraries load when they run."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from mlopt_lessons.sentences import one_sentence

# Commands that other files bring along: name → (module, object, the line in --help).
MORE = {
    "watch": (
        "mlopt_lessons.gpu.watch_command",
        "watch",
        "Watch your GPUs: use by each definition, idle ones and what they cost.",
    )
}


class _Commands(click.Group):
    """A group that loads its further commands when they are called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, sorted."""
        return sorted([*super().list_commands(ctx), *MORE])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, imported now if another file brings it."""
        if name not in MORE:
            return super().get_command(ctx, name)
        module, attribute, _ = MORE[name]
        return getattr(importlib.import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in --help, without importing any of them."""
        own = {name: command.get_short_help_str(80) for name, command in self.commands.items()}
        more = {name: line for name, (_, _, line) in MORE.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted((own | more).items()))


@click.group(cls=_Commands)
def gpu() -> None:
    """GPUs for your own job: pick the cheapest that is in time, or watch the ones you have."""


def _several(name: str, kind: Any, text: str, **more: Any) -> Callable[[Any], Any]:
    return click.option(name, multiple=True, type=kind, help=text, **more)


@gpu.command()
@click.argument("model", metavar="MODEL_OR_SPEC")
@click.option("--deadline", default="24h", show_default=True, help="As 3h, 90min, 2d or 1h30min.")
@click.option("--steps", required=True, type=float, help="Batches in all.")
@click.option("--batch", default=1, show_default=True, type=int, help="Samples a step on each GPU.")
@click.option("--precision", default="fp32", show_default=True,
              help="fp32, tf32, fp16, bf16, int8 or fp8.")  # fmt: skip
@click.option("--training", is_flag=True, help="Train instead of infer.")
@click.option("--optimizer", default="adamw", show_default=True,
              help="With --training: adamw, sgd or 'sgd momentum'.")  # fmt: skip
@click.option(
    "--input", "shape", metavar="3,224,224", help="Shape of one sample, for your own module."
)
@click.option("--tokens", type=int, help="Token ids in a sample, for a module or network of text.")
@_several("--gpu", str, "Only this GPU; again for further ones.", metavar="GPU")
@_several("--price", str, "Your own dollars an hour, as T4=0.5; again for further ones.",
          metavar="GPU=USD")  # fmt: skip
@_several("--gpus", int, "How many GPUs share the steps; again to compare.", metavar="N")
@click.option("--measured", metavar="GPU=SECONDS",
              help="Seconds a step that you measured: calibrates the times.")  # fmt: skip
@click.option("--whole-machine", is_flag=True, help="Pay for every GPU of the machine.")
@click.option("--csv", "out", type=click.Path(path_type=Path), help="File for the whole table.")
def pick(**options: Any) -> None:
    """The cheapest GPU that holds a job and meets its deadline.

    MODEL_OR_SPEC is a network that the lesson knows (resnet50, gpt2 …), package.module:function that
    returns your nn.Module, or a file .json or .toml with the keys parameters, flops (forward, a sample) and
    activation_bytes (fp32, a sample). Nothing runs on a GPU: sizes are counted, times are a band. The exit
    status is 1 where no GPU will do.
    """
    from mlopt_lessons.gpu import command_run

    with one_sentence():
        text, found = command_run.pick_text(command_run.PickRequest(**options))
    click.echo(text)
    if not found:
        raise click.exceptions.Exit(1)
