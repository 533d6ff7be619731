"""One short measured run calibrates the band; published runs say how far each way of scaling can be trusted."""

from dataclasses import dataclass
from math import isfinite

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.gpu.roofline import FITTED, Efficiency, Range, bus_bytes, check_demand, rate
from mlopt_lessons.gpu.work import Demand
from mlopt_lessons.workbench.hardware import Gpu

METHODS = ("bandwidth", "flops", "roofline")
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Measured:
    """Seconds a step of a demand on a known GPU, by the learner's clock or published.

    Raises ValueError for seconds that are not above 0.
    """

    seconds: float
    gpu: Gpu
    source: str

    def __post_init__(self) -> None:
        if not self.seconds > 0 or not isfinite(self.seconds):
            raise ValueError(f"A measured step takes more than 0 s, got {self.seconds!r}.")


@dataclass(frozen=True)
class ScalingError:
    """How far predictions by one method were off: |predicted / measured − 1|, median and 90th percentile.

    `spread` holds the 10th, 50th and 90th percentile of measured / predicted.
    """

    method: str
    median: float
    p90: float
    spread: Range
    predictions: int
    source: str


def own_machine(name: str, fp32_tflops: float, bandwidth_gb_s: float, memory_gb: float) -> Gpu:
    """The learner's machine as something to scale from, where no row of the table describes it.

    Every precision counts at the FP32 rate. Raises ValueError for a figure that is not above 0.
    """
    for label, value in (
        ("fp32_tflops", fp32_tflops),
        ("bandwidth_gb_s", bandwidth_gb_s),
        ("memory_gb", memory_gb),
    ):
        if not value > 0 or not isfinite(value):
            raise ValueError(f"{name} needs {label} above 0, got {value!r}.")
    peak = fp32_tflops
    return Gpu(
        *(name, peak, peak, peak, peak, peak, peak, memory_gb, bandwidth_gb_s, 0.0),
        source="given by the learner",
        date="",
    )


def scale_seconds(measured: Measured, gpu: Gpu, demand: Demand, method: str = "bandwidth") -> float:
    """Seconds a step on `gpu` from seconds measured on another.

    bandwidth: by the ratio of bandwidths. flops: by that of the peak rates in the demand's precision.
    roofline: by that of the middles of the roofline's band. Raises ValueError for another method.
    """
    check_demand(demand)
    if method == "bandwidth":
        return measured.seconds * measured.gpu.bandwidth_gb_s / gpu.bandwidth_gb_s
    if method == "flops":
        ours, theirs = (rate(each, demand.precision).per_s for each in (gpu, measured.gpu))
        return measured.seconds * theirs / ours
    if method == "roofline":
        return measured.seconds * _middle_s(demand, gpu) / _middle_s(demand, measured.gpu)
    raise ValueError(f"There is no method {method!r}; choose one of {', '.join(METHODS)}.")


def _middle_s(demand: Demand, gpu: Gpu) -> float:
    compute = demand.flops / rate(gpu, demand.precision).per_s / FITTED.compute.middle
    memory = bus_bytes(demand) / (gpu.bandwidth_gb_s * 1e9) / FITTED.bandwidth.middle
    return max(compute, memory)


def calibrated_seconds(
    measured: Measured, gpu: Gpu, demand: Demand, method: str = "bandwidth"
) -> Range:
    """The band of seconds a step that one measured run leaves on another GPU.

    The scaled time × the spread that this method had on published runs; on the measured GPU itself the
    measured time. Raises ValueError as `scale_seconds`.
    """
    scaled = scale_seconds(measured, gpu, demand, method)
    if gpu.name == measured.gpu.name:
        return Range(scaled, scaled, scaled)
    return PUBLISHED_ERRORS[method].spread.times(scaled)


def fit_efficiency(
    runs: pd.DataFrame, gpus: dict[str, Gpu], precision: str, source: str
) -> Efficiency:
    """10th, 50th and 90th percentile of the part of each limit that published runs reach.

    A run counts for the limit that binds it by the roofline. `runs` needs the columns run, flops,
    traffic_bytes and seconds (of a step); `gpus` the GPU of each run. Raises ValueError where
    one of the limits binds no run.
    """
    compute_s, memory_s = _limits(runs, gpus, precision)
    seconds = runs["seconds"].to_numpy(np.float64)
    binds = compute_s >= memory_s
    if binds.all() or not binds.any():
        raise ValueError("The runs need some bound by compute and some bound by bandwidth.")
    compute = np.quantile((compute_s / seconds)[binds], QUANTILES)
    memory = np.quantile((memory_s / seconds)[~binds], QUANTILES)
    return Efficiency(Range(*map(float, compute)), Range(*map(float, memory)), source)


