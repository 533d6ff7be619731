"""What a GPU reports about itself: one reading, a log of readings, and where readings come from."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SECONDS_PER_HOUR = 3600
#: A reading stands for the time until the next one, but for no more than this many usual intervals:
#: what a stopped sampler did not see is not counted.
MOST_INTERVALS = 3
PERCENT = ("utilisation", "sm_active", "occupancy")
NOT_BELOW_0 = ("memory_used_bytes", "memory_total_bytes", "power_w")
#: How the measures, and MFU, are written.
LABELS = {
    "utilisation": "utilisation",
    "sm_active": "SM-active",
    "occupancy": "occupancy",
    "mfu": "MFU",
}
SERIES = ("time_s", *PERCENT, *NOT_BELOW_0, "temperature_c")


@dataclass(frozen=True)
class Sample:
    """One reading of one GPU; NaN where the GPU does not tell.

    `time_s` seconds; `utilisation` % of the last sample period (1/6 to 1 s) in which one or more kernels
    ran (NVML, nvmlUtilization_t); `sm_active` % of the multiprocessors that were busy and `occupancy` %
    of the warps that they could hold (NVML, GPM metrics 2 and 3, as DCGM's SM_ACTIVE and SM_OCCUPANCY),
    both means over the time since the reading before; bytes of memory used and in all; W; °C.
    """

    time_s: float
    utilisation: float
    sm_active: float
    occupancy: float
    memory_used_bytes: float
    memory_total_bytes: float
    power_w: float
    temperature_c: float


class Source(Protocol):
    """Where readings of one GPU come from: the GPU itself, or a log that is played.

    `origin` starts with "measured:", "recorded:" or "simulated:"; `note` says in a sentence what the
    source cannot tell, "" where it tells all.
    """

    @property
    def gpu(self) -> str:
        """The GPU's number and name."""
        ...

    @property
    def origin(self) -> str:
        """Where readings come from."""
        ...

    @property
    def note(self) -> str:
        """What is not told, and why."""
        ...

    def read(self) -> Sample:
        """The next reading. Raises EOFError after the last one of a log, OSError for a lost GPU."""
        ...


@dataclass(frozen=True, eq=False)
class Samples:
    """The readings of one GPU, oldest first: arrays of shape (n,), units as in `Sample`.

    `origin` is "recorded: FILE", "simulated: …, seed 0" or "measured: …". Raises ValueError where the
    arrays are empty or differ in length, times do not rise, or a value cannot be; NaN (not told) is
    allowed in all but the times and `utilisation`.
    """

    gpu: str
    origin: str
    time_s: NDArray[np.float64]
    utilisation: NDArray[np.float64]
    sm_active: NDArray[np.float64]
    occupancy: NDArray[np.float64]
    memory_used_bytes: NDArray[np.float64]
    memory_total_bytes: NDArray[np.float64]
    power_w: NDArray[np.float64]
    temperature_c: NDArray[np.float64]

    def __post_init__(self) -> None:
        shapes = {getattr(self, name).shape for name in SERIES}
        if len(shapes) > 1 or self.time_s.ndim != 1:
            raise ValueError(f"{self.gpu}: all series of a log have one length, (n,).")
        if not self.time_s.size:
            raise ValueError(f"{self.gpu}: the log is empty; take one reading or more.")
        if not (np.isfinite(self.time_s).all() and (np.diff(self.time_s) > 0).all()):
            raise ValueError(f"{self.gpu}: the times of a log rise from reading to reading.")
        for name in SERIES[1:]:
            self._check(name, getattr(self, name))

    def _check(self, name: str, values: NDArray[np.float64]) -> None:
        if name == "utilisation" and np.isnan(values).any():
            raise ValueError(
                f"{self.gpu}: utilisation is missing in a reading; leave that one out."
            )
        low = -math.inf if name == "temperature_c" else 0.0
        high = 100.0 if name in PERCENT else math.inf
        wrong = values[(values < low) | (values > high) | np.isinf(values)]
        if wrong.size:
            allowed = "from 0 to 100 %" if name in PERCENT else "a finite number, 0 or more"
            raise ValueError(f"{self.gpu}: {name} is {wrong[0]:g} in a reading; it is {allowed}.")

    def __len__(self) -> int:
        return self.time_s.size

    @property
    def interval_s(self) -> float:
        """The usual seconds between readings: their median, NaN for one reading."""
        return float(np.median(np.diff(self.time_s))) if len(self) > 1 else math.nan

    @property
    def spans_s(self) -> NDArray[np.float64]:
        """Seconds that each reading stands for, shape (n,): until the next one, see MOST_INTERVALS.

        The last one stands for a usual interval; a single reading for 1 s, NVML's longest period.
        """
        if len(self) == 1:
            return np.ones(1)
        usual = self.interval_s
        return np.append(np.minimum(np.diff(self.time_s), MOST_INTERVALS * usual), usual)

    @property
    def hours(self) -> float:
        """Hours that the readings stand for."""
        return float(self.spans_s.sum()) / SECONDS_PER_HOUR

    @property
    def hours_at(self) -> NDArray[np.float64]:
        """Hours from the first reading to each, shape (n,)."""
        return (self.time_s - self.time_s[0]) / SECONDS_PER_HOUR

    def at(self, place: int) -> Sample:
        """The reading number `place`, from 0."""
        return Sample(*(float(getattr(self, name)[place]) for name in SERIES))


def collect(gpu: str, origin: str, readings: Sequence[Sample]) -> Samples:
    """Readings as a log. Raises ValueError as `Samples` does."""
    columns = (np.array([getattr(each, name) for each in readings], float) for name in SERIES)
    return Samples(gpu, origin, *columns)


def record(
    sources: Sequence[Source],
    seconds: float,
    interval_s: float = 1.0,
    *,
    watch: Callable[[Sequence[Sample]], object] | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> list[Samples]:
    """Reads all sources every `interval_s` seconds, for `seconds` (inf: without end) or until a log
    ends: a log each.

    `watch` is given each round's readings, one a source. Ctrl-C, or a GPU that no longer answers, ends
    the recording and keeps the full rounds. Raises ValueError without sources, for times that are not
    above 0, and where nothing was read; OSError where the first round fails.
    """
    _check_times(sources, seconds, interval_s)
    rounds: list[list[Sample]] = []
    start = due = clock()
    with suppress(KeyboardInterrupt):
        while (not rounds or clock() - start < seconds) and _read(sources, rounds):
            if watch is not None:
                watch(rounds[-1])
            # The next multiple of the interval: slow readings neither add up nor are made up for.
            due += interval_s * max(1, math.ceil((clock() - due) / interval_s))
            sleep(max(0.0, due - clock()))
    return _logs(sources, rounds)


def _read(sources: Sequence[Source], rounds: list[list[Sample]]) -> bool:
    """Adds a round of readings; False where a log is over or a GPU no longer answers."""
    try:
        rounds.append([source.read() for source in sources])
    except EOFError:
        return False
    except OSError:
        # Hours of readings are worth more than a traceback; the source's note says why it ended.
        if not rounds:
            raise
        return False
    return True


def _logs(sources: Sequence[Source], rounds: Sequence[Sequence[Sample]]) -> list[Samples]:
    if not rounds:
        raise ValueError("Nothing was read; let the recording run for one interval or more.")
    by_source = zip(*rounds, strict=True)
    return [
        collect(source.gpu, source.origin, readings)
        for source, readings in zip(sources, by_source, strict=True)
    ]


def _check_times(sources: Sequence[Source], seconds: float, interval_s: float) -> None:
    if not sources:
        raise ValueError("There is no source to read; give one GPU or one log, or more.")
    if not (seconds > 0 and 0 < interval_s < math.inf):
        raise ValueError(
            f"Recording {seconds:g} s every {interval_s:g} s cannot be; give numbers above 0."
        )
