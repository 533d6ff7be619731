"""A job of one's own under every policy, from many starts: what it costs, and how often it is late."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from mlopt_lessons.spot.job import Job, Rates
from mlopt_lessons.spot.optimum import optimum
from mlopt_lessons.spot.policies import POLICIES
from mlopt_lessons.spot.replay_many import replay_many
from mlopt_lessons.spot.trace import SECONDS_PER_HOUR, Trace, check_aligned

STARTS = 200
OPTIMA = 10  # starts at which the optimum is computed: each takes some hundredths of a second
OPTIMUM = "optimum (knows the future)"


def compare_policies(
    traces: Sequence[Trace], job: Job, rates: Rates, starts: int = STARTS
) -> pd.DataFrame:
    """A row a policy, the cheapest last: means over starts that are spread evenly over the trace.

    Columns: policy, cost ($), against (part of what on demand costs), late (part of the starts),
    on_demand_h, launches. The last row is the exact optimum, over up to 10 of the starts; `late` and
    `launches` do not apply to it. Raises ValueError for a job without a deadline, a trace that is
    shorter than the deadline, and fewer than one start.
    """
    traces = check_aligned(traces)
    begins = _starts(traces[0], job, starts)
    rows = []
    for policy in POLICIES:
        table = replay_many(traces, job, rates, policy, begins)
        on_demand = table["on_demand_ticks"].mean() * traces[0].tick_s / SECONDS_PER_HOUR
        rows.append(
            (
                policy,
                table["cost"].mean(),
                table["late"].mean(),
                on_demand,
                table["launches"].mean(),
            )
        )
    rows.sort(key=lambda row: -row[1])
    rows.append(_optimum(traces, job, rates, begins))
    found = pd.DataFrame(rows, columns=["policy", "cost", "late", "on_demand_h", "launches"])
    on_demand_cost = found.loc[found["policy"] == "on demand", "cost"].item()
    found.insert(2, "against", found["cost"] / on_demand_cost)
    return found


def _starts(trace: Trace, job: Job, starts: int) -> np.ndarray:
    if starts < 1:
        raise ValueError(f"At least one start is needed, got {starts}.")
    if math.isinf(job.deadline_h):
        raise ValueError("Policies differ by how they meet a deadline; give the job one.")
    room = len(trace.available) - math.ceil(job.deadline_h * SECONDS_PER_HOUR / trace.tick_s)
    if room < 0:
        raise ValueError(
            f"The trace lasts {trace.hours:.1f} h, less than the deadline of {job.deadline_h:g} h; "
            "take a longer trace or an earlier deadline."
        )
    return np.unique(np.linspace(0, room, starts).astype(np.int64))


def _optimum(
    traces: Sequence[Trace], job: Job, rates: Rates, begins: np.ndarray
) -> tuple[str, float, float, float, float]:
    few = begins[:: max(1, len(begins) // OPTIMA)][:OPTIMA]
    found = [optimum(traces, job, rates, int(start)) for start in few]
    hours = np.mean([each.on_demand_ticks for each in found]) * traces[0].tick_s / SECONDS_PER_HOUR
    return OPTIMUM, float(np.mean([each.cost for each in found])), 0.0, float(hours), math.nan
