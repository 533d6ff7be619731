"""Latency of FP32 and dynamic int8 over width, batch size and threads, on MLPs made on the spot."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from mlopt_lessons.workbench import Latency, latency
from mlopt_lessons.workbench.serving.quantize import quantize_dynamic
from mlopt_lessons.workbench.serving.session import Session

INPUTS, OUTPUTS = 64, 10
_OPSET, _IR = 20, 10


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One measurement: seconds a batch, median with its 10th and 90th percentile."""

    width: int
    batch: int
    threads: int
    variant: str
    median_s: float
    low_s: float
    high_s: float


def mlp_onnx(width: int, path: Path | str, seed: int = 0) -> Path:
    """Write an FP32 MLP 64 → width → width → 10 with random weights to `path`, in milliseconds.

    Latency does not depend on the values of the weights, so nothing is trained here.

    Raises:
        ValueError: `width` is not a whole number of at least 1.
    """
    if not isinstance(width, int) or isinstance(width, bool) or width < 1:
        raise ValueError(f"The width is {width!r}: give a whole number of at least 1.")
    path = Path(path)
    onnx.save(_mlp(width, np.random.default_rng(seed)), path)
    return path


def _mlp(width: int, rng: np.random.Generator) -> onnx.ModelProto:
    sizes = [INPUTS, width, width, OUTPUTS]
    nodes, weights, value = [], [], "input"
    for index, (rows, columns) in enumerate(pairwise(sizes)):
        weight = rng.standard_normal((rows, columns), np.float32) / np.sqrt(rows, dtype=np.float32)
        weights.append(numpy_helper.from_array(weight, f"{index}.weight"))
        weights.append(numpy_helper.from_array(np.zeros(columns, np.float32), f"{index}.bias"))
        last = index == len(sizes) - 2
        result = "output" if last else f"sum{index}"
        names = [value, f"{index}.weight", f"{index}.bias"]
        nodes.append(helper.make_node("Gemm", names, [result], name=f"{index}"))
        if not last:
            value = f"relu{index}"
            nodes.append(helper.make_node("Relu", [result], [value]))
    graph = helper.make_graph(nodes, "mlp", [_value("input", INPUTS)], [_value("output", OUTPUTS)])
    graph.initializer.extend(weights)
    opset = [helper.make_opsetid("", _OPSET)]
    return helper.make_model(graph, opset_imports=opset, ir_version=_IR)


def _value(name: str, columns: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", columns])


def latency_sweep(
    widths: Sequence[int] = (128, 256, 512, 1024, 2048),
    batches: Sequence[int] = (1, 8, 64),
    threads: Sequence[int] = (1, 2),
    repeats: int = 30,
    seed: int = 0,
) -> tuple[SweepRow, ...]:
    """Time "fp32" and "int8" (dynamic) for each width, number of threads and batch size.

    The two variants take turns, so that a busy machine slows both alike.

    Raises:
        ValueError: an empty list, or a width, batch size or number of threads below 1.
    """
    if not (widths and batches and threads):
        raise ValueError("Give at least one width, one batch size and one number of threads.")
    if min(batches) < 1:
        raise ValueError(f"The batch size is {min(batches)}: give a whole number of at least 1.")
    rng = np.random.default_rng(seed)
    inputs = [rng.standard_normal((batch, INPUTS), np.float32) for batch in batches]
    rows: list[SweepRow] = []
    with tempfile.TemporaryDirectory() as folder:
        for width in widths:
            fp32 = mlp_onnx(width, Path(folder, "fp32.onnx"), seed)
            int8 = quantize_dynamic(fp32, Path(folder, "int8.onnx")).path
            for count in threads:
                sessions = {"fp32": Session(fp32, count), "int8": Session(int8, count)}
                rows.extend(_rows(width, count, sessions, inputs, repeats))
    return tuple(rows)


def _rows(
    width: int,
    threads: int,
    sessions: dict[str, Session],
    inputs: Sequence[NDArray[np.float32]],
    repeats: int,
) -> list[SweepRow]:
    rows = []
    for x in inputs:
        timed = _timed(sessions, x, repeats)
        rows += [
            SweepRow(width, len(x), threads, name, t.median_s, t.low_s, t.high_s)
            for name, t in timed.items()
        ]
    return rows


def _timed(
    sessions: dict[str, Session], x: NDArray[np.float32], repeats: int
) -> dict[str, Latency]:
    fed = {"input": x}
    calls = {name: _call(session, fed) for name, session in sessions.items()}
    return latency(calls, repeats=repeats, warmup=5, threads=sessions["fp32"].threads)


def _call(session: Session, fed: dict[str, NDArray[np.float32]]) -> Callable[[], object]:
    return lambda: session.run(fed)
