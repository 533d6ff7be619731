"""Starts a command and writes what the kernel counted; run as a script, and imports almost nothing.

Why not start the command directly: the kernel counts what a new process held before it became the
command, and that is the memory of whoever started it. From a notebook that holds 2 GB every command would
have a peak of 2 GB. This process holds about 10 MB.
"""

import json
import os
import signal
import sys

# Ignored here, and not to be inherited: the command's pipes should end it as ever.
_DEFAULT = [signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ]


def main(arguments: list[str]) -> None:
    """Arguments: number of the open file for the result, then the command."""
    file, command = int(arguments[0]), arguments[1:]
    os.set_inheritable(file, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command
    with os.fdopen(file, "w", encoding="utf-8") as result:
        json.dump(_run(command), result)


def _run(command: list[str]) -> dict[str, object]:
    try:
        pid = os.posix_spawnp(command[0], command, os.environ, setsigdef=_DEFAULT)
    except OSError as error:
        return {"error": error.strerror}
    _, status, usage = os.wait4(pid, 0)
    return {
        "returncode": os.waitstatus_to_exitcode(status),
        "maxrss": usage.ru_maxrss,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
