"""The Kubernetes Vertical Pod Autoscaler's recommendation, from its published definition.

kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender: model/aggregations_config.go (buckets,
half-life, out-of-memory bump), model/aggregate_container_state.go (weights), model/container.go (memory
peaks), logic/estimator.go (confidence) and logic/recommender.go (percentiles, margin, floors).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.resources.histogram import Buckets, Histogram
from mlopt_lessons.resources.usage import GIB, SECONDS_PER_HOUR, Request, Usage

MIB = 2.0**20
CPU_BUCKETS = Buckets(first=0.01, most=1000.0)  # cores
MEMORY_BUCKETS = Buckets(first=1e7, most=1e12)  # bytes
HALF_LIFE_H = 24.0
PEAK_WINDOW_H = 24.0
LEAST_WEIGHT = 0.1
EPSILON = 0.001 * LEAST_WEIGHT
MARGIN = 0.15
LEAST_CPU = 0.025  # cores; 25 millicores
LEAST_MEMORY = 250 * MIB
MOST_AMOUNT = 1e14  # millicores or bytes: what "no history" is cut to
OOM_BUMP, OOM_BUMP_LEAST = 1.2, 100 * MIB
SAMPLES_PER_DAY = 24 * 60  # at a sample a minute, confidence is the days of history


@dataclass(frozen=True)
class Bound:
    """A percentile, and the confidence term (1 + multiplier/confidence)^exponent that scales it."""

    percentile: float
    multiplier: float = 0.0
    exponent: float = 1.0

    def scale(self, confidence: float) -> float:
        """The confidence term; infinite or 0 without any history."""
        if self.multiplier == 0:
            return 1.0
        if confidence == 0:
            return math.inf if self.exponent > 0 else 0.0
        return (1 + self.multiplier / confidence) ** self.exponent


TARGET = Bound(90)
LOWER = Bound(50, multiplier=0.001, exponent=-2)
UPPER = Bound(95, multiplier=1.0, exponent=1)


@dataclass(frozen=True)
class Recommendation:
    """What VPA would ask for (`target`), and the range in which it leaves a running job alone."""

    target: Request
    lower: Request
    upper: Request


def vpa_recommendation(
    usage: Usage,
    *,
    kills_h: Sequence[float] = (),
    whole_units: bool = False,
    half_life_h: float = HALF_LIFE_H,
    margin: float = MARGIN,
) -> Recommendation:
    """VPA's recommendation after it has watched all of `usage`.

    kills_h: hours from the start at which the job was killed for memory. Numbers are floats, so a steady
    2 CPU and 8 GiB give 2.4075 CPU and 9.415 GiB. VPA itself cuts to whole millicores and bytes after each
    step: whole_units=True does so too, and gives 2.406 CPU. Raises ValueError where a kill lies outside the
    record.
    """
    cpu = _cpu_histogram(usage, half_life_h)
    memory = _memory_histogram(usage, half_life_h, kills_h)
    sure = confidence(usage)
    bounds = []
    for bound in (TARGET, LOWER, UPPER):
        scale = bound.scale(sure)
        cores = _amount(1000 * cpu.percentile(bound.percentile), margin, scale, whole_units)
        held = _amount(memory.percentile(bound.percentile), margin, scale, whole_units)
        bounds.append(Request(max(cores / 1000, LEAST_CPU), max(held, LEAST_MEMORY) / GIB))
    return Recommendation(*bounds)


def confidence(usage: Usage) -> float:
    """VPA's measure of how much history there is: the smaller of days of life and samples/1440."""
    count = len(usage.cpu)
    days = (count - 1) * usage.interval_s / SECONDS_PER_HOUR / 24
    return min(days, count / SAMPLES_PER_DAY)


def bump_after_kill(request_gib: float, peak_gib: float = 0.0) -> float:
    """GiB that VPA takes a job to need after a kill: 1.2 times, or 100 MiB above, request or peak."""
    used = max(request_gib, peak_gib)
    return max(used + OOM_BUMP_LEAST / GIB, used * OOM_BUMP)


def _cpu_histogram(usage: Usage, half_life_h: float) -> Histogram:
    found = Histogram(CPU_BUCKETS, half_life_h, EPSILON)
    weight = max(usage.request.cpu if usage.request else 0.0, LEAST_WEIGHT)
    found.add(usage.cpu, weight, usage.hours_at)
    return found


def _memory_histogram(usage: Usage, half_life_h: float, kills_h: Sequence[float]) -> Histogram:
    peaks = memory_peaks(usage, kills_h)
    found = Histogram(MEMORY_BUCKETS, half_life_h, EPSILON)
    # A peak carries the time at which its window ends.
    found.add(peaks * GIB, 1.0, PEAK_WINDOW_H * np.arange(1, len(peaks) + 1))
    return found


def memory_peaks(usage: Usage, kills_h: Sequence[float] = ()) -> NDArray[np.float64]:
    """The peak in GiB of each 24 hours from the first sample on, kills counted as VPA counts them."""
    hours = usage.hours_at
    window = (hours // PEAK_WINDOW_H).astype(int)
    peaks = np.zeros(window[-1] + 1)
    np.maximum.at(peaks, window, usage.memory_gib)
    asked = usage.request.memory_gib if usage.request else 0.0
    for kill in kills_h:
        if not 0 <= kill < usage.hours:
            raise ValueError(f"A kill at hour {kill:g} lies outside the {usage.hours:g} hours.")
        at = int(kill // PEAK_WINDOW_H)
        before = usage.memory_gib[(window == at) & (hours <= kill)]
        peak = float(before.max()) if before.size else 0.0
        peaks[at] = max(peaks[at], bump_after_kill(asked, peak))
    return peaks


def _amount(base: float, margin: float, scale: float, whole: bool) -> float:
    """Millicores or bytes with margin and confidence."""
    cut = math.floor if whole else float
    with_margin = cut(base) + cut(cut(base) * margin)
    return float(cut(min(with_margin * scale, MOST_AMOUNT)))
