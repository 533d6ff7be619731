"""`mlopt spot` from a shell: tables and bills, and one sentence with a status for each mistake."""

import json
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

from mlopt_lessons.spot.command import spot

STEPS = "import time\nfor step in range(1, 4): print('step', step, flush=True)"
posix = pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no process groups")


def invoke(*arguments):
    return CliRunner().invoke(spot, [str(argument) for argument in arguments])


@pytest.fixture
def trace(tmp_path):
    """A trace of 100 h in ticks of an hour: five hours with capacity, one without."""
    path = tmp_path / "zone.json"
    available = [int(tick % 6 != 5) for tick in range(100)]
    path.write_text(json.dumps({"metadata": {"gap_seconds": 3600}, "data": available}))
    return path


def plan(*arguments):
    return invoke("plan", "--hours", 10, "--deadline", 20, *arguments)


def test_a_plan_is_a_table_a_csv_and_a_picture(trace, tmp_path):
    out = tmp_path / "made" / "here"
    result = plan("--trace", trace, "--overhead", 0, "--spot", 7, "--on-demand", 24, "--out", out)
    assert result.exit_code == 0, result.output
    assert (out / "plan.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(out / "plan.csv").set_index("policy")
    assert table.loc["on demand", "cost"] == 10 * 24
    # Ten hours of spot always fit into twenty, an hour in six without: no policy needs on demand.
    assert table.loc["greedy", "cost"] == 10 * 7
    assert table.loc["greedy", "late"] == 0
    assert "$240.00" in result.output
    assert str(out / "plan.csv") in result.output


def test_a_second_zone_never_costs_the_optimum_more(trace, tmp_path):
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"metadata": {"gap_seconds": 3600}, "data": [1] * 100}))
    one, two = tmp_path / "one", tmp_path / "two"
    assert plan("--trace", trace, "--starts", 5, "--out", one).exit_code == 0
    assert plan("--trace", trace, "--trace", other, "--starts", 5, "--out", two).exit_code == 0
    costs = [pd.read_csv(folder / "plan.csv")["cost"].iloc[-1] for folder in (one, two)]
    assert costs[1] <= costs[0]


def test_a_plan_without_a_folder_writes_nothing(trace, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert plan("--trace", trace, "--starts", 3).exit_code == 0
    assert os.listdir(tmp_path) == ["zone.json"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("--deadline", 5), "The deadline of 5 h comes before 10 h of work"),
        (("--deadline", 200), "The trace lasts 100.0 h, less than the deadline of 200 h"),
        (("--spot", 0), "The spot price must be above 0"),
        (("--on-demand", -1), "The on-demand price must be above 0"),
        (("--overhead", -1), "overhead_h must be at least 0"),
        (("--hours", "nan"), "work_h must be above 0"),
        (("--starts", 0), "At least one start is needed"),
        (("--trace", "no.json"), "no.json cannot be used (No such file or directory)"),
        (("--trace", "{empty}"), "empty"),
        (("--trace", "{text}"), "text.json is not JSON"),
        (("--trace", "{other}"), "zones must cover the same time"),
        (("--out", "{text}"), "text.json cannot be used (File exists)"),
    ],
)
def test_mistakes_in_a_plan_are_one_sentence(change, sentence, trace, tmp_path):
    files = {"text": "hello", "empty": '{"metadata": {"gap_seconds": 600}, "data": []}',
             "other": '{"metadata": {"gap_seconds": 600}, "data": [1, 0]}'}  # fmt: skip
    for name, content in files.items():
        (tmp_path / f"{name}.json").write_text(content)
    paths = {name: tmp_path / f"{name}.json" for name in files}
    option, value = change
    result = plan("--trace", trace, option, str(value).format(**paths))
    assert result.exit_code == 1
    assert sentence in result.output
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [("plan",), ("run",), ("plan", "--hours", "x"), ("run", "--seed", -1, "true")]
)
def test_a_wrong_form_is_status_2(arguments):
    assert invoke(*arguments).exit_code == 2


