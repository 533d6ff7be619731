"""Exercise 04 as its author sees it: right answers, each named wrong answer as code, hidden marks.

Never shipped to learners. Tests prove that each wrong answer gets its own hint and loses points.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from numpy.random import Generator

from mlopt_lessons.gpu.exercise import TASK_1, TASK_2, TASK_3, TASK_4
from mlopt_lessons.grading.marking import Args, Hidden, compared, number

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


def chosen(by: Any = Offer.dollars, whole: bool = False, without: str = "") -> Any:
    """Task 1: the dollars of the offer that is least by `by` among those that fit."""

    def answer(offers: tuple[Offer, ...]) -> float:
        fit = [each for each in offers if without == "memory" or each.memory_gb >= NEEDS_GB]
        fit = [each for each in fit if without == "deadline" or each.hours() <= DEADLINE_H]
        return (best := min(fit, key=by)).dollars(best.gpus if whole else 1)

    return answer


@dataclass(frozen=True)
class Memory:
    """Task 2: GB of a training; each field is how many bytes or times a part is counted."""

    state: int = 8
    activations: bool = True
    times_batch: bool = True
    overhead: bool = True
    frozen_too: bool = False
    unit: float = 1e9

    def __call__(self, parameters: int, trained: int, each: int, batch: int, gb: float) -> float:
        weights = 4 * parameters + (4 + self.state) * (parameters if self.frozen_too else trained)
        total = weights + self.activations * each * (batch if self.times_batch else 1)
        return total / self.unit + self.overhead * gb


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
        halved = gpu["with_sparsity"] and self.dense
        rate = gpu["headline_tflops"] * 1e12 / (2 if halved else 1)
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
        plans = [plan for gpu in gpus if (plan := self.plan(gpu, service))]
        best = min(plans, key=lambda plan: plan[self.by], default=None)
        return (best["name"], best["machines"]) if best else None

    def plan(self, gpu: Row, service: Row) -> Row | None:
        """The machines of one kind of GPU, or None where no copy fits."""
        rooms = self.rooms(gpu, service)
        if min(rooms) < 1 or (self.limit and gpu["seconds"] > service["limit_s"]):
            return None
        each = math.floor(min(rooms)) if self.shared else 1
        needed = math.ceil(service["copies"] / (min(rooms) if self.pooled else each))
        machines = math.ceil(needed / (1 if self.machine_each else gpu["gpus"]))
        paid = machines if self.whole else needed / gpu["gpus"]
        bill = {"name": gpu["name"], "machines": machines, "total": paid * gpu["usd_h"]}
        return bill | {"hour": gpu["usd_h"] / gpu["gpus"], "seconds": gpu["seconds"]}

    def rooms(self, gpu: Row, service: Row) -> list[float]:
        """How many copies a GPU takes by its memory, and by its time."""
        by_memory = gpu["memory_gb"] / service["memory_gb"]
        by_time = service["most_busy"] if self.reserve else 1
        by_time /= service["requests_s"] * gpu["seconds"]
        if not self.memory:
            by_memory = by_time if by_memory >= 1 else 0
        if not self.busy:
            by_time = by_memory if by_time >= 1 else 0
        return [by_memory, by_time]


RIGHT: dict[str, Any] = {"04-1": chosen(), "04-2": Memory(), "04-3": Roofline(), "04-4": Fleet()}
WRONG: dict[str, dict[str, Any]] = {
    "04-1": {
        "price-per-hour": chosen(by=lambda offer: offer.usd_h / offer.gpus),
        "ignores-memory": chosen(without="memory"),
        "deadline-ignored": chosen(without="deadline"),
        "fastest-is-cheapest": chosen(by=Offer.hours),
        "utilisation-is-efficiency": chosen(by=lambda offer: -offer.utilisation),
        "machine-for-its-gpu": chosen(whole=True),
    },
    "04-2": {
        "weights-are-the-memory": lambda parameters, *_: 4 * parameters / 1e9,
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
        "deadline-ignored": Fleet(limit=False),
        "full-is-fine": Fleet(reserve=False),
        "memory-is-shared-too": Fleet(memory=False),
        "busy-does-not-add": Fleet(busy=False),
        "one-job-a-gpu": Fleet(shared=False),
        "copies-are-split": Fleet(pooled=True),
        "machine-for-its-gpu": Fleet(machine_each=True),
        "part-of-a-machine": Fleet(whole=False),
        "price-per-hour": Fleet(by="hour"),
        "fastest-is-cheapest": Fleet(by="seconds"),
    },
}


def trainings(generator: Generator) -> Iterator[Args]:
    """Task 2: thirty trainings, each with frozen weights and learning ones."""
    for _ in range(30):
        frozen, learning = generator.integers(10**7, 10**9, 2).tolist()
        activations, batch = generator.integers((10**6, 2), (10**9, 300)).tolist()
        yield frozen + learning, learning, activations, batch, float(generator.uniform(0.1, 2))


def added_up(parameters: int, trained: int, activations: int, batch: int, extra_gb: float) -> float:
    """Task 2 in megabytes, the frozen weights and the learning ones apart."""
    megabytes = (parameters - trained) * 4e-6 + trained * 16e-6 + activations * batch * 1e-6
    return megabytes / 1000 + extra_gb


def steps(generator: Generator) -> Iterator[Args]:
    """Task 3: forty steps, whose arithmetic takes from a fourth to four times as long as bytes."""
    for place, ratio in enumerate(np.geomspace(1 / 4, 4, 40).tolist()):
        dense, speed = generator.uniform((50, 200), (1000, 4000)).tolist()
        parameters, moved = generator.integers(10**6, (10**9, 10**8)).tolist()
        batch, sparse = round(2 ** generator.uniform(0, 9)), bool(place % 2)
        gpu = {"headline_tflops": dense * (1 + sparse), "with_sparsity": sparse}
        gmacs = ratio * (2 * parameters + moved * batch) / speed * dense / batch / 2e6
        model = {"gmacs": gmacs, "parameters": parameters, "activation_bytes": moved}
        yield gpu | {"bandwidth_gb_s": speed}, model, batch


def longer(gpu: Row, model: Row, batch: int) -> tuple[float, str]:
    """Task 3 in milliseconds."""
    arithmetic = model["gmacs"] * batch * (2 + 2 * gpu["with_sparsity"]) / gpu["headline_tflops"]
    moved = model["parameters"] * 2 + model["activation_bytes"] * batch
    memory = moved / gpu["bandwidth_gb_s"] / 1e6
    return (arithmetic / 1e3, "compute") if arithmetic > memory else (memory / 1e3, "bandwidth")


def machines(generator: Generator, kinds: int) -> list[Row]:
    """Task 4: so many machines that can be rented."""
    drawn = generator.uniform((1, 0, 2, 0.004), (3, 4, 11, 0.06), (kinds, 4)).tolist()
    return [
        {"name": f"GPU {place}", "usd_h": usd * 2 ** int(power), "gpus": 2 ** int(power)}
        | {"memory_gb": 8 * int(eights), "seconds": seconds}
        for place, (usd, power, eights, seconds) in enumerate(drawn)
    ]


def service(generator: Generator, kinds: int) -> tuple[list[Row], Row]:
    """Task 4: GPUs and a service, for which one of them may be just as fast as it must be."""
    offered = machines(generator, kinds)
    memory, requests, place, pace = generator.integers((2, 1, 0, 0), (30, 30, kinds, 3)).tolist()
    copies, most_busy = generator.uniform((1, 0.2), (6, 0.9)).tolist()
    wanted = {"copies": round(2**copies), "requests_s": requests, "memory_gb": memory}
    limit = offered[place]["seconds"] * (0.9, 1, 1.1)[pace]
    return offered, wanted | {"limit_s": limit, "most_busy": most_busy}


def shops(generator: Generator, kinds: int, rules: list[str], fits: list[bool]) -> Iterator[Args]:
    """Task 4: services that each wrong rule gets wrong; one of the GPUs will do if it `fits`."""
    for rule, fit in product(rules, fits):
        right, wrong = None, None
        while right == wrong or fit != (right is not None):
            given = service(generator, kinds)
            right, wrong = one_by_one(*given), WRONG["04-4"][rule](*given)
        yield given


def one_by_one(gpus: list[Row], service: Row) -> tuple[str, int] | None:
    """Task 4, with copies put onto GPUs, and GPUs into machines, one by one."""
    bills: dict[tuple[str, int], float] = {}
    for gpu in (each for each in gpus if each["seconds"] <= service["limit_s"]):
        held, busy, room = service["memory_gb"], service["requests_s"] * gpu["seconds"], 0
        while (room + 1) * held <= gpu["memory_gb"] and (room + 1) * busy <= service["most_busy"]:
            room += 1
        if room:
            used = len(range(0, len(range(0, service["copies"], room)), gpu["gpus"]))
            bills[gpu["name"], used] = used * gpu["usd_h"]
    return min(bills, key=lambda plan: bills[plan], default=None)


_step = partial(compared, draw=steps, right=longer, wrong=WRONG["04-3"])
_fleet = partial(compared, right=one_by_one, wrong=WRONG["04-4"])
_RULES = list(WRONG["04-4"])
_ONE_KIND = partial(shops, kinds=1, rules=_RULES[1:7] * 5, fits=[True])
_SEVERAL = partial(shops, kinds=6, rules=_RULES * 3, fits=[True])
_SOME_NONE = partial(shops, kinds=2, rules=_RULES[:2] * 5, fits=[True, False])
_JOB = number(2, "the dollars of the training", STEPS / 9 / 3600 * 55.04 / 8, tolerance=5e-4)
_GB = compared(2, "the gigabytes of a training", trainings, added_up, wrong=WRONG["04-2"])
_STEP = (
    _step(2, "the least seconds of a step", pick=lambda pair: pair[0]),
    _step(1, "which of the two binds", pick=lambda pair: pair[1]),
)
_FLEET = (
    _fleet(2, "how many machines of one kind hold all copies", _ONE_KIND),
    _fleet(1, "the cheapest fleet of several kinds", _SEVERAL),
    _fleet(1, "a None where no GPU will do, and only there", _SOME_NONE, pick=lambda p: p is None),
)
HIDDEN: dict[str, Hidden] = {
    "04-1": Hidden(TASK_1, "answer", (_JOB,)),
    "04-2": Hidden(TASK_2, "training_memory", (_GB,)),
    "04-3": Hidden(TASK_3, "step_time", _STEP),
    "04-4": Hidden(TASK_4, "fleet", _FLEET),
}
