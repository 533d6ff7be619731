"""One model, pruned: bytes, accuracy, latency and dollars of each form it can be served in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from mlopt_lessons.pruning.cut import Pruned, prune
from mlopt_lessons.pruning.sparse import with_csr
from mlopt_lessons.pruning.storage import store
from mlopt_lessons.workbench import Dataset, Price, save_weights
from mlopt_lessons.workbench.comparison.data import check_batches, split
from mlopt_lessons.workbench.comparison.report import Report, measure, place
from mlopt_lessons.workbench.comparison.variants import (
    EAGER,
    FP32,
    Variant,
    eager,
    evaluating,
    example,
    in_session,
)
from mlopt_lessons.workbench.serving.feeds import Array
from mlopt_lessons.workbench.serving.onnx_export import export
from mlopt_lessons.workbench.serving.session import Session, check_threads

CSR = "CSR, PyTorch"
REMOVED, REMOVED_EAGER = "removed, ONNX Runtime", "removed, PyTorch"
ZEROED = "zeros, ONNX Runtime"
TUNED = "fine-tuned"


def compare(
    model: nn.Module,
    data: Any,
    *,
    amount: float,
    price: Price,
    structured: bool = False,
    epochs: int = 0,
    learning_rate: float = 1e-3,
    seed: int = 0,
    batch: Sequence[int] = (1,),
    threads: int = 1,
    repeats: int = 50,
    folder: Path | str | None = None,
) -> Report:
    """Prune a model and measure each form it can be served in, on this machine.

    Args:
        model: an nn.Module with one tensor input; it is not changed.
        data: a workbench Dataset (its test part is measured on, its training part fine-tunes),
            or inputs (rows, …), or (inputs, labels), which allow no fine-tuning.
        amount: the part of the weights, or structured of each layer's outputs, to cut.
        epochs: epochs of fine-tuning; 0 leaves the model as it was cut.
        folder: where the files stay; without it they are measured and thrown away.

    Raises:
        ValueError (WiringError, ExportError, InputError, LabelError): the model or the data cannot
            be used; the message says what to do.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"The model is a {type(model).__name__}: give a torch.nn.Module.")
    x, labels = split(data)
    check_batches(batch)
    check_threads(threads)
    training = data if isinstance(data, Dataset) else None
    made = prune(
        model,
        amount,
        structured=structured,
        data=training,
        epochs=epochs,
        learning_rate=learning_rate,
        seed=seed,
    )
    with place(folder) as files, evaluating(model):
        return measure(
            "Pruning report",
            make_variants(model, made, x, files, threads, structured=structured),
            x,
            labels,
            price=price,
            batch=batch,
            threads=threads,
            repeats=repeats,
            remarks=made.remarks,
        )


def make_variants(
    model: nn.Module, made: Pruned, x: Array, folder: Path, threads: int, *, structured: bool
) -> list[Variant]:
    """The dense model and its pruned forms, each as a file in `folder` that is loaded again."""
    name = REMOVED if structured else ZEROED

    def served(name: str, module: nn.Module, file: str, note: str) -> Variant:
        path = export(module, example(x), folder / f"{file}.onnx")
        return in_session(name, Session(path, threads), note)

    found = [
        eager(EAGER, model, folder / "pytorch_fp32.pt", "layer by layer from Python"),
        served(FP32, model, "fp32", "the baseline for every other row"),
        served(name, made.cut, "pruned", "as it was cut"),
    ]
    if made.tuned:
        found.append(served(f"{name}, {TUNED}", made.tuned, "pruned_tuned", "cut, then trained"))
    return [*found, *_in_torch(made.final, folder, structured)]


def _in_torch(model: nn.Module, folder: Path, structured: bool) -> list[Variant]:
    """The final model in PyTorch: small and dense, or its Linear layers in CSR."""
    save_weights(model, folder / "pruned.safetensors")
    if structured:
        return [eager(REMOVED_EAGER, model, folder / "pruned.pt", "smaller layers, from Python")]
    try:
        sparse = with_csr(model)
    except ValueError:  # only convolutions: there is no sparse kernel to compare
        return []
    stored = store(model, folder / "pruned_csr.safetensors", "csr int32")
    note = "Linear layers skip their zeros"
    return [_sized(eager(CSR, sparse, folder / "csr.pt", note), stored.bytes)]


def _sized(variant: Variant, size: int) -> Variant:
    """The variant with the bytes of the file that a service would ship."""
    return Variant(variant.name, size, variant.predict, variant.timed, variant.note)
