"""A process with a thread for each job, of which one may crash; run by `crash`, needs only Python."""

import os
import signal
import sys
import threading
import time

CRASH_AFTER_S, WORK_S = 0.05, 0.15


def _work(job: str, crashing: str) -> None:
    if job == crashing:
        time.sleep(CRASH_AFTER_S)
        _die()
    time.sleep(WORK_S)
    sys.stdout.write(f"{job}\n")
    sys.stdout.flush()


def _die() -> None:
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(1)  # Windows has no SIGKILL


if __name__ == "__main__":
    for name in sys.argv[2:]:
        threading.Thread(target=_work, args=(name, sys.argv[1])).start()
