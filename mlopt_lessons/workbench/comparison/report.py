"""Variants of one model, measured on this machine: bytes, accuracy, latency and dollars."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.workbench.comparison.data import check_batches, first_rows, row_count
from mlopt_lessons.workbench.comparison.quality import Quality, quality
from mlopt_lessons.workbench.comparison.report_text import csv_frame, markdown, printed, table
from mlopt_lessons.workbench.comparison.variants import FP32, Variant, torch_threads
from mlopt_lessons.workbench.latency import Latency, latency, ratio
from mlopt_lessons.workbench.prices import Price, dollars_per_million
from mlopt_lessons.workbench.serving.feeds import Array
from mlopt_lessons.workbench.serving.session import check_threads


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
    """All rows, the price they use, and what a reader must know beside them.

    `measured_rows` were used for the quality; `remarks` are sentences: what was done to the model,
    what was left as it was and why.
    """

    title: str
    rows: tuple[Row, ...]
    measured_rows: int
    price: Price
    threads: int
    remarks: tuple[str, ...]

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
        """The table, the price, the machine and the remarks as Markdown."""
        return markdown(self)

    def write(self, folder: Path) -> str:
        """Write report.md and report.csv into `folder`; the text that a command prints."""
        (folder / "report.md").write_text(self.to_markdown(), encoding="utf-8")
        self.frame().to_csv(folder / "report.csv", index=False)
        return printed(self, folder)

    def _repr_html_(self) -> str:
        return self.table().to_html(index=False)


def measure(
    title: str,
    variants: Sequence[Variant],
    x: Array,
    labels: NDArray[Any] | None,
    *,
    price: Price,
    batch: Sequence[int],
    threads: int,
    repeats: int,
    remarks: Sequence[str],
) -> Report:
    """Measure each variant on the data; one of them must be named "ONNX Runtime FP32".

    The variants take turns, so that a busy machine slows all alike.

    Raises:
        ValueError: a batch size, a number of threads or of repeats that cannot be used.
        InputError, LabelError, OutputError: the data or the answers cannot be used.
    """
    check_batches(batch)
    check_threads(threads)
    with torch_threads(threads):
        facts = _facts(variants, x, labels)
        rows = [
            row
            for size in batch
            for row in _rows(variants, facts, first_rows(x, size), threads, repeats, price)
        ]
    return Report(title, tuple(rows), row_count(x), price, threads, tuple(remarks))


@contextlib.contextmanager
def place(folder: Path | str | None) -> Iterator[Path]:
    """The folder, made when it is not there; without one, a folder that is thrown away."""
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
