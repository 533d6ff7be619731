"""Usage of jobs for the lesson, drawn from a model; nothing recorded is in them.

The defaults keep to summary figures of 483 real machines (GWA-T-12 Bitbrains "rnd", July 2013, 5-minute
samples): of what was provided, the middle machine used 1.4 % of its CPU on average and 21 % at most, and
5.7 % of its memory on average and 54 % at most.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from mlopt_lessons.resources.usage import SECONDS_PER_HOUR, Request, Usage


class Spread(NamedTuple):
    """Over jobs: the median share of the request that is used, and the standard deviation of its log."""

    median: float
    log_sd: float


# Medians as above; the spreads give the quartiles of the same machines, within a third.
CPU_MEAN, CPU_PEAK = Spread(0.014, 1.5), Spread(0.21, 1.6)
MEMORY_MEAN, MEMORY_PEAK = Spread(0.057, 0.95), Spread(0.54, 0.9)
ALIKE = 0.6  # correlation, over jobs, of the log of mean and of peak
LEAST_RATIO = 1.4  # peak over mean
SIZES = ((1, 0.45), (2, 0.2), (4, 0.25), (8, 0.1))  # cores, share of the jobs
# Memory spikes a day, as logarithms: from one in two weeks to one and a half a day.
SPIKES_LOG = (np.log(1 / 14), np.log(1.5))
GIB_PER_CORE = (1.0, 2.0, 4.0)


def generate(
    jobs: int = 40, days: float = 28, seed: int = 0, *, interval_s: float = SECONDS_PER_HOUR
) -> list[Usage]:
    """Usage of `jobs` jobs over `days` days, a sample an interval.

    Each has a rhythm of the day, bursts of CPU, memory that grows slowly and, rarely, memory spikes. Raises
    ValueError for no job or less than a day, and for an interval longer than 6 hours.
    """
    if jobs < 1 or not days >= 1:
        raise ValueError(f"At least one job and one day are needed, not {jobs} and {days}.")
    if not 0 < interval_s <= 6 * SECONDS_PER_HOUR:
        raise ValueError(f"An interval lasts above 0 s and up to 6 hours, not {interval_s} s.")
    rng = np.random.default_rng(seed)
    hours = np.arange(round(days * 24 * SECONDS_PER_HOUR / interval_s)) * interval_s / 3600
    cpu_shares = _shares(rng, jobs, CPU_MEAN, CPU_PEAK)
    memory_shares = _shares(rng, jobs, MEMORY_MEAN, MEMORY_PEAK)
    cores = rng.choice([n for n, _ in SIZES], jobs, p=[share for _, share in SIZES])
    per_core = rng.choice(GIB_PER_CORE, jobs)
    found = []
    for job in range(jobs):
        request = Request(float(cores[job]), float(cores[job] * per_core[job]))
        cpu = request.cpu * _fitted(_cpu_shape(rng, hours), *cpu_shares[job])
        memory = request.memory_gib * _fitted(_memory_shape(rng, hours), *memory_shares[job])
        source = f"simulated: usage generator, seed {seed}"
        found.append(Usage(f"job-{job + 1:02d}", cpu, memory, float(interval_s), request, source))
    return found


def _shares(rng: np.random.Generator, jobs: int, mean: Spread, peak: Spread) -> NDArray[np.float64]:
    """Mean and peak use of each job as shares of its request, shape (jobs, 2)."""
    # Evenly spaced quantiles in a random order: the medians hold for few jobs too.
    normal = ndtri((np.arange(jobs) + 0.5) / jobs)
    first = rng.permutation(normal)
    mixed = ALIKE * first + np.sqrt(1 - ALIKE**2) * rng.standard_normal(jobs)
    second = normal[np.argsort(np.argsort(mixed))]
    means = np.minimum(mean.median * np.exp(mean.log_sd * first), 1 / LEAST_RATIO)
    peaks = np.minimum(peak.median * np.exp(peak.log_sd * second), 1.0)
    return np.column_stack((means, np.maximum(peaks, LEAST_RATIO * means)))


def _fitted(shape: NDArray[np.float64], mean: float, peak: float) -> NDArray[np.float64]:
    """A shape with values above 0, bent so that its mean and its largest value come out as asked."""
    unit = shape / shape.max()

    def miss(power: float) -> float:
        return float((unit**power).mean()) - mean / peak

    # A power of 0 makes all equal to the peak, a large one leaves the peak alone.
    powers = (1e-3, 60.0)
    power = brentq(miss, *powers) if miss(powers[1]) < 0 < miss(powers[0]) else powers[1]
    return peak * unit**power


def _cpu_shape(rng: np.random.Generator, hours: NDArray[np.float64]) -> NDArray[np.float64]:
    noise = rng.gamma(6, 1 / 6, len(hours))
    bursts = _events(rng, hours, per_day=rng.uniform(0.2, 2), last_h=2, spread=0.4)
    return 0.05 + 0.3 * noise * _day(rng, hours) + bursts


def _memory_shape(rng: np.random.Generator, hours: NDArray[np.float64]) -> NDArray[np.float64]:
    growth = rng.uniform(0, 0.3) * hours / hours[-1]
    noise = 0.05 * rng.gamma(6, 1 / 6, len(hours))
    spikes = _events(rng, hours, per_day=np.exp(rng.uniform(*SPIKES_LOG)), last_h=1, spread=0.08)
    return 0.3 + growth + noise + 0.15 * _day(rng, hours) + spikes


def _day(rng: np.random.Generator, hours: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rhythm of the day, around 1, most at the job's own busy hour, less at weekends."""
    busy, depth = rng.uniform(8, 18), rng.uniform(0.2, 0.8)
    daily = 1 + depth * np.cos(2 * np.pi * (hours - busy) / 24)
    weekend = (hours // 24) % 7 >= 5
    return np.where(weekend, 1 - depth / 2, 1.0) * daily


def _events(
    rng: np.random.Generator,
    hours: NDArray[np.float64],
    per_day: float,
    last_h: float,
    spread: float,
) -> NDArray[np.float64]:
    """Heights of short events at random moments, the higher one where two meet; 0 in between.

    A height is 1 and an exponential with mean `spread`; an event lasts about `last_h` hours.
    """
    found = np.zeros(len(hours))
    step = hours[1] - hours[0]
    for _ in range(max(1, rng.poisson(per_day * hours[-1] / 24))):
        start = rng.integers(len(hours))
        end = start + max(1, round(rng.exponential(last_h) / step))
        found[start:end] = np.maximum(found[start:end], 1 + rng.exponential(spread))
    return found
