"""A place that a stranger's code has to itself, with no way out of it: bubblewrap.

Another kind of box, such as a Kubernetes job, gives the same: `refusal`, and `start`, which runs
`python -m mlopt_lessons.grading.inside LIMITS` in it and talks to it over two pipes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, Protocol

from mlopt_lessons.grading import seccomp
from mlopt_lessons.grading.box_options import command, options, shown
from mlopt_lessons.grading.cores import own_core, staying_on
from mlopt_lessons.grading.records import GradingError, Limits
from mlopt_lessons.grading.watchdog import Watchdog
from mlopt_lessons.grading.wire import READY, WireError, read_frame

OLDEST = (0, 8)
START_S = 60.0
END_S = 1.0
NOT_LINUX = (
    "Hand-ins are graded in a box that only Linux has: use a Linux machine or a Linux container."
)
MISSING = (
    "Grading needs bubblewrap, which is not installed: run `apt install bubblewrap` (Debian,"
    " Ubuntu) or `dnf install bubblewrap` (Fedora)."
)
TOO_OLD = (
    "Grading needs bubblewrap 0.8 or newer, and this is {}: use a newer system (Debian 12,"
    " Ubuntu 24.04) or a container of one."
)
NO_FILTER = (
    "Grading needs pyseccomp and libseccomp: run `pip install 'mlopt-lessons[class]'` and"
    " `apt install libseccomp2`."
)
FORBIDDEN = (
    "This machine does not let bubblewrap make a box ({}): allow user namespaces, or grade on"
    " another Linux machine or in a container that allows them."
)
NO_PYTHON = (
    "The course does not start in the box ({}): install it with `pip install"
    " 'mlopt-lessons[class]'` in a virtual environment."
)


class BoxProcess(Protocol):
    """A running box: two pipes to it, its end, and a sentence that says how it ended."""

    stdin: IO[bytes]
    stdout: IO[bytes]

    def kill(self) -> None:
        """Ends every process in it and closes the pipes; to do so twice does no harm."""

    def why(self) -> str:
        """Why it ended by itself or was ended by a limit."""


class Box(Protocol):
    """A kind of box."""

    def refusal(self) -> str:
        """Why it cannot run here and what to do, as a sentence, or nothing."""

    def start(self, limits: Limits) -> BoxProcess:
        """A box that is ready for requests. Raises GradingError."""


class Bubblewrap:
    """The box that bubblewrap makes: no network, system and Python read-only, all else in memory.

    `hidden` are paths that must not show inside, such as the folders of the class.
    """

    def __init__(self, hidden: Sequence[Path] = ()) -> None:
        self.hidden = tuple(path.resolve() for path in hidden)

    def refusal(self) -> str:
        """Why it cannot run here and what to do, as a sentence, or nothing."""
        for path in self.hidden:
            for folder in shown():
                if path.is_relative_to(folder.resolve()):
                    return f"The box shows all of {folder} to hand-ins: move {path} out of it."
        return _refusal()

    def start(self, limits: Limits) -> Wrapped:
        """A box that is ready; it ends with the thread that starts it. Raises GradingError."""
        return Wrapped(limits)


class Wrapped:
    """A running bubblewrap with its watchdog."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._core, core = own_core()
        try:
            self._wrap, first = _launch(limits, core)
        except BaseException:
            self._core.close()
            raise
        assert self._wrap.stdin
        assert self._wrap.stdout
        self.stdin, self.stdout = self._wrap.stdin, self._wrap.stdout
        try:
            if read_frame(self.stdout.fileno(), 1000, time.monotonic() + START_S) != READY:
                raise WireError("It did not say that it is ready.")
            self._watchdog = Watchdog(first, limits)
        except (OSError, EOFError, WireError) as error:  # nothing of a hand-in has run yet
            raise GradingError(_cause(self._end())) from error
        self._watchdog.start()

    def kill(self) -> None:
        """Ends every process in it. Raises GradingError where the system does not end one."""
        if self.stdin.closed:
            return
        ended = self._watchdog.close()
        self._end()
        if not ended:
            raise GradingError(
                "A box did not end within a minute: look for its processes with `ps`."
            )

    def why(self) -> str:
        """Why it ended: which limit, or by itself."""
        try:
            code = self._wrap.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return self._watchdog.why or "It stopped answering."
        number = code - 128
        if self._watchdog.why:
            return self._watchdog.why
        if number == signal.SIGXCPU:
            return f"It took more than {self.limits.cpu_s} s of processor time."
        if number in signal.valid_signals():
            return "It crashed, or was ended by a signal."
        # No number: what the code chooses here would carry a hidden input out.
        return "The program ended itself."

    def _end(self) -> str:
        """Ends bubblewrap, closes the pipes and returns the last line that it said."""
        # By itself at first: only it takes note of the end of the box's first process, which would
        # stay as a zombie where the machine's first process takes no note of the end of others.
        with suppress(subprocess.TimeoutExpired):
            self._wrap.wait(END_S)
        self._wrap.kill()
        said = _last_line(self._wrap)
        self._core.close()
        self.stdin.close()
        self.stdout.close()
        return said


def _launch(limits: Limits, core: int) -> tuple[subprocess.Popen[bytes], int]:
    """bubblewrap, and the id of the box's first process. Raises GradingError where it cannot start."""
    told, tell = os.pipe()
    with open(told, "rb") as info, tempfile.TemporaryFile() as rules:
        rules.write(seccomp.program())
        rules.seek(0)
        try:
            with staying_on(core):
                wrap = subprocess.Popen(
                    [*options(limits), *_descriptors(rules.fileno(), tell), *command(limits)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,  # not /dev/null: the machine's own would be in reach
                    bufsize=0,
                    pass_fds=(rules.fileno(), tell),
                    env={},  # the box's first process shows whatever bubblewrap was given
                )
        finally:
            os.close(tell)
        about = info.read()
    if not about:
        with wrap:
            raise GradingError(_cause(_last_line(wrap)))
    return wrap, json.loads(about)["child-pid"]


def _last_line(wrap: subprocess.Popen[bytes]) -> str:
    """What bubblewrap said last, once it has ended."""
    assert wrap.stderr
    wrap.wait()
    with wrap.stderr:
        said = wrap.stderr.read(1 << 16) or b""
    return (said.decode("utf-8", "replace").strip().splitlines() or [""])[-1]


def _cause(said: str) -> str:
    """The sentence for a box that did not start."""
    blame = FORBIDDEN if said.startswith("bwrap:") else NO_PYTHON
    return blame.format(said or "it ended without a word")


def _descriptors(rules: int, tell: int) -> list[str]:
    return ["--seccomp", str(rules), "--info-fd", str(tell)]


@cache
def _refusal() -> str:
    """Looks once for each process whether a box runs here."""
    if not sys.platform.startswith("linux"):
        return NOT_LINUX
    wrap = shutil.which("bwrap")
    if wrap is None:
        return MISSING
    asked = subprocess.run([wrap, "--version"], capture_output=True, text=True, check=False)
    version = asked.stdout.strip()
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST:
        return TOO_OLD.format(version or "older")
    try:
        seccomp.program()
        Wrapped(Limits()).kill()
    except (ImportError, RuntimeError, OSError) as error:
        return str(error) if isinstance(error, GradingError) else NO_FILTER
    return ""
