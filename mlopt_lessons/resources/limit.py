"""What happens to a job that gets too little: memory kills it, CPU only makes it slower.

In a cluster the kernel kills a container that goes over its memory (cgroup, memory.max). Cgroups are seldom
open to who runs a notebook, so a watchdog does here what the kernel does there, and just as hard: SIGKILL.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from signal import Signals, strsignal
from typing import Literal

import numpy as np
import psutil
from numpy.typing import ArrayLike

from mlopt_lessons.resources.launch import Ended, Started, descendants, launched
from mlopt_lessons.resources.limited import REFUSED
from mlopt_lessons.resources.tree import TreeReader

By = Literal["watchdog", "rlimit"]
LOOK_S = 0.01
PERIOD_S = 0.1  # of the quota of Linux's scheduler: cpu.max defaults to 100 ms
LONGEST_STEPS = 10_000  # what fits on a command line
MIB = 2**20
# A job like a training: it reads data, trains, and once, when it validates, holds twice as much.
DEMO_MIB = (40,) * 4 + (60,) * 13 + (70, 120) + (60,) * 5
_LIMITED = Path(__file__).with_name("limited.py")


@dataclass(frozen=True)
class Outcome:
    """How a job with a memory limit ended.

    killed: whether the limit ended it. The watchdog may miss what a job does in its last 10 ms: then
    peak_bytes is above limit_bytes and the job has finished. how: "SIGKILL", "MemoryError",
    "finished", or how it failed for another reason. by: who kept the limit. peak_bytes: ru_maxrss of
    the largest process, or the sum that the watchdog saw where that was higher. seconds: how long it
    lived. returncode: negative for a signal.
    """

    killed: bool
    how: str
    by: str
    limit_bytes: int
    peak_bytes: int
    seconds: float
    returncode: int


@dataclass(frozen=True)
class Throttled:
    """How a command with a share of the processor ended: it takes longer, and that is all."""

    share: float
    seconds: float
    cpu_seconds: float
    returncode: int


def run_limited(
    memory_bytes: ArrayLike, limit_bytes: float, *, step_s: float = 0.05, by: By = "watchdog"
) -> Outcome:
    """Runs a job that holds memory_bytes, a number or one a step, with a real limit; the caller survives.

    by="watchdog": SIGKILL as soon as it is seen above the limit, as the kernel does in a container.
    by="rlimit" (Linux): the kernel refuses memory beyond the limit (RLIMIT_DATA), which Python
    sees as MemoryError; it counts what the job wrote, not the 5 MB or so of program files. Raises
    ValueError for a limit or memory not above 0 or no known `by`, OSError where it cannot be done.
    """
    steps = _checked_steps(memory_bytes)
    limit = _checked_limit(limit_bytes)
    if not 0 <= step_s < np.inf:
        raise ValueError(f"step_s is {step_s}; give the seconds a step lasts.")
    if by not in ("watchdog", "rlimit"):
        raise ValueError(f"by is 'watchdog' or 'rlimit', not {by!r}.")
    if by == "rlimit" and not psutil.LINUX:
        raise OSError("Only Linux refuses memory by RLIMIT_DATA; take by='watchdog'.")
    words = [str(step_s), str(limit if by == "rlimit" else 0), str(steps)]
    command = [sys.executable, "-I", "-S", str(_LIMITED), *words]
    return _run(command, limit, watch=by == "watchdog", quiet=True)


def run_command_limited(
    command: Sequence[str], limit_bytes: float, *, quiet: bool = False
) -> Outcome:
    """Runs any command with a memory limit for it and all that it starts, kept by the watchdog.

    Raises ValueError for a limit not above 0 and for a command that is empty or not found, OSError on
    Windows.
    """
    return _run(command, _checked_limit(limit_bytes), watch=True, quiet=quiet)


def try_requests(
    memory_bytes: ArrayLike, requests: Mapping[str, float], *, step_s: float = 0.05
) -> dict[str, Outcome]:
    """Runs the same job once with each request as its memory limit, in bytes. Raises as `run_limited`."""
    return {
        name: run_limited(memory_bytes, request, step_s=step_s)
        for name, request in requests.items()
    }


def memory_requests(memory_bytes: ArrayLike) -> dict[str, float]:
    """Three requests for the same job: its mean, its 95th percentile, its peak + 15 %; in bytes."""
    steps = np.asarray(memory_bytes, dtype=float)
    return {
        "mean": float(steps.mean()),
        "p95": float(np.percentile(steps, 95)),
        "peak + 15 %": 1.15 * float(steps.max()),
    }


def run_throttled(
    command: Sequence[str], share: float, *, period_s: float = PERIOD_S, quiet: bool = False
) -> Throttled:
    """Runs a command that gets the processor for a share of each period, and is stopped for the rest.

    So works the quota of Linux's scheduler for a container (cpu.max), which counts processor time;
    here time is counted, which for one busy thread is the same: share 0.5 is half a core. Raises
    ValueError for a share not above 0 and at most 1, a period under 0.02 s, and as `launched`.
    """
    if not 0 < share <= 1:
        raise ValueError(f"A share of the processor lies above 0 and is at most 1, not {share}.")
    if not 2 * LOOK_S <= period_s < np.inf:
        raise ValueError(f"A period of {period_s} s cannot be kept; take {2 * LOOK_S} s or more.")
    with launched(command, quiet=quiet) as started:
        start = time.monotonic()
        ended = _duty_cycle(started, share, period_s)
    return Throttled(share, time.monotonic() - start, ended.cpu_seconds, ended.returncode)


def _run(command: Sequence[str], limit: int, *, watch: bool, quiet: bool) -> Outcome:
    with launched(command, quiet=quiet) as started:
        start = time.monotonic()
        ended, seen, struck = _guard(started, limit if watch else sys.maxsize)
        seconds = time.monotonic() - start
    refused = not watch and ended.returncode == REFUSED
    return Outcome(
        killed=struck or refused,
        how="SIGKILL" if struck else "MemoryError" if refused else _how(ended.returncode),
        by="watchdog: SIGKILL above the limit" if watch else "kernel: RLIMIT_DATA",
        limit_bytes=limit,
        peak_bytes=max(seen, ended.peak_bytes),
        seconds=seconds,
        returncode=ended.returncode,
    )


def _guard(started: Started, limit: int) -> tuple[Ended, int, bool]:
    """Looks every 10 ms, at marks too: a peak between two looks is punished at the next."""
    reader = TreeReader(lambda: descendants(started.launcher))
    seen, struck = 0, False
    while (ended := started.wait(LOOK_S)) is None:
        seen = max(seen, reader.read().peak_bytes)
        if seen > limit:
            started.kill()
            struck = True
    return ended, seen, struck and ended.returncode < 0


def _how(returncode: int) -> str:
    if returncode == 0:
        return "finished"
    if returncode > 0:
        return f"failed with status {returncode}"
    return f"ended by {Signals(-returncode).name} ({strsignal(-returncode)})"


def _duty_cycle(started: Started, share: float, period_s: float) -> Ended:
    due = time.monotonic()
    while True:
        ended = started.wait(due + share * period_s - time.monotonic())
        if ended is not None:
            return ended
        if share < 1:
            stopped = started.stop()
            time.sleep(max(0.0, due + period_s - time.monotonic()))
            started.go_on(stopped)
        due = max(due + period_s, time.monotonic())


def _checked_steps(memory_bytes: ArrayLike) -> list[int]:
    steps = np.atleast_1d(np.asarray(memory_bytes, dtype=float))
    if steps.ndim != 1 or not 0 < steps.size <= LONGEST_STEPS:
        raise ValueError(
            f"memory_bytes is a number, or up to {LONGEST_STEPS:,} numbers in a row, one a step."
        )
    if not (np.isfinite(steps).all() and (steps > 0).all()):
        raise ValueError("memory_bytes holds a number that is not above 0; give bytes to hold.")
    return [int(step) for step in steps]


def _checked_limit(limit_bytes: float) -> int:
    if not 1 <= limit_bytes < sys.maxsize:
        raise ValueError(f"A memory limit is a number of bytes above 0, not {limit_bytes}.")
    return int(limit_bytes)
