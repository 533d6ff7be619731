"""What `mlopt gpu watch` does, and the text that it prints."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pandas as pd

from mlopt_lessons.gpu.efficiency import (
    HOURS_PER_MONTH,
    Idle,
    find_idle,
    gpu_hour_price,
    mean_efficiency,
)
from mlopt_lessons.gpu.nvml import gpu_sources
from mlopt_lessons.gpu.player import Player, load_log, save_log
from mlopt_lessons.gpu.samples import SECONDS_PER_HOUR, Sample, Samples, Source, record
from mlopt_lessons.workbench import Price, as_price

MOST_LINES = 20  # of a log that is played: it comes all at once
HEADER = "gpu     time s  util %   SM %  occ %   memory GiB   power W    °C"
GIB = 2.0**30


@dataclass(frozen=True)
class WatchRequest:
    """The arguments of `mlopt gpu watch`: seconds, %, minutes, dollars an hour of a GPU."""

    interval: float
    seconds: float
    log: Path | None
    out: Path | None
    price: float | None
    below: float
    minutes: float


def watch(request: WatchRequest, echo: Callable[[str], object]) -> None:
    """Watches the GPUs of this machine, or plays a log, and echoes lines as they come and a summary.

    Raises ValueError for arguments and logs that cannot be, OSError for files, and GpuMissingError (an
    OSError) with what to do where there is no GPU.
    """
    price = None if request.price is None else as_price(request.price)
    _check_place(request.out)
    logs = _watched(request, echo) if request.log is None else _played(request.log, echo)
    # Saved first: a summary that fails should not lose the log.
    if request.out is not None:
        save_log(logs, request.out)
    echo("\n" + summary(logs, price, request.below, request.minutes))
    if request.out is not None:
        echo(f"Written: {request.out}; play it with --from.")


def _check_place(out: Path | None) -> None:
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise OSError(
            f"{out} cannot be written; give the name of a file in a folder that is there."
        )


def _watched(request: WatchRequest, echo: Callable[[str], object]) -> list[Samples]:
    with gpu_sources() as sources:
        _head(sources, echo)
        before = [source.note for source in sources]
        logs = record(sources, request.seconds, request.interval, watch=_lines(0, 1, echo))
        for source, note in zip(sources, before, strict=True):
            if source.note != note:
                echo(f"The recording ended early: {source.note}")
        return logs


def _played(path: Path, echo: Callable[[str], object]) -> list[Samples]:
    logs = load_log(path)
    players = [Player(log) for log in logs]
    _head(players, echo)
    step = math.ceil(sum(map(len, logs)) / MOST_LINES)
    for number, player in enumerate(players):
        # At once, and to the end: nobody waits for what has been.
        record([player], math.inf, watch=_lines(number, step, echo), sleep=lambda _: None)
    return logs


def _head(sources: Sequence[Source], echo: Callable[[str], object]) -> None:
    for source in sources:
        echo(f"{source.gpu} ({source.origin})" + (f": {source.note}" if source.note else ""))
    echo(f"\n{HEADER}")


def _lines(
    first: int, step: int, echo: Callable[[str], object]
) -> Callable[[Sequence[Sample]], None]:
    """Echoes a line for each GPU's reading, of every `step`-th round; the first GPU has number `first`."""
    rounds = count()

    def watch(samples: Sequence[Sample]) -> None:
        if next(rounds) % step == 0:
            for number, sample in enumerate(samples, first):
                echo(_line(number, sample))

    return watch


def _line(number: int, sample: Sample) -> str:
    cells = (
        (sample.utilisation, "7.0f"),
        (sample.sm_active, "6.1f"),
        (sample.occupancy, "6.1f"),
        (sample.memory_used_bytes / GIB, "12.2f"),
        (sample.power_w, "9.1f"),
        (sample.temperature_c, "5.0f"),
    )
    # A value that the GPU does not tell is "?", as wide as a number.
    texts = (
        f"{'?':>{form.split('.')[0]}}" if math.isnan(v) else f"{v:{form}}" for v, form in cells
    )
    return f"{number:>3} {sample.time_s:>10,.1f} {' '.join(texts)}"


def summary(logs: Sequence[Samples], price: Price | None, below: float, minutes: float) -> str:
    """A row a GPU with means, idle part and dollars, and what is wasted by each definition.

    Without a price, the cheapest published one of each GPU counts; dollars are left out for a GPU that
    has none. Raises ValueError as `find_idle` does.
    """
    # A log that is shorter than the minutes asked for can still be idle from end to end.
    idle = [find_idle(log, below, min(minutes, 60 * log.hours))[0] for log in logs]
    prices = [price or _published(log.gpu) for log in logs]
    rows = [_row(*each) for each in zip(logs, idle, prices, strict=True)]
    parts = [pd.DataFrame(rows).to_string(index=False), _waste_text(logs)]
    return "\n\n".join([*parts, _idle_text(idle, prices)])


def _published(gpu: str) -> Price | None:
    try:
        return gpu_hour_price(gpu)
    except ValueError:
        return None


def _row(log: Samples, idle: Idle, price: Price | None) -> dict[str, str]:
    found = mean_efficiency(log)
    cells = {"util %": found.utilisation, "SM %": found.sm_active, "occ %": found.occupancy}
    dollars = math.nan if price is None else idle.usd_month(price.usd_per_hour)
    return {
        "gpu": log.gpu,
        "readings": f"{len(log):,}",
        **{name: _told(value, ".1f") for name, value in cells.items()},
        "idle": f"{idle.share:.0%}",
        "idle $ a month": _told(dollars, ",.2f"),
    }


def _told(value: float, form: str) -> str:
    return "?" if math.isnan(value) else f"{value:{form}}"


def _waste_text(logs: Sequence[Samples]) -> str:
    found = mean_efficiency(logs)
    silent = any(len(mean_efficiency(log).wasted) < len(found.wasted) for log in logs)
    where = " (of the GPUs that tell it)" if silent else ""
    return (
        f"Wasted: {found.finding}{where}. Utilisation counts time with any kernel running, not how much of "
        "the chip works."
    )


def _idle_text(idle: Sequence[Idle], prices: Sequence[Price | None]) -> str:
    known = [(each, price) for each, price in zip(idle, prices, strict=True) if price is not None]
    hours = sum(each.hours for each in idle)
    share = hours / sum(each.log_hours for each in idle)
    start = f"Idle: {_hours(hours)} of GPU time, {share:.0%}"
    if not known:
        return f"{start}. Give --price, dollars an hour of one GPU, to see what that costs."
    spent = sum(each.hours * price.usd_per_hour for each, price in known)
    month = sum(each.usd_month(price.usd_per_hour) for each, price in known)
    told = "; ".join(dict.fromkeys(str(price) for _, price in known))
    left_out = len(idle) - len(known)
    more = f" {left_out} without a price left out." if left_out else ""
    return (
        f"{start}: ${_dollars(spent)} in this log, ${_dollars(month)} a month of {HOURS_PER_MONTH:.0f} h "
        f"({told}).{more}"
    )


def _hours(hours: float) -> str:
    return f"{hours:,.1f} h" if hours >= 1 else f"{hours * SECONDS_PER_HOUR:,.0f} s"


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 or amount == 0 else f"{amount:.4f}"