@posix
def test_a_run_shows_lines_launches_and_the_bill():
    result = invoke("run", "--rate", 0, "--", sys.executable, "-c", STEPS)
    assert result.exit_code == 0, result.output
    assert "step 3" in result.output
    assert "1 to 3" in result.output
    assert "finished" in result.output
    assert "Never preempted." in result.output


@posix
def test_saved_money_is_the_discount_when_nobody_strikes():
    """7 against 24 dollars saves 70.8 %, when only the rates differ."""
    result = invoke("run", "--rate", 0, "--quiet", "--", sys.executable, "-c", STEPS)
    assert "71 % saved." in result.output
    assert "step 3" not in result.output
    silent = invoke("run", "--rate", 0, "--", sys.executable, "-c", "print('hi')")
    assert "no steps were printed" in silent.output
    assert "71 % saved at most." in silent.output


@posix
def test_strikes_come_as_often_as_the_seed_s_exponential_lives(tmp_path):
    """A command of 1 s that goes on where it was, on machines that last 0.18 s on average."""
    code = (
        "import os, time\n"
        "done = int(open('n').read()) if os.path.exists('n') else 0\n"
        "for step in range(done + 1, 51):\n"
        "    time.sleep(0.02); print('step', step)\n"
        "    open('new', 'w').write(str(step)); os.replace('new', 'n')"
    )
    rate, seed = 20_000, 4
    result = invoke(
        "run", "--rate", rate, "--seed", seed, "--notice", 0, "--outage", 0, "--quiet", "--",
        sys.executable, "-S", "-c", f"import os; os.chdir({str(tmp_path)!r})\n{code}",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines()[1:] if "killed" in line]
    draws = np.random.default_rng(seed)
    assert rows
    for row in rows:
        life = draws.exponential(3600 / rate)
        draws.exponential(0)
        assert float(row[2]) - float(row[1]) == pytest.approx(life, abs=0.5)
        assert "killed without notice" in " ".join(row)


@posix
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--", "no-such-command"), "The command no-such-command does not start"),
        (("--price-spot", 0, "--", "true"), "The spot price must be above 0"),
        (("--rate", -1, "--", "true"), "The rate of strikes must be at least 0"),
        (("--notice", -1, "--", "true"), "The notice must be at least 0"),
        (("--outage", "nan", "--", "true"), "The outage must be at least 0"),
        (("--give-up", 0, "--", "true"), "At least 1 launch is needed"),
        (("--step", "(", "--", "true"), "is no regular expression"),
        (("--step", "step", "--", "true"), "needs one group for the number"),
        (("--", sys.executable, "-c", "print('oh'); exit(4)"), "status 4 in launch 1, struck by nobody (oh)"),
        (("--rate", 1e6, "--outage", 0, "--give-up", 2, "--", "sleep", 9), "2 launches in a row"),
    ],
)  # fmt: skip
def test_mistakes_in_a_run_are_one_sentence(arguments, sentence):
    result = invoke("run", *arguments)
    assert result.exit_code == 1
    assert sentence in result.output
    assert result.output.splitlines()[-1].startswith("Error: ")


@posix
def test_ending_the_command_ends_what_it_started(tmp_path):
    code = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); print('step 1'); time.sleep(60)"
    script = "from mlopt_lessons.cli import main; main()"
    own = [sys.executable, "-c", script, "spot", "run", "--rate", "0", "--"]
    command = [*own, sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as market:
        assert market.stdout is not None
        assert market.stdout.readline() == "step 1\n"
        market.send_signal(signal.SIGTERM)
        assert market.wait(20) == 128 + signal.SIGTERM
    pid, until = int((tmp_path / "pid").read_text()), time.monotonic() + 5
    while psutil.pid_exists(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not psutil.pid_exists(pid)
