"""A spot market for a real command: it is started, told to go, killed, and started again until done.

The command needs to know nothing of this: it is told to go by SIGTERM, as a machine that shuts down tells
its programs, and it says how far it is by printing lines such as "step 120".
"""

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import IO, Protocol

from mlopt_lessons.spot.strikes import Launch, Report, Strike

TAKEN = 75  # a command that saved and left in time exits so: EX_TEMPFAIL of sysexits.h
STEP = r"(?i)\bstep\D{0,3}(\d+)"
GIVE_UP = 20
_LOOK_S = 0.02
_LAST_WORDS_S = 1.0


class RunError(RuntimeError):
    """A command that failed or does not get on; `report` says what happened until then."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


class Process(Protocol):
    """What the market needs of a process: subprocess.Popen has it. It leads a group of its own."""

    pid: int
    stdout: IO[str] | None

    def poll(self) -> int | None:
        """The exit code, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the exit code; raises subprocess.TimeoutExpired."""


Start = Callable[[Sequence[str]], Process]


def start(command: Sequence[str]) -> Process:
    """Starts the command as the leader of a new process group, its output readable line by line.

    Raises ValueError when there is no such command.
    """
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1"},  # else steps would be seen late
            start_new_session=True,
        )
    except OSError as error:
        raise ValueError(
            f"The command {command[0]} does not start ({error.strerror}): check its name, or give "
            "its full path."
        ) from error


def run(
    command: Sequence[str],
    strikes: Iterable[Strike] = (),
    *,
    give_up: int = GIVE_UP,
    step: str = STEP,
    watch: Callable[[str], object] | None = None,
    start: Start = start,
) -> Report:
    """Runs the command until it exits with 0: each strike ends one launch, and another one follows.

    A launch that exits with 75 is started again too. No process of the command's group is left when
    this returns or raises. `give_up` launches in a row may begin at no later step than any before;
    group 1 of the regular expression `step` is the number in a line; `watch` gets each line.

    Raises RunError when the command exits with another status without being struck or does not get
    on, ValueError when it is empty or not found, or the system has no process groups.
    """
    _check(command, give_up)
    run_start, coming, pattern = time.monotonic(), iter(strikes), re.compile(step)
    launches: list[Launch] = []
    while True:
        strike = next(coming, None)
        output = _Output(start(command), pattern, watch)
        launches.append(_launch(output, strike, run_start))
        _check_going_on(launches, give_up, output.last_line)
        if launches[-1].exit_code == 0:
            return Report(tuple(launches))
        if strike and launches[-1].struck_s is not None:
            time.sleep(strike.outage_s)


def _check(command: Sequence[str], give_up: int) -> None:
    if not command or isinstance(command, str):
        raise ValueError("Give the command as a list of words, the program first.")
    if give_up < 1:
        raise ValueError(f"At least 1 launch is needed before giving up, got {give_up}.")
    if not hasattr(os, "killpg"):
        raise ValueError("This system has no process groups: run this on Linux, macOS or WSL.")


def _launch(output: "_Output", strike: Strike | None, run_start: float) -> Launch:
    process, began, struck = output.process, time.monotonic(), None
    try:
        while process.poll() is None:
            if strike and strike.is_due(time.monotonic() - began, output.last_step):
                struck = time.monotonic() - run_start
                _give_notice(output, strike.notice_s)
                break
            output.take(_LOOK_S)
    finally:
        end_group(process)
        ended = time.monotonic()
        output.finish()
    return Launch(
        start_s=began - run_start,
        end_s=ended - run_start,
        exit_code=process.wait(),
        struck_s=struck,
        notice_s=strike.notice_s if strike else 0.0,
        steps=tuple((number, moment - run_start) for number, moment in output.steps),
    )


def _give_notice(output: "_Output", seconds: float) -> None:
    """SIGTERM to the whole group, and the seconds that it has from then on."""
    if not seconds:
        return
    _signal_group(output.process, signal.SIGTERM)
    until = time.monotonic() + seconds
    while output.process.poll() is None and (left := until - time.monotonic()) > 0:
        output.take(min(left, _LOOK_S))


def end_group(process: Process) -> None:
    """Kills the process and all of its group, and waits for its end."""
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: Process, number: signal.Signals) -> None:
    # macOS forbids to signal a group in which only the dead are left.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _check_going_on(launches: Sequence[Launch], give_up: int, last_line: str) -> None:
    last = launches[-1]
    if last.exit_code == 0:
        return
    if last.struck_s is None and last.exit_code != TAKEN:
        raise RunError(
            f"The command exited with status {last.exit_code} in launch {len(launches)}, struck by "
            f"nobody{last_line and f' ({last_line})'}. Mend it, then run it again.",
            Report(tuple(launches)),
        )
    if _launches_in_vain(launches) >= give_up:
        raise RunError(
            f"{give_up} launches in a row began at no later step than before: let the command save "
            "more often than machines are taken, and print its steps as in 'step 120'.",
            Report(tuple(launches)),
        )


def _launches_in_vain(launches: Sequence[Launch]) -> int:
    """How many launches have passed since one began at a later step than all before it."""
    best, vain = 0, 0
    for launch in launches:
        if (launch.first_step or 0) > best:
            best, vain = launch.first_step or 0, 0
        else:
            vain += 1
    return vain


class _Output:
    """The lines that a process prints, read as they come, and the steps that they tell of."""

    def __init__(
        self, process: Process, step: re.Pattern[str], watch: Callable[[str], object] | None
    ) -> None:
        self.process = process
        self.steps: list[tuple[int, float]] = []
        self.last_line = ""
        self._step, self._watch = step, watch
        self._lines: queue.SimpleQueue[tuple[float, str]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def last_step(self) -> int | None:
        return self.steps[-1][0] if self.steps else None

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put((time.monotonic(), line.rstrip("\n")))

    def take(self, timeout_s: float) -> None:
        """Takes in the next line, if one comes within the time."""
        with suppress(queue.Empty):
            moment, line = self._lines.get(timeout=timeout_s)
            self.last_line = line or self.last_line
            if found := self._step.search(line):
                self.steps.append((int(found[1]), moment))
            if self._watch:
                self._watch(line)

    def finish(self) -> None:
        """Takes in what is left; a process outside the group may keep the pipe open for ever."""
        self._reader.join(_LAST_WORDS_S)
        while not self._lines.empty():
            self.take(0)
