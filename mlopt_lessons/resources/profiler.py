"""What a command, or a block of Python, really uses: cores, memory, threads, and its peak.

Memory is read at intervals, and a peak between two readings is not seen: that is why the kernel is asked,
too, which keeps the highest. Whoever takes the sampled peak for the peak asks for too little.

A reading takes about 2 ms of processor time: 2 % of a core at the default of ten a second, 0.3 % at one a
second. Every profile says what it took itself.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np
import psutil
from numpy.typing import NDArray

from mlopt_lessons.high_water import end_watch, start_watch
from mlopt_lessons.resources.launch import Ended, Started, descendants, launched
from mlopt_lessons.resources.tree import Reading, TreeReader
from mlopt_lessons.resources.usage import Usage

INTERVAL_S = 0.1
SHORTEST_INTERVAL_S, LONGEST_INTERVAL_S = 0.01, 3600.0
Floats = NDArray[np.float64]
GIB = 2**30
LATE = 0.2  # of an interval
SAME = 0.99  # the kernel counts pages in bundles a processor: its own two figures differ a little
OF_LARGEST = "kernel: ru_maxrss, the resident memory of the largest process at its highest"
OF_MARKS = "kernel: the high-water marks (VmHWM) of the processes, read at every interval"
OF_SAMPLES = "sampled: the highest reading; a peak between two readings was not seen"


@dataclass(frozen=True, eq=False)
class Profile:
    """What was used.

    usage: the usage log, an interval a sample; peak_bytes: the highest memory, and peak_is says where that
    comes from; sampled_peak_bytes: the highest that was seen at a reading, 0 when it ended before the
    first; cpu_seconds: processor time of all processes; threads: the most at a time; returncode: the
    command's, negative for a signal, 0 for a block; seconds: how long it ran; own_cpu: cores that
    the profiler itself took, which are not in `usage`.
    """

    usage: Usage
    peak_bytes: int
    peak_is: str
    sampled_peak_bytes: int
    cpu_seconds: float
    threads: int
    returncode: int
    seconds: float
    own_cpu: float


class Profiled:
    """What `profile` gives: its `result` is there when the block has ended."""

    def __init__(self) -> None:
        self._result: Profile | None = None

    @property
    def result(self) -> Profile:
        """The profile. Raises RuntimeError while the block still runs."""
        if self._result is None:
            raise RuntimeError("The block still runs; read result after it.")
        return self._result


def profile_command(
    command: Sequence[str], interval_s: float = INTERVAL_S, *, quiet: bool = False
) -> Profile:
    """Runs a command and tells what it used; quiet hides what it prints.

    The peak is at least ru_maxrss: exact for a command of one process, and for one of several the
    largest process only; then the sum that was sampled counts where that is higher. Shared pages count
    once (PSS, on Linux). Raises ValueError for an interval not from 0.01 to 3,600 s and for a command that
    is empty or not found, OSError on Windows.
    """
    check_interval(interval_s)
    with launched(command, quiet=quiet) as started:
        start, own = Reading(time.monotonic(), 0.0, 0, 0, 1), time.thread_time()
        readings, ended = _follow(started, interval_s, start.at)
        readings.append(Reading(time.monotonic(), ended.cpu_seconds, 0, 0, 1))
        own = time.thread_time() - own
    highest = max(each.peak_bytes for each in readings)
    of_several = OF_MARKS if psutil.LINUX else OF_SAMPLES
    return _profile(
        PurePath(command[0]).name,
        [start, *_with_peak(readings, ended.peak_bytes)],
        interval_s,
        peak_is=OF_LARGEST if ended.peak_bytes >= SAME * highest else of_several,
        returncode=ended.returncode,
        own=own,
    )


def _with_peak(readings: list[Reading], kernel: int) -> list[Reading]:
    """The kernel's peak put where it belongs: to the highest reading, or, if none saw it, to the last.

    One that no reading saw came after a process's last reading; when exactly, nobody knows.
    """
    highest = max(readings, key=lambda each: each.peak_bytes)
    its = highest if highest.peak_bytes >= SAME * kernel else readings[-1]
    peak = max(its.peak_bytes, kernel)
    return [replace(each, peak_bytes=peak) if each is its else each for each in readings]


def _follow(started: Started, interval_s: float, start: float) -> tuple[list[Reading], Ended]:
    reader = TreeReader(lambda: descendants(started.launcher))
    readings: list[Reading] = []
    while True:
        due = start + (len(readings) + 1) * interval_s
        ended = started.wait(due - time.monotonic())
        if ended is not None:
            return readings, ended
        readings.append(reader.read())


@contextmanager
def profile(interval_s: float = INTERVAL_S) -> Iterator[Profiled]:
    """Profiles a block: this process and all that it starts. `with profile() as profiled: ...`.

    Afterwards `profiled.result` is a `Profile`, also when the block raises. On Linux this process's mark
    (VmHWM, and with it its ru_maxrss) is set back at the start, so that an earlier peak does not
    count. What the process held before is in its memory. Raises ValueError for an interval that is not
    from 0.01 to 3,600 s.
    """
    check_interval(interval_s)
    profiled = Profiled()
    sampler = _Sampler(interval_s)
    sampler.start()
    try:
        yield profiled
    finally:
        profiled._result = sampler.stop()


class _Sampler(threading.Thread):
    """Reads this process's tree at intervals until it is told to stop."""

    def __init__(self, interval_s: float) -> None:
        super().__init__(name="mlopt-profile", daemon=True)
        self._interval_s = interval_s
        self._over = threading.Event()
        self._own = psutil.Process(os.getpid())
        self._reader = TreeReader(lambda: [self._own, *descendants(self._own)])
        self._own_seconds = 0.0
        self._watch = start_watch()  # a meter around this block is told of its peak so far
        self._marks = self._watch.exact or psutil.WINDOWS
        self._before = self._reader.read()
        self._readings: list[Reading] = []

    def run(self) -> None:
        due = self._before.at
        while True:
            due = max(due + self._interval_s, time.monotonic())
            over = self._over.wait(due - time.monotonic())
            self._readings.append(self._reader.read())
            self._own_seconds = time.thread_time()
            if over:
                return

    def stop(self) -> Profile:
        """Takes a last reading and says what was used since the start."""
        self._over.set()
        self.join()
        end_watch(self._watch)
        return _profile(
            "this process",
            [self._before, *self._readings],
            self._interval_s,
            peak_is=OF_MARKS if self._marks else OF_SAMPLES,
            returncode=0,
            own=self._own_seconds,
            own_inside=True,
        )


