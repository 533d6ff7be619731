"""The real NVML on a real GPU; skipped where there is none."""

import math
import time

import pytest

from mlopt_lessons.gpu.nvml import GpuMissingError, driver_version, gpu_sources
from mlopt_lessons.gpu.samples import record


@pytest.fixture(scope="module")
def sources():
    try:
        with gpu_sources() as found:
            yield found
    except GpuMissingError as error:
        pytest.skip(f"No GPU can be read here: {error}")


def test_every_gpu_tells_what_it_must(sources):
    for log in record(sources, 2.0, 0.5):
        assert len(log) >= 3
        assert not (log.memory_used_bytes > log.memory_total_bytes).any()
        assert log.origin.startswith("measured:")


def test_counters_are_told_or_said_to_be_missing(sources):
    for source in sources:
        time.sleep(0.3)
        found = source.read()
        assert math.isnan(found.sm_active) == bool(source.note)


def test_the_driver_has_a_version(sources):
    assert driver_version()[0].isdigit()


def test_a_product_of_matrices_is_seen(sources):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch sees no GPU here.")
    left = torch.rand(4096, 4096, device="cuda:0", dtype=torch.float16)
    end = time.monotonic() + 3
    sources[0].read()
    while time.monotonic() < end:
        left = (left @ left).clamp_(0, 1)
        torch.cuda.synchronize()
    found = sources[0].read()
    assert found.utilisation > 80
    if not sources[0].note:
        assert found.sm_active > 50
        assert found.occupancy < found.sm_active
