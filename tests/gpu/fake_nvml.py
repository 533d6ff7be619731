"""A stand-in for nvidia-ml-py's module pynvml, with the names and structures of the real one."""

from types import ModuleType, SimpleNamespace

GIB = 2**30
# Codes of nvml.h.
SUCCESS, NOT_SUPPORTED, DRIVER_NOT_LOADED, LIBRARY_NOT_FOUND, GPU_IS_LOST = 0, 3, 9, 12, 15


class NVMLError(Exception):
    """As pynvml.NVMLError: the code is `value`."""

    def __init__(self, value):
        super().__init__(value)
        self.value = value

    def __str__(self):
        texts = {
            3: "Not Supported",
            9: "Driver Not Loaded",
            12: "NVML Shared Library Not Found",
            15: "GPU is lost",
        }
        return texts.get(self.value, f"NVML Error with code {self.value}")


class MetricsGet:
    """As c_nvmlGpmMetricsGet_t."""

    def __init__(self):
        self.version, self.numMetrics, self.sample1, self.sample2 = 0, 0, None, None
        self.metrics = [SimpleNamespace(metricId=0, nvmlReturn=0, value=0.0) for _ in range(8)]


class FakeNvml(ModuleType):
    """GPUs as dicts: name, gpu, sm, occupancy (None: GPM is not supported), power_mw, celsius, used, total."""

    NVMLError = NVMLError
    NVML_SUCCESS = SUCCESS
    NVML_ERROR_NOT_SUPPORTED = NOT_SUPPORTED
    NVML_ERROR_DRIVER_NOT_LOADED = DRIVER_NOT_LOADED
    NVML_ERROR_LIBRARY_NOT_FOUND = LIBRARY_NOT_FOUND
    NVML_TEMPERATURE_GPU = 0
    NVML_GPM_METRIC_SM_UTIL, NVML_GPM_METRIC_SM_OCCUPANCY = 2, 3
    NVML_GPM_METRICS_GET_VERSION = 1
    c_nvmlGpmMetricsGet_t = MetricsGet

    def __init__(self, gpus, init_error=None):
        super().__init__("pynvml")
        self.gpus, self.init_error = gpus, init_error
        self.opened, self.allocated, self.taken = 0, 0, 0

    def nvmlInit(self):
        if self.init_error is not None:
            raise NVMLError(self.init_error)
        self.opened += 1

    def nvmlShutdown(self):
        self.opened -= 1

    def nvmlSystemGetDriverVersion(self):
        return "550.54.15"

    def nvmlDeviceGetCount(self):
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index):
        return self.gpus[index]

    def nvmlDeviceGetName(self, handle):
        return handle["name"]

    def nvmlDeviceGetUtilizationRates(self, handle):
        return SimpleNamespace(gpu=told(handle, "gpu"), memory=0)

    def nvmlDeviceGetMemoryInfo(self, handle, version=None):
        used, total = told(handle, "used"), told(handle, "total")
        return SimpleNamespace(total=total, free=total - used, used=used)

    def nvmlDeviceGetPowerUsage(self, handle):
        return told(handle, "power_mw")

    def nvmlDeviceGetTemperature(self, handle, sensor):
        assert sensor == self.NVML_TEMPERATURE_GPU
        return told(handle, "celsius")

    def nvmlGpmQueryDeviceSupport(self, device):
        return SimpleNamespace(version=1, isSupportedDevice=int(device["sm"] is not None))

    def nvmlGpmSampleAlloc(self):
        self.allocated += 1
        return SimpleNamespace(number=0, gpu=None)

    def nvmlGpmSampleFree(self, gpmSample):
        self.allocated -= 1

    def nvmlGpmSampleGet(self, device, gpmSample):
        self.taken += 1
        gpmSample.number, gpmSample.gpu = self.taken, device
        return gpmSample

    def nvmlGpmMetricsGet(self, metricsGet):
        # The driver refuses another version, and samples that are not in the order of time.
        if metricsGet.version != 1 or metricsGet.sample2.number <= metricsGet.sample1.number:
            raise NVMLError(2)
        gpu = metricsGet.sample2.gpu
        for metric in metricsGet.metrics[: metricsGet.numMetrics]:
            value = {2: gpu["sm"], 3: gpu["occupancy"]}.get(metric.metricId)
            metric.nvmlReturn = NOT_SUPPORTED if value is None else SUCCESS
            metric.value = 0.0 if value is None else value
        return metricsGet


def told(gpu, name):
    if gpu[name] is None:
        raise NVMLError(gpu.get("error", NOT_SUPPORTED))
    return gpu[name]


def hopper(**changed):
    return {"name": "NVIDIA H100 80GB HBM3", "gpu": 93, "sm": 41.5, "occupancy": 12.25, "power_mw": 312_500,
            "celsius": 61, "used": 20 * GIB, "total": 80 * GIB, **changed}  # fmt: skip


def turing(**changed):
    return {
        **hopper(),
        "name": "Tesla T4",
        "sm": None,
        "occupancy": None,
        "total": 16 * GIB,
        **changed,
    }
