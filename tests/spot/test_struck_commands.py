"""Commands that are struck: nothing is left of them, seconds and dollars add up, mistakes are sentences."""

import itertools
import os
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from mlopt_lessons.spot.job import Rates
from mlopt_lessons.spot.strikes import Launch, Report, Strike, exponential_strikes
from mlopt_lessons.spot.supervisor import RunError, run

if not hasattr(os, "killpg"):
    pytest.skip("this system has no process groups", allow_module_level=True)

pytestmark = pytest.mark.timeout(120)


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
if child:
    open(sys.argv[1], "a").write(f"{os.getpid()} {child} ")
    print("step 1")
time.sleep(60)
"""


def gone(pids: Path) -> bool:
    """Whether the processes noted in the file have ended; they may take a moment to."""
    noted = [int(line) for line in pids.read_text().split()]
    assert len(noted) >= 2
    until = time.monotonic() + 5
    while any(map(alive, noted)) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(map(alive, noted))


def test_a_stubborn_command_is_killed_with_its_children_when_the_notice_is_over(tmp_path) -> None:
    pids = tmp_path / "pids"
    strikes = [Strike(at_step=1, notice_s=0.3)] * 5
    with pytest.raises(RunError, match="2 launches in a row began at no later step") as caught:
        run([*python(STUBBORN), str(pids)], strikes, give_up=2)
    launches = caught.value.report.launches
    assert [launch.exit_code for launch in launches] == [-9] * 3
    assert {launch.ending for launch in launches} == {"killed after the notice"}
    assert all(0.3 <= launch.end_s - (launch.struck_s or 0) < 3 for launch in launches)
    assert gone(pids)


def test_no_process_is_left_when_the_watcher_fails(tmp_path) -> None:
    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([*python(STUBBORN), str(tmp_path / "pids")], watch=stop)
    assert gone(tmp_path / "pids")


def test_helpers_that_outlive_the_command_go_with_its_machine(tmp_path) -> None:
    code = STUBBORN.replace("time.sleep(60)", "time.sleep(0.2 if child else 60)")
    assert run([*python(code), str(tmp_path / "pids")]).exit_codes == [0]
    assert gone(tmp_path / "pids")


COUNTING = """
import os, sys, time
done = int(open("done").read()) if os.path.exists("done") else 0
for step in range(done + 1, 31):
    print("step", step)
    time.sleep(0.02)
    if step % 5 == 0:
        open("new", "w").write(str(step))
        os.replace("new", "done")
