"""Exercise 04 as its author sees it: right answers, and each named wrong answer as code.

Never shipped to learners. Tests prove that each wrong answer gets its own hint.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
STEPS, NEEDS_GB, DEADLINE_H = 90_000, 44, 8


@dataclass(frozen=True)
class Offer:
    """Task 1: a machine, its dollars an hour and GPUs; GB and steps a second of one GPU."""

    gpu: str
    usd_h: float
    gpus: int
    memory_gb: int
    steps_s: float
    utilisation: int

    def hours(self) -> float:
        """How long the training takes."""
        return STEPS / self.steps_s / 3600

    def dollars(self, paid: int = 1) -> float:
        """What the training costs when it pays for `paid` of the machine's GPUs."""
        return self.hours() * self.usd_h * paid / self.gpus


OFFERS = (
    Offer("L40S", 1.86, 1, 48, 2.9, 97),
    Offer("A100-40GB", 21.96, 8, 40, 3.8, 94),
    Offer("A100-80GB", 27.45, 8, 80, 4.0, 91),
    Offer("H100-80GB", 55.04, 8, 80, 9.0, 86),
    Offer("H200-141GB", 63.30, 8, 141, 10.0, 95),
    Offer("B200", 113.93, 8, 180, 16.0, 64),
)


def chosen(
    by: Callable[[Offer], float] = Offer.dollars,
    memory: bool = True,
    deadline: bool = True,
    whole: bool = False,
) -> Callable[[tuple[Offer, ...]], float]:
    """Task 1: the dollars of the offer that is least by `by` among those that fit."""

    def answer(offers: tuple[Offer, ...]) -> float:
        fit = [each for each in offers if not memory or each.memory_gb >= NEEDS_GB]
        fit = [each for each in fit if not deadline or each.hours() <= DEADLINE_H]
        best = min(fit, key=by)
        return best.dollars(best.gpus if whole else 1)

    return answer


@dataclass(frozen=True)
class Memory:
    """Task 2: GB of a training; each field is how many bytes or times a part is counted."""

    weight: int = 4
    gradient: int = 4
    state: int = 8
    activations: bool = True
    times_batch: bool = True
    overhead: bool = True
    frozen_too: bool = False
    unit: float = 1e9

    def __call__(
        self, parameters: int, trained: int, activations: int, batch: int, overhead_gb: float
    ) -> float:
        learning = parameters if self.frozen_too else trained
        weights = self.weight * parameters + (self.gradient + self.state) * learning
        samples = batch if self.times_batch else 1
        total = weights + self.activations * activations * samples
        return total / self.unit + self.overhead * overhead_gb


@dataclass(frozen=True)
class Roofline:
    """Task 3: the least seconds of a step and what binds; each field changes one thought."""

    dense: bool = True
    operations: int = 2
    bits: int = 1
    weights_once: bool = True
    weight_bytes: int = 2
    batched: bool = True
    joined: Callable[[list[float]], float] = max
    parts: tuple[str, ...] = ("compute", "bandwidth")

    def __call__(self, gpu: Row, model: Row, batch: int) -> tuple[float, str]:
        samples = batch if self.batched else 1
        rate = gpu["headline_tflops"] * 1e12
        if gpu["with_sparsity"] and self.dense:
            rate /= 2
        weights = self.weight_bytes * model["parameters"] * (1 if self.weights_once else samples)
        moved = weights + model["activation_bytes"] * samples
        seconds = {
            "compute": self.operations * model["gmacs"] * 1e9 * samples / rate,
            "bandwidth": moved / (gpu["bandwidth_gb_s"] * 1e9 / self.bits),
        }
        seconds = {part: seconds[part] for part in self.parts}
        pick = min if self.joined is min else max
        limit = pick(seconds, key=lambda part: seconds[part])
        return self.joined(list(seconds.values())), limit


