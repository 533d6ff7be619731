"""A profiler inside a meter: both use the kernel's one mark, and neither hides the other's peak."""

import psutil
import pytest

from mlopt_lessons.cost import meter
from mlopt_lessons.resources import profile

MIB = 2**20


@pytest.mark.skipif(not psutil.LINUX, reason="Only Linux lets the mark be reset.")
def test_the_meter_keeps_a_peak_from_before_the_profile():
    with meter() as used:
        before = psutil.Process().memory_info().rss
        held = bytearray(200 * MIB)
        del held
        with profile(0.05) as profiled:
            small = bytearray(20 * MIB)
            del small
    assert used.peak_memory - before > 190 * MIB
    assert profiled.result.peak_bytes - before < 120 * MIB
