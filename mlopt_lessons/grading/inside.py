"""What runs in the box: IPython in one process, asked and answered over two pipes.

Nothing here is trusted: the learner's code shares the process and may change all of it. The grader
outside checks whatever comes.
"""

from __future__ import annotations

import base64
import io
import json
import os
import platform
import re
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from mlopt_lessons.grading.records import Limits
from mlopt_lessons.grading.wire import (
    MOST_OUTPUTS,
    PICTURES,
    READY,
    WireError,
    decode,
    encode,
    read_frame,
    write_frame,
)

LARGEST_REQUEST = 200_000_000
CUT = "\n… the rest of the output is left out.\n"
LONGEST_ERROR = 200
NICE = 5  # behind the grader and its watchdog, and not starved by what else runs here
OPEN_FILES = 256
PENDING_SIGNALS = 256
AGAIN_S = 0.5  # a time-out that was caught comes again


class TimeOut(BaseException):
    """The time of a cell or call is over."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Shown(io.TextIOBase):
    """What the code showed since the last `clear`, cut off at a limit; it is stdout and stderr, too."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.clear()

    def clear(self) -> None:
        """Forgets all, and has room again."""
        self.outputs: list[tuple[str, list[str]]] = []
        self.text_left, self.picture_left = self.limit, self.limit * PICTURES

    def write(self, text: str) -> int:
        """Called by print."""
        self.add("stream", text)
        return len(text)

    def add(self, kind: str, text: str) -> None:
        """Keeps text up to the limit; what is printed in pieces becomes one output."""
        if self.text_left < 0 or not text:
            return
        self.text_left -= len(text)
        shown = text if self.text_left >= 0 else text[: self.text_left] + CUT
        if kind == "stream" and self.outputs and self.outputs[-1][0] == kind:
            self.outputs[-1][1].append(shown)
        elif len(self.outputs) < MOST_OUTPUTS:
            self.outputs.append((kind, [shown]))

    def bundle(self, kind: str, data: dict[str, Any]) -> None:
        """Keeps the picture of a display, or else its text."""
        picture = data.get("image/png")
        if not picture:
            self.add(kind, str(data.get("text/plain", "")))
            return
        coded = picture if isinstance(picture, str) else base64.b64encode(picture).decode("ascii")
        if len(coded) <= self.picture_left and len(self.outputs) < MOST_OUTPUTS:
            self.picture_left -= len(coded)
            self.outputs.append(("png", [coded]))

    def taken(self) -> list[list[str]]:
        """The outputs as the reply holds them."""
        return [[kind, "".join(parts)] for kind, parts in self.outputs]


