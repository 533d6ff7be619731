"""What a box takes, looked at from outside many times a second, and its end when that is too much.

The box's own /proc, opened through its first process, lists exactly the processes inside. Counted
are resident memory with page tables and swap, the files in its scratch space, which lie in memory,
too, and what the kernel keeps for mappings. An rlimit cannot do this: it holds for one process, and
root has none on their number.
"""

from __future__ import annotations

import os
import re
import select
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

from mlopt_lessons.grading.records import Limits

EVERY_S = 0.03
SLOWEST_S = 0.3  # of the slower look, which waits for processes that are busy forking
TOO_MANY = "It started more than {} processes and threads."
TOO_LARGE = "It took more than {} MB of memory"
INODE_BYTES = 1024  # what an empty file takes in a tmpfs, about
SCRATCH = ("tmp", "dev/shm")
MAPPINGS_EVERY_S = 1.0
# What Linux on x86-64 keeps for a mapping, and for each process of a chain of forks that has it:
# a vm_area_struct and an anon_vma_chain, as /proc/slabinfo has them.
MAPPING_BYTES, FORKED_BYTES = 200, 64
KILOBYTE, MEGABYTE = 1024, 1_000_000
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NUMBERS = re.compile(rb"^(VmRSS|VmPTE|VmSwap|Threads|Pss|SwapPss):\s+(\d+)", re.MULTILINE)


