"""Measures the README's table on this machine and writes it there: `make bench`.

Sizes, accuracies and latencies of the models of lessons 5 and 6 in every form, the GPT's files, a large
bill, the spot simulators, grading a class, import time, notebook time, and slider latency in a browser
where there is one. Nothing else should run meanwhile.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import bill_speed
import grading_speed
import slider_latency
import spot_speed

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "notebooks"))

import execute  # noqa: E402

from mlopt_lessons import pruning, quantization  # noqa: E402
from mlopt_lessons.course import describe  # noqa: E402
from mlopt_lessons.workbench import MODELS, dataset_for, language, load_model, price  # noqa: E402
from mlopt_lessons.workbench.comparison.report import Report  # noqa: E402
from mlopt_lessons.workbench.serving import quantize_4bit, quantize_dynamic  # noqa: E402

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PRUNED = ("mlp", "glyph_cnn")
BATCHES = (1, 64)
IMPORT_RUNS = 7


def main() -> None:
    """Measures everything, prints it, and replaces the table in the README."""
    lines = [machine_line(), "", *variants_table(), "", *gpt_table(), ""]
    lines += [*speed_table("a bill of a million rows", bill_speed.bill_rows()), ""]
    lines += [*speed_table("spot simulators, one core", spot_speed.spot_rows()), ""]
    lines += [*speed_table("grading a class, 2 cores", grading_speed.grading_rows()), ""]
    lines += course_table()
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
    """Bytes, accuracy, latency and dollars of each model, quantized and pruned."""
    heads = ["model", "variant", "on disk", "smaller", "accuracy (95 %)"]
    heads += [f"faster, batch {batch}" for batch in BATCHES]
    heads += ["ms, batch 1", "$ a million, batch 1"]
    rows = [row for name, report in reports() for row in variant_rows(name, report)]
    return [line(heads), "|---" * len(heads) + "|", *rows]


def reports() -> Iterator[tuple[str, Report]]:
    """A report of each model quantized, then pruned: 70 % zeros, and half of the outputs removed."""
    cost = price("c7i.large")
    for name in MODELS:
        data, model = dataset_for(name), load_model(name)
        calibration = data.train_x[:256].numpy()
        yield (
            name,
            quantization.compare(model, data, calibration=calibration, price=cost, batch=BATCHES),
        )
    for name in PRUNED:
        data, model = dataset_for(name), load_model(name)
        for how, amount, structured in ((" 70 % zeros", 0.7, False), (" half removed", 0.5, True)):
            yield (
                f"{name},{how}",
                pruning.compare(
                    model,
                    data,
                    amount=amount,
                    structured=structured,
                    epochs=3,
                    learning_rate=5e-4,
                    price=cost,
                    batch=BATCHES,
                ),
            )


def variant_rows(name: str, report: Report) -> list[str]:
    """One line a variant; the dense baselines of a pruned model stand in its quantized report."""
    table = report.table().set_index(["variant", "batch"])
    lines = []
    for variant in dict.fromkeys(row.variant for row in report.rows):
        if "," in name and variant.endswith("FP32"):
            continue
        each = [table.loc[(variant, str(batch))] for batch in BATCHES]
        cells = [name, variant, *each[0][["on disk", "smaller", "accuracy (95 %)"]]]
        cells += [row["faster (10–90 %)"] for row in each]
        cells += [*each[0][["ms a batch (10–90 %)", "$ a million"]]]
        lines.append(line(cells))
    return lines


def gpt_table() -> list[str]:
    """The tiny GPT's files side by side."""
    windows = language.validation_windows(language.load_corpus().validation)
    with tempfile.TemporaryDirectory() as folder:
        measured = language.measure(gpt_files(Path(folder)), windows, price("c7i.large"))
    table = language.table(measured)
    heads = ["tiny GPT", *table.columns]
    rows = [line([name, *cells]) for name, cells in zip(table.index, table.to_numpy(), strict=True)]
    return [line(heads), "|---" * len(heads) + "|", *rows]


def gpt_files(folder: Path) -> dict[str, Path]:
    """The GPT's ONNX files: dense, 70 % zeroed, 70 % removed, and what int8 and 4 bits make of them."""
    names = ("FP32", "int8", "4-bit", "zeroed", "removed", "removed, int8")
    files = {name: folder / f"{name}.onnx" for name in names}
    language.export_gpt(language.load_gpt(), files["FP32"])
    quantize_dynamic(files["FP32"], files["int8"])
    quantize_4bit(files["FP32"], files["4-bit"])
    for form in ("zeroed", "removed"):
        language.export_gpt(pruning.pruned_gpt(form), files[form])
    quantize_dynamic(files["removed"], files["removed, int8"])
    return files


def line(cells: list[str]) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def speed_table(title: str, rows: list[tuple[str, str]]) -> list[str]:
    """What was timed, and the result."""
    return [line([title, "measured"]), "|---|---|", *(line(list(row)) for row in rows)]


def course_table() -> list[str]:
    """What the course itself costs: import, notebooks, sliders."""
    lines = [line(["of the course", "measured"]), "|---|---|"]
    lines.append(line(["`import mlopt_lessons`", import_line()]))
    for notebook in NOTEBOOKS:
        ran, number = execute.run(notebook), notebook.stem[:2]
        told = f"{ran.seconds:.0f} s, {ran.peak_mb:.0f} MB of memory at its peak"
        lines.append(line([f"notebook {number}, top to bottom", told]))
        lines.append(line([f"slider to repaint, notebook {number}", slider_line(notebook.stem)]))
    return lines


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


def slider_line(lesson: str) -> str:
    """Latency in a real browser of the slowest slider, and of Jupyter's own beside it where that was timed."""
    program = slider_latency.find_chromium()
    if program is None:
        return "no browser on this machine"
    timings = slider_latency.measure(lesson, program)
    worst = max(timings, key=lambda timing: timing.p95)
    told = f"p50 {worst.p50:.0f} ms, p95 {worst.p95:.0f} ms (slowest of {len(timings)} sliders)"
    bare = worst.bare_p95
    return told if bare is None else f"{told}; ready pictures in Jupyter alone: p95 {bare:.0f} ms"


if __name__ == "__main__":
    main()
