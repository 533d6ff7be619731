"""A session with the real box: an honest hand-in runs, is called and is asked as it was written."""

import re
import time

import numpy as np
import pytest
from boxes import real_box

from mlopt_lessons.cost.exercise import TASK_2
from mlopt_lessons.course.checking import judge
from mlopt_lessons.grading.marking import BoxLost, CallFailed
from mlopt_lessons.grading.records import Limits
from mlopt_lessons.grading.session import Session

PATIENT = Limits(cell_s=20, output_kb=10, reply_mb=1)


@pytest.fixture(scope="module")
def session():
    with Session(
        real_box(), PATIENT, {"data/rows.csv": b"a,b\n1,2\n", "é.bin": bytes(range(256))}
    ) as each:
        yield each


def test_names_stay_from_cell_to_cell(session):
    assert session.run("x = 20").ok
    assert session.run("x += 1; x").outputs[0].text == "21"
    assert session.value("x") == 21


def test_a_function_gets_what_it_is_asked_with(session):
    session.run("def kinds(*args): return [type(each).__name__ for each in args]")
    args = (np.arange(3), (1, 2), [1], {"a": np.float32(1)}, True, 1, 1.0, "é", None)
    expected = ["ndarray", "tuple", "list", "dict", "bool", "int", "float", "str", "NoneType"]
    assert session.call("kinds", args) == expected


def test_a_function_returns_arrays_and_what_holds_them(session):
    session.run("import numpy as np\ndef scaled(x, by): return {'x': x * by, 'n': (len(x), by)}")
    back = session.call("scaled", (np.array([1.5, 2.5]), 2))
    assert back["x"].tolist() == [3.0, 5.0]
    assert back["n"] == (2, 2)


def test_each_call_has_inputs_of_its_own(session):
    session.run("def spoil(x):\n    x[:] = 0\n    return x.sum()")
    given = np.ones(3)
    assert session.call("spoil", (given,)) == 0
    assert given.sum() == 3


def test_extra_files_lie_beside_the_notebook(session):
    session.run("rows = open('data/rows.csv').read(); size = len(open('é.bin', 'rb').read())")
    assert session.value("rows") == "a,b\n1,2\n"
    assert session.value("size") == 256


def test_a_cell_that_fails_says_so_and_the_next_one_runs(session):
    run = session.run("print('before')\n1 / 0\nprint('after')")
    assert not run.ok
    assert [each.kind for each in run.outputs] == ["stream", "error"]
    assert run.outputs[0].text == "before\n"
    assert "ZeroDivisionError" in run.outputs[1].text
    assert session.run("1").ok


def test_displays_errors_magics_and_pictures_are_kept_in_order(session):
    run = session.run(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nprint('a')\ndisplay('b')\n"
        "import sys; print('c', file=sys.stderr)\nplt.plot([1, 2]); plt.show()\n'd'"
    )
    assert [each.kind for each in run.outputs] == ["stream", "result", "stream", "png", "result"]
    assert run.outputs[3].png.startswith(b"\x89PNG")
    assert [each.text for each in run.outputs if each.text] == ["a\n", "'b'", "c\n", "'d'"]


def test_a_check_in_the_notebook_shows_its_sentence(session):
    run = session.run(
        "from mlopt_lessons.cost.exercise import TASK_2\nfrom mlopt_lessons.course import check\n"
        "check(TASK_2, lambda *args: None)"
    )
    assert not run.ok
    assert "It is None" in run.outputs[0].text


def test_a_command_shows_what_it_prints(session):
    assert session.run("!echo one two").outputs[0].text.strip() == "one two"


def test_ipython_keeps_no_copy_of_what_is_printed(session):
    session.run("for i in range(200_000): print('x' * 100)")
    session.run("status = open('/proc/self/status').read()")
    peak = re.search(r"VmHWM:\s+(\d+)", session.value("status"))
    assert int(peak[1]) / 1024 < 300


@pytest.mark.parametrize(
    ("source", "name", "text"),
    [
        ("def f(): return 1 / 0", "ZeroDivisionError", "division by zero"),
        ("def f(): raise SystemExit(3)", "SystemExit", "3"),
        ("class Mine(BaseException): pass\ndef f(): raise Mine('x' * 999)", "Mine", "x" * 200),
        ("def f(): return {1, 2}", "NoValue", "“It is a set"),
        ("def f(): return list(range(300_000))", "NoValue", "numpy array"),
        ("def f(): return np.zeros(200_000)", "NoValue", "larger than 1 MB"),
        ("def f(x): return x", "TypeError", "missing 1 required positional argument"),
        ("f = 3", "NoValue", "There is no function f"),
        ("def f(): raise ValueError(chr(27) + '[31mred' + chr(0))", "ValueError", "red"),
        ("class E(Exception):\n    def __str__(self): 1 / 0\ndef f(): raise E", "RuntimeError", "division"),
        ("def f(): return f()", "RecursionError", "recursion"),
    ],
)  # fmt: skip
def test_a_function_that_fails_is_told_by_name_and_text(session, source, name, text):
    session.run(source)
    with pytest.raises(CallFailed) as failed:
        session.call("f", ())
    assert type(failed.value).__name__ == name
    assert text in str(failed.value)
    assert len(str(failed.value)) <= 250


def test_the_judge_outside_tells_the_learners_exception(session):
    session.run("def idle_dollars(u, s, p): raise KeyError('price')")
    outcome = judge(TASK_2, lambda *args: session.call("idle_dollars", args))
    assert outcome.message.startswith("Your function raised KeyError: ")
    session.run("def idle_dollars(u, s, p): raise NotImplementedError")
    outcome = judge(TASK_2, lambda *args: session.call("idle_dollars", args))
    assert outcome.message.startswith("It is not filled in yet")


def test_a_value_that_is_missing_or_not_plain_fails(session):
    with pytest.raises(CallFailed, match="There is no nothing"):
        session.value("nothing")
    session.run("import pandas as pd; frame = pd.DataFrame({'a': [1]})")
    with pytest.raises(CallFailed, match="DataFrame"):
        session.value("frame")


@pytest.mark.parametrize("name", ["a.b", "f()", "", "x y", "__import__('os')", "a\nb"])
def test_only_names_are_asked_for(session, name):
    with pytest.raises(ValueError, match="not the name"):
        session.value(name)
    with pytest.raises(ValueError, match="not the name"):
        session.call(name, ())


def test_what_is_printed_is_cut_off(session):
    run = session.run("for i in range(200_000): print(i)\nraise ValueError('y' * 10**6)")
    assert sum(len(each.text) for each in run.outputs) < 11_000
    assert run.outputs[0].text.endswith("left out.\n")


def test_a_thousand_displays_are_cut_off(session):
    assert len(session.run("for i in range(5000): display(1)").outputs) <= 500


def test_time_is_up_for_all_sessions_at_the_deadline():
    box = real_box()
    with (
        Session(box, PATIENT, {}, deadline=time.monotonic() + 1) as short,
        pytest.raises(BoxLost, match="in all"),
    ):
        short.run("while True: pass")
    with Session(box, Limits(wall_s=0.2), {}) as over:
        time.sleep(0.3)
        with pytest.raises(BoxLost, match=r"more than 0\.2 s in all"):
            over.run("1")
