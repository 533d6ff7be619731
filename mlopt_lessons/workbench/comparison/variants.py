"""One model in several forms: in PyTorch, and as files in ONNX Runtime, ready to be timed."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mlopt_lessons.workbench.comparison.data import row_count
from mlopt_lessons.workbench.serving.feeds import Array, InputError, feed
from mlopt_lessons.workbench.serving.graph import bytes_on_disk
from mlopt_lessons.workbench.serving.session import ROWS, Session
from mlopt_lessons.workbench.size import size_on_disk

EAGER, FP32 = "PyTorch FP32", "ONNX Runtime FP32"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to run the model: bytes of its file, what predicts, what is timed, what to know."""

    name: str
    bytes: int
    predict: Callable[[Array], NDArray[Any]]
    timed: Callable[[Array], Callable[[], object]]
    note: str


def in_session(name: str, session: Session, note: str) -> Variant:
    """A file that ONNX Runtime runs; the data is checked before the clock starts."""

    def timed(x: Array) -> Callable[[], object]:
        _check_fixed_batch(session, row_count(x))
        fed = feed(session.inputs, x)
        return lambda: session.run(fed)

    return Variant(name, bytes_on_disk(session.path), session.predict, timed, note)


def _check_fixed_batch(session: Session, rows: int) -> None:
    fixed = next((spec.shape[0] for spec in session.inputs if spec.shape), None)
    if fixed and fixed != rows:
        raise InputError(
            f"The model takes exactly {fixed} rows a call: ask for a batch of {fixed}, "
            "or export it with a free batch dimension."
        )


def eager(name: str, module: nn.Module, path: Path, note: str) -> Variant:
    """The module as PyTorch runs it, in evaluation mode; its state_dict is saved at `path`."""
    module.eval()
    torch.save(module.state_dict(), path)

    def predict(x: Array) -> NDArray[Any]:
        with torch.inference_mode():
            steps = torch.as_tensor(x).split(ROWS)
            return np.concatenate([module(step).numpy() for step in steps])

    def timed(x: Array) -> Callable[[], object]:
        tensor = torch.as_tensor(x)
        return torch.inference_mode()(lambda: module(tensor))

    return Variant(name, size_on_disk(path), predict, timed, note)


def example(x: Array) -> Tensor:
    """The first row, for the export of a module that takes one tensor.

    Raises InputError for a mapping of several inputs.
    """
    if isinstance(x, Mapping):
        raise InputError(
            f"A PyTorch module takes one tensor, the data holds {', '.join(x)}: keep the inputs."
        )
    return torch.as_tensor(x[:1])


@contextlib.contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """PyTorch with this many threads, as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def evaluating(model: object) -> Iterator[None]:
    """A module in evaluation mode (no dropout), as it was afterwards."""
    training = isinstance(model, nn.Module) and model.training
    if isinstance(model, nn.Module):
        model.eval()
    try:
        yield
    finally:
        if isinstance(model, nn.Module):
            model.train(training)
