"""A command started so that the kernel's own figures of it can be had: see `launcher`."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_LAUNCHER = Path(__file__).with_name("launcher.py")
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux kilobytes


@dataclass(frozen=True)
class Ended:
    """What the kernel says of a command that has ended.

    returncode: negative for the signal that killed it; peak_bytes: ru_maxrss, the resident memory of
    its largest process at that process's highest, never the sum of several, and never below the 10 MB of
    `launcher`; cpu_seconds: user and system time, of its children too if it waited for them.
    """

    returncode: int
    peak_bytes: int
    cpu_seconds: float


class Started:
    """A command that runs below a launcher."""

    def __init__(
        self, command: Sequence[str], launcher: subprocess.Popen[bytes], file: int
    ) -> None:
        self.command = command
        self.launcher = psutil.Process(launcher.pid)
        self._popen = launcher
        self._file = file
        self._text = b""

    def wait(self, seconds: float) -> Ended | None:
        """Waits so long for the command to end; None if it still runs.

        Raises ValueError when there is no such command, OSError when its launcher was killed.
        """
        if not select.select([self._file], [], [], max(0.0, seconds))[0]:
            return None
        while part := os.read(self._file, 4096):
            self._text += part
        self._popen.wait()
        return _ended(self.command, self._text)

    def kill(self) -> None:
        """SIGKILL for the command and all that it started; the launcher stays and tells of it."""
        kill_tree(descendants(self.launcher))

    def stop(self) -> list[psutil.Process]:
        """Stops (SIGSTOP) the command and all that it started; gives what was stopped."""
        stopped: list[psutil.Process] = []
        for process in descendants(self.launcher):
            with suppress(psutil.Error):
                process.suspend()
                stopped.append(process)
        return stopped

    def go_on(self, stopped: Sequence[psutil.Process]) -> None:
        """Lets them run again (SIGCONT)."""
        for process in stopped:
            with suppress(psutil.Error):
                process.resume()

    def close(self) -> None:
        """Ends whatever still runs."""
        if self._popen.poll() is None:
            kill_tree([*descendants(self.launcher), self.launcher])
        self._popen.wait()
        os.close(self._file)


def _ended(command: Sequence[str], text: bytes) -> Ended:
    if not text:
        raise OSError(
            f"What started {command[0]} was killed, so nothing is known of it; run it again."
        )
    told = json.loads(text)
    if "error" in told:
        raise ValueError(
            f"The command {command[0]} does not start ({told['error']}): check its name, or give its "
            "full path."
        )
    return Ended(told["returncode"], told["maxrss"] * _MAXRSS_UNIT, told["cpu_seconds"])


@contextmanager
def launched(command: Sequence[str], *, quiet: bool = False) -> Iterator[Started]:
    """Runs the command; when the block is left, also by an error, nothing of it runs any more.

    quiet: what it prints goes nowhere. Raises ValueError for an empty command, OSError where the system
    has no wait4 (Windows).
    """
    if isinstance(command, str) or not command or not command[0]:
        raise ValueError('A command is a list of its words, such as ["python", "train.py"].')
    if not hasattr(os, "wait4"):
        raise OSError(
            "This system does not tell the peak of a command that has ended (it has no wait4): use Linux, "
            "macOS or WSL, or `with profile()` around Python code."
        )
    started = _start([str(word) for word in command], quiet)
    try:
        yield started
    finally:
        started.close()


def _start(command: list[str], quiet: bool) -> Started:
    reader, writer = os.pipe()
    output = subprocess.DEVNULL if quiet else None
    try:
        launcher = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LAUNCHER), str(writer), *command],
            pass_fds=[writer],
            stdin=output,
            stdout=output,
            stderr=output,
        )
    except BaseException:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    return Started(command, launcher, reader)


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """All processes below this one that can be seen; none where it has vanished."""
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def kill_tree(processes: Sequence[psutil.Process]) -> None:
    """SIGKILL for each; those that have vanished, or are not ours, stay as they are."""
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
