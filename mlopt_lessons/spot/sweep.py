"""Many replays at once: jobs, policies and traces in every combination, spread over processes.

Runs through joblib, so `joblib.parallel_config(backend="dask")` or Ray's backend spreads a sweep over a
cluster without a change here.
"""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from mlopt_lessons.spot.job import Job, Rates
from mlopt_lessons.spot.replay_many import replay_many
from mlopt_lessons.spot.trace import Trace


def sweep(
    traces: Mapping[str, Sequence[Trace]],
    jobs: Sequence[Job],
    rates: Rates,
    policies: Sequence[str],
    starts: Sequence[int] | NDArray[np.int64],
    *,
    compiled: bool = False,
) -> pd.DataFrame:
    """Every job under every policy on every set of zones, from every start, a row each.

    `traces` maps a name to the zones that may be used together. Columns: traces, policy, work_h,
    deadline_h, overhead_h and those of `replay_many`. Rows come in the order of the arguments,
    whoever computed them. Raises ValueError as `replay_many` does.
    """
    cases = list(product(traces, jobs, policies))
    tables = Parallel()(
        delayed(replay_many)(list(traces[name]), job, rates, policy, starts, compiled=compiled)
        for name, job, policy in cases
    )
    told = [
        table.assign(
            traces=name,
            policy=policy,
            work_h=job.work_h,
            deadline_h=job.deadline_h,
            overhead_h=job.overhead_h,
        )
        for (name, job, policy), table in zip(cases, tables, strict=True)
    ]
    return pd.concat(told, ignore_index=True)
