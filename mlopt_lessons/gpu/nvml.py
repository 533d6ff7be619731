"""Reads the GPUs of this machine through NVML, NVIDIA's management library.

Needs NVIDIA's driver and the package nvidia-ml-py (the extra `gpu`). Utilisation, memory, power and
temperature come from every GPU; SM-active and occupancy from NVML's GPM counters, which GPUs from Hopper
(H100, 2022) on have.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType
from typing import Any

from mlopt_lessons.gpu.samples import Sample

#: A mean over less time than this says little: SM-active and occupancy are NaN then.
LEAST_WINDOW_S = 0.1
PLAY_A_LOG = "or play a recorded or simulated log instead (--from LOG.csv)"


class GpuMissingError(OSError):
    """No GPU can be read here; the message says what is missing."""


@contextmanager
def gpu_sources(clock: Callable[[], float] = time.monotonic) -> Iterator[list["NvmlSource"]]:
    """One `NvmlSource` for each GPU of this machine; NVML is closed at the end.

    Raises GpuMissingError (an OSError) with what is missing: the package, the driver, a GPU.
    """
    nvml = _package()
    _open(nvml)
    try:
        count = nvml.nvmlDeviceGetCount()
        if not count:
            raise GpuMissingError(f"The driver sees no GPU; use a machine with one, {PLAY_A_LOG}.")
        sources = [NvmlSource(nvml, index, clock) for index in range(count)]
        try:
            yield sources
        finally:
            for source in sources:
                source.close()
    finally:
        nvml.nvmlShutdown()


def driver_version() -> str:
    """The version of NVIDIA's driver, such as "550.54.15". Raises GpuMissingError as `gpu_sources`."""
    nvml = _package()
    _open(nvml)
    try:
        return str(nvml.nvmlSystemGetDriverVersion())
    finally:
        nvml.nvmlShutdown()


def _package() -> ModuleType:
    try:
        return import_module("pynvml")
    except ImportError:
        raise GpuMissingError(
            'The package nvidia-ml-py is not installed; run pip install "mlopt-lessons[gpu]", '
            f"{PLAY_A_LOG}."
        ) from None


def _open(nvml: ModuleType) -> None:
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        missing = (nvml.NVML_ERROR_LIBRARY_NOT_FOUND, nvml.NVML_ERROR_DRIVER_NOT_LOADED)
        told = (
            f"NVIDIA's driver is not there or not loaded ({error})"
            if error.value in missing
            else f"NVIDIA's driver does not answer ({error}); nvidia-smi may say why"
        )
        raise GpuMissingError(f"{told}. Use a machine with an NVIDIA GPU, {PLAY_A_LOG}.") from error


class NvmlSource:
    """Readings of GPU number `index` of this machine; made by `gpu_sources`.

    Raises GpuMissingError where the GPU does not answer.
    """

    def __init__(self, nvml: ModuleType, index: int, clock: Callable[[], float]) -> None:
        self._nvml, self._clock = nvml, clock
        try:
            self._device = nvml.nvmlDeviceGetHandleByIndex(index)
            self._name = f"gpu{index} {nvml.nvmlDeviceGetName(self._device)}"
        except nvml.NVMLError as error:
            raise GpuMissingError(f"GPU {index} does not answer ({error}).") from error
        self._start = clock()
        self._counters, self._note = _counters(nvml, self._device, clock)

    @property
    def gpu(self) -> str:
        """The GPU's number and name, such as "gpu0 NVIDIA H100 80GB HBM3"."""
        return self._name

    @property
    def origin(self) -> str:
        """That it was measured, and on which GPU."""
        return f"measured: {self._name}, NVML"

    @property
    def note(self) -> str:
        """What this GPU does not tell, in a sentence; "" where it tells all."""
        return self._note

    def read(self) -> Sample:
        """A reading now, seconds counted from the opening of the source.

        SM-active and occupancy are means since the reading before, so that the first one has none.

        Raises GpuMissingError where the GPU tells no utilisation.
        """
        nvml, device = self._nvml, self._device
        try:
            used = float(nvml.nvmlDeviceGetUtilizationRates(device).gpu)
        except nvml.NVMLError as error:
            self._note = self._silent(error)
            raise GpuMissingError(self._note) from error
        active, occupancy = self._counters.read() if self._counters else (math.nan, math.nan)
        memory = self._ask(lambda: nvml.nvmlDeviceGetMemoryInfo(device))
        power_mw = self._ask(lambda: nvml.nvmlDeviceGetPowerUsage(device))
        celsius = self._ask(
            lambda: nvml.nvmlDeviceGetTemperature(device, nvml.NVML_TEMPERATURE_GPU)
        )
        return Sample(
            time_s=self._clock() - self._start,
            utilisation=used,
            sm_active=active,
            occupancy=occupancy,
            memory_used_bytes=math.nan if memory is None else float(memory.used),
            memory_total_bytes=math.nan if memory is None else float(memory.total),
            power_w=math.nan if power_mw is None else power_mw / 1000,
            temperature_c=math.nan if celsius is None else float(celsius),
        )

    def _silent(self, error: Any) -> str:
        if error.value == self._nvml.NVML_ERROR_NOT_SUPPORTED:
            return (
                f"{self._name} tells no utilisation ({error}). NVML has none for a GPU that is split by "
                f"MIG; watch a whole GPU, {PLAY_A_LOG}."
            )
        return f"{self._name} no longer answers ({error}); nvidia-smi may say why."

    def _ask(self, question: Callable[[], Any]) -> Any:
        # Small and virtual GPUs lack some sensors; the others are worth showing all the same.
        try:
            return question()
        except self._nvml.NVMLError:
            return None

    def close(self) -> None:
        """Frees the counters' memory."""
        if self._counters:
            self._counters.close()