class Watchdog(threading.Thread):
    """Watches a box from `start` to `close`; `why` is a sentence once it has ended it.

    `first` is the id of the box's first process, whose end is the end of every process inside.
    Raises OSError where the box cannot be looked into.
    """

    def __init__(self, first: int, limits: Limits) -> None:
        super().__init__(name="watchdog", daemon=True)
        self.limits = limits
        self.why = ""
        self._first = os.pidfd_open(first)
        self._proc = os.open(f"/proc/{first}/root/proc", _DIRECTORY)
        self._scratch = [os.open(f"/proc/{first}/root/{each}", _DIRECTORY) for each in SCRATCH]
        self._over = threading.Event()
        self._look_again = 0.0  # of time.monotonic, at the mappings
        self._mapped = 0
        _offer(first)

    def run(self) -> None:
        """Looks until the box takes too much or is closed."""
        while not self._over.wait(EVERY_S):
            if time.monotonic() > self._look_again:
                self._mapped = mapped(self._proc, self.limits)
                self._look_again = time.monotonic() + MAPPINGS_EVERY_S
            self.why = excess(self._proc, self._scratch, self.limits, self._mapped)
            if self.why:
                self.kill()
                return

    def kill(self) -> None:
        """Sends the signal that nothing in the box can ignore."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first, signal.SIGKILL)

    def close(self, seconds: float = 60.0) -> bool:
        """Kills the box, waits until no process of it is left, and says whether that is so."""
        self.kill()
        self._over.set()
        if self.is_alive():
            self.join()
        poll = select.poll()
        poll.register(self._first, select.POLLIN)
        ended = bool(poll.poll(seconds * 1000))
        for each in (self._first, self._proc, *self._scratch):
            os.close(each)
        return ended


def excess(proc: int, scratch: list[int], limits: Limits, kept: int = 0) -> str:
    """The limit that is broken, as a sentence, or nothing. Takes open folders: /proc and scratch.

    `kept` are bytes that the kernel keeps for the processes and counts for none of them.
    """
    pids = _pids(proc)
    # So many are not even looked at; the first process is bubblewrap's own.
    looks = {pid: _look(proc, pid) for pid in pids[: limits.processes + 2]}
    if sum(look.get("Threads", 1) for look in looks.values()) > limits.processes + 1:
        return TOO_MANY.format(limits.processes)
    most = limits.memory_mb * MEGABYTE
    files = kept + sum(_taken(each) for each in scratch)
    if files + sum(map(_resident, looks.values())) <= most:
        return ""
    return _slower(proc, looks, limits, most - files)


def mapped(proc: int, limits: Limits) -> int:
    """Bytes that the kernel keeps for the mappings of all processes, about, up to the limit of memory.

    No process counts them as its own, and where one forks another that forks a third, each mapping of
    the last has a part for each of them: at most for as many as there are.
    """
    pids = _pids(proc)[: limits.processes + 2]
    each, most = MAPPING_BYTES + FORKED_BYTES * len(pids), limits.memory_mb * MEGABYTE
    kept = 0
    for pid in pids:
        kept += each * _lines(proc, f"{pid}/maps", most // each)
        if kept > most:
            break
    return kept


def _slower(proc: int, looks: dict[str, dict[str, int]], limits: Limits, left: int) -> str:
    """As `excess`, for memory that forks share: at first it was counted once for each of them.

    `left` are the bytes that the processes may take.
    """
    until = time.monotonic() + SLOWEST_S
    for pid, look in looks.items():
        left -= _share(proc, pid, look)
        # Meanwhile it may have become more than can be looked at.
        if len(_pids(proc)) > limits.processes + 1:
            return TOO_MANY.format(limits.processes)
        if time.monotonic() > until:
            return f"{TOO_LARGE.format(limits.memory_mb)}, as far as it could be counted in time."
    return "" if left >= 0 else f"{TOO_LARGE.format(limits.memory_mb)}."


def _offer(first: int) -> None:
    """Lets the kernel end the box, and what it will start, before the grader if memory runs out."""
    with suppress(OSError):
        inside = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
        for pid in (first, *inside):
            Path(f"/proc/{pid}/oom_score_adj").write_text("1000", encoding="ascii")


def _pids(proc: int) -> list[str]:
    return [name for name in _names(proc, ".") if name.isdecimal()]


def _look(proc: int, pid: str) -> dict[str, int]:
    """Threads, and memory in kB, of a process; nothing of one that has just ended."""
    look = _numbers(proc, f"{pid}/status")
    if look.get("Threads", 0) < 2 or "VmRSS" in look:
        return look
    # Its first thread has ended, and takes its name off the memory that the others go on using.
    others = [_numbers(proc, f"{pid}/task/{each}/status") for each in _names(proc, f"{pid}/task")]
    return max(others, key=_resident, default=look)


def _resident(look: dict[str, int]) -> int:
    return KILOBYTE * sum(look.get(name, 0) for name in ("VmRSS", "VmPTE", "VmSwap"))


def _share(proc: int, pid: str, look: dict[str, int]) -> int:
    """Bytes of a process where each page counts by the part that is its own."""
    shared = _numbers(proc, f"{pid}/smaps_rollup")
    if "Pss" not in shared:
        return _resident(look)
    return KILOBYTE * (shared["Pss"] + shared.get("SwapPss", 0) + look.get("VmPTE", 0))


def _taken(folder: int) -> int:
    """Bytes of all files in a tmpfs, also of those that are deleted and still open."""
    disk = os.fstatvfs(folder)
    inodes = disk.f_files - disk.f_ffree
    return (disk.f_blocks - disk.f_bfree) * disk.f_frsize + inodes * INODE_BYTES


def _numbers(proc: int, path: str) -> dict[str, int]:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc), "rb") as file:
            return {name.decode(): int(number) for name, number in _NUMBERS.findall(file.read())}
    except OSError:  # it has ended
        return {}


def _lines(proc: int, path: str, most: int) -> int:
    """The lines of a file, counted until they are more than `most`."""
    count = 0
    try:
        with open(
            os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc), "rb", buffering=0
        ) as file:
            while count <= most and (part := file.read(1 << 16)):
                count += part.count(b"\n")
    except OSError:  # it has ended
        return 0
    return count


def _names(proc: int, path: str) -> list[str]:
    try:
        folder = os.open(path, _DIRECTORY, dir_fd=proc)
    except OSError:  # it has ended
        return []
    try:
        return os.listdir(folder)
    except OSError:
        return []
    finally:
        os.close(folder)