class Publisher(DisplayPublisher):
    """Where `display` ends."""

    def publish(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Called for each display."""
        self.shell.shown.bundle("result", data)


class Hook(DisplayHook):
    """Where the value of a cell's last line ends."""

    def write_output_prompt(self) -> None: ...

    def write_format_data(self, data: dict[str, Any], *_: Any) -> None:
        """Called with the value in each format."""
        self.shell.shown.bundle("result", data)


class Shell(InteractiveShell):
    """IPython without a terminal, whose outputs are kept."""

    display_pub_class = Type(Publisher)
    displayhook_class = Type(Hook)
    shown: Shown

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.shown.add("error", "\n".join(stb))

    def _tee(self, channel: str) -> AbstractContextManager[None]:
        """IPython would keep all that is printed, for a history that nobody reads."""
        return nullcontext()

    def enable_gui(self, gui: str | None = None) -> None:
        """`%matplotlib` asks for it; there is no window here."""

    def system(self, command: str) -> None:
        """`!command`: IPython's own needs a terminal."""
        self.shown.add("stream", self.getoutput(command, split=False))


def main() -> None:
    """Answers requests until there are none; the first argument holds the limits as JSON."""
    limits = Limits(**json.loads(sys.argv[1]))
    requests, replies = _own_pipes()
    _limit(limits)
    runner = Runner(limits)
    write_frame(replies, READY)
    with suppress(EOFError, BrokenPipeError):
        while True:
            request = read_frame(requests, LARGEST_REQUEST)
            answer = runner.answer(request)
            try:
                write_frame(replies, answer, limit=limits.reply_mb * 1_000_000)
            except WireError as error:
                write_frame(replies, {"id": request["id"], "unusable": str(error)})
    os._exit(0)  # without what the learner's code registered for the end


class Runner:
    """Does what the grader asks, each within its time."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.shown = Shown(limits.output_kb * 1000)
        self.shell = _shell(self.shown)
        self.armed = False
        signal.signal(signal.SIGALRM, self._alarm)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to a request; whatever the learner's code raises becomes part of it."""
        work: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "file": self._file,
            "run": self._run,
            "value": self._value,
            "call": self._call,
        }
        self.shown.clear()
        try:
            reply = self._timed(lambda: work[request["do"]](request))
        except TimeOut:
            reply = {"stopped": True}
        except BaseException as error:  # a stop that came between two lines of the runner
            reply = _failed("RuntimeError", error)
        return {"id": request["id"]} | reply

    def _file(self, request: dict[str, Any]) -> dict[str, Any]:
        path = Path(request["name"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(request["data"]))
        return {}

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        sys.stdout = sys.stderr = self.shown
        try:
            success = bool(self.shell.run_cell(request["source"], store_history=False).success)
        except BaseException as error:
            self.shown.add("error", f"{type(error).__name__}: {error}")
            success = False
        return {"ok": success, "outputs": self.shown.taken()}

    def _value(self, request: dict[str, Any]) -> dict[str, Any]:
        names = self.shell.user_ns
        if request["name"] not in names:
            return {"missing": True}
        try:
            return {"value": encode(names[request["name"]])}
        except WireError as error:
            return {"unusable": str(error)}

    def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        function = self.shell.user_ns.get(request["name"])
        if not callable(function):
            return {"missing": True}
        arguments = decode(request["args"])
        try:
            return {"value": encode(function(*arguments))}
        except WireError as error:
            return {"unusable": str(error)}
        except TimeOut:
            raise
        except BaseException as error:
            return _failed(type(error).__name__, error)

    def _timed(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            self.armed = True
            signal.setitimer(signal.ITIMER_REAL, self.limits.cell_s, AGAIN_S)
            return work()
        finally:
            self.armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _alarm(self, number: int, frame: FrameType | None) -> None:
        if self.armed:
            raise TimeOut(f"It was stopped: it took longer than {self.limits.cell_s:g} s.")


def _failed(name: str, error: object) -> dict[str, Any]:
    return {"error": [name, str(error)[:LONGEST_ERROR]]}


def _shell(shown: Shown) -> Shell:
    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    settings.DisplayFormatter.active_types = ["text/plain", "image/png"]
    sys.stdout = sys.stderr = shown
    shell = Shell.instance(config=settings)
    shell.shown = shown
    return shell


def _own_pipes() -> tuple[int, int]:
    """The pipes to the grader, moved away from where print and input would find them."""
    own = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(nothing, each)
    os.close(nothing)
    return own


def _limit(limits: Limits) -> None:
    """Limits of each process; the watchdog outside sees to those of all together."""
    os.nice(NICE)
    most = {
        resource.RLIMIT_CPU: limits.cpu_s,
        resource.RLIMIT_DATA: limits.memory_mb * 1_000_000,
        resource.RLIMIT_FSIZE: limits.file_mb * 1_000_000,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_SIGPENDING: PENDING_SIGNALS,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2]) >= (5, 14):
        # Older kernels count what the same user runs outside the box, too. Twice as many, so that
        # it is the watchdog that ends the box, and a bomb does not use up the time instead.
        most[resource.RLIMIT_NPROC] = 2 * limits.processes
    for which, value in most.items():
        # Above the first number a signal that says why, one second later the end.
        resource.setrlimit(which, (value, value + (which == resource.RLIMIT_CPU)))


if __name__ == "__main__":
    main()
