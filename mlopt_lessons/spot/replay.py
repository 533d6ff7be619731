"""A job replayed on a recorded trace, tick by tick: the reference, plain and slow.

The tick model is that of the simulator of "Can't Be Late" (Wu et al., NSDI'24): a machine is taken away
at tick boundaries only, every launch costs an overhead, every tick is paid whole.
"""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.spot.job import Job, Rates
from mlopt_lessons.spot.policies import (
    IDLE,
    NET_WHEN_IDLE,
    NO_NET,
    ON_DEMAND,
    POLICIES,
    SPOT,
    WITHOUT_NET,
    Situation,
    Terms,
    net_of,
    slice_end,
)
from mlopt_lessons.spot.trace import SECONDS_PER_HOUR, Trace, check_aligned

SLICES = 8


class Zones(NamedTuple):
    """Traces as arrays (zones, ticks): whether spot can be had, and for how many seconds more."""

    available: NDArray[np.bool_]
    life_s: NDArray[np.float64]

    @classmethod
    def of(cls, traces: Sequence[Trace]) -> "Zones":
        """The arrays of traces that cover the same time."""
        traces = check_aligned(traces)
        available = np.array([trace.available for trace in traces])
        ticks = np.arange(available.shape[1])
        gaps = np.where(available, available.shape[1], ticks)
        next_gap = np.minimum.accumulate(gaps[:, ::-1], axis=1)[:, ::-1]
        life = np.asarray((next_gap - ticks) * traces[0].tick_s, np.float64)
        return cls(available, life)


@dataclass(frozen=True)
class Outcome:
    """What became of a job: dollars, the tick at which it was done (None: the trace ended first),
    ticks paid on spot and on demand, launches, whether it was late, hours of work done."""

    cost: float
    finish_tick: int | None
    spot_ticks: int
    on_demand_ticks: int
    launches: int
    late: bool
    done_h: float


def terms_of(job: Job, tick_s: float, rates: Rates, slices: int = SLICES) -> Terms:
    """A job in seconds, as the policies see it. Raises ValueError for less than one time slice."""
    if slices != int(slices) or slices < 1:
        raise ValueError(f"Time is cut into whole slices, at least 1, not {slices:g}.")
    work, deadline, overhead = (
        hours * SECONDS_PER_HOUR for hours in (job.work_h, job.deadline_h, job.overhead_h)
    )
    return Terms(work, deadline, overhead, tick_s, rates.ratio, slices)


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """The `pick` of a single run."""
    return yes if condition else no


def replay(
    traces: Trace | Sequence[Trace],
    job: Job,
    rates: Rates,
    policy: str,
    start: int = 0,
    *,
    slices: int = SLICES,
) -> Outcome:
    """Replays a job from tick `start`. With several zones it fails over to the first with capacity.

    Raises ValueError for an unknown policy, for a policy that needs a deadline without one, and for a
    trace that is too short for the deadline.
    """
    traces = [traces] if isinstance(traces, Trace) else list(traces)
    zones, tick_s = Zones.of(traces), traces[0].tick_s
    check_replay(policy, job, zones.available.shape[1], start, tick_s)
    terms = terms_of(job, tick_s, rates, slices)
    counts, _ = run_ticks(zones, terms, POLICIES[policy], net_of(policy), start)
    return outcome(counts, job, rates, tick_s)


def check_replay(policy: str, job: Job, ticks: int, start: int, tick_s: float) -> None:
    """Raises ValueError, with a sentence, for what cannot be replayed."""
    if policy not in POLICIES:
        near = difflib.get_close_matches(policy, POLICIES, 1, 0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(POLICIES)}."
        raise ValueError(f"There is no policy {policy!r}; {hint}")
    if not 0 <= start < ticks:
        raise ValueError(f"The trace has ticks 0 to {ticks - 1}; {start} is none of them.")
    if policy in WITHOUT_NET:
        return
    if math.isinf(job.deadline_h):
        raise ValueError(f"The policy {policy!r} needs a deadline; give the job one.")
    hours = (ticks - start) * tick_s / SECONDS_PER_HOUR
    if hours < job.deadline_h:
        raise ValueError(
            f"From tick {start} the trace lasts {hours:.1f} h, less than the deadline of "
            f"{job.deadline_h:g} h; start earlier or take a longer trace."
        )


