"""How fast the spot simulators are on one core: replays of traces a second, runs of the continuous market."""

import statistics
import time
from collections.abc import Callable

import numpy as np

from mlopt_lessons.spot import STORY_JOB, STORY_RATES, Checkpoints, Job, Market, generate, simulate
from mlopt_lessons.spot.replay import replay
from mlopt_lessons.spot.replay_many import replay_many

ROUNDS = 7
JOB = Job(48.0, deadline_h=60.0, overhead_h=0.1)
POLICIES = ("greedy", "uniform progress", "time-sliced")
STARTS = np.arange(20_000) % 3_000
FEW = 50  # starts of the loop, which is slow


def cpu_seconds(work: Callable[[], object]) -> float:
    """The median CPU time of a call over seven rounds, after one that does not count."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return statistics.median(times)


def replays_a_second(policy: str) -> tuple[float, float, float]:
    """Replays of a 48 h job a second: the loop tick by tick, numpy over many starts, numba."""
    (trace,) = generate(hours=600, zones=["a"], seed=0)

    def loop() -> None:
        for start in range(FEW):
            replay(trace, JOB, STORY_RATES, policy, start)

    many = [
        lambda how=how: replay_many(trace, JOB, STORY_RATES, policy, STARTS, compiled=how)
        for how in (False, True)
    ]
    return FEW / cpu_seconds(loop), *(len(STARTS) / cpu_seconds(each) for each in many)


def continuous_milliseconds(per_hour: float) -> float:
    """CPU milliseconds of 2,000 runs of the story's 100 h job, saved every hour."""
    market, plan = Market(per_hour, 1.0, 1 / 6), Checkpoints(1.0, 5 / 60)
    return 1e3 * cpu_seconds(lambda: simulate(STORY_JOB, market, plan))


def spot_rows() -> list[tuple[str, str]]:
    """What was timed, and the result, for the README."""
    rows = []
    for policy in POLICIES:
        loop, together, compiled = replays_a_second(policy)
        told = f"{loop:,.0f} in the loop, {together:,.0f} in numpy, {compiled:,.0f} with numba"
        rows.append((f"replays of a trace a second, {policy}", told))
    for per_hour in (0.1, 1.0):
        name = f"2,000 runs of a 100 h job, preemption rate {per_hour:g}/h"
        rows.append((name, f"{continuous_milliseconds(per_hour):.1f} ms of CPU time"))
    return rows