"""


def test_seconds_and_dollars_add_up_and_lost_steps_are_those_done_again(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines: list[str] = []
    strikes = [Strike(at_step=13, outage_s=0.2), Strike(at_step=24, outage_s=0.1)]
    report = run(python(COUNTING), strikes, watch=lines.append)
    first, second, third = (launch.first_step or 0 for launch in report.launches)
    assert first == 1
    assert second in (11, 16, 21)  # a busy machine may kill a little later
    assert third in (21, 26)
    assert len(lines) == sum(len(launch.steps) for launch in report.launches)
    assert 0.3 <= report.waiting_s < 0.6
    total = report.useful_s + report.startup_s + report.lost_s + report.waiting_s
    assert total == pytest.approx(report.launches[-1].end_s - report.launches[0].start_s)
    assert report.lost_s >= 0.02 * (len(lines) - 30)  # each step that was done twice took so long
    assert report.useful_s >= 0.02 * (30 - len(report.launches))
    rates = Rates(7, 24)
    assert report.cost(rates) == pytest.approx(7 * report.billed_s / 3600)
    alone = report.useful_s + report.launches[-1].startup_s
    assert report.on_demand_cost(rates) == pytest.approx(24 * alone / 3600)


def test_a_report_counted_by_hand() -> None:
    """Life 1 from 0 to 10 s, steps 1 to 4; life 2 from 13 to 20 s goes on from step 3; life 3 ends it."""
    report = Report(
        (
            Launch(0.0, 10.0, -9, 10.0, 0.0, ((1, 2.0), (2, 4.0), (3, 6.0), (4, 8.0))),
            Launch(13.0, 20.0, 75, 19.0, 5.0, ((3, 16.0), (4, 18.0), (5, 19.5))),
            Launch(20.0, 25.0, 0, None, 0.0, ((6, 22.0), (7, 24.0))),
        )
    )
    assert report.billed_s == 10 + 7 + 5
    assert report.waiting_s == 3
    assert report.startup_s == 2 + 3 + 2
    assert report.lost == [10 - 4, 0, 0]  # all after step 2 was seen
    assert report.useful_s == 22 - 7 - 6
    assert report.undisturbed_s == 9 + 2
    assert report.preemptions == 2
    assert report.cost(Rates(3600, 7200)) == 22
    assert report.on_demand_cost(Rates(3600, 7200)) == 7200 * 11 / 3600


def test_a_life_that_saved_nothing_is_lost_whole() -> None:
    report = Report(
        (
            Launch(0.0, 10.0, -9, 10.0, 0.0, ((1, 4.0), (2, 6.0))),
            Launch(10.0, 12.0, -9, 12.0, 0.0),
            Launch(12.0, 20.0, 0, None, 0.0, ((1, 15.0), (2, 17.0), (3, 19.0))),
        )
    )
    assert report.lost == [10 - 4, 0, 0]
    assert report.startup_s == 4 + 2 + 3
    assert report.useful_s == 5


def test_status_75_without_a_strike_starts_it_again(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = (
        "import os, sys; there = os.path.exists('f'); open('f', 'w'); sys.exit(0 if there else 75)"
    )
    report = run(python(code))
    assert report.exit_codes == [75, 0]
    assert report.preemptions == 0
    assert not report.shows_steps


def test_a_failing_command_is_told_with_its_last_line() -> None:
    with pytest.raises(RunError, match=r"status 3 in launch 1, struck by nobody \(no data\)"):
        run(python("import sys; print('no data'); sys.exit(3)"))
    with pytest.raises(RunError, match="ZeroDivisionError"):
        run(python("1 / 0"))


def test_another_pattern_reads_other_lines(tmp_path) -> None:
    code = "print('Epoch 2/9: loss 0.1'); print('Epoch 3/9')"
    report = run(python(code), step=r"Epoch (\d+)/")
    assert [step for step, _ in report.launches[0].steps] == [2, 3]
    assert not run(python(code)).shows_steps


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["no-such-command-here"], "no-such-command-here does not start .* check its name"),
        ([], "as a list of words"),
        ("sleep 1", "as a list of words"),
    ],
)
def test_commands_that_cannot_be_are_told(command, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        run(command)


def test_strikes_that_cannot_be_are_told() -> None:
    with pytest.raises(ValueError, match="give one of the two"):
        Strike()
    with pytest.raises(ValueError, match="give one of the two"):
        Strike(after_s=1, at_step=1)
    with pytest.raises(ValueError, match="notice_s must be at least 0"):
        Strike(after_s=1, notice_s=-1)
    with pytest.raises(ValueError, match="rate of strikes must be at least 0"):
        exponential_strikes(-1)
    with pytest.raises(ValueError, match="At least 1 launch"):
        run(["true"], give_up=0)


def test_lives_are_exponential_and_the_same_for_the_same_seed() -> None:
    strikes = exponential_strikes(30, notice_s=2, outage_s=10, seed=1)
    drawn = list(itertools.islice(strikes, 20_000))
    lives, outages = [each.after_s or 0.0 for each in drawn], [each.outage_s for each in drawn]
    for values, mean in ((lives, 120), (outages, 10)):
        # For an exponential, mean and deviation agree; the standard error is mean / √20,000.
        assert abs(np.mean(values) - mean) < 4 * mean / np.sqrt(20_000)
        assert np.std(values) == pytest.approx(mean, rel=0.05)
    again = exponential_strikes(30, notice_s=2, outage_s=10, seed=1)
    assert next(again).after_s == lives[0]
    assert list(exponential_strikes(0)) == []
