"""A processor core for each box: sixty busy processes must not slow down the hand-in beside them."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager

NAME = "\0mlopt-box-on-core-"  # of a socket without a file: it is gone with its owner


def own_core() -> tuple[socket.socket, int]:
    """A core that no other box on this machine has while the socket is open.

    Where more boxes run than there are cores, some share one.
    """
    cores = sorted(os.sched_getaffinity(0))
    for core in cores:
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"{NAME}{core}")
        except OSError:
            lock.close()
        else:
            return lock, core
    return socket.socket(socket.AF_UNIX), secrets.choice(cores)


@contextmanager
def staying_on(core: int) -> Iterator[None]:
    """What this thread starts meanwhile stays on one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
