"""A job that holds so much memory, step by step; run as a script, and imports almost nothing."""

import json
import mmap
import os
import sys
import time

REFUSED = 12  # exit status when the kernel gives no more memory: the number of ENOMEM
PAGE = mmap.PAGESIZE
STATM = "/proc/self/statm"


def main(arguments: list[str]) -> int:
    """Arguments: seconds a step, limit in bytes (0: none), and a JSON list of bytes, one a step."""
    step_s, limit, steps = float(arguments[0]), int(arguments[1]), json.loads(arguments[2])
    base = resident()
    if limit:
        import resource  # Windows has none, and imports this file for its constant

        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    held: list[mmap.mmap] = []
    for wanted in steps:
        try:
            hold(held, wanted - base)
        except (MemoryError, OSError):
            return REFUSED
        time.sleep(step_s)
    return 0


def resident() -> int:
    """Bytes that this process holds: they are part of what it is asked to hold."""
    if os.path.exists(STATM):
        with open(STATM, encoding="ascii") as file:
            return int(file.read().split()[1]) * PAGE
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def hold(held: list[mmap.mmap], wanted: int) -> None:
    """Frees and takes blocks until they hold so many bytes, in whole pages, each one written to."""
    while held and sum(map(len, held)) > wanted:
        held.pop().close()
    pages = (wanted - sum(map(len, held))) // PAGE
    if pages > 0:
        block = mmap.mmap(-1, pages * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        held.append(block)
        block[::PAGE] = b"x" * pages


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
