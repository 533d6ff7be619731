"""Busy is not working: what the three loops count, and that each was busy."""

import numpy as np
import pytest

from mlopt_lessons.gpu import busy
from mlopt_lessons.gpu.busy import Busy, BusyLoop, busy_not_working


def test_shares_by_hand():
    loops = (
        BusyLoop("a", np.array([80.0, 100.0, 90.0]), np.array([99.0, 100.0, 98.0])),
        BusyLoop("b", np.array([1.0, 2.0, 3.0]), np.array([99.0, 100.0, 98.0])),
    )
    found = Busy(loops)
    assert found.peak_gflops == 100
    assert found.shares == {"a": 90, "b": 2}
    assert loops[1].spread == (1, 3)
    assert found.finding == (
        "a: 99 % busy, 90 GFLOP/s (80 to 100), 90 % of the peak; "
        "b: 99 % busy, 2 GFLOP/s (1 to 3), 2 % of the peak."
    )


def test_operations_a_second_are_counted_on_a_clock_of_our_own(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(busy.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(busy.time, "process_time", lambda: 0.75 * now[0])

    def step():
        now[0] += 0.25

    # 4 steps of 3·10⁹ operations in 1 s, of which 0.75 s on the processor.
    assert busy._measure(step, 3e9, 0.9) == pytest.approx((16.0, 75.0))


@pytest.mark.timing
def test_all_loops_are_busy_and_only_one_works():
    found = busy_not_working(0.3, repeats=3)
    product, large, tiny = found.loops
    assert all(loop.gflops.shape == (3,) and (loop.gflops > 0).all() for loop in found.loops)
    assert all(
        (loop.utilisation > 0).all() and (loop.utilisation <= 100).all() for loop in found.loops
    )
    # The gaps are tens to thousands of times: no loaded machine closes them.
    assert product.median_gflops > 2 * large.median_gflops > 20 * tiny.median_gflops
    assert found.shares["matrix product"] <= 100


@pytest.mark.parametrize(("seconds", "repeats"), [(0, 5), (-1, 5), (float("nan"), 5), (1, 1)])
def test_runs_that_cannot_be_are_told(seconds, repeats):
    with pytest.raises(ValueError, match="cannot be"):
        busy_not_working(seconds, repeats)
