"""One job crashes: what becomes of the others, in one process with it and in processes of their own.

Real processes of this machine, killed as hard as the kernel kills for memory. On a GPU the same holds by
degrees: jobs that are threads of one process, or clients of NVIDIA's MPS, share one fate on a fatal
fault (MPS documentation, "Error Containment"); time-sliced processes do not, but the memory that one
takes is missing to all; only MIG's slices also divide the memory.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_JOB = Path(__file__).with_name("crash_job.py")
LONGEST_S = 60.0


@dataclass(frozen=True)
class Crash:
    """Names of the jobs that finished and of those that were lost, and the seconds it all took."""

    finished: tuple[str, ...]
    lost: tuple[str, ...]
    seconds: float


def crash_together(jobs: Sequence[str], crashing: str) -> Crash:
    """Runs all jobs as threads of one process, in which the job `crashing` dies.

    Raises ValueError for a job that is not there and for names that are not single words.
    """
    return _run(jobs, [list(_checked(jobs, crashing))], crashing)


def crash_apart(jobs: Sequence[str], crashing: str) -> Crash:
    """Runs each job in a process of its own, of which that of `crashing` dies. Raises as above."""
    return _run(jobs, [[job] for job in _checked(jobs, crashing)], crashing)


def _checked(jobs: Sequence[str], crashing: str) -> Sequence[str]:
    if crashing not in jobs:
        raise ValueError(f"There is no job {crashing!r}; choose one of {', '.join(jobs)}.")
    if any(len(job.split()) != 1 for job in jobs) or len(set(jobs)) < len(jobs):
        raise ValueError("Jobs are named by single words, each by another.")
    return jobs


def _run(jobs: Sequence[str], groups: Sequence[Sequence[str]], crashing: str) -> Crash:
    began = time.perf_counter()
    processes = [_start(group, crashing) for group in groups]
    try:
        words = [process.communicate(timeout=LONGEST_S)[0].split() for process in processes]
    finally:
        for process in processes:
            process.kill()
    finished = {word for said in words for word in said}
    return Crash(
        finished=tuple(job for job in jobs if job in finished),
        lost=tuple(job for job in jobs if job not in finished),
        seconds=time.perf_counter() - began,
    )


def _start(group: Sequence[str], crashing: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", "-S", str(_JOB), crashing, *group]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
