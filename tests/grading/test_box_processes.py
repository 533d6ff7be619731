"""Processes and time in the box have an end, and nothing is left of a box however it ends."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from ast import literal_eval
from pathlib import Path

import psutil
import pytest
from boxes import SMALL, processes_with, real_box, told

from mlopt_lessons.grading import cores
from mlopt_lessons.grading.marking import BoxLost
from mlopt_lessons.grading.records import Limits
from mlopt_lessons.grading.session import Session

BOMB = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
THREADS = "import threading, time\nfor _ in range(500): threading.Thread(target=time.sleep, args=(60,)).start()\ntime.sleep(60)"
TWO_HUNDRED = (
    "import os, time\nfor _ in range(200):\n    if os.fork() == 0: time.sleep(60)\ntime.sleep(60)"
)


@pytest.mark.parametrize("source", [BOMB, TWO_HUNDRED, THREADS], ids=["bomb", "200", "threads"])
def test_too_many_processes_end_the_box(source):
    limits = Limits(
        processes=40, cell_s=20, memory_mb=8000
    )  # so that it is not memory that ends it
    with Session(real_box(), limits, {}) as each:
        ended = ending(each, source)
    assert ended == "It started more than 40 processes and threads."


def ending(session, source):
    """Why the box was lost, or how the cell ended."""
    try:
        return "the cell ran" if session.run(source).ok else "the cell failed"
    except BoxLost as lost:
        return str(lost)


def test_a_box_keeps_to_one_core_that_no_other_has(monkeypatch):
    """Sixty busy processes must not slow down the hand-in that is graded beside them."""
    monkeypatch.setattr(cores, "NAME", f"\0test-{os.getpid()}-")  # whatever else grades here
    allowed, box = os.sched_getaffinity(0), real_box()
    with Session(box, SMALL, {}) as one, Session(box, SMALL, {}) as other:
        seen = [
            literal_eval(told(each, "import os; print(os.sched_getaffinity(0))"))
            for each in (one, other)
        ]
        assert [len(each) for each in seen] == [1, 1]
        assert seen[0] != seen[1] or len(allowed) == 1
        everywhere = f"os.sched_setaffinity(0, {allowed})"
        assert "PermissionError" in told(one, everywhere)
        assert "PermissionError" in told(one, f"if os.fork() == 0: os._exit(0)\n{everywhere}")
    assert os.sched_getaffinity(0) == allowed


def test_a_few_processes_may_be_used(session):
    source = "import multiprocessing\ndef double(x): return 2 * x\nwith multiprocessing.Pool(2) as pool: print(pool.map(double, [1, 2]))"
    assert told(session, source) == "[2, 4]\n"


def test_processor_time_has_an_end():
    with (
        Session(real_box(), Limits(cpu_s=1), {}) as each,
        pytest.raises(BoxLost, match="1 s of processor time"),
    ):
        each.run("while True: pass")


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
    until(lambda: held() == before)  # the watchdog of another box opens files now and then


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


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(77)", "os.kill(os.getpid(), 10)"])
def test_how_a_hand_in_ends_carries_no_number_that_it_chose(end):
    with Session(real_box(), SMALL, {}) as each, pytest.raises(BoxLost) as lost:
        each.run(f"import os; {end}")
    assert str(lost.value) in ("The program ended itself.", "It crashed, or was ended by a signal.")
