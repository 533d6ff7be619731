"""What `mlopt gpu pick` does, and the text that it prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mlopt_lessons.gpu.calibrate import Measured
from mlopt_lessons.gpu.gpu_offers import Offer, find_gpu, offers, own_offer
from mlopt_lessons.gpu.job_cost import Terms
from mlopt_lessons.gpu.model_input import Found, find_profile, hours
from mlopt_lessons.gpu.picking import Choice, money, pick, span
from mlopt_lessons.gpu.roofline import launch_floor
from mlopt_lessons.gpu.work import Demand, Job

MOST_ROWS = 12  # lines of the table; --csv writes all


@dataclass(frozen=True)
class PickRequest:
    """The arguments of `mlopt gpu pick`, as they were written."""

    model: str
    deadline: str
    steps: float
    batch: int
    precision: str
    training: bool
    optimizer: str
    shape: str | None
    tokens: int | None
    gpu: tuple[str, ...]
    price: tuple[str, ...]
    gpus: tuple[int, ...]
    measured: str | None
    whole_machine: bool
    out: Path | None


def pick_text(request: PickRequest) -> tuple[str, bool]:
    """What a step needs, a table of the GPUs and the pick, and whether there is one.

    Writes the table where a file is given.

    Raises ValueError or TypeError for what cannot be, OSError for files.
    """
    deadline = hours(request.deadline)
    among = asked_offers(request.gpu, request.price)
    measured = _measured(request.measured)
    found = find_profile(request.model, request.shape, request.tokens)
    demand = found.profile.demand(
        request.batch, request.precision, request.training, request.optimizer
    )
    terms = Terms(
        floor=launch_floor(found.operators, request.training),
        whole_machine=request.whole_machine,
        measured=measured,
    )
    job = Job(demand, request.steps, deadline)
    choice = pick(job, among, request.gpus or (1,), terms)
    parts = [_demand_text(demand, found), _table_text(choice), choice.why, _notes(choice, measured)]
    if request.out is not None:
        choice.table.to_csv(request.out, index=False)
        parts.append(f"Written: {request.out}.")
    return "\n\n".join(part for part in parts if part), choice.best is not None


def asked_offers(names: Sequence[str], prices: Sequence[str]) -> list[Offer]:
    """The offers of the GPUs named, all of them where none is, with the learner's own prices.

    A price is written T4=0.5 and takes the place of all listed prices of that GPU. Raises ValueError
    for an unknown GPU, with a suggestion, a price that is none, and a GPU that nobody offers.
    """
    own = [_own(text) for text in prices]
    replaced = {offer.hardware.name for offer in own}
    listed = [offer for offer in offers() if offer.hardware.name not in replaced]
    everything = own + listed
    if not names:
        return everything
    return [offer for name in names for offer in _named(name, everything)]


def _own(text: str) -> Offer:
    name, usd = _pair("--price", text, "T4=0.5")
    for offer in offers():
        if name.casefold() == offer.gpu.casefold():
            return Offer(
                *(offer.gpu, offer.hardware, usd, "own price", "", "", 1),
                date=pd.Timestamp.now().date().isoformat(),
                source="given by the learner",
            )
    return own_offer(name, usd)


def _pair(option: str, text: str, example: str) -> tuple[str, float]:
    name, sign, number = text.partition("=")
    try:
        value = float(number)
    except ValueError:
        value = 0.0
    if not sign or not name.strip() or not 0 < value < float("inf"):
        raise ValueError(f"{option} is a GPU and a number above 0, as {example}, got {text!r}.")
    return name.strip(), value


def _named(name: str, among: Sequence[Offer]) -> list[Offer]:
    wanted = name.casefold()
    found = [each for each in among if each.gpu.casefold() == wanted]
    if not found:
        hardware = find_gpu(name)
        words = set(wanted.split("-"))
        found = [
            each
            for each in among
            if each.hardware.name == hardware.name or words <= set(each.gpu.casefold().split("-"))
        ]
    if not found:
        raise ValueError(f"No price of {name} is in the table; give yours: --price {name}=1.5.")
    return found


def _measured(text: str | None) -> Measured | None:
    if text is None:
        return None
    name, seconds = _pair("--measured", text, "T4=0.12")
    return Measured(seconds, find_gpu(name), "given by the learner")


def _demand_text(demand: Demand, found: Found) -> str:
    what = "training" if demand.training else "inference"
    parts = [f"{name} {amount / 1e9:.2f}" for name, amount in demand.parts.items() if amount]
    return (
        f"{demand.name}, {what}, batch {demand.batch}, {demand.precision}: "
        f"{found.profile.parameters:,} parameters, {demand.flops / 1e9:,.1f} GFLOPs and at least "
        f"{demand.traffic_bytes / 1e9:,.2f} GB moved a step.\n"
        f"Memory {demand.memory_bytes / 1e9:.2f} GB: {', '.join(parts)}."
    )


def _table_text(choice: Choice) -> str:
    rows = [
        {
            "GPU": each.name,
            "$/h": f"{each.offer.usd_h:.2f}",
            "from": " ".join((each.offer.provider, each.offer.instance)).strip(),
            "date": each.offer.date,
            "memory": f"{each.offer.hardware.memory_gb:g} GB",
            "time": f"{span(each.hours.middle)} ({span(each.hours.low)} to {span(each.hours.high)})",
            "$ a job": money(each.usd.middle),
            "": "" if each.fits and each.in_time else "late" if each.fits else "out of memory",
        }
        for each in choice.estimates[:MOST_ROWS]
    ]
    more = len(choice.estimates) - MOST_ROWS
    text = pd.DataFrame(rows).to_string(index=False)
    return f"{text}\nand {more} more; --csv writes all." if more > 0 else text


def _notes(choice: Choice, measured: Measured | None) -> str:
    notes = sorted({f"{each.note}." for each in choice.estimates if each.note})
    if measured is not None:
        notes.append(
            f"Times are scaled by bandwidth from {measured.seconds:g} s a step on "
            f"{measured.gpu.name}."
        )
    return "\n".join(notes)
