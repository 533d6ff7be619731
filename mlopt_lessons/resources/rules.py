"""Rules that turn a record of usage into a request, from their published definitions."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlopt_lessons.resources.usage import GIB, SECONDS_PER_HOUR, Request, Usage
from mlopt_lessons.resources.vpa import vpa_recommendation

Rule = Callable[[Usage], Request]

KRR_LEAST = Request(0.010, 100e6 / GIB)  # 10 millicores and 100 MB
KUBECOST_LEAST = Request(0.010, 20 / 1024)  # 10 millicores and 20 MiB


def quantile_places(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where each of n sorted values lies between 0 (smallest) and 1 (largest), shape (n,).

    Each value stands in the middle of its own weight. With equal weights value k of n is at
    (k − 1)/(n − 1), as in numpy's default quantile.
    """
    middles = np.cumsum(weights) - weights / 2
    span = middles[-1] - middles[0]
    return (middles - middles[0]) / span if span > 0 else np.linspace(0.0, 1.0, len(weights))


def decay_weights(count: int, interval_s: float, half_life_h: float) -> NDArray[np.float64]:
    """Weights of samples, oldest first, the last one 1, halved with every half-life of age.

    Raises ValueError where the half-life is not above 0 hours; infinity gives equal weights.
    """
    if not half_life_h > 0:
        raise ValueError(f"A half-life is above 0 hours, not {half_life_h}; use inf for none.")
    age_h = np.arange(count)[::-1] * (interval_s / SECONDS_PER_HOUR)
    return np.exp2(-age_h / half_life_h)


def weighted_percentile(
    values: NDArray[np.float64], percentile: ArrayLike, weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Percentiles (0 to 100) of weighted values, linear in between; 100 is always the largest value.

    Raises ValueError for a percentile outside 0 to 100.
    """
    wanted = np.asarray(percentile, np.float64)
    if not ((wanted >= 0) & (wanted <= 100)).all():
        raise ValueError(f"A percentile lies from 0 to 100, not at {wanted.tolist()}.")
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    found = np.interp(wanted / 100, quantile_places(weights[order]), ranked)
    return np.where(wanted == 100, ranked[-1], np.where(wanted == 0, ranked[0], found))


def rule(
    percentile_cpu: float,
    margin_cpu: float,
    percentile_memory: float,
    margin_memory: float,
    half_life_h: float = math.inf,
) -> Rule:
    """A rule: percentile (0 to 100) × (1 + margin), for CPU and for memory, old samples counting less.

    Percentile 100 is the largest value whatever its age. Raises ValueError when a percentile lies outside
    0 to 100, a margin is not above −1, or the half-life is not above 0.
    """
    for margin in (margin_cpu, margin_memory):
        if not -1 < margin < math.inf:
            raise ValueError(f"A margin is a fraction such as 0.15, above −1; got {margin}.")
    weighted_percentile(np.zeros(1), [percentile_cpu, percentile_memory], np.ones(1))
    decay_weights(1, 1.0, half_life_h)

    def ask(usage: Usage) -> Request:
        weights = decay_weights(len(usage.cpu), usage.interval_s, half_life_h)
        cpu = float(weighted_percentile(usage.cpu, percentile_cpu, weights))
        memory = float(weighted_percentile(usage.memory_gib, percentile_memory, weights))
        return Request(cpu * (1 + margin_cpu), memory * (1 + margin_memory))

    return ask


def percentile_margin(usage: Usage) -> Request:
    """KRR's simple strategy: CPU's 95th percentile, memory's maximum × 1.15, at least 10 mCPU and 100 MB.

    Source: robusta-dev/krr, strategies/simple.py and core/models/config.py, with the percentile of
    its present README; earlier versions took the 99th.
    """
    return _at_least(rule(95, 0.0, 100, 0.15)(usage), KRR_LEAST)


def target_utilisation(usage: Usage, target: float = 0.7) -> Request:
    """Kubecost's: the largest use divided by the utilisation wanted, at least 10 mCPU and 20 MiB.

    Source: kubecost/docs, api-request-right-sizing-v2.md: algorithm "max", target 0.7 by default.
    Raises ValueError for a target that is not above 0 and at most 1.
    """
    if not 0 < target <= 1:
        raise ValueError(f"A target utilisation lies above 0 and is at most 1, not {target}.")
    peak = Request(float(usage.cpu.max()) / target, float(usage.memory_gib.max()) / target)
    return _at_least(peak, KUBECOST_LEAST)


def compute_optimizer(usage: Usage) -> Request:
    """AWS Compute Optimizer's defaults: the 99.5th percentile of CPU with 20 % headroom.

    Source: its API reference, UtilizationPreferences: P99_5 and PERCENT_20 for CPU, PERCENT_20 for
    memory. It publishes no percentile for memory; the same is taken here. It chooses an instance type
    with so much; this gives the number that it looks for.
    """
    return rule(99.5, 0.2, 99.5, 0.2)(usage)


def twice(usage: Usage) -> Request:
    """The story's: twice the mean use, so that 2 CPU and 8 GiB in use become 4 CPU and 16 GiB."""
    return Request(2 * float(usage.cpu.mean()), 2 * float(usage.memory_gib.mean()))


def vpa_target(usage: Usage) -> Request:
    """The target of the Kubernetes Vertical Pod Autoscaler, see `vpa_recommendation`."""
    return vpa_recommendation(usage).target


def _at_least(request: Request, least: Request) -> Request:
    return Request(max(request.cpu, least.cpu), max(request.memory_gib, least.memory_gib))


P95_BOTH = "p95 + 15 %"
RULES: dict[str, Rule] = {
    "twice the mean": twice,
    P95_BOTH: rule(95, 0.15, 95, 0.15),
    "p95, max + 15 % (KRR)": percentile_margin,
    "p90 + 15 % (VPA)": vpa_target,
    "p99.5 + 20 % (AWS)": compute_optimizer,
    "max / 0.7 (Kubecost)": partial(target_utilisation, target=0.7),
}