def outcome(counts: Sequence[float], job: Job, rates: Rates, tick_s: float) -> Outcome:
    """Names what `run_ticks` counted: spot ticks, on-demand ticks, launches, finish tick, done."""
    spot, paid, launches, finish, done = counts
    hours = tick_s / SECONDS_PER_HOUR
    ended = finish >= 0
    return Outcome(
        cost=(spot * rates.spot + paid * rates.on_demand) * hours,
        finish_tick=int(finish) if ended else None,
        spot_ticks=int(spot),
        on_demand_ticks=int(paid),
        launches=int(launches),
        late=not ended or finish * hours > job.deadline_h,
        done_h=done / SECONDS_PER_HOUR,
    )


def run_ticks(
    zones: Zones, terms: Terms, policy: Any, net: int, start: int
) -> tuple[tuple[float, float, float, float, float], NDArray[np.int8]]:
    """The loop over ticks; gives what `outcome` names, and what ran in each tick (-1: it was over).

    Plain numbers and arrays only, so that it can be compiled as it stands (`replay_compiled`).
    """
    ticks = zones.available.shape[1] - start
    ran = np.full(ticks, -1, np.int8)
    spot = paid = launches = done = debt = mark = 0.0
    running, zone = IDLE, np.argmax(zones.available[:, start])
    for tick in range(ticks + 1):
        if running != IDLE:
            done, debt = settle(done, debt, terms)
            spot += running == SPOT
            paid += running == ON_DEMAND
        if done >= terms.work:
            return (spot, paid, launches, float(tick), done), ran
        if tick == ticks:
            break
        running, zone = preempt(zones.available[:, start + tick], running, zone)
        passed = tick * terms.tick
        if net == NET_WHEN_IDLE and abs(slice_end(passed, terms)[0] - passed) < terms.tick / 2:
            mark = done
        here, life = zones.available[zone, start + tick], zones.life_s[zone, start + tick]
        now = Situation(passed, done, running, here, life, mark)
        wanted = decide(now, terms, debt, policy, net)
        if wanted != IDLE and wanted != running:
            debt, launches = terms.overhead, launches + 1
        running = ran[tick] = wanted
    return (spot, paid, launches, -1.0, done), ran


def settle(done: float, debt: float, terms: Terms) -> tuple[float, float]:
    """Seconds of work done and of the launch still to pay, after a tick on a machine."""
    work = max(terms.tick - debt, 0.0)
    return done + min(work, terms.work - done), debt - (terms.tick - work)


def preempt(here: NDArray[np.bool_], running: int, zone: Any) -> tuple[int, Any]:
    """What still runs at the start of a tick, and the zone: its own on spot, else the first with capacity."""
    if running == SPOT and here[zone]:
        return running, zone
    return IDLE if running == SPOT else running, np.argmax(here)


def decide(now: Situation, terms: Terms, debt: float, policy: Any, net: int) -> int:
    """What the policy wants, unless its safety net, if it has one, says otherwise."""
    wanted: int = policy(now, terms, choose)
    return wanted if net == NO_NET else safety_net(now, terms, debt, net, wanted)


def safety_net(now: Situation, terms: Terms, debt: float, net: int, wanted: int) -> int:
    """On demand when one launch, or two from an unsafe place, would else come too late."""
    left = math.floor((terms.deadline - now.passed) / terms.tick)
    one = math.ceil((terms.work - now.done + terms.overhead) / terms.tick)
    two = math.ceil((terms.work - now.done + 2 * terms.overhead) / terms.tick)
    if one >= left:
        return SPOT if now.running == SPOT and debt == 0 else ON_DEMAND
    unsafe = now.running == IDLE or (net != NET_WHEN_IDLE and now.running == ON_DEMAND)
    return ON_DEMAND if two >= left and unsafe else wanted
