"""A profiler inside a meter: both use the kernel's one mark, and neither hides the other's peak."""

import json
import subprocess
import sys

import psutil
import pytest

# In a Python of its own: the profiler counts what a process has started, and tests start much.
SCRIPT = """
import json, psutil
from mlopt_lessons.cost import meter
from mlopt_lessons.resources import profile
with meter() as used:
    before = psutil.Process().memory_info().rss
    held = bytearray(200 * 2**20)
    del held
    with profile(0.05) as profiled:
        small = bytearray(20 * 2**20)
        del small
print(json.dumps([used.peak_memory - before, profiled.result.peak_bytes - before]))
"""
MIB = 2**20


@pytest.mark.skipif(not psutil.LINUX, reason="Only Linux lets the mark be reset.")
def test_the_meter_keeps_a_peak_from_before_the_profile():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    metered, profiled = json.loads(done.stdout)
    assert metered > 190 * MIB
    assert profiled < 120 * MIB
