"""One model, quantized in every way: bytes, accuracy, latency and dollars side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from mlopt_lessons.quantization.variants import Variants, make_variants
from mlopt_lessons.workbench import Price
from mlopt_lessons.workbench.comparison.data import check_batches, row_count, split
from mlopt_lessons.workbench.comparison.report import Report, measure, place
from mlopt_lessons.workbench.comparison.variants import evaluating
from mlopt_lessons.workbench.serving.feeds import Array
from mlopt_lessons.workbench.serving.quantized import Quantized
from mlopt_lessons.workbench.serving.session import check_threads


def compare(
    model: nn.Module | Path | str,
    data: Any,
    *,
    calibration: Array,
    price: Price,
    batch: Sequence[int] = (1,),
    threads: int = 1,
    repeats: int = 50,
    folder: Path | str | None = None,
) -> Report:
    """Quantize a model in every way that works and measure each variant on this machine.

    Args:
        model: an nn.Module with one tensor input, or the path of an FP32 .onnx file.
        data: what accuracy is measured on: inputs (rows, …); or (inputs, labels); or a
            workbench Dataset, whose test part is used.
        calibration: real inputs for static int8; they should not be the test data.
        price: what an hour of the machine costs.
        batch: batch sizes to time.
        folder: where the files stay; without it they are measured and thrown away.

    Raises:
        ValueError (ExportError, OnnxModelError, CalibrationError, InputError, LabelError):
            the model or the data cannot be used; the message says what to do.
    """
    x, labels = split(data)
    check_batches(batch)
    check_threads(threads)
    with place(folder) as files, evaluating(model):
        made = make_variants(model, x, calibration, files, threads)
        return measure(
            "Quantization report",
            made.all,
            x,
            labels,
            price=price,
            batch=batch,
            threads=threads,
            repeats=repeats,
            remarks=_remarks(made, row_count(calibration)),
        )


def _remarks(made: Variants, calibration_rows: int) -> list[str]:
    items = [f"Int8 static was calibrated on {calibration_rows:,} rows."]
    items += [f"{name} was left out. {reason}" for name, reason in made.left_out.items()]
    return items + [item for result in made.quantized for item in _left_in_fp32(result)]


def _left_in_fp32(result: Quantized) -> list[str]:
    """The layers that a method left alone, one line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for layer in result.floating:
        found = by_reason.setdefault(layer.reason, [])
        found.append(f"{layer.name} ({layer.op}, {layer.count:,} weights)")
    return [
        f"{result.method} leaves in FP32, because {reason}: {', '.join(names)}."
        for reason, names in by_reason.items()
    ]
