"""Exercise 02 as its author sees it: right answers, each named wrong answer as code, hidden marks.

Never shipped to learners. Tests prove that each wrong answer gets its own hint and loses points.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.course.checking_values import plain, same
from mlopt_lessons.grading.marking import Answer, Args, Hidden, Part, ask, compared, number
from mlopt_lessons.resources.exercise import GOOD, TASK_1, TASK_2, TASK_3, TASK_4, Audited

Array = NDArray[Any]
Request = tuple[float, float]


@dataclass(frozen=True)
class Month:
    """Task 1: what is asked for and used, in hours, cores, GiB and dollars an hour."""

    paid_hours: float = 720
    used_hours: float = 220
    cores: float = 12
    gib: float = 48
    used_cores: float = 3
    used_gib: float = 21_474_836_480 / 2**30
    core_usd: float = 0.03
    gib_usd: float = 0.004


def asked_usd(month: Month) -> float:
    """Dollars for all that is asked for, in every hour that is paid."""
    return month.paid_hours * (month.cores * month.core_usd + month.gib * month.gib_usd)


def used_usd(month: Month) -> float:
    """Dollars for what is used, in the hours in which it is used."""
    return month.used_hours * (month.used_cores * month.core_usd + month.used_gib * month.gib_usd)


def wasted_usd(month: Month) -> float:
    """Task 1: the bill less the part of it that is used."""
    return asked_usd(month) - used_usd(month)


def at(values: Array, percentile: float) -> float:
    """The percentile by hand: sorted, and a straight line between neighbours."""
    ordered = sorted(values.tolist())
    place = (len(ordered) - 1) * percentile / 100
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def past_of(log: Array) -> Array:
    """The first half of a log."""
    return log[..., : log.shape[-1] // 2]


def judged_of(log: Array) -> Array:
    """The second half of a log."""
    return log[..., log.shape[-1] // 2 :]


def cpu_request(cpu: Array, percentile: float, margin: float) -> float:
    """Task 2: the percentile of the first half, and the margin on top."""
    return at(past_of(cpu), percentile) * (100 + margin) / 100


@dataclass(frozen=True)
class Margins:
    """Task 3: the cheapest margin on past peaks; each switch turns one thought off.

    `base` makes a request from a job's days, `seen` is the part that it may see, `days_above`
    turns the days above a request into kills, `hours` are those of a day.
    """

    base: Callable[[Array], float] = max
    seen: Callable[[Array], Array] = past_of
    days_above: Callable[[int], int] = lambda days: min(days, 1)
    hours: int = 24
    kills_cost: bool = True
    gib_costs: bool = True

    def __call__(self, memory: Array, kill_price: float) -> tuple[int, int]:
        """The margin in percent, and the kills that it leaves."""
        bills = {margin: self.bill(memory, kill_price, margin) for margin in range(0, 101, 5)}
        best = min(bills, key=lambda margin: (bills[margin], margin))
        return best, sum(self.kills(memory, best))

    def requests(self, memory: Array, margin: int) -> list[float]:
        """GiB that each job asks for."""
        return [float(self.base(self.seen(job))) * (1 + margin / 100) for job in memory]

    def kills(self, memory: Array, margin: int) -> list[int]:
        """Kills of each job in the second half."""
        pairs = zip(judged_of(memory), self.requests(memory, margin), strict=True)
        return [self.days_above(sum(day > request for day in job)) for job, request in pairs]

    def bill(self, memory: Array, kill_price: float, margin: int) -> float:
        """Dollars for the second half."""
        paid = 0.004 * self.hours * judged_of(memory).shape[1] * sum(self.requests(memory, margin))
        killed = kill_price * sum(self.kills(memory, margin))
        return paid * self.gib_costs + killed * self.kills_cost


def larger_share(request: Request, machine: Request) -> Fraction:
    """The larger part of a machine that a request takes, exactly."""
    parts = zip(request, machine, strict=True)
    return max(Fraction(part) / Fraction(whole) for part, whole in parts)


@dataclass(frozen=True)
class Packer:
    """Task 4: first-fit decreasing; each switch turns one thought off.

    `order` is "falling", "rising" or "given"; `looks` says at how many of the last machines it
    looks (None: at all); `dimensions` are those that must fit; `full` allows an exact fit.
    """

    order: str = "falling"
    looks: int | None = None
    dimensions: tuple[int, ...] = (0, 1)
    full: bool = True
    opens: bool = True

    def __call__(self, requests: list[Request], machine: Request) -> list[list[int]]:
        packed: list[list[int]] = [[]]
        for place in self.places(requests, machine):
            opened = packed[-self.looks :] if self.looks else packed
            rooms = (each for each in opened if self.fits([*each, place], requests, machine))
            room = next(rooms, None)
            if room is not None:
                room.append(place)
            elif self.opens:
                packed.append([place])
        return [each for each in packed if each]

    def places(self, requests: list[Request], machine: Request) -> list[int]:
        """The order in which requests are packed."""
        places = list(range(len(requests)))
        if self.order == "given":
            return places
        key = [larger_share(request, machine) for request in requests]
        return sorted(places, key=lambda place: key[place], reverse=self.order == "falling")

    def fits(self, places: Iterable[int], requests: list[Request], machine: Request) -> bool:
        """Whether these requests go on one machine."""
        sums = [sum(requests[place][part] for place in places) for part in self.dimensions]
        limits = [machine[part] for part in self.dimensions]
        if self.full or len(list(places)) == 1:
            return all(one <= limit for one, limit in zip(sums, limits, strict=True))
        return all(one < limit for one, limit in zip(sums, limits, strict=True))


RIGHT: dict[str, Any] = {
    "02-1": wasted_usd,
    "02-2": cpu_request,
    "02-3": Margins(),
    "02-4": Audited(Packer()),
}
WRONG: dict[str, dict[str, Any]] = {
    "02-1": {
        "idle-hours-forgotten": lambda month: wasted_usd(replace(month, paid_hours=220)),
        "used-around-the-clock": lambda month: wasted_usd(replace(month, used_hours=720)),
        "memory-left-out": lambda month: wasted_usd(replace(month, gib_usd=0)),
        "gigabyte-is-gibibyte": lambda month: wasted_usd(replace(month, used_gib=21.474836480)),
        "asked-for-wasted": asked_usd,
        "used-for-wasted": used_usd,
    },
    "02-2": {
        "mean-as-request": lambda cpu, _, margin: past_of(cpu).mean() * (1 + margin / 100),
        "peak-as-request": lambda cpu, _, margin: past_of(cpu).max() * (1 + margin / 100),
        "peeks-at-the-future": lambda cpu, p, margin: at(cpu, p) * (1 + margin / 100),
        "margin-forgotten": lambda cpu, p, _: cpu_request(cpu, p, 0),
        "margin-as-factor": lambda cpu, p, margin: at(past_of(cpu), p) * margin,
        "margin-alone": lambda cpu, p, margin: at(past_of(cpu), p) * margin / 100,
        "margin-subtracted": lambda cpu, p, margin: cpu_request(cpu, p, -margin),
        "percent-as-share": lambda cpu, p, margin: cpu_request(cpu, p / 100, margin),
    },
    "02-3": {
        "kill-is-free": Margins(kills_cost=False),
        "safety-at-any-price": Margins(gib_costs=False),
        "kills-by-the-sample": Margins(days_above=lambda days: days),
        "peeks-at-the-future": Margins(seen=lambda log: log),
        "mean-as-request": Margins(base=np.mean),
        "one-rule-for-both": Margins(base=lambda days: at(days, 95)),
        "days-for-hours": Margins(hours=1),
    },
    "02-4": {
        "packs-by-cpu": Audited(Packer(dimensions=(0,))),
        "packs-by-memory": Audited(Packer(dimensions=(1,))),
        "only-the-last-machine": Audited(Packer(order="given", looks=1)),
        "packs-as-they-come": Audited(Packer(order="given")),
        "smallest-first": Audited(Packer(order="rising")),
        "full-is-too-full": Audited(Packer(full=False)),
        "one-machine-each": Audited(
            lambda requests, _: [[place] for place in range(len(requests))]
        ),
        "left-out": Audited(Packer(opens=False)),
    },
}


def logs(generator: np.random.Generator) -> Iterator[Args]:
    """Task 2: logs in which every usual definition of the percentile gives the same hour."""
    for half in (21, 41, 41, 61, 101):
        percentile = 100 * int(generator.integers(half // 2, half - 1)) / (half - 1)
        yield generator.gamma(2, 1.5, 2 * half), percentile, int(generator.integers(5, 100))


def fleets(generator: np.random.Generator) -> Iterator[Args]:
    """Task 3: jobs of which some are killed at every margin, at several prices of a kill."""
    for doomed, kill_price in enumerate((0, 1e6, 20, 50, 100, 200, 400), start=1):
        jobs, half = int(generator.integers(15, 25)), int(generator.integers(7, 31))
        days = generator.gamma(20, 0.05, (jobs, 2 * half))
        days[:, half:] *= 1 + generator.exponential(0.2, (jobs, 1))
        days[:doomed, half:][:, :2] = 3 * days[:doomed].max(axis=1, keepdims=True)
        yield generator.uniform(4, 60, (jobs, 1)) * days, kill_price


def counts_its_kills(answer: Answer, generator: np.random.Generator) -> bool:
    """Task 3: the kills are those of the margin that is returned, be it the cheapest or not."""
    for memory, kill_price in fleets(generator):
        margin, kills = plain(ask(answer, (memory, kill_price)))
        right = sum(Margins().kills(memory, margin))
        if margin not in range(0, 101, 5) or not same(kills, right, 0):
            return False
    return True


def instances(generator: np.random.Generator) -> Iterator[tuple[list[Request], Request]]:
    """Task 4: thirty lists of up to 40 requests, in every third one small; no two shares tie."""
    for turn in range(30):
        machine = ((16, 64), (8, 64), (96, 384), (4, 32))[turn % 4]
        largest = np.array(machine) // (1 if turn % 3 else 4)
        drawn = generator.integers(1, largest + 1, (int(generator.integers(2, 41)), 2)).tolist()
        by_share = {larger_share((cores, gib), machine): (cores, gib) for cores, gib in drawn}
        yield list(by_share.values()), machine


def first_fit_decreasing(requests: list[Request], machine: Request) -> int:
    """Task 4: its number of machines, by what is left on each of them."""
    left: list[list[float]] = []
    shares = [max(cores * machine[1], gib * machine[0]) for cores, gib in requests]
    for place in sorted(range(len(requests)), key=lambda place: -shares[place]):
        cores, gib = requests[place]
        rooms = [room for room in left if room[0] >= cores and room[1] >= gib]
        if not rooms:
            left += (rooms := [list(machine)])
        rooms[0][0] -= cores
        rooms[0][1] -= gib
    return len(left)


def packs(answer: Answer, generator: np.random.Generator, *, tightly: bool) -> bool:
    """Task 4: all are packed once and fit; tightly: on as few machines as the rule needs."""
    audited = Audited(lambda *given: ask(answer, given))
    for requests, machine in instances(generator):
        needed = first_fit_decreasing(requests, machine)
        most = needed if tightly else len(requests) - (needed < len(requests) / 2)
        if audited(requests, machine, most) != GOOD:
            return False
    return True


_WASTED = number(2, "the dollars that were wasted", 720 * (0.36 + 0.192) - 220 * (0.09 + 0.08))
_CPU = compared(2, "the request for CPU", logs, cpu_request, wrong=WRONG["02-2"])
_MARGIN = compared(
    2,
    "the margin with the smallest bill",
    fleets,
    Margins(),
    wrong=WRONG["02-3"],
    pick=lambda pair: pair[0],
)
_KILLS = Part(1, "the jobs that are killed with the margin returned", counts_its_kills)
_FITS = Part(2, "packing each request once, within shared machines", partial(packs, tightly=False))
_FEW = Part(2, "needing no more machines than allowed", partial(packs, tightly=True))
HIDDEN: dict[str, Hidden] = {
    "02-1": Hidden(TASK_1, "answer", (_WASTED,)),
    "02-2": Hidden(TASK_2, "cpu_request", (_CPU,)),
    "02-3": Hidden(TASK_3, "cheapest_margin", (_MARGIN, _KILLS)),
    "02-4": Hidden(TASK_4, "pack", (_FITS, _FEW), wrap=Audited),
}
