"""Export a PyTorch module to one self-contained ONNX file, quietly and with readable names."""

import ast
import contextlib
import io
import logging
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from mlopt_lessons.sentences import first_line
from mlopt_lessons.workbench.serving.graph import weight_nodes

INPUT, OUTPUT = "input", "output"
_SCOPES = "pkg.torch.onnx.name_scopes"


class ExportError(ValueError):
    """A module that cannot be written as ONNX."""


def export(module: nn.Module, example_input: Tensor, path: Path | str) -> Path:
    """Write `module` in evaluation mode to `path` with weights inside the file.

    The first dimension of the input is free (the batch). Layers carry the module's names
    ("features.0"), and the exporter's notes (stack traces with paths of this machine) are
    removed, so that the file's bytes are the model's. The first export in a process takes
    a few seconds, later ones less than one.

    Args:
        module: any module of Linear, Conv, embedding … layers with one tensor input.
        example_input: shape (batch, …), as the module takes it; any batch size from 1.

    Raises:
        TypeError: `module` is not an nn.Module, or the example is not a tensor.
        ExportError: the module fails on the example, or PyTorch cannot trace it.
    """
    _check(module, example_input)
    path = Path(path)
    training = module.training
    module.eval()
    try:
        # A batch of one would be frozen into the graph: torch.export treats 0 and 1 as constants.
        example = torch.cat([example_input[:1]] * 2)
        _run_once(module, example)
        _export(module, example, path)
    finally:
        module.train(training)
    tidy(path)
    return path


def _check(module: nn.Module, example: Tensor) -> None:
    if not isinstance(module, nn.Module):
        raise TypeError(f"The model is a {type(module).__name__}: give a torch.nn.Module.")
    if not isinstance(example, Tensor):
        raise TypeError(f"The example input is a {type(example).__name__}: give a torch tensor.")
    if example.ndim == 0 or example.shape[0] == 0:
        raise ExportError("The example input is empty: give at least one row of real input.")


def _run_once(module: nn.Module, example: Tensor) -> None:
    try:
        with torch.no_grad():
            output = module(example)
    except Exception as error:
        raise ExportError(
            f"The model fails on an input of shape {tuple(example.shape)} and type "
            f"{example.dtype} ({first_line(error)}): give it the shape and type it was trained on."
        ) from error
    if not isinstance(output, Tensor):
        raise ExportError(
            f"The model returns a {type(output).__name__}: "
            "wrap it in a module that returns one tensor."
        )


def _export(module: nn.Module, example: Tensor, path: Path) -> None:
    try:
        with quiet():
            torch.onnx.export(
                module,
                (example,),
                path,
                dynamo=True,
                external_data=False,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                input_names=[INPUT],
                output_names=[OUTPUT],
                verbose=False,
            )
    except OSError as error:
        raise ExportError(
            f"{path} cannot be written ({first_line(error)}): choose another folder."
        ) from error
    except Exception as error:
        raise ExportError(
            f"PyTorch cannot export this model ({_root(error)}): remove control flow that "
            "depends on the data or on the batch size, or give an .onnx file."
        ) from error


def _root(error: BaseException) -> str:
    """The message of the innermost cause: the exporter wraps it in pages of advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    return first_line(error)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep a library's progress lines, warnings and log messages off the screen."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    sink = io.StringIO()
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(sink),
            contextlib.redirect_stderr(sink),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def tidy(path: Path, prefix: str = "", properties: Mapping[str, str] | None = None) -> None:
    """Name the layers after their modules, below `prefix`; drop the exporter's notes.

    `properties` are written into the file as its own notes.
    """
    model = onnx.load(path)
    seen: Counter[str] = Counter()
    for node, layer in weight_nodes(model):
        name = _module_name(node, layer.weights[0]).removeprefix(prefix)
        if name:
            seen[name] += 1
            node.name = name if seen[name] == 1 else f"{name} ({seen[name]})"
    strip_notes(model)
    onnx.helper.set_model_props(model, dict(properties or {}))
    onnx.save(model, path)


def _module_name(node: onnx.NodeProto, weight: str) -> str:
    if weight.endswith(".weight"):
        return weight.removesuffix(".weight")
    notes = {note.key: note.value for note in node.metadata_props}
    scopes = ast.literal_eval(notes.get(_SCOPES, "[]"))
    return scopes[-2] if len(scopes) > 1 else ""


def strip_notes(model: onnx.ModelProto) -> None:
    """Remove metadata of nodes and values in place; the computation does not change."""
    graph = model.graph
    for values in (graph.node, graph.input, graph.output, graph.value_info, graph.initializer):
        for value in values:
            value.ClearField("metadata_props")
            value.ClearField("doc_string")
