"""What a job asks for and what it uses: the types that the rest of the lesson takes and gives."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

GIB = 2.0**30
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Request:
    """Processor cores and GiB of memory, asked for or used.

    Raises ValueError where a number is below 0, NaN or infinite.
    """

    cpu: float
    memory_gib: float

    def __post_init__(self) -> None:
        for name in ("cpu", "memory_gib"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} is {value}; a request is a finite number, at least 0.")


@dataclass(frozen=True, eq=False)
class Usage:
    """What one job used, a sample an interval, oldest first.

    cpu: shape (n,), cores, the mean over each interval; memory_gib: shape (n,), GiB, the peak
    within each interval; interval_s: seconds between samples; request: what was asked for, or
    None where that is not known; source: "recorded: FILE", "simulated: …, seed 0" or
    "measured: …". Raises ValueError where the series are empty, differ in length, or hold a number
    that is below 0 or not finite.
    """

    job: str
    cpu: NDArray[np.float64]
    memory_gib: NDArray[np.float64]
    interval_s: float
    request: Request | None
    source: str

    def __post_init__(self) -> None:
        if self.cpu.ndim != 1 or self.cpu.shape != self.memory_gib.shape or not self.cpu.size:
            shapes = f"{self.cpu.shape} and {self.memory_gib.shape}"
            raise ValueError(
                f"Job {self.job!r}: cpu and memory_gib are of one length, not {shapes}."
            )
        for name in ("cpu", "memory_gib"):
            values = getattr(self, name)
            if not (np.isfinite(values).all() and values.min() >= 0):
                raise ValueError(f"Job {self.job!r}: {name} holds a number below 0 or not finite.")
        if not (math.isfinite(self.interval_s) and self.interval_s > 0):
            raise ValueError(f"Job {self.job!r}: interval_s is {self.interval_s}, not above 0.")

    @property
    def hours(self) -> float:
        """Length of the record in hours."""
        return self.cpu.size * self.interval_s / SECONDS_PER_HOUR

    @property
    def hours_at(self) -> NDArray[np.float64]:
        """Hours from the first sample to each, shape (n,)."""
        return np.arange(self.cpu.size, dtype=np.float64) * (self.interval_s / SECONDS_PER_HOUR)

    def part(self, start: int, stop: int) -> "Usage":
        """The samples from `start` up to, not with, `stop`; the rest stays as it is."""
        cut = slice(start, stop)
        return replace(self, cpu=self.cpu[cut], memory_gib=self.memory_gib[cut])


# Section 2 of the course's story: the training job asks for eight times what it uses.
STORY_REQUEST = Request(16, 64)
STORY_USE = Request(2, 8)


def steady(use: Request, days: float = 28, interval_s: float = 300, job: str = "training") -> Usage:
    """A job that uses the same all the time, and asks for what the story's job asks for."""
    count = max(1, round(days * 86400 / interval_s))
    cpu, memory = np.full(count, float(use.cpu)), np.full(count, float(use.memory_gib))
    return Usage(job, cpu, memory, interval_s, STORY_REQUEST, "simulated: steady use, no seed")


# The story's job for four weeks: 16 CPU and 64 GiB asked, 2 CPU and 8 GiB used.
STORY = steady(STORY_USE)
