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


def release_after_each_cell() -> None:
    """In a notebook, calls `release_free_memory` after every cell from now on; elsewhere does nothing."""
    ipython = sys.modules.get("IPython")  # not loaded: this is no notebook
    shell = ipython and ipython.get_ipython()
    if shell and _after_cell not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _after_cell)


def _after_cell(_result: object) -> None:
    release_free_memory()
