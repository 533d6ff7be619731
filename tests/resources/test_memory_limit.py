"""Jobs with a real limit: what is over it is dead, what is under it lives, and the caller goes on."""

import os
import signal
import sys
import time

import numpy as np
import psutil
import pytest

from mlopt_lessons.resources import limit as limit_module
from mlopt_lessons.resources.launch import descendants
from mlopt_lessons.resources.limit import (
    DEMO_MIB,
    MIB,
    memory_requests,
    run_command_limited,
    run_limited,
    run_throttled,
    try_requests,
)

posix = pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system has no wait4")
linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux refuses memory by RLIMIT_DATA"
)
BUSY = "import time\nwhile time.process_time() < 0.3: pass"


def python(code):
    return [sys.executable, "-S", "-c", code]


@posix
def test_a_job_above_its_limit_is_killed_and_this_one_goes_on():
    outcome = run_limited(120 * MIB, 60 * MIB, step_s=5)
    assert outcome.killed
    assert outcome.how == "SIGKILL"
    assert outcome.returncode == -signal.SIGKILL
    assert outcome.peak_bytes > 60 * MIB
    assert outcome.seconds < 5
    assert outcome.by.startswith("watchdog")


@linux
def test_a_job_below_its_limit_holds_what_it_was_told_to():
    outcome = run_limited([40 * MIB, 80 * MIB, 30 * MIB], 100 * MIB)
    assert not outcome.killed
    assert outcome.how == "finished"
    assert outcome.peak_bytes == pytest.approx(80 * MIB, rel=0.02)


@pytest.mark.timing
@posix
def test_mean_and_p95_kill_and_the_peak_with_a_margin_does_not():
    memory = np.array(DEMO_MIB) * MIB
    requests = memory_requests(memory)
    assert requests == {
        "mean": memory.mean(),
        "p95": np.quantile(memory, 0.95),
        "peak + 15 %": 1.15 * 120 * MIB,
    }
    assert requests["mean"] < requests["p95"] < memory.max()
    outcomes = try_requests(memory, requests, step_s=0.03)
    assert [outcome.killed for outcome in outcomes.values()] == [True, True, False]
    assert outcomes["mean"].seconds < outcomes["p95"].seconds < outcomes["peak + 15 %"].seconds


@posix
def test_a_peak_between_two_looks_kills_too(monkeypatch):
    """The job is far below again when the watchdog looks; the kernel's mark tells of it."""
    monkeypatch.setattr(limit_module, "LOOK_S", 0.4)
    if sys.platform == "linux":
        outcome = run_limited([100 * MIB, *[20 * MIB] * 30], 60 * MIB, step_s=0.05)
        assert outcome.killed


@linux
def test_the_kernel_refuses_memory_above_rlimit():
    refused = run_limited(200 * MIB, 100 * MIB, by="rlimit")
    assert (refused.killed, refused.how) == (True, "MemoryError")
    assert refused.peak_bytes < 100 * MIB
    assert refused.by == "kernel: RLIMIT_DATA"
    granted = run_limited(80 * MIB, 100 * MIB, by="rlimit")
    assert (granted.killed, granted.how) == (False, "finished")


@posix
def test_all_processes_of_a_command_count_and_all_are_killed():
    """Two children of 50 MB each are below the limit, together above it."""
    child = "import time; block = bytearray(b'x') * 50_000_000; time.sleep(62)"
    parent = (
        "import subprocess, sys\n"
        f"both = [subprocess.Popen([sys.executable, '-S', '-c', {child!r}]) for _ in range(2)]\n"
        "[each.wait() for each in both]"
    )
    outcome = run_command_limited([sys.executable, "-c", parent], 90_000_000)
    assert outcome.killed
    until = time.monotonic() + 5
    while (left := _running(child)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not left


def _running(word):
    found = []
    for process in psutil.process_iter():
        try:
            if word in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@posix
@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("raise SystemExit(3)", "failed with status 3"),
        ("raise SystemExit(12)", "failed with status 12"),
        ("import os; os.kill(os.getpid(), 15)", "ended by SIGTERM (Terminated)"),
    ],
)
def test_what_ends_for_another_reason_was_not_killed_by_the_limit(code, how):
    outcome = run_command_limited(python(code), 10**9, quiet=True)
    assert not outcome.killed
    assert outcome.how.startswith(how.split(" (")[0])


@posix
@pytest.mark.parametrize("share", [0.5, 0.25])
def test_too_little_cpu_only_takes_longer(share):
    """Work of 0.3 CPU-seconds cannot end before 0.3 / share seconds, but for the last period."""
    outcome = run_throttled(python(BUSY), share, period_s=0.05)
    assert outcome.returncode == 0
    assert outcome.cpu_seconds == pytest.approx(0.3, abs=0.1)
    assert outcome.seconds > 0.8 * 0.3 / share - 0.05


@posix
def test_the_whole_share_stops_nothing(monkeypatch):
    monkeypatch.setattr(psutil.Process, "suspend", lambda self: pytest.fail("stopped"))
    assert run_throttled(python("raise SystemExit(5)"), 1).returncode == 5


@posix
def test_a_stopped_command_dies_with_an_error(monkeypatch):
    def fail(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(limit_module.time, "sleep", fail)
    with pytest.raises(KeyboardInterrupt):
        run_throttled(["sleep", "63"], 0.5)
    assert not [each for each in descendants(psutil.Process()) if "63" in each.cmdline()]


@posix
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: run_limited(10, 0), "A memory limit is a number of bytes above 0, not 0"),
        (lambda: run_limited(10, -5), "A memory limit is a number of bytes above 0"),
        (lambda: run_limited(10, float("nan")), "A memory limit is a number of bytes above 0"),
        (lambda: run_limited([], 10), "memory_bytes is a number, or up to 10,000 numbers"),
        (lambda: run_limited([[1, 2]], 10), "memory_bytes is a number, or up to 10,000 numbers"),
        (lambda: run_limited([1, -2], 10), "a number that is not above 0"),
        (lambda: run_limited([1, float("nan")], 10), "a number that is not above 0"),
        (lambda: run_limited(10, 10, by="magic"), "by is 'watchdog' or 'rlimit', not 'magic'"),
        (lambda: run_limited(10, 10, step_s=-1), "step_s is -1"),
        (lambda: run_command_limited([], 10), "A command is a list of its words"),
        (lambda: run_command_limited(["no-such-command"], 10), "does not start"),
        (lambda: run_throttled(["true"], 0), "A share of the processor lies above 0"),
        (lambda: run_throttled(["true"], 1.5), "A share of the processor lies above 0"),
        (lambda: run_throttled(["true"], 0.5, period_s=0), "A period of 0 s cannot be kept"),
    ],
)
def test_mistakes_are_sentences(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_without_wait4_there_is_a_sentence(monkeypatch):
    monkeypatch.delattr(os, "wait4", raising=False)
    with pytest.raises(OSError, match="use Linux, macOS or WSL"):
        run_limited(10, 10**9)
