import base64
import json
import os
import re
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from boxes import LyingBox, real_box

from mlopt_lessons.cost.exercise import TASK_2
from mlopt_lessons.course.checking import judge
from mlopt_lessons.grading.marking import BoxLost, CallFailed
from mlopt_lessons.grading.records import Limits
from mlopt_lessons.grading.session import Session

QUICK = Limits(cell_s=1, wall_s=30, output_kb=10, reply_mb=1)
PATIENT = Limits(cell_s=20, output_kb=10, reply_mb=1)
LARGEST_GRADER_MB = 400


@pytest.fixture(scope="module")
def session():
    with Session(
        real_box(), PATIENT, {"data/rows.csv": b"a,b\n1,2\n", "é.bin": bytes(range(256))}
    ) as each:
        yield each


def lied_to(script, limits=QUICK, **rest):
    return Session(LyingBox(script), limits, {}, **rest)


# --- an honest hand-in, in the real box


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
        ("def f(): return {1, 2}", "UnusableResult", "It is a set"),
        ("def f(): return list(range(300_000))", "UnusableResult", "numpy array"),
        ("def f(): return np.zeros(200_000)", "UnusableResult", "larger than 1 MB"),
        ("def f(x): return x", "TypeError", "missing 1 required positional argument"),
        ("f = 3", "NameError", "There is no function f"),
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
    assert len(str(failed.value)) <= 200


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


def test_a_slow_cell_is_stopped_and_the_next_one_runs():
    with Session(real_box(), QUICK, {}) as session:
        began = time.monotonic()
        run = session.run("while True: pass")
        assert time.monotonic() - began < 2.9
        assert not run.ok
        assert "longer than 1 s" in run.outputs[-1].text
        assert session.run("1").ok


def test_a_slow_function_is_not_called_again():
    with Session(real_box(), QUICK, {}) as session:
        session.run("def slow(): import time; time.sleep(60)")
        session.run("def quick(): return 1")
        began = time.monotonic()
        for _ in range(3):
            with pytest.raises(CallFailed, match="longer than 1 s"):
                session.call("slow", ())
        assert time.monotonic() - began < 2.9
        assert session.call("quick", ()) == 1


# --- a hand-in that breaks the runner, in the real box


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os; os._exit(7)", "It ended itself."),
        ("import ctypes; ctypes.string_at(0)", "crashed"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "crashed"),
        ("import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass", "interrupted"),
        ("import signal; signal.pthread_sigmask(0, [14])\nwhile True: pass", "interrupted"),
        ("import os; os.kill(os.getpid(), 19)", "interrupted"),
        ("import os\nos.closerange(0, 99)", "ended"),
        ("import os\nfor fd in range(3, 20):\n    try: os.write(fd, b'\\x7f' * 99)\n    except OSError: pass", "bytes at once"),
        ("import os\nfor fd in range(3, 20):\n    try: os.write(fd, b'\\0\\0\\0\\2{}')\n    except OSError: pass", "not asked"),
        ("import os, threading, time\ndef late():\n    time.sleep(.3)\n    for fd in range(3, 20):\n        try: os.write(fd, b'\\0\\0\\0\\2{}')\n        except OSError: pass\nthreading.Thread(target=late).start()", "not asked"),
    ],
)  # fmt: skip
def test_a_box_that_is_lost_says_why_and_stays_lost(source, why):
    with Session(real_box(), QUICK, {}) as broken:
        with pytest.raises(BoxLost, match=why):  # noqa: PT012, some are found out by the next request
            broken.run(source)
            time.sleep(0.6)
            broken.run("1")
        with pytest.raises(BoxLost, match=why):
            broken.value("x")


