"""Boxes for tests: the real one, and one whose code outside any box says whatever a test wants."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import asdict
from pathlib import Path

import pytest

from mlopt_lessons.grading.box import Bubblewrap
from mlopt_lessons.grading.marking import BoxLost
from mlopt_lessons.grading.records import Limits
from mlopt_lessons.grading.wire import READY, read_frame

SMALL = Limits(memory_mb=400, cell_s=20, processes=40, scratch_mb=100, file_mb=30, cpu_s=100)
# What a lying box can use: `ask()` reads a request, `say(text)` sends a frame, `answer(...)` one to it.
PRELUDE = """
import json, os, sys, time
def ask():
    length = int.from_bytes(sys.stdin.buffer.read(4), "big")
    return json.loads(sys.stdin.buffer.read(length))
def raw(data):
    sys.stdout.buffer.write(data); sys.stdout.buffer.flush()
def say(text):
    raw(len(text).to_bytes(4, "big") + text.encode())
def answer(text):
    say('{"id": "%s", %s}' % (ask()["id"], text))
"""


def real_box() -> Bubblewrap:
    """Bubblewrap; where it cannot run, a test fails in CI and is skipped elsewhere."""
    box = Bubblewrap()
    if refusal := box.refusal():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(refusal)
    return box


def told(session, source):
    """What a cell printed, or the error that it ended with."""
    run = session.run(textwrap.dedent(source))
    return "".join(each.text for each in run.outputs)


def ending(session, source):
    """Why the box was lost, or how the cell ended."""
    try:
        return "the cell ran" if session.run(source).ok else "the cell failed"
    except BoxLost as lost:
        return str(lost)


class LyingBox:
    """Runs a script in place of the runner."""

    def __init__(self, script):
        self.script = PRELUDE + textwrap.dedent(script)

    def refusal(self):
        return ""

    def start(self, limits):
        return LyingProcess(self.script)


class OpenBox:
    """Another kind of box, for code that is trusted: the runner as a process like any other."""

    def __init__(self, folder):
        self.folder = folder

    def refusal(self):
        return ""

    def start(self, limits):
        runner = [sys.executable, "-m", "mlopt_lessons.grading.inside", json.dumps(asdict(limits))]
        process = Piped(runner, cwd=self.folder)
        assert read_frame(process.stdout.fileno(), 1000) == READY
        return process


class Piped:
    """A running program and its two pipes, as a kind of box gives them."""

    def __init__(self, command, **options):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, bufsize=0, **pipes, **options)
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.stdin.close()
        self.stdout.close()

    def why(self):
        return f"It ended with {self.process.wait(5)}."


class LyingProcess(Piped):
    """The script of a lying box."""

    def __init__(self, script):
        with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as self.file:
            self.file.write(script)  # too long for a command line, some of them
        super().__init__([sys.executable, self.file.name])

    def kill(self):
        super().kill()
        Path(self.file.name).unlink(missing_ok=True)


def processes_with(mark: str) -> list[int]:
    """The processes of this machine whose command line holds the mark."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if mark.encode() in line:
                found.append(int(folder.name))
    return found
