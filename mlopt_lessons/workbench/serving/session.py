"""Run ONNX files on the CPU: fixed threads, no log chatter, inputs checked before the kernels."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from mlopt_lessons.sentences import first_line
from mlopt_lessons.workbench.serving.feeds import Array, batches, feed
from mlopt_lessons.workbench.serving.graph import OnnxModelError, inputs, load_graph

_FATAL_ONLY = 4
ROWS = 128  # rows a step: the activations of a step stay in memory


class Session:
    """A model file loaded into ONNX Runtime: call it with an array, get an array.

    Two sessions called in turn do not disturb each other: a session's threads stop spinning
    when its call ends, so that the next model's time is its own.

    Raises:
        OnnxModelError: the file is missing, is no ONNX model, or asks for an operation or an
            opset this ONNX Runtime does not have.
        ValueError: `threads` is not a whole number of at least 1.
    """

    def __init__(self, path: Path | str, threads: int = 1) -> None:
        check_threads(threads)
        model = load_graph(path)
        self.path = Path(path)
        self.threads = threads
        self.inputs = inputs(model)
        self._session = _open(self.path, threads)
        self.outputs = tuple(output.name for output in self._session.get_outputs())

    def __call__(self, data: Array) -> NDArray[Any]:
        """The model's first output for `data`: an array, or {input name: array}.

        Raises:
            InputError: NaN, Inf, a shape or a type that the model's inputs do not take.
        """
        return self.run(feed(self.inputs, data))

    def predict(self, data: Array, rows: int = ROWS) -> NDArray[Any]:
        """The first output for any number of rows, computed `rows` at a time.

        Raises:
            InputError: as for a call.
        """
        outputs = [self.run(fed) for fed in batches(self.inputs, data, rows)]
        given = next(iter(data.values())) if isinstance(data, Mapping) else data
        return np.concatenate(outputs)[: len(given)]

    def run(self, fed: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """The first output for data that `feed` has already checked (what a timing calls)."""
        return self._session.run(self.outputs[:1], dict(fed))[0]


def check_threads(threads: int) -> None:
    """Raise ValueError unless `threads` is a whole number of at least 1."""
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        raise ValueError(f"threads is {threads!r}: give a whole number of at least 1.")


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = _FATAL_ONLY
    options.add_session_config_entry("session.force_spinning_stop", "1")
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise OnnxModelError(
            f"ONNX Runtime {onnxruntime.__version__} cannot run {path.name} ({_detail(error)}): "
            "export it again with a lower opset and standard operators."
        ) from error


def _detail(error: Exception) -> str:
    """The runtime's message without its error code and the path, which the sentence names."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error))
    text = re.sub(r"^Load model from \S+ failed:", "", text)
    return first_line(ValueError(text))
