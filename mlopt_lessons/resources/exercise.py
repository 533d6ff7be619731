"""Exercise 02: the visible checks as data, with a hint for each named wrong answer."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.course.checking import Case, Task

# What is asked of a packing, and what one that fails says.
GOOD = {
    "nothing over capacity": True,
    "all are packed": True,
    "none is packed twice": True,
    "few enough machines": True,
}
OVER, LOST, MANY = (
    {each: False} for each in ("nothing over capacity", "all are packed", "few enough machines")
)

MOST_EACH = 10  # empty machines, and requests packed more than once, are wrong and still answers


class Audited:
    """A packing function as a check asks for it: what its machines are like, not which they are.

    Several packings are right, so that a check cannot compare lists. `pack(requests, machine)`
    returns a list a machine, with the places of the requests on it.
    """

    def __init__(self, pack: Callable[[list[Any], Any], Any]) -> None:
        self.pack = pack
        self.__code__ = getattr(pack, "__code__", None)  # a check names the line that failed

    def __call__(self, requests: list[Any], machine: Any, most: int) -> dict[str, bool] | None:
        """Whether it fits, nothing is lost or packed twice, and at most `most` machines are used.

        None where the function returns None, as one does that is not filled in yet. Raises
        TypeError where it returns anything but lists of places.
        """
        machines = self.pack(list(requests), machine)
        if machines is None:
            return None
        places = _places(machines, len(requests))
        found = (
            all(_fits(each, requests, machine) for each in machines),
            len(set(places)) == len(requests),
            len(set(places)) == len(places),
            sum(len(each) > 0 for each in machines) <= most,
        )
        return dict(zip(GOOD, found, strict=True))


def _places(machines: Any, count: int) -> list[int]:
    """All places on all machines, in one list."""
    most = MOST_EACH * (count + 1)
    try:
        # Lengths first: grading asks this of answers that may be as long as a stranger likes.
        few = len(machines) <= most and sum(len(each) for each in machines) <= most
        places = [int(place) for each in machines for place in each] if few else None
    except (TypeError, ValueError):
        raise TypeError(
            "pack must return a list of machines, each a list of places such as [[0, 2], [1]]"
        ) from None
    if places is None:
        raise TypeError(f"pack returned more than {most} machines or places for {count} requests")
    if not all(0 <= place < count for place in places):
        raise TypeError(f"places run from 0 to {count - 1}, the indices of requests")
    return places


def _fits(places: list[int], requests: list[Any], machine: Any) -> bool:
    """Whether the requests on a machine fit it, cores and GiB."""
    cores = sum(requests[place][0] for place in places)
    gib = sum(requests[place][1] for place in places)
    return cores <= machine[0] and gib <= machine[1]


TASK_1 = Task(
    id="02-1",
    title="Task 1, what was wasted",
    points=2,
    cases=(
        Case(
            args=(),
            right=360.04,
            wrong={
                "idle-hours-forgotten": 84.04,
                "used-around-the-clock": 275.04,
                "memory-left-out": 239.40,
                "gigabyte-is-gibibyte": 358.742123,
                "asked-for-wasted": 397.44,
                "used-for-wasted": 37.40,
            },
        ),
    ),
    hints={
        "idle-hours-forgotten": "You counted 220 hours. The machine is paid for 720, and in the "
        "other 500 all 12 cores and 48 GiB are wasted.",
        "used-around-the-clock": "You let the job run for all 720 hours. It uses 3 cores and its "
        "memory in 220 of them, and nothing in the rest.",
        "memory-left-out": "The cores are right, the memory is missing: 48 GiB are paid too, at "
        "$0.004 each an hour.",
        "gigabyte-is-gibibyte": "You took the bytes for 21.5 GiB. A GiB has 1,073,741,824 bytes: "
        "divide by 2**30.",
        "asked-for-wasted": "$397.44 is the whole bill. Take off the part that is used.",
        "used-for-wasted": "$37.40 is what is used. Wasted is the rest of the bill.",
    },
)

# Mean cores of 42 hours: a notebook server, and a job that is busy in every fourth hour or so.
_SERVER = np.array(
    [
        [1.2, 0.8, 2.5, 1.1, 3.4, 1.9, 0.7, 2.2, 1.5, 4.8, 1.0, 2.8, 1.3, 0.9],
        [2.0, 1.7, 3.1, 0.6, 1.4, 2.4, 1.6, 1.8, 2.9, 1.2, 3.7, 2.1, 0.9, 5.2],
        [2.6, 1.1, 4.1, 1.5, 2.3, 0.8, 3.3, 1.9, 2.7, 1.0, 4.4, 1.6, 2.2, 3.0],
    ]
).ravel()
_BURSTS = np.array(
    [
        [6.5, 7.1, 0.4, 0.5, 6.9, 0.3, 0.4, 7.4, 0.6, 0.4, 8.0, 0.5, 0.3, 6.2],
        [0.4, 0.5, 7.7, 0.4, 0.6, 0.3, 9.6, 0.4, 0.5, 6.8, 0.3, 7.9, 0.4, 0.5],
        [8.8, 0.4, 0.3, 0.6, 10.4, 7.2, 0.4, 0.5, 0.3, 6.6, 0.4, 9.1, 0.5, 0.4],
    ]
).ravel()

TASK_2 = Task(
    id="02-2",
    title="Task 2, a request for CPU",
    points=2,
    cases=(
        Case(
            args=(_SERVER, 95, 15),
            right=3.91,
            wrong={
                "mean-as-request": 2.130238,
                "peak-as-request": 5.52,
                "peeks-at-the-future": 5.04275,
                "margin-forgotten": 3.4,
                "margin-as-factor": 51.0,
                "margin-alone": 0.51,
                "margin-subtracted": 2.89,
                "percent-as-share": 0.71185,
            },
        ),
        Case(
            args=(_BURSTS, 90, 20),
            right=9.24,
            wrong={
                "mean-as-request": 3.714286,
                "peak-as-request": 11.52,
                "peeks-at-the-future": 9.588,
                "margin-forgotten": 7.7,
                "margin-as-factor": 154.0,
                "margin-alone": 1.54,
                "margin-subtracted": 6.16,
                "percent-as-share": 0.36,
            },
        ),
    ),
    hints={
        "mean-as-request": "You took the mean. A job that often needs 7 cores and otherwise half a "
        "one has a mean of 3, and is short in every busy hour. Take the percentile.",
        "peak-as-request": "You took the highest hour. CPU that is short only slows the job down, "
        "so one rare hour need not set the request: take the percentile.",
        "peeks-at-the-future": "Your percentile saw the whole log. The second half is there to "
        "judge the request: take past, the first half.",
        "margin-forgotten": "The percentile is right, the margin is missing: 15 % on top make it "
        "1.15 times as much.",
        "margin-as-factor": "You multiplied by the margin itself. 15 % on top is 1 + 15 / 100.",
        "margin-alone": "You returned the margin alone. It comes on top of the percentile.",
        "margin-subtracted": "You took the margin off. It is a reserve: add it.",
        "percent-as-share": "You asked for the 0.95th percentile, nearly the lowest hour. "
        "np.percentile takes 95, np.quantile takes 0.95.",
    },
)


def _memory(seed: int) -> NDArray[np.float64]:
    """Peak memory in GiB of 12 jobs on each of 28 days, with rare high days: shape (12, 28)."""
    generator = np.random.default_rng(seed)
    size = generator.choice([4, 8, 16, 32, 64], (12, 1))
    usual = size * generator.uniform(0.55, 0.8, (12, 1))
    each_day = usual * (1 + 0.12 * np.abs(generator.standard_normal((12, 28))))
    high = generator.exponential(0.5, (12, 28)) * (generator.random((12, 28)) < 0.05)
    return np.round(each_day * (1 + high), 1)


TASK_3 = Task(
    id="02-3",
    title="Task 3, a request for memory",
    points=3,
    cases=(
        Case(
            args=(_memory(4), 50),
            right=(10, 3),
            wrong={
                "kill-is-free": (0, 5),
                "safety-at-any-price": (75, 0),
                "kills-by-the-sample": (10, 4),
                "peeks-at-the-future": (0, 0),
                "mean-as-request": (40, 2),
                "one-rule-for-both": (15, 3),
                "days-for-hours": (75, 0),
            },
        ),
        Case(
            args=(_memory(4), 100),
            right=(20, 2),
            wrong={
                "kill-is-free": (0, 5),
                "safety-at-any-price": (75, 0),
                "kills-by-the-sample": (40, 1),
                "peeks-at-the-future": (0, 0),
                "mean-as-request": (40, 2),
                "one-rule-for-both": (25, 2),
                "days-for-hours": (75, 0),
            },
        ),
        Case(
            args=(_memory(5), 2),
            right=(0, 5),
            wrong={
                "safety-at-any-price": (65, 0),
                "kills-by-the-sample": (0, 8),
                "peeks-at-the-future": (0, 0),
                "mean-as-request": (0, 12),
                "one-rule-for-both": (0, 11),
                "days-for-hours": (15, 2),
            },
        ),
    ),
    hints={
        "kill-is-free": "You chose a margin of 0 at any price of a kill: 5 jobs of 12 are killed. Put "
        "kill_price for each of them on the bill.",
        "safety-at-any-price": "You chose the smallest margin with the fewest kills, whatever it "
        "costs. 65 or 75 % more memory for 12 jobs costs more than the kills that it saves.",
        "kills-by-the-sample": "You count each day above the request. A job is killed once, however "
        "many of its days lie above.",
        "peeks-at-the-future": "A margin of 0 and no kill: your request was made from the days that "
        "judge it. Take the peak from the first half, and count kills in the second.",
        "mean-as-request": "You put the margin on the mean of the first half. Memory must hold the "
        "highest day, not the usual one: take the peak.",
        "one-rule-for-both": "You took the 95th percentile, as for CPU. CPU that is short slows a "
        "job down; memory that is short kills it. Take the peak.",
        "days-for-hours": "Your memory is nearly free: you paid one hour a day. The price is for a "
        "GiB in an hour, and a day has 24.",
    },
)


def _instance(requests: list[tuple[int, int]], most: int, **mistakes: dict[str, bool]) -> Case:
    """Requests for machines of 16 cores and 64 GiB, and what mistakes make of them here."""
    wrong = {name.replace("_", "-"): GOOD | fault for name, fault in mistakes.items()}
    always = {"one-machine-each": GOOD | MANY, "left-out": GOOD | LOST}
    return Case(args=(requests, (16, 64), most), right=GOOD, wrong=wrong | always)


TASK_4 = Task(
    id="02-4",
    title="Task 4, few machines",
    points=4,
    cases=(
        _instance([(4, 4), (2, 4), (5, 12), (9, 24)], 2, packs_by_memory=OVER),
        _instance([(8, 12), (6, 40), (3, 32), (2, 16)], 2, packs_by_cpu=OVER),
        _instance([(10, 32), (7, 40), (3, 12), (1, 20)], 2, only_the_last_machine=MANY),
        _instance(
            [(3, 8), (10, 24), (4, 36), (4, 32), (8, 40)],
            3,
            packs_by_cpu=OVER,
            packs_by_memory=OVER,
            only_the_last_machine=MANY,
            packs_as_they_come=MANY,
        ),
        _instance([(4, 32), (8, 24), (9, 24), (6, 20)], 2, smallest_first=MANY),
        _instance([(8, 28), (7, 28), (6, 28), (4, 36)], 2, full_is_too_full=MANY),
    ),
    hints={
        "packs-by-cpu": "Some of your machines hold more GiB than they have: you looked at the "
        "cores alone. A request must fit in both.",
        "packs-by-memory": "Some of your machines need more cores than they have: you looked at the "
        "memory alone. A request must fit in both.",
        "only-the-last-machine": "You look at the last machine only. An earlier one may still have "
        "room: go through all of them, the first one first.",
        "packs-as-they-come": "It fits, but in too many machines where a large request comes last. "
        "Pack the largest first, while there is room for it.",
        "smallest-first": "You pack the smallest first, and the large ones find no room at the end. "
        "Sort the other way round.",
        "full-is-too-full": "You leave a bit of each machine free: 28 and 36 GiB fit on 64 exactly. "
        "Compare with <=.",
        "one-machine-each": "Each request has a machine of its own. Put a second one on it where "
        "both its cores and its memory fit.",
        "left-out": "Some requests are on no machine. Where none has room, open another one.",
    },
)
