"""Seconds of one step on a GPU, as a band: a roofline of dense rates, and the part of them that is reached.

The roofline is that of Williams, Waterman and Patterson (CACM 52:4, 2009): a step lasts at least as long
as its FLOPs at the peak rate, and at least as long as its bytes at the memory's bandwidth.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite

from mlopt_lessons.gpu.work import BYTES, Demand
from mlopt_lessons.workbench.hardware import Gpu

# What a GPU computes with where it lacks the units, in the order in which they are tried.
FALLBACKS = {
    "fp32": ("fp32",),
    "tf32": ("tf32", "fp32"),
    "fp16": ("fp16",),
    "bf16": ("bf16", "fp32"),
    "int8": ("int8", "fp16"),
    "fp8": ("fp8", "bf16", "fp16"),
}


@dataclass(frozen=True)
class Range:
    """A lowest, a middle and a highest value. Raises ValueError unless 0 <= low <= middle <= high."""

    low: float
    middle: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.middle <= self.high or not isfinite(self.high):
            raise ValueError(
                f"A range rises from low to high and is finite, got {self.low:g}, {self.middle:g}, "
                f"{self.high:g}."
            )

    def times(self, factor: float) -> "Range":
        """The range with every value multiplied by `factor`."""
        return Range(self.low * factor, self.middle * factor, self.high * factor)

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Efficiency:
    """The part of the peak FLOPs, and of the bandwidth, that real work reaches.

    Raises ValueError where a part is 0 or less.
    """

    compute: Range
    bandwidth: Range
    source: str

    def __post_init__(self) -> None:
        for name, part in (("compute", self.compute), ("bandwidth", self.bandwidth)):
            if part.low <= 0:
                raise ValueError(f"The {name} efficiency must be above 0, got {part.low:g}.")


# Without fusion a value crosses the bus three times as often as the least: between two convolutions it is
# also read and written by the normalisation, and read and written by the activation function.
EAGER = 3.0

# 10th, 50th and 90th percentile on half of the networks of four GPUs; `calibrate.fit_efficiency` on
# `published.timm_runs` gives them again, and on the other half says how often the band holds.
FITTED = Efficiency(
    compute=Range(0.34, 0.49, 0.76),
    bandwidth=Range(0.34, 0.51, 0.83),
    source="fitted to published inference throughput, huggingface/pytorch-image-models at aa4b585",
)

# Seconds that the CPU takes to launch one operator. NVIDIA's published latencies at batch 1 are the same
# on a V100 and a T4, 10.2 to 34.5 ms for networks of 174 to 542 operators: 46 to 74 µs each, median 59
# (PyTorch of 2019; NVIDIA/DeepLearningExamples at 729963d). Newer CPUs are quicker, and a recorded CUDA
# graph has hardly any such cost: hence 0 at the low end.
LAUNCH_S = Range(0.0, 59e-6, 74e-6)
BACKWARD_OPERATORS = 2  # a backward pass has about two operators for each one of the forward pass


@dataclass(frozen=True)
class Rate:
    """Peak dense rate in operations a second, the precision it is for, and a note where that fell back."""

    per_s: float
    precision: str
    note: str = ""


@dataclass(frozen=True)
class TimeBand:
    """Seconds of a step: `seconds` from low to high, the ideal, and what binds.

    `limit` is "compute", "bandwidth" or "launches": the longest part at the middle of the ranges.
    """

    seconds: Range
    ideal_s: float
    limit: str
    rate: Rate


def rate(gpu: Gpu, precision: str) -> Rate:
    """The dense peak rate of a GPU for a precision, or for what it falls back to, with a note.

    A T4 has no BF16 units and a V100 no TF32: both then compute at their FP32 rate. Without INT8 or FP8
    units numbers are stored in 8 bits and multiplied in 16. Raises ValueError for an unknown precision.
    """
    for used in FALLBACKS[check_precision(precision)]:
        found = getattr(gpu, f"{used}_tops" if used == "int8" else f"{used}_tflops")
        if found is not None:
            note = (
                ""
                if used == precision
                else f"{gpu.name} has no {precision.upper()} rate in the table; counted at its "
                f"{used.upper()} rate"
            )
            return Rate(found * 1e12, used, note)
    raise ValueError(f"{gpu.name} has no rate for {precision} nor for what it falls back to.")


def check_precision(precision: str) -> str:
    """The precision itself. Raises ValueError, with the nearest name, for one that is not known."""
    if precision in BYTES:
        return precision
    near = get_close_matches(str(precision).lower(), BYTES, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ValueError(
        f"There is no precision {precision!r}.{hint} Choose one of {', '.join(BYTES)}."
    )


def ridge(gpu: Gpu, precision: str) -> float:
    """FLOPs a byte above which compute binds and below which bandwidth does."""
    return rate(gpu, precision).per_s / (gpu.bandwidth_gb_s * 1e9)


def launch_floor(operators: float, training: bool = False, each: Range = LAUNCH_S) -> Range:
    """Seconds that launching a step's operators takes: no step is quicker, however quick the GPU.

    `operators` counts those of one forward pass; training launches about three times as many.
    Raises ValueError for fewer than 0.
    """
    if not operators >= 0 or not isfinite(operators):
        raise ValueError(f"The number of operators must be 0 or more, got {operators!r}.")
    return each.times(operators * (1 + BACKWARD_OPERATORS if training else 1))


NO_FLOOR = Range(0.0, 0.0, 0.0)


def bus_bytes(demand: Demand, passes: float = EAGER) -> float:
    """Bytes that cross the bus: those of weights and optimizer once, those of activations `passes` times.

    The bytes of the weights are read in inference; training reads them twice and updates them, writes and
    reads gradients, reads and writes optimizer states. `passes` is 1 for a model whose kernels are
    all fused. Raises ValueError for less than 1.
    """
    if not passes >= 1 or not isfinite(passes):
        raise ValueError(f"Activations cross the bus at least once, got passes={passes!r}.")
    weights = min(_weight_bytes(demand), demand.traffic_bytes)
    return weights + passes * (demand.traffic_bytes - weights)


def _weight_bytes(demand: Demand) -> float:
    weights, gradients, states = (
        demand.parts.get(part, 0.0) for part in ("weights", "gradients", "optimizer")
    )
    if not demand.training:
        return weights
    # In mixed precision the update writes a copy; otherwise it reads and writes the weights themselves.
    updated = weights if BYTES[demand.precision] < BYTES["fp32"] else 2 * weights
    return 2 * weights + updated + 2 * gradients + 2 * states


def step_time(
    demand: Demand,
    gpu: Gpu,
    efficiency: Efficiency = FITTED,
    floor: Range = NO_FLOOR,
    passes: float = EAGER,
) -> TimeBand:
    """The band of seconds that one step of `demand` takes on `gpu`.

    Low end: the highest efficiencies and the lowest floor; high end: the other way round. `floor` is
    that of `launch_floor`, `passes` that of `bus_bytes`; the ideal takes the least traffic. Raises
    ValueError for a demand without work and an unknown precision.
    """
    check_demand(demand)
    found = rate(gpu, demand.precision)
    bytes_per_s = gpu.bandwidth_gb_s * 1e9
    compute_s = demand.flops / found.per_s
    memory_s = bus_bytes(demand, passes) / bytes_per_s
    parts = {
        "compute": _taken(compute_s, efficiency.compute),
        "bandwidth": _taken(memory_s, efficiency.bandwidth),
        "launches": floor,
    }
    seconds = Range(
        max(each.low for each in parts.values()),
        max(each.middle for each in parts.values()),
        max(each.high for each in parts.values()),
    )
    ideal_s = max(compute_s, demand.traffic_bytes / bytes_per_s)
    return TimeBand(seconds, ideal_s, max(parts, key=lambda name: parts[name].middle), found)


def _taken(seconds: float, part: Range) -> Range:
    return Range(seconds / part.high, seconds / part.middle, seconds / part.low)


def check_demand(demand: Demand) -> Demand:
    """The demand itself. Raises ValueError for one without work, memory or batch, or not finite."""
    amounts = {
        "flops": demand.flops,
        "traffic_bytes": demand.traffic_bytes,
        "memory_bytes": demand.memory_bytes,
        "batch": demand.batch,
    }
    for name, amount in amounts.items():
        if not amount > 0 or not isfinite(amount):
            raise ValueError(f"{demand.name} needs {name} above 0 and finite, got {amount!r}.")
    return demand
