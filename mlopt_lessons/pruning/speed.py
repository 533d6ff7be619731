"""How fast each form of a pruned model answers on this machine, at every amount and batch size."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import onnx
from onnx import numpy_helper
from torch import Tensor, nn

from mlopt_lessons.pruning.apply import Masks, magnitude_masks, masked, weights_of
from mlopt_lessons.pruning.sparse import with_csr
from mlopt_lessons.pruning.structured import remove_outputs
from mlopt_lessons.pruning.sweep import outputs_for
from mlopt_lessons.workbench import (
    Latency,
    Price,
    dollars_per_million,
    latency,
    ratio,
)
from mlopt_lessons.workbench.comparison.data import check_batches, first_rows
from mlopt_lessons.workbench.comparison.variants import eager, in_session, torch_threads
from mlopt_lessons.workbench.serving.graph import layers
from mlopt_lessons.workbench.serving.onnx_export import export
from mlopt_lessons.workbench.serving.session import Session

Form = Literal["dense", "zeros", "CSR", "removed"]
FORMS: tuple[Form, ...] = get_args(Form)
STORY_AMOUNTS = (0.5, 0.7, 0.9)


@dataclass(frozen=True)
class SpeedPoint:
    """One form of a model with `amount` of its weights gone, at one batch size.

    "zeros" (in the dense file) and "removed" run in ONNX Runtime like "dense", "CSR" in PyTorch.
    `speedup` is dense over this form in paired rounds: median, 10th and 90th percentile.
    """

    form: Form
    amount: float
    batch: int
    latency: Latency
    speedup: tuple[float, float, float]

    @property
    def seconds(self) -> float:
        """Seconds a prediction: the median of a batch over its rows."""
        return self.latency.median_s / self.batch

    def dollars(self, price: Price) -> float:
        """Dollars for a million predictions on a machine of this price."""
        return dollars_per_million(self.seconds, price)


def speed_sweep(
    model: nn.Module,
    x: Tensor,
    amounts: Sequence[float] = STORY_AMOUNTS,
    batches: Sequence[int] = (1, 64),
    *,
    threads: int = 1,
    repeats: int = 30,
) -> list[SpeedPoint]:
    """Makes each form at each amount and times it beside the dense model, all in turn.

    x holds rows of the model's input. Speed depends on how many weights are left and where, not on
    how well they were chosen, so nothing is fine-tuned here. A model without Linear layers has no
    CSR form. Raises ValueError as `remove_outputs`, `magnitude_masks` and `export`.
    """
    check_batches(batches)
    rows = x.numpy()
    found: list[SpeedPoint] = []
    with tempfile.TemporaryDirectory() as folder, torch_threads(threads):
        place = Path(folder)
        file = export(model, x[:1], place / "dense.onnx")
        dense = in_session("dense", Session(file, threads), "").timed
        for amount in amounts:
            timed = {"dense": dense, **_forms(model, x, amount, file, threads)}
            for batch in batches:
                some = first_rows(rows, batch)
                calls = {form: made(some) for form, made in timed.items()}
                found += _points(latency(calls, repeats=repeats, threads=threads), amount, batch)
    return found


def _forms(
    model: nn.Module, x: Tensor, amount: float, dense: Path, threads: int
) -> dict[str, Callable[..., Callable[[], object]]]:
    masks = magnitude_masks(model, amount)
    zeroed = masked(model, masks)
    small = remove_outputs(model, outputs_for(model, amount)).model
    files = {
        "zeros": with_zeros(dense, model, masks, dense.with_name("zeros.onnx")),
        "removed": export(small, x[:1], dense.with_name("removed.onnx")),
    }
    forms = {name: in_session("", Session(file, threads), "").timed for name, file in files.items()}
    if any(isinstance(layer, nn.Linear) for layer in model.modules()):
        forms["CSR"] = eager("", with_csr(zeroed), dense.with_name("csr.pt"), "").timed
    return forms


def with_zeros(dense: Path, model: nn.Module, masks: Masks, path: Path) -> Path:
    """The model's exported file `dense` with the weights at 0 that the masks cut.

    The same graph with other numbers: what differs in time is the zeros' doing.
    """
    weights = weights_of(model)
    graph = onnx.load(dense)
    owners = {layer.weights[0]: layer.name for layer in layers(graph)}
    for tensor in graph.graph.initializer:
        name = owners.get(tensor.name, "")
        if name in masks:
            value = numpy_helper.to_array(tensor)
            # The exporter stores some weights transposed; a square one shows it in its values only.
            straight = np.array_equal(value, weights[name].numpy())
            mask = masks[name].numpy() if straight else masks[name].numpy().T
            tensor.CopyFrom(numpy_helper.from_array(value * mask, tensor.name))
    onnx.save(graph, path)
    return path


def _points(timed: dict[str, Latency], amount: float, batch: int) -> list[SpeedPoint]:
    return [
        SpeedPoint(form, amount, batch, timed[form], ratio(timed["dense"], timed[form]))
        for form in FORMS
        if form in timed
    ]
