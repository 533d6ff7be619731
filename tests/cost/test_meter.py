"""The meter against other clocks and counters: the kernel's, psutil's, and arithmetic by hand."""

import subprocess
import sys
import time

import psutil
import pytest

from mlopt_lessons import high_water
from mlopt_lessons.cost import metering
from mlopt_lessons.cost.energy import Power
from mlopt_lessons.cost.metering import meter
from mlopt_lessons.high_water import AT_MOST, EXACT, NEW_MARK
from mlopt_lessons.workbench import Price

MB = 1_000_000
MINE = Price("mine", 0.40, "my invoice", "2026-11-24", vcpus=2)


def hold(size: int) -> None:
    """Holds `size` bytes that are really there, and gives them back."""
    bytearray(b"x") * size


def busy(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def needs_reset() -> None:
    with meter() as probe:
        pass
    if probe.peak_is != EXACT:
        pytest.skip("This system does not let the high-water mark be reset.")


@pytest.mark.timing
def test_sleeping_takes_time_and_no_cpu():
    with meter() as used:
        time.sleep(0.2)
    assert 0.2 <= used.seconds < 2
    assert used.cpu_seconds < 0.1


def test_cpu_seconds_are_those_that_psutil_counts():
    before = psutil.Process().cpu_times()
    with meter() as used:
        busy(0.3)
    after = psutil.Process().cpu_times()
    counted = after.user + after.system - before.user - before.system
    assert used.cpu_seconds == pytest.approx(counted, abs=0.05)


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows does not tell the children's CPU time."
)
@pytest.mark.timing
def test_a_child_that_was_waited_for_is_counted():
    code = "import time\nwhile time.process_time() < 0.4: pass"
    with meter() as used:
        subprocess.run([sys.executable, "-c", code], check=True)
    assert 0.4 <= used.cpu_seconds < 1


def test_a_short_peak_is_seen():
    needs_reset()
    before = psutil.Process().memory_info().rss
    with meter() as used:
        hold(150 * MB)
    assert used.peak_memory - before == pytest.approx(150 * MB, rel=0.1)


def test_the_next_block_does_not_inherit_the_peak():
    needs_reset()
    with meter() as first:
        hold(150 * MB)
    with meter() as second:
        pass
    assert first.peak_memory - second.peak_memory > 100 * MB


def test_an_inner_block_does_not_hide_the_outer_peak():
    needs_reset()
    with meter() as outer:
        hold(150 * MB)
        with meter() as inner:
            hold(20 * MB)
    assert outer.peak_memory - inner.peak_memory > 100 * MB
    assert outer.seconds > inner.seconds


def test_where_the_mark_cannot_be_reset_the_figure_says_what_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(high_water, "CLEAR_REFS", tmp_path / "none" / "clear_refs")
    hold(150 * MB)
    with meter() as small:
        hold(MB)
    assert small.peak_is == AT_MOST
    assert small.peak_memory >= psutil.Process().memory_info().rss
    room = high_water.high_water() - psutil.Process().memory_info().rss
    with meter() as large:
        hold(room + 100 * MB)
    assert large.peak_is == NEW_MARK
    assert large.peak_memory > small.peak_memory


@pytest.mark.skipif(sys.platform == "win32", reason="ru_maxrss is for Unix.")
def test_without_proc_the_mark_is_the_kernels_maxrss(monkeypatch, tmp_path):
    import resource

    monkeypatch.setattr(high_water, "STATUS", tmp_path / "status")
    unit = 1 if sys.platform == "darwin" else 1024
    mark = high_water.high_water()
    assert mark == pytest.approx(
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, rel=0.01
    )


def sleeps_and_fails(used) -> None:
    with used:
        time.sleep(0.01)
        raise ArithmeticError


def test_figures_are_there_after_an_error():
    used = meter(price=1.0)
    with pytest.raises(ArithmeticError):
        sleeps_and_fails(used)
    assert used.seconds >= 0.01
    assert used.dollars > 0
    assert not high_water._open


def one_hour(monkeypatch, price, watts=None, pue=1.0):
    """A block of 3,600 s in which 1,800 CPU-seconds of two cores were used."""
    clock, cpu = iter([100.0, 3700.0]), iter([5.0, 1805.0])
    monkeypatch.setattr(metering.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(metering, "cpu_seconds", lambda: next(cpu))
    monkeypatch.setattr(metering, "usable_cores", lambda: 2)
    monkeypatch.setattr(metering, "read_counters", dict)
    with meter(price, watts=watts, pue=pue) as used:
        pass
    return used


def test_dollars_by_hand(monkeypatch):
    used = one_hour(monkeypatch, MINE)
    assert used.dollars == pytest.approx(0.40)
    assert used.dollars_of_cpu_used == pytest.approx(0.10)  # a quarter of two cores for an hour
    assert "$0.4 at mine, $0.4/h on 2026-11-24" in str(used)


def test_a_number_is_a_price_for_this_machines_cores(monkeypatch):
    used = one_hour(monkeypatch, 10)
    assert used.dollars == pytest.approx(10)
    assert used.dollars_of_cpu_used == pytest.approx(2.5)


def test_energy_by_hand(monkeypatch):
    used = one_hour(monkeypatch, None, watts=Power(10, 30, "plug meter"), pue=1.2)
    assert used.kwh == pytest.approx((10 + 20 * 0.25) * 1.2 / 1000)
    assert used.energy_is.startswith("estimated: 10 W idle to 30 W")
    assert "plug meter" in used.energy_is


def test_one_number_of_watts_holds_at_any_load(monkeypatch):
    assert one_hour(monkeypatch, None, watts=50).kwh == pytest.approx(0.05)


def test_without_watts_a_cloud_core_is_assumed(monkeypatch):
    used = one_hour(monkeypatch, None)
    assert used.kwh == pytest.approx(2 * (0.74 + 0.25 * (3.5 - 0.74)) / 1000)


def test_asking_too_early_or_twice_is_answered_with_a_sentence():
    used = meter(price=1.0)
    with pytest.raises(ValueError, match="no figures yet"), used:
        _ = used.dollars
    with pytest.raises(ValueError, match="measures one block"), used:
        pass
    with meter() as free:
        pass
    with pytest.raises(ValueError, match="has no price"):
        _ = free.dollars


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"price": 0}, ValueError, "above 0"),
        ({"price": -1.5}, ValueError, "above 0"),
        ({"price": float("nan")}, ValueError, "above 0"),
        ({"price": "0.10"}, TypeError, "must be a number"),
        ({"price": True}, TypeError, "must be a number"),
        ({"watts": -3}, ValueError, "Watts must be 0 or more"),
        ({"watts": "65"}, TypeError, "Watts must be numbers"),
        ({"pue": 0.9}, ValueError, "PUE is a number of 1 or more"),
    ],
)
def test_what_cannot_be_is_told(arguments, error, told):
    with pytest.raises(error, match=told):
        meter(**arguments)


def test_the_meter_costs_less_than_1_percent_of_a_block_of_50_ms():
    def empty() -> float:
        start = time.perf_counter()
        with meter(price=1.0):
            pass
        return time.perf_counter() - start

    # The quickest of many: what the meter itself takes, whatever else the machine is doing.
    assert min(empty() for _ in range(300)) < 0.01 * 0.050
