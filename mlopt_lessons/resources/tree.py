"""Readings of a process and all that it started: memory, processor time, threads."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

Key = tuple[int, float]  # process id and start: an id alone may come again


@dataclass(frozen=True)
class Reading:
    """A process tree at one moment.

    at: seconds of time.monotonic; cpu_seconds: used so far, with what children used that were waited
    for; memory_bytes: resident memory now; peak_bytes: the highest since the reading before, as
    far as the kernel tells; threads: of all processes together.
    """

    at: float
    cpu_seconds: float
    memory_bytes: int
    peak_bytes: int
    threads: int


@dataclass
class TreeReader:
    """Reads a tree again and again; `find` gives its processes at that moment.

    The kernel keeps a high-water mark of each process on Linux (VmHWM). Where a mark rose since the
    reading before, the memory was that high in between, though no reading saw it.
    """

    find: Callable[[], list[psutil.Process]]
    marks: dict[Key, int] = field(default_factory=dict)

    def read(self) -> Reading:
        """Processes that vanish meanwhile, are zombies or are not ours count as nothing."""
        processes = self.find()
        alone = len(processes) == 1
        seen = [each for process in processes if (each := _read(process, alone)) is not None]
        above = sum(self._above(one) for one in seen)
        memory = sum(one.memory for one in seen)
        self.marks = {one.key: one.mark for one in seen}
        return Reading(
            at=time.monotonic(),
            cpu_seconds=sum(one.cpu_seconds for one in seen),
            memory_bytes=memory,
            peak_bytes=memory + above,
            threads=sum(one.threads for one in seen),
        )

    def _above(self, one: "_Process") -> int:
        """Bytes by which a process was higher since the last reading than it is now."""
        rose = one.mark > self.marks.get(one.key, 0)
        return max(0, one.mark - one.resident) if rose else 0


@dataclass(frozen=True)
class _Process:
    key: Key
    cpu_seconds: float
    resident: int
    memory: int  # resident, or this process's part of it where pages are shared in the tree
    mark: int
    threads: int


def _read(process: psutil.Process, alone: bool) -> _Process | None:
    try:
        with process.oneshot():
            times = process.cpu_times()
            resident = process.memory_info().rss
            # On Linux children_* hold those that have ended and were waited for; elsewhere 0.
            waited = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
            return _Process(
                key=(process.pid, process.create_time()),
                cpu_seconds=times.user + times.system + waited,
                resident=resident,
                memory=resident if alone else _own_part(process, resident),
                mark=high_water(process),
                threads=process.num_threads(),
            )
    except (psutil.Error, OSError):
        return None


def _own_part(process: psutil.Process, resident: int) -> int:
    """PSS: shared pages count in part, so that a sum over processes counts each page once.

    It takes the kernel a walk over all pages, about 1 ms per 100 MB; only Linux tells it.
    """
    try:
        return int(getattr(process.memory_full_info(), "pss", resident))
    except (psutil.Error, OSError):
        return resident


def high_water(process: psutil.Process) -> int:
    """Bytes of a process's high-water mark of resident memory; 0 where the system does not tell.

    VmHWM of /proc/PID/status on Linux, the peak working set on Windows.
    """
    if not psutil.LINUX:
        return int(getattr(process.memory_info(), "peak_wset", 0))
    for line in Path(f"/proc/{process.pid}/status").read_bytes().splitlines():
        if line.startswith(b"VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0  # a zombie has none
