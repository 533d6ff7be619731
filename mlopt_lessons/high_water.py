"""The most memory this process has held since a moment, as far as its system can tell."""

import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import psutil

CLEAR_REFS = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")

EXACT = "the most this process held in the block: the kernel's high-water mark, reset at its start"
NEW_MARK = (
    "the most this process held in the block: it raised the high-water mark of the process's life"
)
AT_MOST = (
    "an upper bound: the process held this much before the block, stayed below it in the block, and "
    "this system does not let the mark be reset"
)


@dataclass(frozen=True)
class Peak:
    """Bytes, and what the figure means: EXACT, NEW_MARK or AT_MOST."""

    bytes: int
    meaning: str


@dataclass(eq=False)
class Watch:
    """A block that is being watched: the mark at its start, and the highest seen in it so far."""

    start: int
    exact: bool
    seen: int = field(default=0)


# Resetting the mark for an inner block would hide the outer block's peak, so that all open watches
# are told of it first. One mark serves the whole process, and so does this list.
_open: list[Watch] = []
_lock = threading.Lock()


def start_watch() -> Watch:
    """Begins to watch; on Linux this resets the kernel's mark (VmHWM, and with it ru_maxrss)."""
    with _lock:
        mark = high_water()
        for watch in _open:
            watch.seen = max(watch.seen, mark)
        watch = Watch(mark, _reset())
        _open.append(watch)
    return watch


def end_watch(watch: Watch) -> Peak:
    """The peak since `start_watch`: of this process, without its children."""
    with _lock:
        mark = max(watch.seen, high_water())
        _open.remove(watch)
    if watch.exact:
        return Peak(mark, EXACT)
    return Peak(mark, NEW_MARK if mark > watch.start else AT_MOST)


def high_water() -> int:
    """Bytes of the process's high-water mark of resident memory.

    VmHWM of /proc/self/status on Linux, ru_maxrss on other Unixes, the peak working set on Windows.
    """
    if (mark := _vm_hwm()) is not None:
        return mark
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, others kilobytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _vm_hwm() -> int | None:
    try:
        status = STATUS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    lines = [line.split() for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0][1]) * 1024 if lines else None


def _reset() -> bool:
    """Sets the mark back to the memory held now. False where the system does not allow it."""
    if _vm_hwm() is None:
        return False
    try:
        CLEAR_REFS.write_text("5", encoding="ascii")  # proc(5): "reset the peak resident set size"
    except OSError:
        return False
    return True
