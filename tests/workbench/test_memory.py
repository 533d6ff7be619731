"""Freed memory goes back to the system: held against what the system says the process holds."""

import ctypes
import sys
from types import SimpleNamespace

import psutil
import pytest
from IPython.core.interactiveshell import InteractiveShell

from mlopt_lessons.workbench import memory, release_after_each_cell, release_free_memory

BLOCK = 100_000  # bytes: below glibc's threshold for mapping a block of its own
BLOCKS = 600


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's C library keeps freed pages")
def test_freed_blocks_leave_the_process() -> None:
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        pytest.skip("this C library has no malloc_trim")
    libc.malloc.restype = ctypes.c_void_p
    blocks = [libc.malloc(BLOCK) for _ in range(BLOCKS)]
    for block in blocks:
        ctypes.memset(block, 1, BLOCK)
    for block in blocks[:-1]:  # the last one pins the top of the heap
        libc.free(ctypes.c_void_p(block))
    before = psutil.Process().memory_info().rss
    release_free_memory()
    after = psutil.Process().memory_info().rss
    libc.free(ctypes.c_void_p(blocks[-1]))
    assert before - after > BLOCK * BLOCKS / 2


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_library(_: object) -> None:
        raise OSError("no such library")

    monkeypatch.setattr(memory.sys, "platform", "darwin")
    monkeypatch.setattr(memory.ctypes, "CDLL", no_library)
    release_free_memory()


def test_a_notebook_releases_once_after_each_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    released: list[str] = []
    shell = InteractiveShell()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr(memory, "release_free_memory", lambda: released.append("once"))
    release_after_each_cell()
    release_after_each_cell()  # as when the cell is run again
    shell.run_cell("1 + 1")
    shell.run_cell("1 / 0")
    assert released == ["once", "once"]


def test_outside_a_notebook_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    release_after_each_cell()
    monkeypatch.delitem(sys.modules, "IPython")
    release_after_each_cell()