def _counters(
    nvml: ModuleType, device: object, clock: Callable[[], float]
) -> tuple["_Counters | None", str]:
    """The GPM counters of a GPU and "", or None and why there are none."""
    lacks = "SM-active and occupancy are not told"
    try:
        if not nvml.nvmlGpmQueryDeviceSupport(device).isSupportedDevice:
            return None, f"{lacks}: NVML counts them on GPUs from Hopper (H100) on."
        return _Counters(nvml, device, clock), ""
    except nvml.NVMLError as error:
        return None, f"{lacks}: this driver or its permissions do not allow it ({error})."


class _Counters:
    """SM-active and occupancy from the difference of two GPM samples."""

    def __init__(self, nvml: ModuleType, device: object, clock: Callable[[], float]) -> None:
        self._nvml, self._device, self._clock = nvml, device, clock
        self._before, self._now = nvml.nvmlGpmSampleAlloc(), nvml.nvmlGpmSampleAlloc()
        nvml.nvmlGpmSampleGet(device, self._before)
        self._since = clock()

    def read(self) -> tuple[float, float]:
        """Percent of SMs busy and of warps held since the last call; NaN where it cannot be told."""
        if self._clock() - self._since < LEAST_WINDOW_S:
            return math.nan, math.nan
        try:
            self._nvml.nvmlGpmSampleGet(self._device, self._now)
            found = self._difference()
        except self._nvml.NVMLError:
            return math.nan, math.nan
        self._since = self._clock()
        self._before, self._now = self._now, self._before
        return found

    def _difference(self) -> tuple[float, float]:
        nvml = self._nvml
        asked = nvml.c_nvmlGpmMetricsGet_t()
        asked.version = nvml.NVML_GPM_METRICS_GET_VERSION
        asked.sample1, asked.sample2 = self._before, self._now
        wanted = (nvml.NVML_GPM_METRIC_SM_UTIL, nvml.NVML_GPM_METRIC_SM_OCCUPANCY)
        asked.numMetrics = len(wanted)
        for place, metric in enumerate(wanted):
            asked.metrics[place].metricId = metric
        nvml.nvmlGpmMetricsGet(asked)
        first, second = (self._percent(asked.metrics[place]) for place in range(2))
        return first, second

    def _percent(self, metric: Any) -> float:
        if metric.nvmlReturn != self._nvml.NVML_SUCCESS or not math.isfinite(metric.value):
            return math.nan
        return float(min(100.0, max(0.0, metric.value)))

    def close(self) -> None:
        """Frees both samples."""
        for sample in (self._before, self._now):
            with suppress(self._nvml.NVMLError):
                self._nvml.nvmlGpmSampleFree(sample)
