"""Energy of a piece of work: read from the processor's counter where it may be, else estimated."""

import os
import re
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

JOULES_PER_KWH = 3.6e6
POWERCAP = Path("/sys/class/powercap")
# A counter that could have turned twice tells nothing; no processor package draws more than this.
MOST_WATTS_OF_A_PACKAGE = 1000


@dataclass(frozen=True)
class Power:
    """Watts that a machine draws doing nothing and with all its cores at work, and who says so.

    The learner's own: `Power(idle_w=4, full_w=28, source="plug meter, my laptop")`. Raises ValueError
    unless 0 ≤ idle_w ≤ full_w, both are numbers, and there is a source.
    """

    idle_w: float
    full_w: float
    source: str

    def __post_init__(self) -> None:
        for watts in (self.idle_w, self.full_w):
            if isinstance(watts, bool) or not isinstance(watts, int | float):
                raise TypeError(f"Watts must be numbers, got {watts!r}.")
        if not 0 <= self.idle_w <= self.full_w or not isfinite(self.full_w) or not self.full_w:
            raise ValueError(
                f"Watts must be 0 or more idle and not less at work, got {self.idle_w:g} and "
                f"{self.full_w:g}."
            )
        if not self.source:
            raise ValueError("Watts need their source: a plug meter, a data sheet, a paper.")


@dataclass(frozen=True)
class Energy:
    """Kilowatt-hours, whether they were measured, and what the figure assumes and covers."""

    kwh: float
    measured: bool
    assumption: str


def power_of_cores(cores: int) -> Power:
    """Watts of `cores` cloud cores: 0.74 W each doing nothing, 3.5 W each at work.

    The mean of the processors that AWS rents, from SPECpower results: Cloud Carbon Footprint,
    @cloud-carbon-footprint/aws, AwsFootprintEstimationConstants, MIN_WATTS_AVG and MAX_WATTS_AVG.
    A whole laptop or a GPU is not in it. Raises ValueError for less than one core.
    """
    if cores < 1:
        raise ValueError(f"A machine has at least 1 core, got {cores}.")
    return Power(0.74 * cores, 3.5 * cores, "Cloud Carbon Footprint, mean of AWS's processors")


def estimated_energy(
    seconds: float, cpu_seconds: float, *, cores: int, power: Power, pue: float = 1.0
) -> Energy:
    """Energy of `seconds` in which this work kept `cpu_seconds` of `cores` cores busy.

    (idle + (full − idle) × share of the cores) × hours × PUE, Cloud Carbon Footprint's formula. The
    whole idle draw is charged to this work, as if nothing else ran. PUE is what the building draws
    for each watt of its computers: 1.0 leaves it out, AWS states 1.135 on average by the same source.
    Raises ValueError for a PUE below 1.
    """
    check_pue(pue)
    share = min(1.0, cpu_seconds / (seconds * cores)) if seconds > 0 else 0.0
    watts = power.idle_w + (power.full_w - power.idle_w) * share
    text = (
        f"estimated: {power.idle_w:.3g} W idle to {power.full_w:.3g} W with all {cores} cores at "
        f"work ({power.source}), {100 * share:.0f} % of them busy, PUE {pue:g}"
    )
    return Energy(watts * seconds * pue / JOULES_PER_KWH, False, text)


def check_pue(pue: float) -> None:
    """Raises ValueError for a PUE that is no number or below 1."""
    if isinstance(pue, bool) or not isinstance(pue, int | float) or not 1 <= pue < float("inf"):
        raise ValueError(f"A PUE is a number of 1 or more, got {pue!r}.")


@dataclass(frozen=True)
class Counter:
    """A processor package's energy counter: microjoules so far, and where it starts again from 0."""

    microjoules: int
    turns_at: int


def read_counters(root: Path = POWERCAP) -> dict[str, Counter]:
    """Energy counters of the processor packages by RAPL, empty where there are none to read.

    Linux keeps them in /sys/class/powercap/intel-rapl:N (AMD's too) and lets only root read them
    since 2020 (CVE-2020-8694). Sub-zones, "psys" and intel-rapl-mmio are left out: they would count
    energy twice.
    """
    try:
        zones = sorted(zone for zone in os.listdir(root) if re.fullmatch(r"intel-rapl:\d+", zone))
        found = {zone: _counter(root / zone) for zone in zones}
    except (OSError, ValueError):
        return {}
    return {zone: counter for zone, counter in found.items() if counter}


def _counter(zone: Path) -> Counter | None:
    if not (zone / "name").read_text().startswith("package"):
        return None
    energy, turn = (int((zone / name).read_text()) for name in ("energy_uj", "max_energy_range_uj"))
    return Counter(energy, turn)


def measured_energy(
    before: dict[str, Counter], after: dict[str, Counter], seconds: float, pue: float = 1.0
) -> Energy | None:
    """Energy between two readings of `read_counters`, or None where they cannot tell.

    They cannot without counters, and when the time is long enough for one to turn twice.
    """
    check_pue(pue)
    turns = [counter.turns_at for counter in before.values()]
    if not before or before.keys() != after.keys():
        return None
    if seconds * MOST_WATTS_OF_A_PACKAGE * 1e6 > min(turns):
        return None
    joules = sum(_between(before[zone], after[zone]) for zone in before) / 1e6
    text = (
        f"measured: the processor's own counter (RAPL), {len(before)} package(s) with all that ran "
        f"on them, without memory, disks, GPU and power supply, PUE {pue:g}"
    )
    return Energy(joules * pue / JOULES_PER_KWH, True, text)


def _between(before: Counter, after: Counter) -> int:
    passed = after.microjoules - before.microjoules
    return passed if passed >= 0 else passed + before.turns_at