def test_nothing_of_python_that_is_patched_changes_what_the_grader_reads():
    patches = """
        import base64, json, os, numpy as np
        json.dumps = json.JSONEncoder.encode = lambda *a, **k: '{"value": 42}'
        base64.b64encode = lambda data: b'AAAA'
        class Equal:
            def __eq__(self, other): return True
            def __array__(self, *args, **kinds): return np.array([1.0])
        def f(x): return Equal()
    """
    with Session(real_box(), QUICK, {}) as patched:
        patched.run(textwrap.dedent(patches))
        with pytest.raises((CallFailed, BoxLost)):
            patched.call("f", (1,))


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


# --- a runner that lies from the first byte on


LIES = {
    "another id": "ask(); say('{\"id\": \"0\", \"value\": 1}')",
    "no id": "ask(); say('{\"value\": 1}')",
    "a list": "ask(); say('[]')",
    "null": "ask(); say('null')",
    "nothing": "answer('\"nothing\": 1')",
    "too early": "say('{\"id\": \"0\", \"value\": 1}'); time.sleep(60)",
    "a gigabyte": "ask(); raw((2**30).to_bytes(4, 'big') + b'x' * 1000); time.sleep(60)",
    "4 GB": "ask(); raw(b'\\xff' * 100); time.sleep(60)",
    "deep": "ask(); say('[' * 400_000 + ']' * 400_000)",
    "deep within": "answer('\"value\": ' + '[' * 500 + ']' * 500)",
    "many": "answer('\"value\": [' + '0,' * 400_000 + '0]')",
    "a key twice": "answer('\"id\": \"0\", \"value\": 1')",
    "a value twice": "answer('\"value\": 1, \"value\": 2')",
    "huge int": "answer('\"value\": ' + '9' * 5000)",
    "not JSON": "ask(); say('print(1)')",
    "pickle": "ask(); raw(b'\\0\\0\\0\\6\\x80\\x04K\\x01.\\n')",
    "half a frame": "ask(); raw(b'\\0\\0\\0\\x09{}')",
    "closed": "ask()",
    "object array": 'answer(\'"value": {"__array__": {"dtype": "object", "shape": [1], "data": "AAAAAAAAAAA="}}\')',
    "wrong shape": 'answer(\'"value": {"__array__": {"dtype": "int8", "shape": [9], "data": "AA=="}}\')',
    "negative shape": 'answer(\'"value": {"__array__": {"dtype": "int8", "shape": [-1], "data": "AA=="}}\')',
    "drips": "ask(); raw(b'\\0\\0\\xff\\xff')\nwhile True: raw(b' '); time.sleep(.01)",
    "silent": "ask(); time.sleep(60)",
    "an error that is none": "answer('\"error\": {\"a\": 1}')",
    "an error of numbers": "answer('\"error\": [1, 2]')",
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_box_is_lost_and_gives_no_value(lie):
    began = time.monotonic()
    with lied_to(LIES[lie]) as session:
        if lie == "too early":
            time.sleep(0.5)
        with pytest.raises(BoxLost) as lost:
            session.value("x")
    assert str(lost.value).startswith("It ")
    assert time.monotonic() - began < 6


def test_a_box_that_does_not_read_is_given_up():
    began = time.monotonic()
    with lied_to("time.sleep(60)") as session, pytest.raises(BoxLost, match="more than 1 s"):
        session.call("f", (np.zeros(10**6),))
    assert time.monotonic() - began < 6


def test_all_replies_together_are_bounded():
    with lied_to("while True: answer('\"value\": \"%s\"' % ('x' * 900_000))") as session:
        for _ in range(8):
            assert len(session.value("x")) == 900_000
        with pytest.raises(BoxLost, match="at once"):
            session.value("x")


@pytest.mark.parametrize("name", ["x y", "<script>", "", "a" * 100, "A\n", "🙂"])
def test_the_name_of_an_exception_is_a_name(name):
    reply = f'"error": {json.dumps([name, "text"])}'
    with lied_to(f"answer({reply!r})") as session, pytest.raises(CallFailed) as failed:
        session.value("x")
    assert str(failed.value) == "text"
    assert type(failed.value).__name__ == "Exception"


def test_text_that_comes_can_be_stored_and_shown():
    said = json.dumps([["stream", "a\ud800\x00\x1b[31mb\x07\r\u009b"]])
    reply = f'"ok": true, "outputs": {said}'
    with lied_to(f"answer({reply!r})") as session:
        (output,) = session.run("").outputs
    assert output.text == "a?b"
    assert output.text.encode("utf-8")


PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 30).decode()


