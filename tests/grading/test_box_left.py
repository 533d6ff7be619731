"""Nothing is left of a box, however it ends. No other box runs beside these, so that all can be counted."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psutil
from boxes import SMALL, ending, processes_with, real_box, told

from mlopt_lessons.grading.session import Session

DAEMON = """
import os, signal
for number in range(1, 32):
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv('/usr/bin/sleep', ['sleep', '{mark}'])
    os._exit(0)
print('left')
"""


def test_a_daemon_ends_with_the_box():
    mark = f"{os.getpid()}.01001"
    with Session(real_box(), SMALL, {}) as each:
        assert told(each, DAEMON.format(mark=mark)) == "left\n"
        until(lambda: processes_with(mark))
    assert not processes_with(mark)


def test_nothing_is_left_of_a_box_however_it_ends():
    box = real_box()
    before = held()
    for source in ("1", "import os; os._exit(1)", "x = [b'1' * 10**7 for _ in range(10**5)]"):
        mark = f"{os.getpid()}.02002"
        with Session(box, SMALL, {}) as each:
            ending(each, DAEMON.format(mark=mark) + source)
        assert not processes_with(mark)
    until(lambda: held() == before)  # threads of a box may end a moment later


def test_bubblewrap_sees_its_first_process_end():
    """Otherwise each box leaves a zombie where the machine's first process does not look for them."""
    grader = """
        import ctypes, os
        from boxes import real_box
        from mlopt_lessons.grading.records import Limits
        from mlopt_lessons.grading.session import Session
        PR_SET_CHILD_SUBREAPER = 36  # what bubblewrap leaves becomes a child of this process
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        with Session(real_box(), Limits(), {}) as session:
            print(session.run("1").ok)
        try:
            print(os.waitpid(-1, os.WNOHANG))
        except ChildProcessError:
            print("none")
    """
    command = [sys.executable, "-c", textwrap.dedent(grader)]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    assert run.stdout == "True\nnone\n", run.stderr


def held():
    """Open files, threads and processes of this one."""
    files = sorted(
        str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()
    )
    children = {each.pid for each in psutil.Process().children(recursive=True)}
    return files, threading.active_count(), children


def test_a_box_ends_with_a_grader_that_is_killed():
    mark = f"{os.getpid()}.03003"
    grader = f"""
        from boxes import real_box
        from mlopt_lessons.grading.records import Limits
        from mlopt_lessons.grading.session import Session
        with Session(real_box(), Limits(), {{}}) as session:
            print(session.run({DAEMON.format(mark=mark)!r}).ok, flush=True)
            session.run("while True: pass")
    """
    command = [sys.executable, "-c", textwrap.dedent(grader)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parent) as process:
        assert process.stdout.readline() == b"True\n"
        until(lambda: processes_with(mark))
        process.kill()
    until(lambda: not processes_with(mark))


def until(holds, seconds=10.0):
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
