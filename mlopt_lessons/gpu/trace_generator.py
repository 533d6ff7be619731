"""GPU logs of a cluster, drawn from a model; nothing recorded is in them.

Each GPU runs one job after another: training, serving, a notebook, or nothing. The published percentiles
of the Seren cluster (A100 GPUs; `utilisation_summary()`) say how much of all GPU time has which
utilisation, SM-active, occupancy, memory and power; each kind of job holds a range of these ranks, the
lowest for idle GPUs, the highest for training, and wanders in it. So the totals keep to the published
figures, while the kinds of job, their lengths and how the five go together are assumptions.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr, ndtri

from mlopt_lessons.gpu.efficiency import utilisation_summary
from mlopt_lessons.gpu.samples import SECONDS_PER_HOUR, Samples

CARD = "NVIDIA A100-SXM4-80GB"
MEMORY_BYTES = 80 * 2.0**30
MEASURES = ("utilisation", "sm_active", "occupancy", "memory", "power")
# An assumption: how closely each follows what the job does, as a correlation.
FOLLOWS = {"utilisation": 0.6, "sm_active": 1.0, "occupancy": 0.8, "memory": 0.4, "power": 0.95}
AGAIN = 0.8  # how much of a reading's noise is in the next one


@dataclass(frozen=True)
class Kind:
    """A kind of job: its ranks of all GPU time, 0 to 1, its mean hours, and how steady it is, 0 to 1."""

    name: str
    low: float
    high: float
    hours: float
    steady: float


KINDS = (
    Kind("idle", 0.0, 0.24, 4.0, 0.0),
    Kind("notebook", 0.24, 0.36, 3.0, 0.2),
    Kind("serving", 0.36, 0.46, 24.0, 0.5),
    Kind("training", 0.46, 1.0, 16.0, 0.7),
)


@dataclass(frozen=True, eq=False)
class Cluster:
    """Simulated logs, one a GPU; `kinds`: the name of the job at each reading, shape (n,) a GPU.

    `parked`: the names of the GPUs that were made to be idle throughout.
    """

    logs: tuple[Samples, ...]
    kinds: tuple[NDArray[np.str_], ...]
    parked: tuple[str, ...]


def generate_cluster(
    gpus: int = 24,
    days: float = 7.0,
    seed: int = 0,
    *,
    parked: int = 3,
    tick_s: float = 300.0,
) -> Cluster:
    """Logs of `gpus` A100 over `days`, a reading every `tick_s` seconds, `parked` of them never used.

    Up to 24 % of parked GPUs are part of the published idle time; more leave less for the others.
    Raises ValueError for values that cannot be.
    """
    ticks = _checked_ticks(gpus, days, parked, tick_s)
    rng = np.random.default_rng(seed)
    places = rng.permutation(gpus)
    busy = np.sort(places[parked:])
    tape = np.zeros((gpus, ticks), int)
    level = np.zeros((gpus, ticks))
    per_hour = SECONDS_PER_HOUR / tick_s
    tape[busy], level[busy] = _jobs(rng, len(busy), ticks, parked * ticks, per_hour)
    series = _series(rng, tape, level)
    origin = f"simulated: GPU cluster generator, seed {seed}"
    time_s = np.arange(ticks, dtype=np.float64) * tick_s
    logs = [_log(place, origin, time_s, {k: v[place] for k, v in series.items()})
            for place in range(gpus)]  # fmt: skip
    names = np.array([kind.name for kind in KINDS])
    idle = tuple(logs[place].gpu for place in sorted(places[:parked]))
    return Cluster(tuple(logs), tuple(names[row] for row in tape), idle)


def _checked_ticks(gpus: int, days: float, parked: int, tick_s: float) -> int:
    if gpus < 1 or not 0 <= parked <= gpus:
        raise ValueError(
            f"{parked} of {gpus} GPUs parked cannot be; give 1 GPU or more, and fewer parked."
        )
    if not (0 < days < np.inf and 0 < tick_s < np.inf):
        raise ValueError(f"{days:g} days in ticks of {tick_s:g} s cannot be; give numbers above 0.")
    ticks = round(days * 24 * SECONDS_PER_HOUR / tick_s)
    if ticks < 2:
        raise ValueError("The log has fewer than two readings; give more days or a shorter tick.")
    return ticks


def _jobs(
    rng: np.random.Generator, gpus: int, ticks: int, parked: int, per_hour: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Kind and level of the job at each reading, shape (gpus, ticks): jobs laid end to end, GPU by GPU."""
    total = gpus * ticks + parked
    goal = np.diff(np.round(np.array([0.0, *(kind.high for kind in KINDS)]) * total)).astype(int)
    goal[0] = max(0, goal[0] - parked)  # parked GPUs are idle time already
    jobs = [
        (place, length, level)
        for place, kind in enumerate(KINDS)
        for length, level in _lengths_and_levels(rng, goal[place], kind.hours * per_hour)
    ]
    order = rng.permutation(len(jobs))
    kinds, lengths, levels = (np.array([jobs[i][k] for i in order]) for k in range(3))
    shape = (gpus, ticks)
    size = gpus * ticks
    return (
        np.repeat(kinds, lengths.astype(int))[:size].reshape(shape).astype(int),
        np.repeat(levels, lengths.astype(int))[:size].reshape(shape),
    )


