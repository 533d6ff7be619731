"""Several tasks on one GPU: who goes where, how much slower each becomes, what idles.

Three ways to share. Exclusive: a GPU for each task. Time-sliced: tasks take turns, their memory adds up
and nothing protects one from another. MIG: each has a slice of its own (`mig`), and none feels another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.gpu.mig import (
    Layout,
    Placement,
    Profile,
    mig_profiles,
    place_profiles,
)
from mlopt_lessons.gpu.pool import (
    EXCLUSIVE,
    MIG,
    TOLERANCE,
    Floats,
    Pool,
    Task,
    check_sizes,
    needs,
    shares_of,
)

Choose = Callable[[Floats], int]


@dataclass(frozen=True, eq=False)
class Sharing:
    """Which GPU each task is on.

    assignments: shape (tasks,), the GPU of each task, counted from 0; slices: each task's slice under
    MIG, else empty; rule: how it was packed.
    """

    tasks: tuple[Task, ...]
    pool: Pool
    assignments: NDArray[np.int64]
    rule: str
    slices: tuple[Placement, ...] = ()

    @property
    def gpus(self) -> int:
        """Number of GPUs in use."""
        return int(self.assignments.max(initial=-1)) + 1

    @property
    def used(self) -> Floats:
        """GB, compute and bandwidth asked for on each GPU, the latter two as parts: shape (gpus, 3)."""
        asked = np.zeros((self.gpus, 3))
        np.add.at(asked, self.assignments, needs(self.tasks))
        return asked

    @property
    def slowdowns(self) -> Floats:
        """How many times as long each task takes as alone on a whole GPU: shape (tasks,), 1 or more.

        Time-sliced: max(1, all duties, all bandwidths) × (1 + switch cost, where more than one is on the
        GPU). No schedule can be faster, since neither compute nor memory bus can be more than full;
        kernels that leave much of the chip idle in their turn make it slower than this. MIG:
        max(1, duty / compute share, bandwidth / bandwidth share) of its slice, whoever is beside it.
        """
        if self.pool.way == MIG:
            return np.array([
                _slowdown(task, slice_.profile)
                for task, slice_ in zip(self.tasks, self.slices, strict=True)
            ])  # fmt: skip
        loads = np.maximum(1.0, self.used[:, 1:].max(axis=1, initial=0.0))
        together = np.bincount(self.assignments, minlength=self.gpus) > 1
        return (loads * np.where(together, 1 + self.pool.switch_cost, 1.0))[self.assignments]

    @property
    def busy(self) -> Floats:
        """Part of each GPU's compute that does its tasks' work: shape (gpus,), 0 to 1."""
        done = np.zeros(self.gpus)
        np.add.at(done, self.assignments, needs(self.tasks)[:, 1] / self.slowdowns)
        return np.minimum(done, 1.0)

    @property
    def usd_h(self) -> float:
        """Dollars an hour for all GPUs in use."""
        return self.gpus * self.pool.usd_per_hour

    @property
    def idle_usd_h(self) -> float:
        """Dollars an hour for compute that does nothing."""
        return float((1 - self.busy).sum()) * self.pool.usd_per_hour


def first_fit_decreasing(tasks: Sequence[Task], pool: Pool) -> Sharing:
    """Puts each task, the largest first, onto the first GPU that has room for it.

    Size is memory, duty and bandwidth as parts of a GPU, added (FFDSum of Panigrahy and others,
    Heuristics for Vector Bin Packing, 2011); under MIG, the slices of the smallest profile that will do.
    Memory is never over a GPU's or a slice's. Raises ValueError for a task larger than a GPU.
    """
    return _pack(tasks, pool, lambda left: 0, "first fit decreasing")


def best_fit_decreasing(tasks: Sequence[Task], pool: Pool) -> Sharing:
    """Puts each task, the largest first, onto the GPU where it leaves least room.

    Raises ValueError for a task larger than a GPU.
    """
    return _pack(tasks, pool, lambda left: int(left.argmin()), "best fit decreasing")


def _pack(tasks: Sequence[Task], pool: Pool, choose: Choose, rule: str) -> Sharing:
    check_sizes(tasks, pool)
    if pool.way == EXCLUSIVE:
        return Sharing(tuple(tasks), pool, np.arange(len(tasks)), rule)
    if pool.way == MIG:
        return on_slices(tasks, pool, _pack_slices(profiles_for(tasks, pool), choose), rule)
    return Sharing(tuple(tasks), pool, _pack_shares(shares_of(tasks, pool), choose), rule)


def _pack_shares(shares: Floats, choose: Choose) -> NDArray[np.int64]:
    assignments = np.zeros(len(shares), dtype=np.int64)
    free = np.ones((len(shares), shares.shape[1]))
    in_use = 0
    for item in decreasing(shares):
        left = free[:in_use] - shares[item]
        fitting = np.flatnonzero((left >= -TOLERANCE).all(axis=1))
        place = fitting[choose(left[fitting].sum(axis=1))] if fitting.size else in_use
        in_use = max(in_use, int(place) + 1)
        free[place] -= shares[item]
        assignments[item] = place
    return assignments


def _pack_slices(profiles: Sequence[Profile], choose: Choose) -> NDArray[np.int64]:
    assignments = np.zeros(len(profiles), dtype=np.int64)
    gpus: list[list[Profile]] = []
    for item in sorted(range(len(profiles)), key=lambda item: -_slices(profiles[item])):
        able = [at for at, there in enumerate(gpus) if _room([*there, profiles[item]])]
        if able:
            place = able[choose(-np.array([sum(map(_slices, gpus[at])) for at in able], float))]
        else:
            place = len(gpus)
            gpus.append([])
        gpus[place].append(profiles[item])
        assignments[item] = place
    return assignments


def _slices(profile: Profile) -> int:
    return profile.compute_slices + profile.memory_slices


def _room(profiles: list[Profile]) -> bool:
    return place_profiles(profiles) is not None


def on_slices(
    tasks: Sequence[Task], pool: Pool, assignments: NDArray[np.int64], rule: str
) -> Sharing:
    """Tasks on GPUs with a slice for each. Raises ValueError where a GPU's slices do not exist together."""
    profiles = profiles_for(tasks, pool)
    slices: dict[int, Placement] = {}
    for gpu in range(int(assignments.max(initial=-1)) + 1):
        members = np.flatnonzero(assignments == gpu)
        layout = place_profiles([profiles[task] for task in members])
        if layout is None:
            raise ValueError(f"The slices on GPU {gpu} do not exist together: move a task away.")
        slices |= dict(zip(map(int, members), layout, strict=True))
    ordered: Layout = tuple(slices[task] for task in range(len(tasks)))
    return Sharing(tuple(tasks), pool, assignments, rule, ordered)


def profiles_for(tasks: Sequence[Task], pool: Pool) -> list[Profile]:
    """For each task the smallest profile that holds its memory and keeps its slowdown to the limit.

    Raises ValueError for a task larger than a GPU.
    """
    check_sizes(tasks, pool)
    return [_smallest(task, pool) for task in tasks]


def _smallest(task: Task, pool: Pool) -> Profile:
    # Each profile needs all that a smaller one needs, and may start nowhere else: the first is the best.
    return next(
        profile
        for profile in mig_profiles(pool.gpu)
        if task.memory_gb <= profile.memory_gb * (1 + TOLERANCE)
        and _slowdown(task, profile) <= pool.load_limit * (1 + TOLERANCE)
    )


def _slowdown(task: Task, profile: Profile) -> float:
    return max(1.0, task.duty / profile.compute_share, task.bandwidth / profile.bandwidth_share)


def decreasing(shares: Floats) -> NDArray[np.int64]:
    """Order of the tasks, the largest (all parts added) first; ties as given."""
    return np.argsort(-shares.sum(axis=1), kind="stable")
