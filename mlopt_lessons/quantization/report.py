"""One model, quantized in every way: bytes, accuracy, latency and dollars side by side."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray
from torch import nn

from mlopt_lessons.quantization.evaluation_data import check_batches, first_rows, row_count, split
from mlopt_lessons.quantization.feeds import Array
from mlopt_lessons.quantization.quality import Quality, quality
from mlopt_lessons.quantization.quantized import Quantized
from mlopt_lessons.quantization.report_text import csv_frame, markdown, table
from mlopt_lessons.quantization.runtime import check_threads
from mlopt_lessons.quantization.variants import FP32, Variant, make_variants, torch_threads
from mlopt_lessons.workbench import (
    Latency,
    Price,
    dollars_per_million,
    latency,
    ratio,
    release_free_memory,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One variant at one batch size.

    `bytes` is the size of a real file; `ratio` is the FP32 ONNX file's bytes over these;
    `latency` is per batch; `speedup` is ONNX Runtime FP32's time over this
    one's, in paired rounds: median, 10th and 90th percentile.
    """

    variant: str
    batch: int
    bytes: int
    ratio: float
    quality: Quality
    latency: Latency
    speedup: tuple[float, float, float]
    dollars_per_million: float
    note: str


@dataclass(frozen=True, slots=True)
class Report:
    """All rows, the price they use, what each quantizer did, and what was left out and why.

    `calibration_rows` were used for the ranges of static int8, `measured_rows` for the quality.
    """

    rows: tuple[Row, ...]
    calibration_rows: int
    measured_rows: int
    price: Price
    threads: int
    quantized: tuple[Quantized, ...]
    left_out: dict[str, str]

    def row(self, variant: str, batch: int | None = None) -> Row:
        """The row of a variant (at the first batch size unless told).

        Raises:
            KeyError: the report has no such row.
        """
        for row in self.rows:
            if row.variant == variant and batch in {None, row.batch}:
                return row
        raise KeyError(f"The report has no row for {variant!r} at batch {batch}.")

    def table(self) -> pd.DataFrame:
        """The rows as a table for people: text with units."""
        return table(self)

    def frame(self) -> pd.DataFrame:
        """The rows as numbers, units in the names of the columns."""
        return csv_frame(self)

    def to_markdown(self) -> str:
        """The table, the price, the machine, and the layers that stayed FP32, as Markdown."""
        return markdown(self)

    def _repr_html_(self) -> str:
        return self.table().to_html(index=False)


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
    with _place(folder) as place, _evaluating(model), torch_threads(threads):
        made = make_variants(model, x, calibration, place, threads)
        facts = _facts(made.all, x, labels)
        rows = [
            row
            for size in batch
            for row in _rows(made.all, facts, first_rows(x, size), threads, repeats, price)
        ]
    release_free_memory()
    return Report(
        rows=tuple(rows),
        calibration_rows=row_count(calibration),
        measured_rows=row_count(x),
        price=price,
        threads=threads,
        quantized=made.quantized,
        left_out=made.left_out,
    )


@contextlib.contextmanager
def _place(folder: Path | str | None) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"The folder {folder} cannot be made ({error.strerror}): choose another."
        ) from error
    yield Path(folder)


@contextlib.contextmanager
def _evaluating(model: object) -> Iterator[None]:
    """A module in evaluation mode (no dropout), as it was afterwards."""
    training = isinstance(model, nn.Module) and model.training
    if isinstance(model, nn.Module):
        model.eval()
    try:
        yield
    finally:
        if isinstance(model, nn.Module):
            model.train(training)


def _facts(
    variants: Sequence[Variant], x: Array, labels: NDArray[Any] | None
) -> dict[str, tuple[int, Quality]]:
    """Bytes on disk and quality of each variant: what does not depend on the batch size."""
    outputs = {variant.name: variant.predict(x) for variant in variants}
    return {v.name: (v.bytes, quality(outputs[FP32], outputs[v.name], labels)) for v in variants}


def _rows(
    variants: Sequence[Variant],
    facts: Mapping[str, tuple[int, Quality]],
    x: Array,
    threads: int,
    repeats: int,
    price: Price,
) -> list[Row]:
    """Time all variants in turn on one batch, and put what is known of each into a row."""
    timed = latency({v.name: v.timed(x) for v in variants}, repeats=repeats, threads=threads)
    batch, whole = row_count(x), facts[FP32][0]
    return [
        Row(
            variant=v.name,
            batch=batch,
            bytes=facts[v.name][0],
            ratio=whole / facts[v.name][0],
            quality=facts[v.name][1],
            latency=timed[v.name],
            speedup=ratio(timed[FP32], timed[v.name]),
            dollars_per_million=dollars_per_million(timed[v.name].median_s / batch, price),
            note=v.note,
        )
        for v in variants
    ]
