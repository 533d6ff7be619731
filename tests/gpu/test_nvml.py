"""NVML is read as its header says, and what is missing is told; no GPU is needed here."""

import inspect
import math
import sys

import pytest
from fake_nvml import DRIVER_NOT_LOADED, GPU_IS_LOST, LIBRARY_NOT_FOUND, FakeNvml, hopper, turing

from mlopt_lessons.gpu.nvml import GpuMissingError, driver_version, gpu_sources
from mlopt_lessons.gpu.samples import record


class Clock:
    """Time that passes only when someone sleeps."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def use(monkeypatch):
    def install(*gpus, **more):
        module = FakeNvml(list(gpus), **more)
        monkeypatch.setitem(sys.modules, "pynvml", module)
        return module

    return install


def test_a_reading_has_the_units_that_it_says(use):
    use(hopper())
    clock = Clock()
    with gpu_sources(clock) as (source,):
        clock.sleep(2.0)
        found = source.read()
    assert (found.time_s, found.utilisation) == (2.0, 93)
    assert (found.sm_active, found.occupancy) == (41.5, 12.25)
    assert (found.memory_used_bytes, found.memory_total_bytes) == (20 * 2**30, 80 * 2**30)
    assert (found.power_w, found.temperature_c) == (312.5, 61)  # NVML gives mW
    assert (source.gpu, source.note) == ("gpu0 NVIDIA H100 80GB HBM3", "")
    assert source.origin.startswith("measured:")


def test_counters_are_means_since_the_reading_before(use):
    module = use(hopper())
    clock = Clock()
    with gpu_sources(clock) as (source,):
        assert math.isnan(source.read().sm_active)  # no time has passed
        for sm in (10.0, 80.0, 100.4):
            clock.sleep(1.0)
            module.gpus[0]["sm"] = sm
            assert source.read().sm_active == min(sm, 100.0)


def test_a_gpu_without_counters_says_so_and_tells_the_rest(use):
    use(turing(celsius=None, power_mw=None))
    clock = Clock()
    with gpu_sources(clock) as (source,):
        clock.sleep(1.0)
        found = source.read()
    assert "from Hopper" in source.note
    assert found.utilisation == 93
    assert found.memory_total_bytes == 16 * 2**30
    for name in ("sm_active", "occupancy", "power_w", "temperature_c"):
        assert math.isnan(getattr(found, name))


def test_an_old_driver_without_gpm_is_no_failure(use):
    module = use(hopper())

    def missing(device):
        raise module.NVMLError(13)  # NVML_ERROR_FUNCTION_NOT_FOUND

    module.nvmlGpmQueryDeviceSupport = missing
    with gpu_sources() as (source,):
        assert "do not allow it" in source.note
        assert math.isnan(source.read().sm_active)


def test_all_gpus_are_recorded_and_all_is_given_back(use):
    module = use(hopper(), turing(), hopper())
    clock = Clock()
    with gpu_sources(clock) as sources:
        logs = record(sources, 5, 0.5, clock=clock, sleep=clock.sleep)
        assert module.opened == 1
    assert [log.gpu for log in logs] == [
        "gpu0 NVIDIA H100 80GB HBM3",
        "gpu1 Tesla T4",
        "gpu2 NVIDIA H100 80GB HBM3",
    ]
    assert all(log.time_s.tolist() == [0.5 * i for i in range(10)] for log in logs)
    assert (module.opened, module.allocated) == (0, 0)


def test_nvml_is_closed_when_the_caller_fails(use):
    module = use(hopper())
    with pytest.raises(RuntimeError), gpu_sources():
        raise RuntimeError
    assert (module.opened, module.allocated) == (0, 0)


@pytest.mark.parametrize(
    ("gpus", "error", "told"),
    [
        ([], None, "The driver sees no GPU"),
        ([hopper()], LIBRARY_NOT_FOUND, "driver is not there or not loaded"),
        ([hopper()], DRIVER_NOT_LOADED, "driver is not there or not loaded"),
        ([hopper()], 18, "does not answer"),
    ],
)
def test_what_is_missing_is_told_in_a_sentence_with_the_way_out(use, gpus, error, told):
    use(*gpus, init_error=error)
    with pytest.raises(GpuMissingError, match=told) as caught, gpu_sources():
        pass
    assert "--from LOG.csv" in str(caught.value)


def test_a_missing_package_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(GpuMissingError, match="nvidia-ml-py is not installed"), gpu_sources():
        pass


@pytest.mark.parametrize(
    ("error", "told"), [(3, "split by MIG"), (GPU_IS_LOST, "no longer answers")]
)
def test_a_gpu_without_utilisation_is_told(use, error, told):
    use(hopper(gpu=None, error=error))
    with gpu_sources() as (source,), pytest.raises(GpuMissingError, match=told):
        source.read()


def test_a_gpu_that_is_lost_on_the_way_ends_the_recording_and_keeps_it(use):
    module = use(hopper())
    clock = Clock()

    def lost(samples):
        if samples[0].time_s > 2:
            module.gpus[0].update(gpu=None, error=GPU_IS_LOST)

    with gpu_sources(clock) as sources:
        (log,) = record(sources, 60, watch=lost, clock=clock, sleep=clock.sleep)
    assert log.time_s.tolist() == [0, 1, 2, 3]


def test_the_driver_is_named(use):
    module = use()
    assert driver_version() == "550.54.15"
    assert module.opened == 0


def test_the_stand_in_has_only_what_the_real_module_has():
    real = pytest.importorskip("pynvml", reason="The extra `gpu` is not installed.")
    fake = FakeNvml([])
    names = [name for name in dir(FakeNvml) if name.lower().startswith(("nvml", "c_nvml"))]
    assert len(names) > 15
    for name in names:
        assert hasattr(real, name), name
        value = getattr(fake, name)
        if isinstance(value, int):
            assert getattr(real, name) == value, name
        elif name.startswith("nvml"):
            given = list(inspect.signature(value).parameters)
            assert list(inspect.signature(getattr(real, name)).parameters) == given, name
    fields = {name for name, _ in real.c_nvmlGpmMetricsGet_t._fields_}
    assert fields == set(vars(FakeNvml.c_nvmlGpmMetricsGet_t()))
