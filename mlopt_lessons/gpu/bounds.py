"""GPUs that no way of packing can do without: what tells how good a packing is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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

    Each is the bound L2 of Martello and Toth (Lower bounds and reduction procedures for the bin packing
    problem, 1990), never below `total_bound`. Raises ValueError for a task larger than a GPU.
    """
    if not tasks:
        return 0
    if pool.way == EXCLUSIVE:
        check_sizes(tasks, pool)
        return len(tasks)
    return max(1, *(_bound_l2(column) for column in _parts(tasks, pool).T))


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


def _bound_l2(sizes: Floats) -> int:
    """L2 = max over α in [0, 1/2] of |J1| + |J2| + ⌈(sum of J3 − what J2 leaves free)⁺⌉.

    J1: sizes over 1 − α, J2: over 1/2 up to 1 − α, J3: from α up to 1/2. Only the sizes up to 1/2, and
    0, can be the best α.
    """
    alphas = np.unique(np.concatenate([[0.0], sizes[sizes <= 0.5]]))
    return max(_bound_with(sizes, alpha) for alpha in alphas)


def _bound_with(sizes: Floats, alpha: float) -> int:
    # Tasks that only just fit together must count as fitting: a bound may be low, never high.
    large = sizes > 1 - alpha + TOLERANCE
    middle = (sizes > 0.5 + TOLERANCE) & ~large
    small = (sizes >= alpha) & (sizes <= 0.5 + TOLERANCE)
    left = middle.sum() - sizes[middle].sum()
    more = max(0.0, sizes[small].sum() - left)
    slack = TOLERANCE * (sizes.size + 1)
    return int(large.sum() + middle.sum() + np.ceil(more - slack))