@dataclass(frozen=True)
class Fleet:
    """Task 4: the cheapest GPU and its number of machines; each field turns one thought off."""

    memory: bool = True
    busy: bool = True
    limit: bool = True
    reserve: bool = True
    shared: bool = True
    pooled: bool = False
    whole: bool = True
    machine_each: bool = False
    by: str = "total"

    def __call__(self, gpus: list[Row], service: Row) -> tuple[str, int] | None:
        plans = [self.plan(each, service) for each in gpus]
        found = [plan for plan in plans if plan is not None]
        if not found:
            return None
        best = min(found, key=lambda plan: plan[self.by])
        return best["name"], best["machines"]

    def plan(self, gpu: Row, service: Row) -> Row | None:
        """The machines of one kind of GPU, or None where no copy fits."""
        rooms = self.rooms(gpu, service)
        if min(rooms) < 1 or (self.limit and gpu["seconds"] > service["limit_s"]):
            return None
        each = math.floor(min(rooms)) if self.shared else 1
        needed = math.ceil(service["copies"] / (min(rooms) if self.pooled else each))
        machines = math.ceil(needed / (1 if self.machine_each else gpu["gpus"]))
        paid = machines if self.whole else needed / gpu["gpus"]
        return {
            "name": gpu["name"],
            "machines": machines,
            "total": paid * gpu["usd_h"],
            "hour": gpu["usd_h"] / gpu["gpus"],
            "seconds": gpu["seconds"],
        }

    def rooms(self, gpu: Row, service: Row) -> list[float]:
        """How many copies a GPU takes by its memory, and by its time."""
        by_memory = gpu["memory_gb"] / service["memory_gb"]
        most = service["most_busy"] if self.reserve else 1
        by_time = most / (service["requests_s"] * gpu["seconds"])
        if not self.memory:
            by_memory = by_time if by_memory >= 1 else 0
        if not self.busy:
            by_time = by_memory if by_time >= 1 else 0
        return [by_memory, by_time]


RIGHT: dict[str, Any] = {
    "04-1": chosen(),
    "04-2": Memory(),
    "04-3": Roofline(),
    "04-4": Fleet(),
}
WRONG: dict[str, dict[str, Any]] = {
    "04-1": {
        "price-per-hour": chosen(by=lambda offer: offer.usd_h / offer.gpus),
        "ignores-memory": chosen(memory=False),
        "deadline-ignored": chosen(deadline=False),
        "fastest-is-cheapest": chosen(by=Offer.hours),
        "utilisation-is-efficiency": chosen(by=lambda offer: -offer.utilisation),
        "machine-for-its-gpu": chosen(whole=True),
    },
    "04-2": {
        "weights-are-the-memory": Memory(gradient=0, state=0, activations=False, overhead=False),
        "optimizer-forgotten": Memory(state=0),
        "one-moment-of-adam": Memory(state=4),
        "activations-of-one-sample": Memory(times_batch=False),
        "activations-forgotten": Memory(activations=False),
        "frozen-weights-learn": Memory(frozen_too=True),
        "overhead-forgotten": Memory(overhead=False),
        "gigabyte-is-gibibyte": Memory(unit=2**30),
    },
    "04-3": {
        "sparse-headline": Roofline(dense=False),
        "mac-is-one-flop": Roofline(operations=1),
        "bandwidth-ignored": Roofline(parts=("compute",)),
        "bandwidth-only": Roofline(parts=("bandwidth",)),
        "bandwidth-in-bits": Roofline(bits=8),
        "times-add-up": Roofline(joined=sum),
        "shorter-time-binds": Roofline(joined=min),
        "weights-for-each-sample": Roofline(weights_once=False),
        "fp32-bytes": Roofline(weight_bytes=4),
        "batch-forgotten": Roofline(batched=False),
    },
    "04-4": {
        "memory-is-shared-too": Fleet(memory=False),
        "busy-does-not-add": Fleet(busy=False),
        "deadline-ignored": Fleet(limit=False),
        "full-is-fine": Fleet(reserve=False),
        "one-job-a-gpu": Fleet(shared=False),
        "copies-are-split": Fleet(pooled=True),
        "part-of-a-machine": Fleet(whole=False),
        "machine-for-its-gpu": Fleet(machine_each=True),
        "price-per-hour": Fleet(by="hour"),
        "fastest-is-cheapest": Fleet(by="seconds"),
    },
}
