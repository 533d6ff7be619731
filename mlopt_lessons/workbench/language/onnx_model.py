"""Write the GPT as one ONNX file that reads a prompt and writes on, with its cache as in- and output.

Inputs: tokens (batch, time), then past_key_i and past_value_i (batch, heads, past, head_size) for each
layer i. Outputs: logits (batch, time, vocabulary), then present_key_i and present_value_i. A prompt
is read with past = 0, the text goes on with time = 1.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from mlopt_lessons.sentences import first_line
from mlopt_lessons.workbench.language.model import CharGPT
from mlopt_lessons.workbench.language.onnx_session import CONTEXT_KEY
from mlopt_lessons.workbench.serving.onnx_export import ExportError, quiet, tidy

# Sizes of the example, all different and above 1: what is 0 or 1, or equal, becomes a constant.
_BATCH, _TIME, _PAST = 2, 3, 5
_PREFIX = "gpt."


class _Served(nn.Module):
    """The GPT with its cache flat, as ONNX has no nested inputs."""

    def __init__(self, gpt: CharGPT) -> None:
        super().__init__()
        self.gpt = gpt

    def forward(self, tokens: Tensor, *past: Tensor) -> tuple[Tensor, ...]:
        cache = tuple(zip(past[::2], past[1::2], strict=True))
        logits, present = self.gpt.forward_cached(tokens, cache)
        return logits, *(tensor for pair in present for tensor in pair)


def export_gpt(model: CharGPT, path: Path | str) -> Path:
    """Writes the model to one file, weights inside; layers carry the module's names ("blocks.0.up").

    The first export in a process takes some seconds. A masked model must be made permanent before.
    Raises TypeError for a model that is no CharGPT, ExportError when it cannot be written.
    """
    if not isinstance(model, CharGPT):
        raise TypeError(f"The model is a {type(model).__name__}: give a CharGPT.")
    path, training = Path(path), model.training
    if not path.parent.is_dir():
        raise ExportError(f"There is no folder {path.parent}: make it, or choose another.")
    try:
        with quiet():
            torch.onnx.export(
                _Served(model.eval()), _example(model), path, **_options(len(model.blocks))
            )
        tidy(path, _PREFIX, {CONTEXT_KEY: str(model.context)})
    except Exception as error:
        raise ExportError(
            f"The GPT cannot be written to {path} ({first_line(error)}): choose a folder that "
            "can be written to, and give a model whose forward_cached runs."
        ) from error
    finally:
        model.train(training)
    return path


def _example(model: CharGPT) -> tuple[Tensor, ...]:
    size = model.size
    shapes = [(_BATCH, heads, _PAST, size.head_size) for heads in size.heads for _ in range(2)]
    tokens = torch.zeros(_BATCH, _TIME, dtype=torch.int64)
    return tokens, *(torch.zeros(shape) for shape in shapes)


def _options(layers: int) -> dict[str, Any]:
    batch, time, past = Dim("batch"), Dim("time"), Dim("past")
    places = [f"{kind}_{index}" for index in range(layers) for kind in ("key", "value")]
    return {
        "dynamo": True,
        "external_data": False,
        "verbose": False,
        "dynamic_shapes": ({0: batch, 1: time}, tuple({0: batch, 2: past} for _ in places)),
        "input_names": ["tokens", *(f"past_{place}" for place in places)],
        "output_names": ["logits", *(f"present_{place}" for place in places)],
    }
