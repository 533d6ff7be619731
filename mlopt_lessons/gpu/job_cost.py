"""What a job costs on a GPU for hire: memory, hours as a band, dollars, on one or on several."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import pandas as pd

from mlopt_lessons.gpu.calibrate import Measured, calibrated_seconds
from mlopt_lessons.gpu.gpu_offers import Offer
from mlopt_lessons.gpu.roofline import FITTED, NO_FLOOR, Efficiency, Range, step_time
from mlopt_lessons.gpu.work import Job
from mlopt_lessons.workbench.prices import SECONDS_PER_HOUR

# Rate of k GPUs over k times the rate of one. An assumption, not a measurement: give your own.
PARALLEL_EFFICIENCY = 0.9


@dataclass(frozen=True)
class Terms:
    """How time and dollars are counted.

    `efficiency` and `floor` are those of `step_time`; with a `measured` step the band is
    `calibrated_seconds` instead, scaled by bandwidth. Several GPUs keep `parallel` of their rates.
    `by` is the end of the band that must meet the deadline: "low", "middle" or "high".
    `whole_machine` charges every GPU of the machine. Raises ValueError for values that cannot be.
    """

    efficiency: Efficiency = FITTED
    floor: Range = NO_FLOOR
    parallel: float = PARALLEL_EFFICIENCY
    by: str = "high"
    whole_machine: bool = False
    measured: Measured | None = None

    def __post_init__(self) -> None:
        if not 0 < self.parallel <= 1:
            raise ValueError(
                f"The parallel efficiency must be above 0, at most 1, got {self.parallel!r}."
            )
        if self.by not in ("low", "middle", "high"):
            raise ValueError(f"by must be low, middle or high, got {self.by!r}.")


DEFAULT_TERMS = Terms()


@dataclass(frozen=True)
class Estimate:
    """A job on `count` GPUs of an offer: does it fit, hours and dollars as bands, is it in time.

    `memory_gb` is what one GPU must hold, in 10⁹ bytes. `limit` says what binds the time.
    """

    offer: Offer
    count: int
    memory_gb: float
    hours: Range
    usd: Range
    fits: bool
    in_time: bool
    limit: str
    note: str

    @property
    def name(self) -> str:
        """The GPU, with their number where there are several."""
        return self.offer.gpu if self.count == 1 else f"{self.count} × {self.offer.gpu}"


def estimate(job: Job, offer: Offer, count: int = 1, terms: Terms = DEFAULT_TERMS) -> Estimate:
    """The job on `count` GPUs of one offer.

    Several GPUs each run the batch and share the steps; each must hold the whole demand. Raises
    ValueError for steps, a deadline or a count that cannot be, and as `step_time`.
    """
    check_job(job, count)
    band = step_time(job.demand, offer.hardware, terms.efficiency, terms.floor)
    seconds = band.seconds
    if terms.measured is not None:
        seconds = calibrated_seconds(terms.measured, offer.hardware, job.demand)
    share = 1 if count == 1 else count * terms.parallel
    hours = seconds.times(job.steps / share / SECONDS_PER_HOUR)
    paid = max(count, offer.rented_in) if terms.whole_machine else count
    memory_gb = job.demand.memory_bytes / 1e9
    return Estimate(
        *(offer, count, memory_gb, hours, hours.times(offer.usd_h * paid)),
        fits=memory_gb <= offer.hardware.memory_gb,
        in_time=getattr(hours, terms.by) <= job.deadline_h,
        limit=band.limit,
        note=band.rate.note,
    )


def check_job(job: Job, count: int = 1) -> None:
    """Raises ValueError for steps, a deadline or a number of GPUs that cannot be."""
    if not job.steps > 0 or not isfinite(job.steps):
        raise ValueError(f"A job needs more than 0 steps, got {job.steps!r}.")
    if not job.deadline_h > 0:
        raise ValueError(f"The deadline must be above 0 h, got {job.deadline_h!r}.")
    if count < 1 or count != int(count):
        raise ValueError(f"The number of GPUs is a whole number of 1 or more, got {count!r}.")


def as_table(estimates: Sequence[Estimate]) -> pd.DataFrame:
    """A row an estimate, in the order given: the GPU, its price with date, memory, hours, dollars."""
    return pd.DataFrame([_row(each) for each in estimates])


def _row(each: Estimate) -> dict[str, object]:
    offer = each.offer
    return {
        "gpu": offer.gpu,
        "gpus": each.count,
        "provider": offer.provider,
        "region": offer.region,
        "instance": offer.instance,
        "rented_in": offer.rented_in,
        "usd_per_gpu_h": offer.usd_h,
        "date": offer.date,
        "memory_gb": offer.hardware.memory_gb,
        "needs_gb": each.memory_gb,
        "fits": each.fits,
        "hours_low": each.hours.low,
        "hours": each.hours.middle,
        "hours_high": each.hours.high,
        "in_time": each.in_time,
        "usd_low": each.usd.low,
        "usd": each.usd.middle,
        "usd_high": each.usd.high,
        "limit": each.limit,
        "note": each.note,
        "source": offer.source,
    }