def check_interval(interval_s: float) -> None:
    """Raises ValueError for an interval that is not from 0.01 to 3,600 seconds."""
    if not SHORTEST_INTERVAL_S <= interval_s <= LONGEST_INTERVAL_S:
        raise ValueError(
            f"An interval of {interval_s} s cannot be sampled; take from 0.01 s to 3,600 s."
        )


def _profile(
    job: str,
    readings: Sequence[Reading],
    interval_s: float,
    *,
    peak_is: str,
    returncode: int,
    own: float,
    own_inside: bool = False,
) -> Profile:
    """From readings, the first of them at the start; own_inside: they hold the profiler's own use."""
    start, *later = readings
    at = np.array([each.at - start.at for each in later])
    used = np.array([each.cpu_seconds - start.cpu_seconds for each in later])
    used = _never_less(used - (own * at / at[-1] if own_inside else 0.0))
    peaks = np.array([each.peak_bytes for each in later], dtype=float)
    cpu, memory = on_grid(at, used, peaks, interval_s)
    source = f"measured: psutil, every {interval_s:g} s"
    return Profile(
        usage=Usage(job, cpu, memory / GIB, interval_s, None, source),
        peak_bytes=int(peaks.max()),
        peak_is=peak_is,
        sampled_peak_bytes=max(each.memory_bytes for each in later),
        cpu_seconds=float(used[-1]),
        threads=max(each.threads for each in later) - own_inside,
        returncode=returncode,
        seconds=float(at[-1]),
        own_cpu=float(own / at[-1]),
    )


def _never_less(used: Floats) -> Floats:
    # A tree may lose a process whose time nobody took over: what was used stays used.
    return np.maximum.accumulate(np.maximum(used, 0.0))


def on_grid(
    at: Floats, cpu_seconds: Floats, peaks: Floats, interval_s: float
) -> tuple[Floats, Floats]:
    """Readings, which come late at times, as equal intervals: mean cores and peak of each.

    at: seconds since the start, rising; cpu_seconds: used so far; peaks: since the reading before; all of
    shape (n,). The last interval lasts from half to one and a half of the others: processor time is read in
    ticks of 10 ms, which in a very short one would look like many cores. A peak counts in every interval
    between its reading and the one before; a reading that is late by less than a fifth of an interval
    counts as punctual there.
    """
    count = max(1, int(at[-1] / interval_s + 0.5))
    edges = np.concatenate([np.arange(count) * interval_s, at[-1:]])
    used = np.interp(edges, np.concatenate([[0.0], at]), np.concatenate([[0.0], cpu_seconds]))
    due = np.floor(at / interval_s) * interval_s
    ends = np.where((due > 0) & (at - due < LATE * interval_s), due, at)
    ends[-1] = at[-1]
    first = np.searchsorted(ends, edges[:-1], side="right")
    # The reading that covers an edge, or the last one on it: a punctual and a late one may both be.
    on_edge = np.searchsorted(ends, edges[1:], side="right") - 1
    covering = np.maximum(np.searchsorted(ends, edges[1:], side="left"), on_edge)
    last = np.minimum(covering, len(at) - 1)
    memory = [peaks[low : max(low, high) + 1].max() for low, high in zip(first, last, strict=True)]
    return np.diff(used) / np.diff(edges), np.array(memory)
