"""The profiler's readings on an even grid: by hand, and what the grid must keep."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.resources.profiler import on_grid


def test_late_readings_by_hand():
    """Readings at 1, 3.5 and 4.5 s; 1, 3.5 and 4 CPU-seconds: cores 1, 1, 1, then 0.5 half the time."""
    cpu, memory = on_grid(
        np.array([1, 3.5, 4.5]), np.array([1, 3.5, 4.0]), np.array([2.0, 9, 5]), 1.0
    )
    np.testing.assert_allclose(cpu, [1, 1, 1, 0.75, 0.5])
    np.testing.assert_allclose(memory, [2, 9, 9, 9, 5])


def test_readings_that_are_a_little_late_stay_in_their_interval():
    """A peak of 9 that a reading at 1.05 s tells of was in the first second, not in the second."""
    _, memory = on_grid(np.array([1.05, 2.01, 3]), np.zeros(3), np.array([9.0, 2, 1]), 1.0)
    assert memory.tolist() == [9, 2, 1]


def test_two_readings_that_count_for_one_edge_both_count() -> None:
    """At 2.0 s, and at 2.25 s, which counts as punctual: the peak of 9 belongs to the first 2 s."""
    _, memory = on_grid(np.array([1, 2, 2.25, 3.25]), np.zeros(4), np.array([1.0, 2, 9, 3]), 2.0)
    assert memory.tolist() == [9, 3]


def test_a_short_last_interval_is_part_of_the_one_before():
    """0.01 CPU-seconds in the last 0.001 s would be ten cores."""
    cpu, memory = on_grid(
        np.array([0.1, 0.2, 0.201]), np.array([0.1, 0.2, 0.21]), np.array([1.0, 2, 7]), 0.1
    )
    np.testing.assert_allclose(cpu, [1, 0.11 / 0.101])
    assert memory.tolist() == [1, 7]


@given(st.lists(st.tuples(st.floats(0.01, 3), st.floats(0, 4), st.floats(0, 1e9)), min_size=1, max_size=30),
       st.floats(0.05, 2))  # fmt: skip
def test_the_grid_keeps_the_total_and_the_peak(readings, interval_s):
    steps, cores, peaks = map(np.array, zip(*readings, strict=True))
    at, used = np.cumsum(steps), np.cumsum(steps * cores)
    cpu, memory = on_grid(at, used, peaks, interval_s)
    edges = np.append(np.arange(len(cpu)) * interval_s, at[-1])
    assert len(cpu) == 1 or interval_s * 0.499 < edges[-1] - edges[-2] < interval_s * 1.501
    assert cpu @ np.diff(edges) == pytest.approx(used[-1], rel=1e-6, abs=1e-6)
    assert memory.max() == peaks.max()
    assert cpu.max() <= cores.max() * (1 + 1e-6) + 1e-9
