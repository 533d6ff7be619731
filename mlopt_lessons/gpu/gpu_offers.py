"""GPUs for hire: the rows of the price table with their hardware, slices of them, and your own prices."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import date as calendar
from difflib import get_close_matches
from functools import cache
from math import isfinite, isnan
from typing import Any

from mlopt_lessons.workbench.hardware import Gpu, gpu, gpus, variants
from mlopt_lessons.workbench.prices import gpu_prices

GPU_ALONE = "gpu add-on"  # a price of the GPU without the machine around it
SINCE = "2026"
MONTH = r"\d{4}-\d{2}"  # how a date begins that says when a price was read


@dataclass(frozen=True)
class Offer:
    """A GPU for hire: its price name, hardware, dollars an hour for one GPU, and where that is from.

    `rented_in` is how many GPUs the smallest machine at this price holds; below 1 for a part of one.
    Raises ValueError for a price that is not above 0.
    """

    gpu: str
    hardware: Gpu
    usd_h: float
    provider: str
    region: str
    instance: str
    rented_in: float
    date: str
    source: str

    def __post_init__(self) -> None:
        if not self.usd_h > 0 or not isfinite(self.usd_h):
            raise ValueError(f"{self.gpu} needs a price above 0 $/h, got {self.usd_h!r}.")

    def __str__(self) -> str:
        return f"{self.gpu} at ${self.usd_h:.2f}/h ({self.provider} {self.instance}, {self.date})"


@cache
def offers(since: str = SINCE, spot: bool = False, provider: str = "") -> tuple[Offer, ...]:
    """The rows of `gpu_prices()` dated `since` or later whose hardware is known, a price for one GPU.

    A machine of eight GPUs counts an eighth of its price: what a job pays when others use the rest.
    Prices of a GPU without its machine, or without a month, are left out. `spot` takes the spot price,
    where there is one; `provider` only that provider's rows.
    """
    table = gpu_prices()
    column = "spot_usd_h" if spot else "on_demand_usd_h"
    dated = table["date"].astype(str)
    table = table[(table["gpus"] > 0) & dated.str.match(MONTH) & (dated >= since)]
    table = table[(table["instance"] != GPU_ALONE) & table[column].notna()]
    if provider:
        table = table[table["provider"] == provider]
    found = [_offer(row, column) for row in table.to_dict("records")]
    return tuple(offer for offer in found if offer is not None)


def _offer(row: Mapping[Hashable, Any], column: str) -> Offer | None:
    hardware = _hardware(str(row["gpu"]), str(row["provider"]), str(row["instance"]), row["gpus"])
    if hardware is None:
        return None
    name, count = str(row["gpu"]), float(row["gpus"])
    # A part of a GPU is priced as that part, and its hardware is that part already.
    price = float(row[column]) / (count if count >= 1 else 1)
    text = {key: "" if _missing(row[key]) else str(row[key]) for key in ("region", "instance")}
    return Offer(
        name, hardware, price, str(row["provider"]), text["region"], text["instance"], count,
        str(row["date"]), str(row["source"]),
    )  # fmt: skip


def _missing(value: object) -> bool:
    return isinstance(value, float) and isnan(value)


def _hardware(name: str, provider: str, instance: str, count: float) -> Gpu | None:
    if count < 1:
        return part_of(gpu(name.split(maxsplit=1)[0]), count, count, name)
    known = [gpu(each) for each in variants(name)]
    if not known:
        return None
    # Machines of eight, and AWS's and GCP's, carry the SXM boards; others may be PCIe: the slower counts.
    fast = count >= 8 or provider in ("AWS", "GCP")
    known.sort(key=lambda each: (each.bandwidth_gb_s, each.fp16_tflops), reverse=fast)
    return known[0]


def part_of(whole: Gpu, memory: float, rate: float, name: str = "", bandwidth: float = 0) -> Gpu:
    """A slice of a GPU as a smaller one: `memory` of its memory, `rate` of its peak rates.

    `bandwidth` is that of its bandwidth, as the memory where it is not given. A MIG slice 1g.10gb of an
    H100 is memory 1/8, rate 1/7; half the time of a GPU whose memory is shared is rate 1/2,
    bandwidth 1/2. Raises ValueError for a part outside 0 to 1.
    """
    bandwidth = bandwidth or memory
    for label, part in (("memory", memory), ("rate", rate), ("bandwidth", bandwidth)):
        if not 0 < part <= 1:
            raise ValueError(f"The part of the {label} must be above 0 and at most 1, got {part}.")
    return replace(
        whole,
        name=name or f"{rate:.3g} of {whole.name}",
        fp32_tflops=whole.fp32_tflops * rate,
        tf32_tflops=_times(whole.tf32_tflops, rate),
        fp16_tflops=whole.fp16_tflops * rate,
        bf16_tflops=_times(whole.bf16_tflops, rate),
        int8_tops=_times(whole.int8_tops, rate),
        fp8_tflops=_times(whole.fp8_tflops, rate),
        memory_gb=whole.memory_gb * memory,
        bandwidth_gb_s=whole.bandwidth_gb_s * bandwidth,
    )


def _times(tflops: float | None, rate: float) -> float | None:
    return None if tflops is None else tflops * rate


def slice_offer(offer: Offer, name: str, memory: float, rate: float, bandwidth: float = 0) -> Offer:
    """A slice of an offer's GPU that pays the part `memory` or `rate` of its price, the larger one.

    That is right when the other slices are let too. Raises ValueError as `part_of`.
    """
    hardware = part_of(offer.hardware, memory, rate, name, bandwidth)
    price = offer.usd_h * max(memory, rate)
    return replace(offer, gpu=name, hardware=hardware, usd_h=price, rented_in=rate)


def own_offer(name: str, usd_h: float, day: str = "") -> Offer:
    """The learner's own price for a GPU, by a name of the price table or of `gpus()`.

    Raises ValueError, with the nearest names, for a GPU that is not known.
    """
    day = day or calendar.today().isoformat()
    return Offer(name, find_gpu(name), usd_h, "own price", "", "", 1, day, "given by the learner")


def find_gpu(name: str) -> Gpu:
    """The hardware of a GPU by a name of `gpus()` or a shorter one, such as "V100" or "A100-80GB".

    The slowest where several have that name. Raises ValueError with a suggestion for another name.
    """
    names = {str(each).casefold(): str(each) for each in gpus()["name"]}
    if name.casefold() in names:
        return gpu(names[name.casefold()])
    upper = {each.upper(): each for each in names.values()}
    wanted = set(name.upper().split("-"))
    found = [gpu(each) for key, each in upper.items() if wanted <= set(key.split("-"))]
    if found:
        return min(found, key=lambda each: (each.bandwidth_gb_s, each.fp16_tflops))
    known = sorted({each.gpu for each in offers()} | set(names.values()))
    near = get_close_matches(name.upper(), [each.upper() for each in known], 1, cutoff=0.4)
    hint = f" Did you mean {next(k for k in known if k.upper() == near[0])}?" if near else ""
    raise ValueError(f"There is no GPU {name!r}.{hint} Known are {', '.join(known)}.")
