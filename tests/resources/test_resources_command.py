"""`mlopt rightsize` and `mlopt profile` from a shell: tables, statuses, and one sentence a mistake."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import psutil
import pytest
from click.testing import CliRunner

from mlopt_lessons.resources.command import rightsize
from mlopt_lessons.resources.command_run import exit_status, find_rule
from mlopt_lessons.resources.rules import RULES
from mlopt_lessons.resources.usage import STORY, Request, Usage
from mlopt_lessons.resources.usage_log import save_usage

posix = pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system has no wait4")
PROFILE = [sys.executable, "-c", "from mlopt_lessons.resources.command import profile; profile()"]


def invoke(*arguments):
    return CliRunner().invoke(rightsize, [str(argument) for argument in arguments])


def profile(*arguments):
    return subprocess.run(
        [*PROFILE, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def story(tmp_path):
    save_usage([STORY], tmp_path / "story.csv")
    return tmp_path / "story.csv"


def test_the_story_s_job_in_dollars(story, tmp_path):
    """16 × 730 core-hours at $0.04 and 64 × 730 GiB-hours at $0.005 are $700.80; half of it is twice the mean."""
    out = tmp_path / "new.csv"
    result = invoke(story, "--price-core", 0.04, "--price-gib", 0.005, "--out", out)
    assert result.exit_code == 0, result.output
    assert "1 job, 8,064 samples, 672.0 h of record" in result.output
    assert "now $700.80 a month" in result.output
    assert "$0.04 a core-hour, $0.005 a GiB-hour (your own price, " in result.output
    twice = next(line for line in result.output.splitlines() if line.startswith("twice"))
    assert twice.split()[3:] == ["75.0%", "75.0%", "0.0%", "0.0%", "0.0", "175.20"]
    assert all(name in result.output for name in RULES)
    row = pd.read_csv(out).iloc[0]
    assert (row["cpu_request"], row["memory_request_gib"]) == (16, 64)
    # Kubernetes' own figures for such a job, see test_vpa.py.
    assert row["new_cpu"] == pytest.approx(2.408, abs=5e-4)
    assert row["new_memory_gib"] == pytest.approx(9.415, abs=5e-4)


def test_a_kill_costs_what_you_say(tmp_path):
    """Memory doubles in the second half: what was learnt from the first is killed once, in an hour."""
    memory = np.array([1.0] * 30 + [2.0] * 30)
    usage = Usage("grows", np.ones(60), memory, 60.0, Request(4, 4), "simulated: by hand, no seed")
    save_usage([usage], tmp_path / "log.csv")
    result = invoke(tmp_path / "log.csv", "--kill-price", 5, "--price-core", 0, "--price-gib", 0)
    assert result.exit_code == 0, result.output
    krr = next(line for line in result.output.splitlines() if "KRR" in line)
    # One kill in half an hour: 1,460 in a month of 730 hours.
    assert krr.split()[-3:] == ["100.0%", "1,460.0", "7,300.00"]


def test_a_log_without_requests_still_gets_requests(tmp_path):
    (tmp_path / "log.csv").write_text("time,cpu_cores,memory_gib\n0,1,2\n60,1,2\n")
    result = invoke(tmp_path / "log.csv", "--rule", "krr")
    assert result.exit_code == 0, result.output
    assert "2.300" in result.output  # 2 GiB × 1.15
    assert "What the jobs asked for is not known" in result.output


def test_many_jobs_are_cut_and_counted(tmp_path):
    save_usage([Usage(f"job {n}", np.ones(4), np.ones(4), 60.0, Request(2, 2), "simulated: by hand")
                for n in range(23)], tmp_path / "log.csv")  # fmt: skip
    result = invoke(tmp_path / "log.csv", "--out", tmp_path / "out.csv")
    assert "and 3 more jobs; --out writes all." in result.output
    assert len(pd.read_csv(tmp_path / "out.csv")) == 23


@pytest.mark.parametrize(
    ("text", "name"),
    [("vpa", "p90 + 15 % (VPA)"), ("KRR", "p95, max + 15 % (KRR)"), ("p95 + 15 %", "p95 + 15 %"),
     ("twice", "twice the mean"), ("aws", "p99.5 + 20 % (AWS)")],
)  # fmt: skip
def test_rules_have_short_names(text, name):
    assert find_rule(text) == name


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--rule", "kubcost"), "No rule is called 'kubcost'. Did you mean kubecost? The rules: "),
        (("--rule", "p9"), "More than one rule is called 'p9'. The rules: "),
        (("--rule", ""), "No rule is called ''. The rules: "),
        (("--price-core", -1), "A price an hour is a finite number, at least 0, not -1.0"),
        (("--price-gib", "nan"), "A price an hour is a finite number, at least 0, not nan"),
        (("--kill-price", -1), "The price of a kill is a finite number of dollars, at least 0"),
        (("--kill-price", "nan"), "The price of a kill is a finite number of dollars, at least 0"),
        (("--train", 1), "train is the part to learn from"),
        (("--out", "no/folder/out.csv"), "no/folder"),
    ],
)
def test_mistakes_are_one_sentence(arguments, sentence, story):
    check_mistake(invoke(story, *arguments), sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("time,cpu_cores,memory_gib\n0,1,1\n", "has one sample"),
        ("time,cpu,memory_gib\n0,1,1\n", "lacks cpu_cores"),
        ("time,cpu_cores,memory_gib\n0,1,1\n60,nan,1\n", "line 3: cpu_cores is empty or NaN"),
        ("time,cpu_cores,memory_gib\n60,1,1\n0,1,1\n", "jumps back by 60 s"),
    ],
)
def test_logs_that_cannot_be_used_are_one_sentence(text, sentence, tmp_path):
    (tmp_path / "log.csv").write_text(text)
    check_mistake(invoke(tmp_path / "log.csv"), sentence)


def test_no_file_is_one_sentence(tmp_path):
    check_mistake(invoke(tmp_path / "no.csv"), "There is no file")


def check_mistake(result, sentence):
    assert result.exit_code == 1, result.output
    assert sentence in result.output
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1


@posix
def test_a_command_is_profiled_and_its_output_left_alone(tmp_path):
    log = tmp_path / "usage.csv"
    code = "import sys, time; block = bytearray(b'x') * 80_000_000; time.sleep(0.3); print(sys.stdin.read() + '!'); sys.exit(3)"
    done = subprocess.run([*PROFILE, "--interval", "0.05", "--out", log, "--", sys.executable, "-c", code],
                          capture_output=True, text=True, check=False, input="hello")  # fmt: skip
    assert done.returncode == 3
    assert done.stdout == "hello!\n"
    assert "exit status 3" in done.stderr
    assert "Memory: peak " in done.stderr
    assert all(name in done.stderr for name in RULES)
    table = pd.read_csv(log)
    assert table["memory_gib"].max() * 2**30 > 80_000_000
    again = invoke(log)
    assert again.exit_code == 0, again.output


@posix
def test_a_signal_s_status_is_a_shell_s():
    assert profile("--", "sh", "-c", "kill -9 $$").returncode == 128 + 9 == exit_status(-9)


@posix
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--", "no-such-command"), "The command no-such-command does not start"),
        (("--", ""), "A command is a list of its words"),
        (("--interval", 0, "--", "true"), "An interval of 0.0 s cannot be sampled"),
        (("--out", "no/folder/out.csv", "--", "echo", "ran"), "There is no folder no/folder"),
        (("--out", "/", "--", "echo", "ran"), "/ is a folder; give the name of a file"),
    ],
)
def test_mistakes_in_a_profile_are_one_sentence(arguments, sentence):
    done = profile(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


@posix
def test_a_wrong_form_is_status_2():
    assert profile().returncode == 2
    assert profile("--interval", "x", "true").returncode == 2
    assert invoke().exit_code == 2


@posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_who_ends_the_profile_ends_the_command(number, status):
    """Ctrl-C goes to all processes of a terminal and leaves the report; SIGTERM to the profile alone."""
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    with subprocess.Popen([*PROFILE, "--", sys.executable, "-c", code], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, start_new_session=True) as running:  # fmt: skip
        assert running.stdout is not None
        pid = int(running.stdout.readline())
        send = os.killpg if number == signal.SIGINT else os.kill
        send(running.pid, number)
        assert running.wait(20) == status
        assert running.stderr is not None
        assert ("Memory: peak" in running.stderr.read()) == (number == signal.SIGINT)
    until = time.monotonic() + 5
    while psutil.pid_exists(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not psutil.pid_exists(pid)


@posix
def test_profiling_does_not_wait_for_torch():
    code = "import sys, mlopt_lessons.resources.command_run; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