def _limits(
    runs: pd.DataFrame, gpus: dict[str, Gpu], precision: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    peak = runs["run"].map({name: rate(each, precision).per_s for name, each in gpus.items()})
    bus = runs["run"].map({name: each.bandwidth_gb_s * 1e9 for name, each in gpus.items()})
    return (
        (runs["flops"] / peak).to_numpy(np.float64),
        (runs["traffic_bytes"] / bus).to_numpy(np.float64),
    )


@dataclass(frozen=True)
class BandTest:
    """How a band did on runs: the share inside it, and |middle / measured − 1|, median and p90."""

    inside: float
    below: float
    above: float
    median: float
    p90: float
    runs: int


def check_band(
    runs: pd.DataFrame, gpus: dict[str, Gpu], precision: str, efficiency: Efficiency = FITTED
) -> BandTest:
    """Compares the band with published runs, columns as for `fit_efficiency`.

    `below` and `above`: shares of runs that were quicker than the band's low end, and slower than
    its high end.
    """
    compute_s, memory_s = _limits(runs, gpus, precision)
    seconds = runs["seconds"].to_numpy(np.float64)
    compute, memory = efficiency.compute, efficiency.bandwidth
    low = np.maximum(compute_s / compute.high, memory_s / memory.high)
    middle = np.maximum(compute_s / compute.middle, memory_s / memory.middle)
    high = np.maximum(compute_s / compute.low, memory_s / memory.low)
    below, above = float(np.mean(seconds < low)), float(np.mean(seconds > high))
    off = np.abs(middle / seconds - 1)
    median, p90 = (float(value) for value in np.quantile(off, (0.5, 0.9)))
    return BandTest(1 - below - above, below, above, median, p90, len(runs))


def scaling_errors(
    runs: pd.DataFrame, gpus: dict[str, Gpu], precision: str, source: str
) -> dict[str, ScalingError]:
    """Each run predicted from each other GPU's run of the same network, by each method.

    Columns as for `fit_efficiency`, and model and size. Seconds are compared a sample where batches
    differ. Runs on one and the same GPU are not predicted from each other.
    """
    compute_s, memory_s = _limits(runs, gpus, precision)
    middle = np.maximum(compute_s / FITTED.compute.middle, memory_s / FITTED.bandwidth.middle)
    batch = runs["batch"].to_numpy(np.float64)
    table = runs[["model", "size", "run"]].assign(
        seconds=runs["seconds"] / batch,
        bandwidth=[1 / gpus[name].bandwidth_gb_s for name in runs["run"]],
        flops=[1 / rate(gpus[name], precision).per_s for name in runs["run"]],
        roofline=middle / batch,
    )
    pairs = table.merge(table, on=["model", "size"], suffixes=("_from", "_to"))
    names = {run: each.name for run, each in gpus.items()}
    pairs = pairs[pairs["run_from"].map(names) != pairs["run_to"].map(names)]
    return {method: _scaling_error(pairs, method, source) for method in METHODS}


def _scaling_error(pairs: pd.DataFrame, method: str, source: str) -> ScalingError:
    predicted = pairs["seconds_from"] * pairs[f"{method}_to"] / pairs[f"{method}_from"]
    off = (predicted / pairs["seconds_to"] - 1).abs().to_numpy(np.float64)
    spread = np.quantile((pairs["seconds_to"] / predicted).to_numpy(np.float64), QUANTILES)
    median, p90 = (float(value) for value in np.quantile(off, (0.5, 0.9)))
    return ScalingError(method, median, p90, Range(*map(float, spread)), len(pairs), source)


_TIMM = "18 pairs of runs on four GPUs, 1,440 networks: huggingface/pytorch-image-models at aa4b585"
# Made by `scaling_errors` of `published.timm_runs`. Every pair is there both ways, so that the middle of a
# spread is 1. Most of what is off about the bandwidth is a large L2 cache: an RTX 4090 has 72 MB.
PUBLISHED_ERRORS = {
    "bandwidth": ScalingError("bandwidth", 0.20, 0.39, Range(0.74, 1.0, 1.35), 25920, _TIMM),
    "flops": ScalingError("flops", 0.48, 1.10, Range(0.48, 1.0, 2.10), 25920, _TIMM),
    "roofline": ScalingError("roofline", 0.19, 0.37, Range(0.75, 1.0, 1.34), 25920, _TIMM),
}
# `check_band` on the half of timm's networks that the efficiencies were not fitted on.
PUBLISHED_BAND = BandTest(0.81, 0.09, 0.10, 0.21, 0.60, 3610)
