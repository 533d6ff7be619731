"""The same model calibrated on different data: what wrong calibration data costs."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlopt_lessons.workbench.comparison.quality import Quality, quality
from mlopt_lessons.workbench.serving.feeds import Array
from mlopt_lessons.workbench.serving.quantize import quantize_static
from mlopt_lessons.workbench.serving.session import Session


def random_like(calibration: ArrayLike, seed: int) -> NDArray[np.float32]:
    """Standard normal noise of the shape of `calibration`: the tempting wrong calibration data."""
    shape = np.shape(calibration)
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def compare_calibrations(
    fp32: Path | str, x: Array, labels: ArrayLike | None, calibrations: Mapping[str, Array]
) -> dict[str, Quality]:
    """Quantize one file statically with each of several calibration sets; the quality of each.

    Args:
        fp32: an FP32 .onnx file.
        x: inputs (rows, …) on which quality is measured; labels (rows,) or None.
        calibrations: name of the set to its inputs, e.g. {"real": x, "random": noise}.
    """
    truth = None if labels is None else np.asarray(labels)
    reference = Session(fp32).predict(x)
    results = {}
    with TemporaryDirectory() as folder:
        for name, calibration in calibrations.items():
            path = quantize_static(fp32, Path(folder, "int8.onnx"), calibration).path
            results[name] = quality(reference, Session(path).predict(x), truth)
    return results