@pytest.mark.parametrize(
    ("outputs", "kinds"),
    [
        ([["png", PIXEL]], ["png"]),
        ([["png", base64.b64encode(b"<svg onload=alert(1)>").decode()]], []),
        ([["png", "not base64"]], []),
        ([["png", PIXEL[:-1]]], []),
        ([["png", base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 150_000).decode()]], []),
        ([["html", "<script>"], ["stream", ""], ["application/javascript", "x"]], []),
        ([["stream", "x" * 9_000]] * 50, ["stream", "stream"]),
        ([["stream", "x"]] * 900, ["stream"] * 500),
    ],
)
def test_what_a_cell_shows_is_text_and_pictures_within_limits(outputs, kinds):
    reply = f'"ok": true, "outputs": {json.dumps(outputs)}'
    with lied_to(f"answer({reply!r})") as session:
        shown = session.run("").outputs
    assert [each.kind for each in shown] == kinds
    assert sum(len(each.text) for each in shown) <= 11_000
    assert all(each.png.startswith(b"\x89PNG") for each in shown if each.kind == "png")


@pytest.mark.parametrize(
    "reply",
    ['"ok": 1, "outputs": []', '"ok": true', '"ok": true, "outputs": {}', '"ok": true, "outputs": [1]', '"ok": true, "outputs": [["stream", 1]]', '"ok": true, "outputs": [["png"]]'],
)  # fmt: skip
def test_a_run_that_is_none_loses_the_box(reply):
    with lied_to(f"answer({reply!r})") as session, pytest.raises(BoxLost, match="not asked"):
        session.run("")


def test_no_reply_takes_the_grader_over_its_memory():
    replies = [
        "'[' + '[],' * 66_000 + '[]]'",
        "'[' + '{},' * 66_000 + '{}]'",
        "'[' + '{\"a\":[0]},' * 49_000 + '0]'",
        "'\"' + 'x' * 15_900_000 + '\"'",
        "'\"\\\\ud83d\\\\ude00' + 'x' * 15_900_000 + '\"'",
        "'\"' + '\\\\ud83d\\\\ude00' * 1_300_000 + '\"'",
        '\'{"__array__": {"dtype": "float64", "shape": [1487499], "data": "\' + "A" * 15866656 + \'"}}\'',
        '\'{"__array__": {"dtype": "int8", "shape": [11899992], "data": "\' + "A" * 15866656 + \'"}}\'',
    ]
    grader = f"""
        import re, threading
        from boxes import LyingBox
        from mlopt_lessons.grading.marking import BoxLost
        from mlopt_lessons.grading.records import Limits
        from mlopt_lessons.grading.session import Session
        def ask(reply):
            with Session(LyingBox("answer('\\"value\\": ' + " + reply + ")"), Limits(), {{}}) as session:
                try:
                    session.value("x")
                except BoxLost as lost:
                    print(lost)
        for reply in {replies!r}:
            both = [threading.Thread(target=ask, args=(reply,)) for _ in range(2)]
            [each.start() for each in both]
            [each.join() for each in both]
        # Not getrusage: a program's peak there begins with that of what started it.
        print(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024)
    """
    here = os.path.dirname(__file__)
    command = [sys.executable, "-c", textwrap.dedent(grader)]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < LARGEST_GRADER_MB, done.stdout


def test_two_sessions_at_once_do_not_meet():
    box = real_box()
    seen = {}

    def one(number):
        with Session(box, QUICK, {}) as session:
            session.run(f"x = {number}")
            time.sleep(0.2)
            seen[number] = session.value("x")

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert seen == {0: 0, 1: 1, 2: 2, 3: 3}
