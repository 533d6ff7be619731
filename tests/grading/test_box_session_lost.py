"""A session whose hand-in is slow, breaks the runner, or lies: it says why, and believes nothing."""

import base64
import json
import os
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from boxes import LyingBox, real_box

from mlopt_lessons.grading.marking import BoxLost, CallFailed
from mlopt_lessons.grading.records import Limits
from mlopt_lessons.grading.session import Session

QUICK = Limits(cell_s=1, wall_s=30, output_kb=10, reply_mb=1)
LARGEST_GRADER_MB = 400


def lied_to(script, limits=QUICK, **rest):
    return Session(LyingBox(script), limits, {}, **rest)


# --- in the real box


@pytest.mark.timing
def test_a_slow_cell_is_stopped_and_the_next_one_runs():
    with Session(real_box(), QUICK, {}) as session:
        began = time.monotonic()
        run = session.run("while True: pass")
        assert time.monotonic() - began < 2.9
        assert not run.ok
        assert "longer than 1 s" in run.outputs[-1].text
        assert session.run("1").ok


@pytest.mark.timing
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


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os; os._exit(7)", "The program ended itself."),
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


@pytest.mark.timing
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


@pytest.mark.timing
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
