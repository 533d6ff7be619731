"""The cheapest GPU that holds a job and is done in time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from mlopt_lessons.gpu.gpu_offers import Offer, offers
from mlopt_lessons.gpu.job_cost import (
    DEFAULT_TERMS,
    Estimate,
    Terms,
    as_table,
    check_job,
    estimate,
)
from mlopt_lessons.gpu.work import Job

TOO_LARGE, TOO_LATE = "memory", "deadline"


@dataclass(frozen=True)
class Choice:
    """Every estimate, cheapest pick first, the pick itself (None: nobody can), and why in a sentence.

    `missing` is "memory" or "deadline" where there is no pick, otherwise empty.
    """

    estimates: tuple[Estimate, ...]
    best: Estimate | None
    why: str
    missing: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """A row an estimate; see `job_cost.as_table`."""
        return as_table(self.estimates)


def pick(
    job: Job,
    among: Iterable[Offer] | None = None,
    counts: Sequence[int] = (1,),
    terms: Terms = DEFAULT_TERMS,
) -> Choice:
    """The cheapest offer that fits the memory and meets the deadline, by the middle of its dollars.

    `among` is `offers()` where it is not given; `counts` are the numbers of GPUs to try, and a part of
    a GPU is tried alone. Where nobody can, the sentence names the nearest. Raises ValueError as
    `estimate`, and where there is no offer.
    """
    for count in counts:
        check_job(job, count)
    found = [
        estimate(job, offer, count, terms)
        for offer in (offers() if among is None else among)
        for count in counts
        if count == 1 or offer.rented_in >= 1
    ]
    if not found:
        raise ValueError("There is nothing to pick from; give at least one offer and one count.")
    found.sort(key=lambda each: (not (each.fits and each.in_time), each.usd.middle, each.name))
    return _choice(job, tuple(found), terms)


def _choice(job: Job, found: tuple[Estimate, ...], terms: Terms) -> Choice:
    if found[0].fits and found[0].in_time:
        return Choice(found, found[0], _reason(found, terms.whole_machine))
    if not any(each.fits for each in found):
        return Choice(found, None, _too_large(job, found), TOO_LARGE)
    return Choice(found, None, _too_late(job, found, terms.by), TOO_LATE)


def _reason(found: tuple[Estimate, ...], whole: bool) -> str:
    best = found[0]
    fastest = min((each for each in found if each.fits), key=lambda each: each.hours.middle)
    text = (
        f"{best.name} is the cheapest that holds {best.memory_gb:.1f} GB and is in time: "
        f"{money(best.usd.middle)} a job ({money(best.usd.low)} to {money(best.usd.high)}) in "
        f"{span(best.hours.middle)} ({span(best.hours.low)} to {span(best.hours.high)})"
    )
    other = (
        "it is also the fastest"
        if fastest.name == best.name
        else f"the fastest is {fastest.name}, {span(fastest.hours.middle)} for "
        f"{money(fastest.usd.middle)}"
    )
    return f"{text}; {other}.{'' if whole else _machine(best)}"


def _machine(best: Estimate) -> str:
    size = best.offer.rented_in
    if size <= best.count:
        return ""
    return (
        f" It is rented in machines of {size:g}, and what is paid here is the part of "
        f"{best.count}: let the rest be used too."
    )


def _too_large(job: Job, found: tuple[Estimate, ...]) -> str:
    largest = max(found, key=lambda each: each.offer.hardware.memory_gb)
    return (
        f"No GPU holds {job.demand.name}: it needs {largest.memory_gb:.1f} GB, and the largest, "
        f"{largest.offer.gpu}, has {largest.offer.hardware.memory_gb:g} GB. Try a smaller batch, a "
        "lower precision or checkpointing."
    )


def _too_late(job: Job, found: tuple[Estimate, ...], by: str) -> str:
    nearest = min((each for each in found if each.fits), key=lambda each: getattr(each.hours, by))
    hours, end = getattr(nearest.hours, by), {"low": "at best", "high": "at worst"}.get(by, "about")
    return (
        f"Nobody that holds {job.demand.name} meets the deadline of {span(job.deadline_h)}. The "
        f"nearest is {nearest.name}, which takes {end} {span(hours)}. Allow more time, or try "
        "several GPUs or a lower precision."
    )


def money(usd: float) -> str:
    """Dollars with two digits, or two significant ones below a cent."""
    return f"${usd:,.2f}" if usd >= 0.01 else f"${usd:.2g}"


def span(hours: float) -> str:
    """Hours as days, hours, minutes or seconds, whichever reads best."""
    for size, unit in ((24.0, "days"), (1.0, "h"), (1 / 60, "min")):
        if hours >= size * (2 if unit == "days" else 1):
            return f"{hours / size:,.1f} {unit}"
    return f"{hours * 3600:.2g} s"
