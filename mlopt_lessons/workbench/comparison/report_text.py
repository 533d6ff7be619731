"""A report's rows as tables and as Markdown."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from mlopt_lessons.workbench.size import format_bytes

if TYPE_CHECKING:
    from mlopt_lessons.workbench.comparison.report import Report, Row

_NONE = "–"


def table(report: "Report") -> pd.DataFrame:
    """The rows as text with units; columns that no row fills are left out."""
    frame = pd.DataFrame([_cells(row) for row in report.rows])
    return frame.loc[:, (frame != _NONE).any()]


def _cells(row: "Row") -> dict[str, str]:
    quality = row.quality
    flips = _NONE if quality.flips is None else f"{quality.flips:,} of {quality.predictions:,}"
    noise = "exact" if np.isinf(quality.sqnr_db) else f"{quality.sqnr_db:.0f} dB"
    time = row.latency
    return {
        "variant": row.variant,
        "batch": str(row.batch),
        "on disk": format_bytes(row.bytes),
        "smaller": f"{row.ratio:.2f}×",
        "accuracy (95 %)": _NONE if quality.accuracy is None else str(quality.accuracy),
        "flipped": flips,
        "signal to noise": noise,
        "ms a batch (10–90 %)": " ".join(
            [f"{1e3 * time.median_s:.3g}", f"({1e3 * time.low_s:.3g}–{1e3 * time.high_s:.3g})"]
        ),
        "faster (10–90 %)": "{:.2f}× ({:.2f}–{:.2f})".format(*row.speedup),
        "$ a million": f"{row.dollars_per_million:.3g}",
        "note": row.note,
    }


def csv_frame(report: "Report") -> pd.DataFrame:
    """The rows as numbers, with the price and its source in each row."""
    return pd.DataFrame([_numbers(row, report) for row in report.rows])


def _numbers(row: "Row", report: "Report") -> dict[str, object]:
    accuracy = row.quality.accuracy
    low, high = accuracy.interval if accuracy else (None, None)
    return {
        "variant": row.variant,
        "batch": row.batch,
        "threads": report.threads,
        "bytes": row.bytes,
        "times_smaller": row.ratio,
        "accuracy": accuracy.value if accuracy else None,
        "accuracy_low": low,
        "accuracy_high": high,
        "flips": row.quality.flips,
        "predictions": row.quality.predictions,
        "sqnr_db": row.quality.sqnr_db,
        "median_s": row.latency.median_s,
        "p10_s": row.latency.low_s,
        "p90_s": row.latency.high_s,
        "times_faster": row.speedup[0],
        "times_faster_p10": row.speedup[1],
        "times_faster_p90": row.speedup[2],
        "usd_per_million": row.dollars_per_million,
        "price": report.price.name,
        "usd_per_hour": report.price.usd_per_hour,
        "price_date": report.price.date,
        "price_source": report.price.source,
        "machine": row.latency.machine,
        "note": row.note,
    }


def markdown(report: "Report") -> str:
    """Table, conditions and remarks as one Markdown document."""
    frame = table(report)
    lines: list[list[str]] = [
        list(frame.columns.astype(str)),
        ["---"] * len(frame.columns),
        *frame.to_numpy().tolist(),
    ]
    rows = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([f"# {report.title}", "", *rows, "", *_conditions(report), ""])


def printed(report: "Report", folder: Path) -> str:
    """What a command prints: the table, a note for each variant, and what must be known."""
    frame = table(report).drop(columns="note").to_string(index=False)
    first = [row for row in report.rows if row.batch == report.rows[0].batch]
    notes = [f"{row.variant}: {row.note}." for row in first]
    return "\n".join([frame, "", *notes, "", *_conditions(report), "", f"Written to {folder}."])


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _conditions(report: "Report") -> list[str]:
    """What a reader must know to believe the table: one Markdown list item each."""
    price, time = report.price, report.rows[0].latency
    items = [
        f"Measured on {time.machine}, {_threads(report.threads)}, {time.repeats} repeats of each "
        "variant in turn after a warm-up; median with the 10th and 90th percentile.",
        f"Answers were compared on {report.measured_rows:,} rows.",
        f"Dollars: {price.name} at ${price.usd_per_hour:g} an hour ({price.source}, "
        f"{price.date}), busy all the time with one call after another, "
        "and as fast as the machine measured here.",
        "Smaller and faster compare with the ONNX Runtime FP32 file; sizes are bytes on disk.",
        *report.remarks,
    ]
    return [f"- {item}" for item in items]
