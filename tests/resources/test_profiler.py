"""The profiler against what the kernel wrote, what children counted themselves, and known work."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest

from mlopt_lessons.resources import profiler as profiler_module
from mlopt_lessons.resources.launch import descendants, launched
from mlopt_lessons.resources.profiler import (
    OF_LARGEST,
    OF_MARKS,
    profile,
    profile_command,
)
from mlopt_lessons.resources.tree import TreeReader
from mlopt_lessons.resources.usage_log import load_usage, save_usage

posix = pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system has no wait4")
linux = pytest.mark.skipif(sys.platform != "linux", reason="VmHWM is in Linux's /proc only")
MB = 10**6
MARK = (
    "open({path!r}, 'w').write([line for line in open('/proc/self/status') if 'VmHWM' in line][0])"
)
SHORT_PEAK = (
    "import time\n"
    "block = bytearray(b'x') * 300_000_000; time.sleep(0.02); del block\n"
    "time.sleep(1.6)"
)
BUSY = "import time\nwhile time.process_time() < {seconds}: pass"


def python(code):
    return [sys.executable, "-S", "-c", code]


def mark(path):
    return int(path.read_text().split()[1]) * 1024


@pytest.mark.timing  # on busy cores it lasts longer
@linux
def test_a_peak_of_20_ms_is_missed_by_sampling_and_not_by_the_kernel(tmp_path):
    path = tmp_path / "mark"
    found = profile_command(python(SHORT_PEAK + "\n" + MARK.format(path=str(path))), 1)
    assert found.peak_bytes == pytest.approx(mark(path), rel=0.02)
    assert found.peak_bytes > 300 * MB
    assert found.peak_is == OF_LARGEST
    assert found.sampled_peak_bytes < 100 * MB
    # The mark tells between which readings it was, too: in the first second.
    assert found.usage.memory_gib[0] == found.usage.memory_gib.max()
    assert found.usage.memory_gib[-1] * 2**30 < 100 * MB


@linux
def test_a_last_peak_that_no_reading_saw_is_in_the_log(tmp_path):
    path = tmp_path / "mark"
    code = f"block = bytearray(b'x') * 200_000_000\n{MARK.format(path=str(path))}"
    found = profile_command(python(code), 5)
    assert found.sampled_peak_bytes == 0
    assert found.usage.memory_gib.shape == (1,)
    assert found.usage.memory_gib[0] * 2**30 == pytest.approx(mark(path), rel=0.02)


@linux
def test_a_block_s_short_peak_is_found_and_an_earlier_one_is_not():
    held = bytearray(b"x") * (400 * MB)
    del held
    with profile(0.5) as profiled:
        before = psutil.Process().memory_info().rss
        block = bytearray(b"x") * (150 * MB)
        del block
        time.sleep(0.05)
    found = profiled.result
    assert found.peak_bytes == pytest.approx(before + 150 * MB, rel=0.02, abs=8 * MB)
    assert found.peak_is == OF_MARKS
    assert found.returncode == 0


@posix
def test_what_the_caller_holds_is_not_the_command_s():
    """The kernel's ru_maxrss of a child starts at what its parent held when it was started."""
    held = bytearray(b"x") * (300 * MB)
    found = profile_command(python("pass"), 0.05)
    assert len(held) > found.peak_bytes * 5
    assert 2 * MB < found.peak_bytes < 60 * MB


@posix
def test_processor_time_is_what_the_work_took():
    found = profile_command(python(BUSY.format(seconds=0.5)))
    assert found.cpu_seconds == pytest.approx(0.5, abs=0.15)
    edges = np.append(np.arange(len(found.usage.cpu)) * 0.1, found.seconds)
    assert found.usage.cpu @ np.diff(edges) == pytest.approx(found.cpu_seconds, rel=0.01)
    assert found.usage.cpu.max() < 2


@posix
def test_children_count():
    """Two children of 60 MB and 0.3 s each, at the same time."""
    child = (
        "import time; block = bytearray(b'x') * 60_000_000\n"
        + BUSY.format(seconds=0.3)
        + "\ntime.sleep(0.2)"
    )
    parent = (
        "import subprocess, sys\n"
        f"both = [subprocess.Popen([sys.executable, '-S', '-c', {child!r}]) for _ in range(2)]\n"
        "[each.wait() for each in both]"
    )
    found = profile_command([sys.executable, "-c", parent], 0.05)
    assert found.cpu_seconds > 0.6
    assert found.threads >= 3
    assert found.peak_bytes > 120 * MB
    assert found.peak_is != OF_LARGEST


@linux
def test_pages_that_processes_share_count_once():
    """Four forks of a process that holds 100 MB hold no more than it."""
    code = (
        "import os, time\nblock = bytearray(b'x') * 100_000_000\n"
        "children = [os.fork() for _ in range(1)]\n"
        "pid = children[0] or os.fork() or os.fork()\n"
        "time.sleep(0.5)\n"
        "while True:\n    try: os.wait()\n    except ChildProcessError: break"
    )
    found = profile_command(python(code), 0.1)
    assert 100 * MB < found.sampled_peak_bytes < 160 * MB


