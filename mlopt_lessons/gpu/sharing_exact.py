"""The fewest GPUs that tasks can share, proven.

Time-sliced, up to 20 tasks: all 2ⁿ groups of tasks are looked at. A group that can be on k + 1 GPUs is
the union of one that can be on k and one that fits on a single GPU, and sums over subsets find all such
unions in n · 2ⁿ additions (Björklund, Husfeldt, Koivisto: Set partitioning via inclusion-exclusion, 2009).
MIG, any number of tasks: how many GPUs are cut by each layout (the cutting-stock problem of Gilmore and
Gomory, 1961), by the solver HiGHS that comes with scipy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, milp

from mlopt_lessons.gpu.bounds import lower_bound
from mlopt_lessons.gpu.mig import Layout, layouts, mig_profiles
from mlopt_lessons.gpu.pool import EXCLUSIVE, MIG, TOLERANCE, Floats, Pool, Task, shares_of
from mlopt_lessons.gpu.sharing import (
    Sharing,
    best_fit_decreasing,
    first_fit_decreasing,
    on_slices,
    profiles_for,
)

MOST_TASKS = 20
RULE = "exact"
Groups = NDArray[np.bool_]  # by group, a number with a bit for each task


def fewest_gpus(tasks: Sequence[Task], pool: Pool) -> Sharing:
    """Tasks on as few GPUs as can be.

    Raises ValueError for more than 20 time-sliced tasks, naming the lower bound, and for a task larger
    than a GPU; RuntimeError where the solver finds no answer.
    """
    packings = [pack(tasks, pool) for pack in (first_fit_decreasing, best_fit_decreasing)]
    quick = min(packings, key=lambda packing: packing.gpus)
    bound = lower_bound(tasks, pool)
    if pool.way == EXCLUSIVE or quick.gpus == bound:
        return Sharing(quick.tasks, pool, quick.assignments, RULE, quick.slices)
    if pool.way == MIG:
        return on_slices(tasks, pool, _cut(tasks, pool), RULE)
    if len(tasks) > MOST_TASKS:
        raise ValueError(
            f"{len(tasks)} tasks are too many to be packed exactly, which goes up to {MOST_TASKS}: the "
            f"fewest GPUs are between {bound} and {quick.gpus}; see lower_bound."
        )
    better = _better(shares_of(tasks, pool), quick.gpus)
    return Sharing(quick.tasks, pool, quick.assignments if better is None else better, RULE)


def _better(shares: Floats, gpus: int) -> NDArray[np.int64] | None:
    """The GPU of each task with the fewest GPUs, None where these are not below `gpus`."""
    together = np.all(shares[:, None] + shares <= 1 + TOLERANCE, axis=2)
    np.fill_diagonal(together, False)
    social = np.any(together, axis=1)  # the others have a GPU each, whatever is done
    found = _below(shares[social], gpus - int((~social).sum()))
    if found is None:
        return None
    assignments = np.empty(len(shares), dtype=np.int64)
    assignments[social] = found
    assignments[~social] = found.max(initial=-1) + 1 + np.arange((~social).sum())
    return assignments


def _below(shares: Floats, gpus: int) -> NDArray[np.int64] | None:
    """As `_better`, by all groups of tasks."""
    fitting = _fitting(shares)
    one = _over_subsets(fitting.astype(np.int64))
    reached = [np.arange(fitting.size) == 0, fitting]  # by number of GPUs
    while len(reached) < gpus:
        if reached[-1][-1]:
            return _unpack(reached, len(shares))
        reached.append(_unions(reached[-1], one))
    return _unpack(reached, len(shares)) if reached[-1][-1] else None


def _fitting(shares: Floats) -> Groups:
    """Whether each group of tasks is within one GPU: shape (2ⁿ,)."""
    within = np.ones(1 << len(shares), dtype=bool)
    for part in shares.T:
        sums = np.zeros(1)
        for size in part:
            sums = np.concatenate([sums, sums + size])
        within &= sums <= 1 + TOLERANCE
    return within


def _unions(groups: Groups, one: NDArray[np.int64]) -> Groups:
    """Unions of a group of `groups` and a group of one GPU, whose sums over subsets are `one`.

    Sums stay below 2²⁰ and their products below 2⁴⁰, so that whole numbers are exact.
    """
    pairs = _over_subsets(groups.astype(np.int64))
    pairs *= one
    return _over_subsets(pairs, undo=True) > 0


def _over_subsets(values: NDArray[np.int64], undo: bool = False) -> NDArray[np.int64]:
    """For each group the sum over its subsets; with `undo`, back again."""
    # The bits that change fastest are turned to the other axis: numpy is slow along short runs.
    columns = 1 << (values.size.bit_length() // 2)
    table = _along_rows(values.reshape(-1, min(columns, values.size)), undo)
    return _along_rows(np.ascontiguousarray(table.T), undo).T.ravel()


def _along_rows(table: NDArray[np.int64], undo: bool) -> NDArray[np.int64]:
    """Sums over the subsets of the row number's bits, in place: shape (rows, columns)."""
    rows, columns = table.shape
    step = 1
    while step < rows:
        pairs = table.reshape(-1, 2, step * columns)
        if undo:
            pairs[:, 1] -= pairs[:, 0]
        else:
            pairs[:, 1] += pairs[:, 0]
        step *= 2
    return table


def _unpack(reached: list[Groups], count: int) -> NDArray[np.int64]:
    """The GPU of each task, from which groups each number of GPUs holds."""
    assignments = np.empty(count, dtype=np.int64)
    groups = np.arange(1 << count)
    left = (1 << count) - 1
    for gpu in range(len(reached) - 2, -1, -1):
        able = reached[1] & ((groups & ~left) == 0) & reached[gpu][left & ~groups]
        taken = int(np.flatnonzero(able)[0])
        members = [task for task in range(count) if taken >> task & 1]
        assignments[members] = gpu
        left &= ~taken
    return np.unique(assignments, return_inverse=True)[1]


def _cut(tasks: Sequence[Task], pool: Pool) -> NDArray[np.int64]:
    """The GPU of each task under MIG, with the fewest GPUs."""
    names = [profile.name for profile in mig_profiles(pool.gpu)]
    patterns = sorted({_counts(layout, names) for layout in layouts(pool.gpu)})
    wanted = [profile.name for profile in profiles_for(tasks, pool)]
    asked = [wanted.count(name) for name in names]
    limits = LinearConstraint(np.array(patterns).T, asked, np.inf)
    found = milp(np.ones(len(patterns)), constraints=limits, integrality=np.ones(len(patterns)))
    if not found.success:
        raise RuntimeError(f"The solver found no layouts ({found.message}); use best fit instead.")
    gpus = np.repeat(np.array(patterns), np.round(found.x).astype(int), axis=0)
    return _deal(wanted, names, gpus)


def _counts(layout: Layout, names: Sequence[str]) -> tuple[int, ...]:
    there = Counter(placement.profile.name for placement in layout)
    return tuple(there[name] for name in names)


def _deal(
    wanted: Sequence[str], names: Sequence[str], gpus: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Gives each task the first free slice of its profile; `gpus` counts slices, shape (gpus, names)."""
    free = gpus.copy()
    assignments = np.empty(len(wanted), dtype=np.int64)
    for task, name in enumerate(wanted):
        column = names.index(name)
        assignments[task] = np.flatnonzero(free[:, column])[0]
        free[assignments[task], column] -= 1
    return np.unique(assignments, return_inverse=True)[1]
