"""Measures the README's table on this machine and writes it there: `make bench`.

Sizes, accuracies and latencies of every variant of lesson 5's models, import time, notebook time, and
slider latency in a browser where there is one. Nothing else should run meanwhile.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import slider_latency

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "notebooks"))

import execute  # noqa: E402

from mlopt_lessons.course import describe  # noqa: E402
from mlopt_lessons.quantization import compare  # noqa: E402
from mlopt_lessons.workbench import MODELS, dataset_for, load_model, price  # noqa: E402

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
NOTEBOOK = ROOT / "notebooks" / "05_quantization.ipynb"
BATCHES = (1, 64)
IMPORT_RUNS = 7


def main() -> None:
    """Measures everything, prints it, and replaces the table in the README."""
    lines = [machine_line(), "", *variants_table(), "", *course_table()]
    text = "\n".join(lines)
    print(text)
    readme = ROOT / "README.md"
    old = readme.read_text(encoding="utf-8")
    before, after = old.split(START)[0], old.split(END)[1]
    readme.write_text(f"{before}{START}\n{text}\n{END}{after}", encoding="utf-8")


def machine_line() -> str:
    """Where and how it was measured."""
    return (
        f"By `make bench` on {time.strftime('%Y-%m-%d')}: {describe().summary()}. One thread, variants in "
        "turn, 50 rounds after warm-up: median (10th to 90th percentile). *Faster* is against FP32 in ONNX "
        f"Runtime, round by round; dollars at {price('c7i.large')}, one stream."
    )


def variants_table() -> list[str]:
    """Bytes, accuracy, latency and dollars of each variant of each model."""
    heads = ["model", "variant", "on disk", "smaller", "accuracy (95 %)"]
    heads += [f"faster, batch {batch}" for batch in BATCHES] + [
        "ms, batch 1",
        "$ a million, batch 1",
    ]
    rows = [row for name in MODELS for row in variant_rows(name)]
    return ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|", *rows]


def variant_rows(name: str) -> list[str]:
    """One line a variant of one model."""
    data = dataset_for(name)
    calibration = data.train_x[:256].numpy()
    report = compare(
        load_model(name), data, calibration=calibration, price=price("c7i.large"), batch=BATCHES
    )
    table = report.table().set_index(["variant", "batch"])
    lines = []
    for variant in dict.fromkeys(row.variant for row in report.rows):
        each = [table.loc[(variant, str(batch))] for batch in BATCHES]
        cells = [name, variant, *each[0][["on disk", "smaller", "accuracy (95 %)"]]]
        cells += [row["faster (10–90 %)"] for row in each]
        cells += [*each[0][["ms a batch (10–90 %)", "$ a million"]]]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def course_table() -> list[str]:
    """What the course itself costs: import, notebook, sliders."""
    ran = execute.run(NOTEBOOK)
    return [
        "| of the course | measured |",
        "|---|---|",
        f"| `import mlopt_lessons` | {import_line()} |",
        f"| notebook 05, top to bottom | {ran.seconds:.0f} s, {ran.peak_mb:.0f} MB of memory at its peak |",
        f"| slider to repaint, notebook 05 | {slider_line()} |",
    ]


def import_line() -> str:
    """Milliseconds of a fresh Python that imports the course, beside one that imports nothing."""
    with_it, without = (median_milliseconds(code) for code in ("import mlopt_lessons", "pass"))
    return f"{with_it:.0f} ms in a fresh Python, {without:.0f} ms of them Python's own start"


def median_milliseconds(code: str) -> float:
    """The median time in which a fresh Python runs `code`."""
    times = []
    for _ in range(IMPORT_RUNS):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def slider_line() -> str:
    """Latency in a real browser over all sliders, or why there is none."""
    program = slider_latency.find_chromium()
    if program is None:
        return "no browser on this machine"
    timings = slider_latency.measure("05_quantization", program)
    worst = max(timings, key=lambda timing: timing.p95)
    return f"p50 {worst.p50:.0f} ms, p95 {worst.p95:.0f} ms (slowest of {len(timings)} sliders)"


if __name__ == "__main__":
    main()
