"""What tasks need of a GPU, and the pool of GPUs that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.bin_bound import TOLERANCE
from mlopt_lessons.gpu.mig import mig_profiles
from mlopt_lessons.workbench.hardware import gpu as hardware
from mlopt_lessons.workbench.hardware import gpus as hardware_table

EXCLUSIVE, TIME_SLICED, MIG = "exclusive", "time-sliced", "MIG"
WAYS = (EXCLUSIVE, TIME_SLICED, MIG)
#: Part by which turn-taking slows tasks on top of the load: an assumption, to be replaced by a measurement
#: of one's own. NVIDIA measured more under heavy load: 0.76 requests a second and GPU with time slices
#: against 1.00 with MIG (voice pipeline on A100s, developer.nvidia.com/blog/
#: maximize-ai-infrastructure-throughput-by-consolidating-underutilized-gpu-workloads, 2026-03-25).
SWITCH_COST = 0.05
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """What a job needs of a GPU while it runs alone on it.

    memory_gb: its peak, in GB (10⁹ bytes); duty: part of the GPU's compute that it keeps busy, averaged
    over time, 0 to 1 (SM-active, not nvidia-smi's utilisation); bandwidth: part of the memory bandwidth,
    averaged over time, 0 to 1. Raises ValueError for numbers that cannot be.
    """

    name: str
    memory_gb: float
    duty: float
    bandwidth: float = 0.0

    def __post_init__(self) -> None:
        if not (isfinite(self.memory_gb) and self.memory_gb >= 0):
            raise ValueError(f"{self.name} needs {self.memory_gb} GB: give 0 GB or more.")
        for what, part in (("duty", self.duty), ("bandwidth", self.bandwidth)):
            if not 0 <= part <= 1:
                raise ValueError(f"{self.name} has {what} {part}; it is a part of the GPU, 0 to 1.")


@dataclass(frozen=True)
class Pool:
    """As many GPUs of one kind as are needed, and how they are shared.

    gpu: a name of `workbench.gpus()`; usd_per_hour: of one GPU; load_limit: how far compute and
    bandwidth may be asked for, 1 for what a GPU has, 1.5 where tasks may take 1.5 times as long;
    switch_cost: see `SWITCH_COST`. Raises ValueError for an unknown GPU or way, for a GPU without MIG
    that is to be shared by MIG, and for numbers that cannot be.
    """

    gpu: str
    way: str = TIME_SLICED
    usd_per_hour: float = 0.0
    load_limit: float = 1.0
    switch_cost: float = SWITCH_COST

    def __post_init__(self) -> None:
        _memory_gb(self.gpu)
        if self.way not in WAYS:
            raise ValueError(f"A GPU is shared by one of {', '.join(WAYS)}, not {self.way!r}.")
        if self.way == MIG:
            mig_profiles(self.gpu)
        if not (isfinite(self.usd_per_hour) and self.usd_per_hour >= 0):
            raise ValueError(f"usd_per_hour must be 0 or more, got {self.usd_per_hour}.")
        if not (isfinite(self.load_limit) and self.load_limit >= 1):
            raise ValueError(f"load_limit must be 1 or more, got {self.load_limit}.")
        if not 0 <= self.switch_cost < 1:
            raise ValueError(f"switch_cost is a part, from 0 to below 1, got {self.switch_cost}.")

    @property
    def memory_gb(self) -> float:
        """Memory of one GPU in GB."""
        return _memory_gb(self.gpu)


@cache
def _memory_gb(gpu_name: str) -> float:
    return hardware(gpu_name).memory_gb


def needs(tasks: Sequence[Task]) -> Floats:
    """GB, duty and bandwidth of each task: shape (tasks, 3)."""
    rows = [[task.memory_gb, task.duty, task.bandwidth] for task in tasks]
    return np.array(rows, dtype=float).reshape(-1, 3)


def shares_of(tasks: Sequence[Task], pool: Pool) -> Floats:
    """Memory, duty and bandwidth as parts of what one GPU may give: shape (tasks, 3), 0 to 1.

    Raises ValueError for a task larger than a GPU.
    """
    check_sizes(tasks, pool)
    whole = np.array([pool.memory_gb, pool.load_limit, pool.load_limit])
    return np.minimum(needs(tasks) / whole, 1.0)


def check_sizes(tasks: Sequence[Task], pool: Pool) -> None:
    """Raises ValueError, naming a GPU that would do, for the first task larger than a GPU of the pool."""
    for task in tasks:
        if task.memory_gb > pool.memory_gb * (1 + TOLERANCE):
            raise ValueError(
                f"{task.name} needs {task.memory_gb:g} GB, more than the {pool.memory_gb:g} GB of one "
                f"{pool.gpu}: {_larger(task.memory_gb)}."
            )


def _larger(memory_gb: float) -> str:
    table = hardware_table().sort_values("memory_gb", kind="stable")
    holding = table[table["memory_gb"] >= memory_gb]
    if holding.empty:
        return "no GPU in the table holds it, so spread it over several or make it smaller"
    return f"take the {holding['name'].iloc[0]}, or make it smaller"