def test_threads_are_counted_without_the_profiler_s_own():
    go = threading.Event()
    with profile(0.02) as alone:
        time.sleep(0.05)
    with profile(0.02) as more:
        workers = [threading.Thread(target=go.wait) for _ in range(3)]
        [worker.start() for worker in workers]
        time.sleep(0.1)
        go.set()
        [worker.join() for worker in workers]
    assert more.result.threads == alone.result.threads + 3
    assert alone.result.threads < psutil.Process().num_threads() + 1


@posix
@pytest.mark.parametrize(("code", "status"), [("pass", 0), ("raise SystemExit(7)", 7),
                                              ("import os; os.kill(os.getpid(), 9)", -9)])  # fmt: skip
def test_the_status_is_the_command_s(code, status):
    assert profile_command(python(code)).returncode == status


@posix
def test_a_command_is_started_as_a_shell_starts_it():
    """Pipes and Ctrl-C end it: what Python ignores is not ignored in it."""
    code = "import signal; raise SystemExit(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    assert profile_command(python(code)).returncode == 0
    assert profile_command(["sh", "-c", "kill -PIPE $$"]).returncode == -signal.SIGPIPE


@posix
def test_an_error_while_sampling_leaves_nothing_behind(monkeypatch):
    def fail(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(profiler_module.TreeReader, "read", fail)
    with pytest.raises(KeyboardInterrupt):
        profile_command(["sleep", "60"], 0.05)
    assert not [each for each in descendants(psutil.Process()) if "60" in each.cmdline()]


@posix
def test_leaving_the_block_kills_the_command_and_its_children():
    code = f"import subprocess; subprocess.run({['sleep', '61']!r})"
    with launched([sys.executable, "-c", code]) as started:
        until = time.monotonic() + 10
        while len(below := descendants(started.launcher)) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert len(below) == 2
    psutil.wait_procs(below, 5)
    assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in below)


def test_an_exception_in_a_block_ends_the_sampler_and_keeps_the_profile():
    with pytest.raises(ZeroDivisionError), profile(0.02) as profiled:
        1 / 0  # noqa: B018
    assert profiled.result.seconds > 0
    assert "mlopt-profile" not in {thread.name for thread in threading.enumerate()}


def test_processes_that_vanish_or_are_zombies_or_not_ours_count_as_nothing():
    class Denied(psutil.Process):
        def num_threads(self):
            raise psutil.AccessDenied(self.pid)

    gone = subprocess.Popen([sys.executable, "-S", "-c", "pass"])
    zombie_or_gone = psutil.Process(gone.pid)
    time.sleep(0.3)  # ended, not waited for: a zombie
    own = psutil.Process()
    reader = TreeReader(lambda: [own, zombie_or_gone, Denied()])
    first = reader.read()
    gone.wait()
    second = reader.read()
    assert first.memory_bytes == pytest.approx(own.memory_info().rss, rel=0.5)
    assert second.memory_bytes == pytest.approx(first.memory_bytes, rel=0.1)


@posix
def test_the_log_can_be_read_again(tmp_path):
    found = profile_command(python(BUSY.format(seconds=0.35)))
    save_usage([found.usage], tmp_path / "usage.csv")
    (again,) = load_usage(tmp_path / "usage.csv")
    assert again.interval_s == pytest.approx(0.1)
    np.testing.assert_allclose(again.cpu, found.usage.cpu)
    np.testing.assert_allclose(again.memory_gib, found.usage.memory_gib)


@pytest.mark.timing
def test_sampling_costs_little():
    """At the default interval: under a tenth of a core, also where other things run."""
    with profile() as profiled:
        time.sleep(0.6)
    assert 0 < profiled.result.own_cpu < 0.1
    assert profiled.result.cpu_seconds < 0.1


@posix
@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ([], "A command is a list of its words"),
        ([""], "A command is a list of its words"),
        ("python train.py", "A command is a list of its words"),
        (["no-such-command"], "The command no-such-command does not start"),
        (["/"], "The command / does not start"),
    ],
)
def test_mistakes_are_sentences(command, sentence):
    with pytest.raises(ValueError, match=sentence):
        profile_command(command)


@pytest.mark.parametrize("interval_s", [0, -1, 0.001, float("nan"), float("inf")])
def test_an_interval_that_cannot_be(interval_s):
    with pytest.raises(ValueError, match="cannot be sampled"), profile(interval_s):
        pass
    with pytest.raises(ValueError, match="cannot be sampled"):
        profile_command(["true"], interval_s)


def test_the_result_comes_after_the_block():
    with profile() as profiled, pytest.raises(RuntimeError, match="still runs"):
        profiled.result  # noqa: B018
