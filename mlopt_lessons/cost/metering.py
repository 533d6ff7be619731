"""A cost meter around any code: seconds, CPU-seconds, peak memory, dollars and energy."""

import os
import sys
import time
from dataclasses import dataclass
from types import TracebackType

from mlopt_lessons.cost.energy import (
    Counter,
    Energy,
    Power,
    check_pue,
    estimated_energy,
    measured_energy,
    power_of_cores,
    read_counters,
)
from mlopt_lessons.high_water import Watch, end_watch, start_watch
from mlopt_lessons.workbench.prices import Price, as_price

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Reading:
    """What the code in a meter used; times in seconds, memory in bytes."""

    seconds: float
    cpu_seconds: float
    peak_memory: int
    peak_is: str
    cores: int
    energy: Energy


@dataclass(frozen=True)
class _Start:
    clock: float
    cpu: float
    watch: Watch
    counters: dict[str, Counter]


class Meter:
    """A meter to be used in `with`; its figures are there once the block has ended, even by an error.

    Asking before that raises ValueError, and so does asking for dollars without a price.
    """

    def __init__(self, price: Price | None, power: Power, pue: float, cores: int) -> None:
        self.price = price
        self._power, self._pue, self._cores = power, pue, cores
        self._start: _Start | None = None
        self._reading: Reading | None = None

    def __enter__(self) -> "Meter":
        if self._start or self._reading:
            raise ValueError(
                "A meter measures one block; make a new one with meter() for the next."
            )
        counters, watch = read_counters(), start_watch()
        self._start = _Start(time.perf_counter(), cpu_seconds(), watch, counters)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        start = self._start
        assert start is not None
        seconds, cpu = time.perf_counter() - start.clock, cpu_seconds() - start.cpu
        peak, after = end_watch(start.watch), read_counters()
        energy = measured_energy(start.counters, after, seconds, self._pue) or estimated_energy(
            seconds, cpu, cores=self._cores, power=self._power, pue=self._pue
        )
        self._start = None
        self._reading = Reading(seconds, cpu, peak.bytes, peak.meaning, self._cores, energy)

    @property
    def reading(self) -> Reading:
        """All figures at once."""
        if self._reading is None:
            raise ValueError("The meter has no figures yet: ask after the `with` block has ended.")
        return self._reading

    @property
    def seconds(self) -> float:
        """Wall time of the block."""
        return self.reading.seconds

    @property
    def cpu_seconds(self) -> float:
        """CPU time of this process and of the children it waited for in the block (not on Windows)."""
        return self.reading.cpu_seconds

    @property
    def peak_memory(self) -> int:
        """Bytes; `peak_is` says what they mean."""
        return self.reading.peak_memory

    @property
    def peak_is(self) -> str:
        """What `peak_memory` means on this system: the block's own peak, or an upper bound."""
        return self.reading.peak_is

    @property
    def kwh(self) -> float:
        """Kilowatt-hours; `energy_is` says whether they are measured and what they assume."""
        return self.reading.energy.kwh

    @property
    def energy_is(self) -> str:
        """What `kwh` covers and assumes."""
        return self.reading.energy.assumption

    @property
    def dollars(self) -> float:
        """Dollars of the whole machine for the wall time: it is paid whether or not its cores work."""
        return self.seconds / SECONDS_PER_HOUR * self._priced().usd_per_hour

    @property
    def dollars_of_cpu_used(self) -> float:
        """The part of `dollars` in which cores worked for this code: CPU-seconds by a core's price.

        A core's price is the machine's over its cores: `vcpus` of the price, else this machine's.
        """
        price = self._priced()
        cores = price.vcpus or self.reading.cores
        return self.cpu_seconds / SECONDS_PER_HOUR * price.usd_per_hour / cores

    def _priced(self) -> Price:
        if self.price is None:
            raise ValueError("The meter has no price: pass price=0.12 ($/h) or a workbench.Price.")
        return self.price

    def __str__(self) -> str:
        text = (
            f"{self.seconds:.3g} s, {self.cpu_seconds:.3g} CPU-s, {self.peak_memory / 2**20:.0f} MiB, "
            f"{self.kwh:.3g} kWh"
        )
        return text if self.price is None else f"{text}, ${self.dollars:.3g} at {self.price}"


def meter(
    price: Price | float | None = None, *, watts: Power | float | None = None, pue: float = 1.0
) -> Meter:
    """A meter for the code in a `with` block: `with meter(price=0.12) as used: …`, then `used.dollars`.

    `price` is a workbench.Price or $/h. `watts` is the machine's draw: a Power, or one number for any
    load; without it a figure per core is taken (energy.power_of_cores), and where the processor's own
    counter can be read, that is used. Blocks may be nested: the outer one counts the inner one's use.
    Raises ValueError or TypeError with a sentence for a price, watts or PUE that cannot be.
    """
    check_pue(pue)
    cores = usable_cores()
    if watts is None:
        power = power_of_cores(cores)
    else:
        power = watts if isinstance(watts, Power) else Power(watts, watts, "given, at any load")
    return Meter(None if price is None else as_price(price), power, pue, cores)


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_seconds() -> float:
    """CPU time so far, user and system: of this process and of children it has waited for.

    Windows does not tell the children's time: only this process is counted there.
    """
    own = time.process_time()
    if sys.platform == "win32":
        return own
    import resource

    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own + children.ru_utime + children.ru_stime
