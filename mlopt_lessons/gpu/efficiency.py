"""How much of a GPU is used, by four definitions that differ, and what idle GPUs cost.

Utilisation counts time in which any kernel ran, not how much of the chip worked. SM-active counts the
multiprocessors that held work, occupancy the warps that they held, and MFU (model FLOPs utilisation) the
operations that the model needed against those that the chip could have done.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import StringIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mlopt_lessons.gpu.samples import LABELS, SECONDS_PER_HOUR, Samples
from mlopt_lessons.workbench import Price, gpu_prices

HOURS_PER_MONTH = 730.0
#: A GPU that is idle for this part of its log, or more, counts as parked.
PARKED = 0.95


@dataclass(frozen=True)
class Efficiency:
    """Means over time of one GPU, or of several, in %; NaN where it is not known.

    `utilisation`, `sm_active` and `occupancy` as in `Sample`; `mfu` is model FLOPs utilisation.
    """

    utilisation: float
    sm_active: float
    occupancy: float
    mfu: float = math.nan

    @property
    def wasted(self) -> dict[str, float]:
        """100 % minus each that is known: what is wasted by that definition, by its name.

        By utilisation it is time without any kernel, by SM-active multiprocessors without work, by
        occupancy warps that were not held, by MFU operations that were not done.
        """
        known = {name: getattr(self, name) for name in LABELS}
        return {name: 100 - value for name, value in known.items() if not math.isnan(value)}

    @property
    def finding(self) -> str:
        """What is wasted by each definition, in a few words."""
        return ", ".join(f"{value:.0f} % by {LABELS[name]}" for name, value in self.wasted.items())

    def at(self, utilisation: float) -> "Efficiency":
        """The same kind of work for another part of the time: all in one ratio, `utilisation` in %.

        Raises ValueError where it is not from 0 to 100 %, and for a GPU that was idle throughout.
        """
        if not 0 <= utilisation <= 100:
            raise ValueError(f"utilisation is {utilisation:g}; it is from 0 to 100 %.")
        if self.utilisation == 0:
            raise ValueError("An idle GPU has no ratio of work to time; take one that worked.")
        part = utilisation / self.utilisation
        return Efficiency(
            utilisation, part * self.sm_active, part * self.occupancy, part * self.mfu
        )


def mean_efficiency(logs: Samples | Sequence[Samples], mfu: float = math.nan) -> Efficiency:
    """Means over the time of a log, or of several, each reading weighted with the time it stands for.

    A mean is over the readings that are told, NaN where there is none. `mfu` in %, from `mfu()`.
    Raises ValueError without a log.
    """
    logs = [logs] if isinstance(logs, Samples) else list(logs)
    if not logs:
        raise ValueError("There is no log; give one or more.")
    weights = np.concatenate([log.spans_s for log in logs])
    utilisation, sm_active, occupancy = (
        _mean(np.concatenate([getattr(log, name) for log in logs]), weights)
        for name in ("utilisation", "sm_active", "occupancy")
    )
    return Efficiency(utilisation, sm_active, occupancy, mfu)


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    told = ~np.isnan(values)
    return float(np.average(values[told], weights=weights[told])) if told.any() else math.nan


def mfu(steps_per_s: float, flops_per_step: float, peak_tflops: float) -> float:
    """Model FLOPs utilisation in %: operations a second that the model needs, of the chip's dense peak.

    As in PaLM (Chowdhery et al. 2022, appendix B): `flops_per_step` is what the mathematics needs (1 MAC
    = 2 FLOPs), recomputed activations not counted. Raises ValueError for values below 0 or a peak of 0,
    and for more than 100 %, which no chip does: the peak or the count is of another precision.
    """
    for name, value in (("steps_per_s", steps_per_s), ("flops_per_step", flops_per_step)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} is {value:g}; give a finite number, 0 or more.")
    if not (math.isfinite(peak_tflops) and peak_tflops > 0):
        raise ValueError(f"peak_tflops is {peak_tflops:g}; give the chip's dense peak, above 0.")
    found = 100 * steps_per_s * flops_per_step / (peak_tflops * 1e12)
    if found > 100:
        raise ValueError(
            f"{found:.0f} % of the peak cannot be; take the peak of the precision that was run, and "
            "count 2 FLOPs a multiply-add."
        )
    return found


@dataclass(frozen=True, eq=False)
class Idle:
    """When a GPU was idle: spells of shape (k, 2), seconds of start and end, as in the log's times.

    `log_hours` is the length of the log in hours.
    """

    gpu: str
    spells_s: NDArray[np.float64]
    log_hours: float

    @property
    def hours(self) -> float:
        """Idle hours in all."""
        return float((self.spells_s[:, 1] - self.spells_s[:, 0]).sum()) / SECONDS_PER_HOUR

    @property
    def share(self) -> float:
        """Idle part of the log, 0 to 1."""
        return self.hours / self.log_hours

    @property
    def parked(self) -> bool:
        """Whether it was idle nearly all the time: see PARKED."""
        return self.share >= PARKED

    def usd_month(self, usd_per_hour: float) -> float:
        """Dollars a month of 730 h for its idle hours, if the month goes on as the log did."""
        return self.share * HOURS_PER_MONTH * usd_per_hour


def find_idle(
    logs: Samples | Sequence[Samples], below: float = 5.0, minutes: float = 10.0
) -> list[Idle]:
    """The spells of each GPU in which utilisation stays under `below` % for `minutes` or longer.

    Raises ValueError for a threshold that is not in 0 to 100 % and for minutes below 0.
    """
    if not 0 < below <= 100:
        raise ValueError(f"below is {below:g}; give a utilisation above 0 and up to 100 %.")
    if not (math.isfinite(minutes) and minutes >= 0):
        raise ValueError(f"minutes is {minutes:g}; give a finite number, 0 or more.")
    logs = [logs] if isinstance(logs, Samples) else logs
    return [_idle(log, below, minutes * 60) for log in logs]


def _idle(log: Samples, below: float, least_s: float) -> Idle:
    spans = log.spans_s
    quiet = log.utilisation < below
    # A gap in the log ends a spell: nobody saw what the GPU did.
    gap = np.append(False, np.diff(log.time_s) > spans[:-1] * (1 + 1e-9))
    begins = quiet & ~(np.append(False, quiet[:-1]) & ~gap)
    ends = quiet & ~(np.append(quiet[1:], False) & ~np.append(gap[1:], False))
    start_s, end_s = log.time_s[begins], log.time_s[ends] + spans[ends]
    long = end_s - start_s >= least_s * (1 - 1e-9)
    return Idle(log.gpu, np.column_stack((start_s, end_s))[long], log.hours)


def gpu_hour_price(gpu_name: str, prices: pd.DataFrame | None = None) -> Price:
    """The cheapest on-demand dollars an hour of one such GPU in `gpu_prices()`, with source and date.

    `gpu_name` is a name of the table ("A100-80GB") or NVML's ("NVIDIA A100-SXM4-80GB"); the machine's
    price is divided by its GPUs. Raises ValueError for a GPU that has no price.
    """
    table = (gpu_prices() if prices is None else prices).dropna(subset=["gpu", "on_demand_usd_h"])
    name = _price_name(gpu_name, sorted(set(table["gpu"])))
    named = table[table["gpu"] == name]
    dated = named[named["date"].astype(str).str.match(r"\d{4}-\d{2}")]
    rows = (named if dated.empty else dated).assign(
        each=named["on_demand_usd_h"] / named["gpus"].clip(lower=1)  # a slice is priced as a slice
    )
    # An add-on is a GPU without its machine: taken only where nothing else has a price.
    rows = rows.assign(bare=rows["instance"] == "gpu add-on").sort_values(["bare", "each"])
    row = rows.iloc[0]
    where = row["provider"] if pd.isna(row["instance"]) else f"{row['provider']} {row['instance']}"
    return Price(
        f"{name}, a GPU of {where}", float(row["each"]), str(row["source"]), str(row["date"])
    )


def _price_name(gpu_name: str, priced: Sequence[str]) -> str:
    words = set(gpu_name.replace(" ", "-").split("-"))
    exact = [name for name in priced if name == gpu_name]
    parts = [name for name in priced if set(name.split("-")) <= words]
    # NVML names no memory where a chip has but one size: "NVIDIA H200".
    chips = [name for name in priced if name.split("-")[0] in words]
    for found in (exact, parts, chips):
        if len(found) == 1:
            return found[0]
    raise ValueError(
        f"There is no price for {gpu_name!r}; give dollars an hour of your own, or one of "
        f"{', '.join(priced)}."
    )


@cache
def utilisation_summary() -> pd.DataFrame:
    """Published figures of real clusters: a row a cluster and measure, with mean, percentiles and source.

    Columns: cluster, measure, unit, mean, p25 to p100 (percentiles over readings of all GPUs; empty where
    not known), source, licence.
    """
    text = files("mlopt_lessons.gpu").joinpath("data/utilisation_summary.csv")
    return pd.read_csv(StringIO(text.read_text(encoding="utf-8")))


def published_efficiency(cluster: str = "Seren") -> Efficiency:
    """The published means of a cluster of `utilisation_summary()`. Raises ValueError for another name."""
    table = utilisation_summary()
    if cluster not in set(table["cluster"]):
        known = ", ".join(dict.fromkeys(table["cluster"]))
        raise ValueError(f"There are no figures of {cluster!r}; choose one of {known}.")
    means = table[table["cluster"] == cluster].set_index("measure")["mean"]
    return Efficiency(
        *(float(means.get(n, math.nan)) for n in ("utilisation", "sm_active", "occupancy"))
    )
