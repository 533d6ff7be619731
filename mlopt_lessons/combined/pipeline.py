"""A plan carried out for real: steps on a model, a real file, and what the file takes and answers."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import zstandard
from numpy.typing import NDArray

from mlopt_lessons.combined.prepared import Prepared, prepare_all
from mlopt_lessons.combined.steps import Plan
from mlopt_lessons.workbench import (
    Accuracy,
    Dataset,
    Latency,
    Price,
    accuracy,
    dataset_for,
    dollars_per_million,
    latency,
    load_model,
    price,
    ratio,
    release_free_memory,
)
from mlopt_lessons.workbench.serving import (
    Session,
    bytes_on_disk,
    export,
    quantize_4bit,
    quantize_static,
)
from mlopt_lessons.workbench.serving.feeds import feed

MODEL = "glyph_cnn"
CALIBRATION_ROWS = 256  # training images that give the ranges of the activations
BATCH = 32  # images a call: a service collects some, and the time of one call is not all overhead
MACHINE = "c7i.large"


@dataclass(frozen=True)
class File:
    """A plan's real file: bytes on disk, bytes sent when compressed by zstd, correct answers."""

    plan: Plan
    size_bytes: int
    zstd_bytes: int
    weights_left: int
    accuracy: Accuracy
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """A plan's file with its time here: seconds a call of `batch` images, one call after the other.

    `speedup` is the time of the first plan of the same call over this one's: median, 10th and 90th
    percentile of paired rounds. `price` is what the machine costs.
    """

    file: File
    latency: Latency
    speedup: tuple[float, float, float]
    price: Price
    batch: int

    @property
    def plan(self) -> Plan:
        """The steps."""
        return self.file.plan

    @property
    def size_bytes(self) -> int:
        """Bytes of the file on disk."""
        return self.file.size_bytes

    @property
    def accuracy(self) -> Accuracy:
        """Correct answers on the test images, with the 95 % interval."""
        return self.file.accuracy

    @property
    def seconds(self) -> float:
        """Seconds of the machine that one prediction takes."""
        return self.latency.median_s / self.batch

    @property
    def dollars_per_million(self) -> float:
        """Dollars for a million predictions, a machine that is always busy with one call at a time."""
        return dollars_per_million(self.seconds, self.price)

    @property
    def provenance(self) -> str:
        """How it was measured, on what, and at which price."""
        threads = f"{self.latency.threads} thread{'s' * (self.latency.threads > 1)}"
        return (
            f"ONNX Runtime, {threads}, {self.batch} images a call, {self.latency.repeats} repeats in turn, "
            f"on {self.latency.machine}; {self.accuracy.total:,} test images; {self.price}"
        )


def run(plan: Plan, seed: int = 0, **options: object) -> Result:
    """One plan, carried out and measured; `options` as for `run_all`."""
    return run_all([plan], seed, **options)[0]  # type: ignore[arg-type]


def run_all(
    plans: Sequence[Plan],
    seed: int = 0,
    *,
    name: str = MODEL,
    data: Dataset | None = None,
    at: Price | None = None,
    batch: int = BATCH,
    repeats: int = 50,
    threads: int = 1,
    folder: Path | str | None = None,
) -> list[Result]:
    """Carries out each plan on the shipped model `name`, and times the files in turn.

    Plans that begin alike share what they have in common, so that nothing is trained twice. `at` is
    the price of a machine (default: AWS c7i.large); the files stay in `folder` where one is given.
    Raises ValueError for no plan, and as the steps do.
    """
    if not plans:
        raise ValueError("There is nothing to run; give at least one plan.")
    data, at = data or dataset_for(name), at or price(MACHINE)
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(folder or temporary)
        place.mkdir(parents=True, exist_ok=True)
        made = prepare_all(plans, load_model(name), name, data, seed)
        paths = write(made, data, place)
        found = [_file(*each, data) for each in zip(made, paths, strict=True)]
        sessions = [Session(path, threads) for path, _ in paths]
        timed = _timed(sessions, data.test_x[:batch].numpy(), repeats, threads)
    release_free_memory()
    return [
        Result(file, time, ratio(timed[0], time), at, batch)
        for file, time in zip(found, timed, strict=True)
    ]


def write(
    made: Sequence[Prepared], data: Dataset, folder: Path
) -> list[tuple[Path, tuple[str, ...]]]:
    """Writes each model as one ONNX file at its precision; its path and what stayed FP32.

    int8 is static, per channel, with ranges from training images; "4-bit" rounds Linear layers only.
    """
    exported: dict[int, Path] = {}  # by identity: plans that differ in rounding only share a model
    written = []
    for index, each in enumerate(made):
        if id(each.model) not in exported:
            file = folder / f"{index}_fp32.onnx"
            exported[id(each.model)] = export(each.model, data.test_x[:1], file)
        written.append(_quantized(each, exported[id(each.model)], data, folder / f"{index}.onnx"))
    return written


def _quantized(
    made: Prepared, whole: Path, data: Dataset, path: Path
) -> tuple[Path, tuple[str, ...]]:
    if made.precision == "fp32":
        return whole, ()
    if made.precision == "int8":
        done = quantize_static(whole, path, data.train_x[:CALIBRATION_ROWS].numpy())
    else:
        done = quantize_4bit(whole, path)
    names = ", ".join(layer.name for layer in done.floating)
    return path, (f"{names} stayed FP32: {done.floating[0].reason}",) if names else ()


def _file(made: Prepared, written: tuple[Path, tuple[str, ...]], data: Dataset) -> File:
    path, left = written
    return File(
        plan=made.plan,
        size_bytes=bytes_on_disk(path),
        zstd_bytes=len(zstandard.compress(path.read_bytes())),
        weights_left=made.weights_left,
        accuracy=accuracy(Session(path).predict, data.test_x, data.test_y),
        remarks=(*made.remarks, *left),
    )


def _timed(
    sessions: Sequence[Session], images: NDArray[np.float32], repeats: int, threads: int
) -> list[Latency]:
    calls = {
        str(index): partial(session.run, feed(session.inputs, images))
        for index, session in enumerate(sessions)
    }
    return list(latency(calls, repeats=repeats, threads=threads).values())
