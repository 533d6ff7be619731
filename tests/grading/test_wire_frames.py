"""Frames through a pipe: within a limit and a deadline, whatever the other side does."""

import os
import threading
import time
from contextlib import suppress

import pytest

from mlopt_lessons.grading.wire import WireError, read_frame, write_frame


@pytest.fixture
def pipe():
    ends = os.pipe()
    yield ends
    for end in ends:
        with suppress(OSError):  # a test may have closed it
            os.close(end)


def test_a_frame_is_a_length_and_json(pipe):
    out, into = pipe
    write_frame(into, {"a": [1, "é"]})
    assert os.read(out, 100) == b"\0\0\0\x12" + rb'{"a":[1,"\u00e9"]}'


def test_frames_pass_one_after_the_other(pipe):
    out, into = pipe
    os.write(into, b"\0\0\0\x02[]\0\0\0\x01")
    os.write(into, b"7")
    assert read_frame(out, 10) == []
    assert read_frame(out, 10) == 7


def test_a_length_over_the_limit_is_refused_before_it_is_read(pipe):
    out, into = pipe
    os.write(into, (2**30).to_bytes(4, "big") + b"[")
    with pytest.raises(WireError, match="more bytes at once"):
        read_frame(out, 1000)


def test_a_pipe_that_closes_within_a_frame_is_an_end(pipe):
    out, into = pipe
    os.write(into, b"\0\0\0\x09[1")
    os.close(into)
    with pytest.raises(EOFError):
        read_frame(out, 1000, time.monotonic() + 5)


@pytest.mark.timing
def test_a_frame_that_drips_ends_at_the_deadline(pipe):
    out, into = pipe
    stop = threading.Event()

    def drip():
        os.write(into, b"\0\0\0\xff")
        while not stop.wait(0.05):
            os.write(into, b" ")

    thread = threading.Thread(target=drip)
    thread.start()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        read_frame(out, 1000, began + 0.5)
    stop.set()
    thread.join()
    assert 0.4 < time.monotonic() - began < 3


@pytest.mark.timing
def test_writing_to_who_does_not_read_ends_at_the_deadline(pipe):
    _, into = pipe
    os.set_blocking(into, False)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        write_frame(into, "x" * 1_000_000, began + 0.3)
    assert time.monotonic() - began < 3


def test_a_message_over_the_limit_is_not_written(pipe):
    out, into = pipe
    with pytest.raises(WireError, match="larger than"):
        write_frame(into, "x" * 100, limit=50)
    os.close(into)
    assert os.read(out, 10) == b""
