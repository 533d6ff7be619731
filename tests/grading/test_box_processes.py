"""Processes and time in the box have an end."""

import os
from ast import literal_eval

import pytest
from boxes import SMALL, ending, real_box, told

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


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(77)", "os.kill(os.getpid(), 10)"])
def test_how_a_hand_in_ends_carries_no_number_that_it_chose(end):
    with Session(real_box(), SMALL, {}) as each, pytest.raises(BoxLost) as lost:
        each.run(f"import os; {end}")
    assert str(lost.value) in ("The program ended itself.", "It crashed, or was ended by a signal.")
