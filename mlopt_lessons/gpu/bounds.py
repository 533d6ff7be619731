"""GPUs that no way of packing can do without: what tells how good a packing is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlopt_lessons.bin_bound import fewest_bins
from mlopt_lessons.gpu.mig import COMPUTE_SLICES, MEMORY_SLICES
from mlopt_lessons.gpu.pool import (
    EXCLUSIVE,
    MIG,
    TOLERANCE,
    Floats,
    Pool,
    Task,
    check_sizes,
    shares_of,
)
from mlopt_lessons.gpu.sharing import profiles_for


def lower_bound(tasks: Sequence[Task], pool: Pool) -> int:
    """The largest of the bounds for memory, duty and bandwidth; under MIG, for the two kinds of slices.

    Each is `bin_bound.fewest_bins`, never below `total_bound`. Raises ValueError for a task larger than a GPU.
    """
    if not tasks:
        return 0
    if pool.way == EXCLUSIVE:
        check_sizes(tasks, pool)
        return len(tasks)
    return max(1, *(fewest_bins(column) for column in _parts(tasks, pool).T))


def total_bound(tasks: Sequence[Task], pool: Pool) -> int:
    """⌈all tasks together / one GPU⌉, the largest over memory, duty and bandwidth.

    What a spreadsheet says; tasks that leave gaps need more. Raises ValueError as `lower_bound` does.
    """
    if not tasks or pool.way == EXCLUSIVE:
        return lower_bound(tasks, pool)
    totals = _parts(tasks, pool).sum(axis=0)
    return max(1, int(np.ceil(totals.max() - TOLERANCE * (len(tasks) + 1))))


def _parts(tasks: Sequence[Task], pool: Pool) -> Floats:
    if pool.way == MIG:
        rows = [
            (profile.memory_slices / MEMORY_SLICES, profile.compute_slices / COMPUTE_SLICES)
            for profile in profiles_for(tasks, pool)
        ]
        return np.array(rows)
    return shares_of(tasks, pool)
