"""Give memory back to the system after work that needed much of it."""

import ctypes
import sys


def release_free_memory() -> None:
    """Return the C library's free pages to the system; without effect where it is not glibc.

    glibc keeps what was freed for the process: after exports and calibrations that is well over
    100 MB on which nothing lives (`man malloc_trim`).
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim:  # musl has none
            trim(0)
