"""Trainings that start in milliseconds: forked from a server that has imported torch already.

Starting Python and importing torch takes seconds; the tests of many strikes need some sixty launches.
"""

import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from subprocess import TimeoutExpired

from mlopt_lessons.spot.trainee import main

SERVER = multiprocessing.get_context("forkserver")
# Installed modules only: before Python 3.13 the server does not know the path of the tests.
SERVER.set_forkserver_preload(["mlopt_lessons.spot.trainee", "torch._dynamo"])


def _child(arguments: list[str], output: Connection) -> None:
    os.setsid()
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    print("ready")
    main(arguments)


class ForkedTraining:
    """What subprocess.Popen of the trainee would be."""

    def __init__(self, arguments: Sequence[str]) -> None:
        reader, writer = SERVER.Pipe(duplex=False)
        self._process = SERVER.Process(target=_child, args=(list(arguments), writer))
        self._process.start()
        writer.close()
        self.stdout = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        reader.close()
        # Only from here on does it lead a group of its own.
        assert self.stdout.readline() == "ready\n"
        assert self._process.pid
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutExpired("training", timeout or 0.0)
        return self._process.exitcode