def _lengths_and_levels(
    rng: np.random.Generator, goal: int, mean: float
) -> list[tuple[int, float]]:
    """Jobs of `goal` ticks in all, exponential in length, with normal levels that are spread evenly."""
    lengths: list[int] = []
    while (left := goal - sum(lengths)) > 0:
        lengths.append(min(left, max(1, round(rng.exponential(mean)))))
    # Levels at evenly spaced ranks: drawn ones would move the totals off the published figures.
    ranks = (rng.permutation(len(lengths)) + 0.5) / max(1, len(lengths))
    return list(zip(lengths, ndtri(ranks).tolist(), strict=True))


def _series(
    rng: np.random.Generator, tape: NDArray[np.int64], level: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    low, high, steady = (
        np.array([getattr(kind, name) for kind in KINDS])[tape]
        for name in ("low", "high", "steady")
    )
    job = np.sqrt(steady) * level + np.sqrt(1 - steady) * _noise(rng, tape.shape)
    found = {}
    for measure in MEASURES:
        follows = FOLLOWS[measure]
        normal = follows * job + np.sqrt(1 - follows**2) * _noise(rng, tape.shape)
        ranks, values = _quantiles(measure)
        found[measure] = np.interp(low + (high - low) * ndtr(normal), ranks, values)
    return found


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Standard normal noise that wanders: each value keeps AGAIN of the one before."""
    drawn = rng.standard_normal(shape)
    drawn[:, 1:] *= np.sqrt(1 - AGAIN**2)
    return lfilter([1.0], [1.0, -AGAIN], drawn, axis=1)


def _quantiles(measure: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    table = utilisation_summary()
    row = table[(table["cluster"] == "Seren") & (table["measure"] == measure)].iloc[0]
    names = [name for name in table.columns if name[0] == "p" and name[1:].isdigit()]
    ranks = np.array([int(name[1:]) / 100 for name in names])
    return ranks, row[names].to_numpy(float)


def _log(
    place: int, origin: str, time_s: NDArray[np.float64], series: dict[str, NDArray[np.float64]]
) -> Samples:
    power = np.round(series["power"], 1)
    return Samples(
        gpu=f"gpu{place:02d} {CARD}",
        origin=origin,
        time_s=time_s,
        utilisation=np.round(series["utilisation"]),  # NVML gives whole percents
        sm_active=np.round(series["sm_active"], 1),
        occupancy=np.round(series["occupancy"], 1),
        memory_used_bytes=np.round(series["memory"] / 100 * MEMORY_BYTES),
        memory_total_bytes=np.full(len(time_s), MEMORY_BYTES),
        power_w=power,
        temperature_c=np.round(28 + 0.09 * power),  # an illustration; no figure was published
    )
