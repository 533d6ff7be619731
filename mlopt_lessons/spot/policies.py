"""What to run next: the policies of "Can't Be Late" (Wu et al., NSDI'24), a few lines each.

A policy sees a `Situation` and the `Terms` of the job, and answers IDLE, SPOT or ON_DEMAND. `pick` is
"if" for one run and `numpy.where` for many, so that each policy stands here once. Seconds throughout.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

IDLE, SPOT, ON_DEMAND = 0, 1, 2


class Terms(NamedTuple):
    """A job in seconds: work, deadline, overhead of a launch, tick; price ratio; time slices."""

    work: float
    deadline: float
    overhead: float
    tick: float
    ratio: float
    slices: int


class Situation(NamedTuple):
    """A moment of a run, or of many (arrays): seconds passed and done, what runs, what can be had.

    `life` are the seconds for which the spot machine at hand will last; only a policy that is told
    the future may read it. `mark` is what was done when the present time slice began.
    """

    passed: Any
    done: Any
    running: Any
    available: Any
    life: Any
    mark: Any


def on_demand(now: Situation, terms: Terms, pick: Any) -> Any:
    """Never spot."""
    return pick(now.available, ON_DEMAND, ON_DEMAND)


def spot_only(now: Situation, terms: Terms, pick: Any) -> Any:
    """Spot or nothing, however late it gets."""
    return pick(now.available, SPOT, IDLE)


def greedy(now: Situation, terms: Terms, pick: Any) -> Any:
    """Spot whenever there is some, else wait; the safety net keeps the deadline."""
    return pick(now.available, SPOT, IDLE)


def _behind(now: Situation, terms: Terms) -> Any:
    """Whether less is done than an even pace asks, or on demand runs already."""
    late = now.done < now.passed * terms.work / terms.deadline
    return late | (now.running == ON_DEMAND)


def uniform_progress_plain(now: Situation, terms: Terms, pick: Any) -> Any:
    """Spot when there is some; on demand when behind an even pace, until spot comes back."""
    return pick(now.available, SPOT, pick(_behind(now, terms), ON_DEMAND, IDLE))


def uniform_progress(now: Situation, terms: Terms, pick: Any) -> Any:
    """The same, but it leaves on demand only when two more launches keep it ahead of the pace."""
    ahead = (now.passed + 2 * terms.overhead) * terms.work / terms.deadline < now.done
    goes = now.available & (ahead | (now.running != ON_DEMAND))
    return pick(goes, SPOT, pick(_behind(now, terms), ON_DEMAND, IDLE))


def uniform_progress_known_life(now: Situation, terms: Terms, pick: Any) -> Any:
    """Uniform progress that knows how long the spot machine will last, and skips short lives.

    Spot that is no cheaper than on demand never pays for a launch, however long it lasts.
    """
    dearer = terms.ratio - 1
    least = terms.ratio * terms.overhead / dearer if dearer > 0 else np.inf
    least = pick(now.running == ON_DEMAND, 2 * least, least)
    goes = now.available & ((now.running == SPOT) | (now.life > least))
    return pick(goes, SPOT, pick(_behind(now, terms), ON_DEMAND, IDLE))


def slice_end(passed: Any, terms: Terms) -> tuple[Any, Any]:
    """The seconds at which the present time slice begins and ends; slices end on whole ticks."""
    length = terms.deadline / terms.slices
    which = np.minimum(np.floor((passed + terms.tick / 2) / length), terms.slices - 1.0)
    begins = np.floor(which * length / terms.tick + 1e-9) * terms.tick
    ends = np.floor((which + 1) * length / terms.tick + 1e-9) * terms.tick
    return begins, ends


def time_sliced(now: Situation, terms: Terms, pick: Any) -> Any:
    """Each slice of the time has its share of the work; what earlier slices did more is a reserve."""
    begins, ends = slice_end(now.passed, terms)
    pace = terms.work / terms.deadline
    quota_left = pace * (ends - begins) - (now.done - now.mark)
    reserve = now.mark - pace * begins
    needed = np.ceil((quota_left + terms.overhead) / terms.tick)
    tight = needed >= np.floor((ends - now.passed + reserve) / terms.tick)
    return pick(now.available, SPOT, pick(tight, ON_DEMAND, IDLE))


Policy = Callable[[Situation, Terms, Any], Any]
POLICIES: dict[str, Policy] = {
    "on demand": on_demand,
    "spot only": spot_only,
    "greedy": greedy,
    "uniform progress, plain": uniform_progress_plain,
    "uniform progress": uniform_progress,
    "uniform progress, known life": uniform_progress_known_life,
    "time-sliced": time_sliced,
}
WITHOUT_NET = ("on demand", "spot only")  # these ignore the deadline
NO_NET, NET, NET_WHEN_IDLE = 0, 1, 2


def net_of(name: str) -> int:
    """Which safety net a policy runs above: none, the usual one, or that of time slices.

    Above time slices, the net for two launches holds an idle job only.
    """
    if name in WITHOUT_NET:
        return NO_NET
    return NET_WHEN_IDLE if name == "time-sliced" else NET
