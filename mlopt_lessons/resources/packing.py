"""Requests packed onto machines of one size: how many machines, and what idles on them.

This is vector bin packing: an item takes cores and GiB, and neither may go over. Where all items ask
for 0 GiB (or 0 cores) it is the classical problem in one dimension.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.bin_bound import TOLERANCE, fewest_bins
from mlopt_lessons.resources.score import FARGATE, Rates
from mlopt_lessons.resources.usage import Request

Floats = NDArray[np.float64]
Choose = Callable[[Floats], int]


@dataclass(frozen=True, eq=False)
class Packing:
    """Which machine each item goes to.

    assignments: shape (n,), the machine of each item, counted from 0; items: shape (n, 2), cores and
    GiB; machine: the size of every machine; rule: how it was packed.
    """

    assignments: NDArray[np.int64]
    items: Floats
    machine: Request
    rule: str

    @property
    def machines(self) -> int:
        """Number of machines in use."""
        return int(self.assignments.max(initial=-1)) + 1

    @property
    def used(self) -> Floats:
        """Cores and GiB taken on each machine: shape (machines, 2)."""
        taken = np.zeros((self.machines, 2))
        np.add.at(taken, self.assignments, self.items)
        return taken

    @property
    def idle(self) -> Request:
        """Cores and GiB that nobody asked for, on all machines together."""
        whole = self.machines * _capacity(self.machine)
        cores, gib = np.maximum(whole - self.items.sum(axis=0), 0.0)
        return Request(float(cores), float(gib))

    def idle_usd_h(self, rates: Rates = FARGATE) -> float:
        """Dollars an hour for what is idle."""
        return self.idle.cpu * rates.core_usd_h + self.idle.memory_gib * rates.gib_usd_h


def first_fit_decreasing(items: Sequence[Request], machine: Request) -> Packing:
    """Puts each item, the largest first, onto the first machine where it fits.

    Size is cores and memory as shares of a machine, added (FFDSum of Panigrahy and others, Heuristics
    for Vector Bin Packing, 2011). In one dimension it takes at most 11/9 of the fewest machines, plus
    6/9 (Dósa 2007). Raises ValueError for an item larger than a machine.
    """
    return _pack(items, machine, lambda left: 0, "first fit decreasing")


def best_fit(items: Sequence[Request], machine: Request) -> Packing:
    """Puts each item, the largest first, onto the machine where it leaves least free.

    What is left is counted as `first_fit_decreasing` counts size. Raises ValueError as it does.
    """
    return _pack(items, machine, lambda left: int(left.argmin()), "best fit decreasing")


def _pack(items: Sequence[Request], machine: Request, choose: Choose, rule: str) -> Packing:
    shares = item_shares(items, machine)
    assignments = np.zeros(len(shares), dtype=np.int64)
    free = np.empty((0, 2))
    for item in decreasing(shares):
        fitting = np.flatnonzero((free - shares[item] >= -TOLERANCE).all(axis=1))
        if not fitting.size:
            free = np.vstack([free, np.ones(2)])
            fitting = np.array([len(free) - 1])
        place = fitting[choose((free[fitting] - shares[item]).sum(axis=1))]
        free[place] -= shares[item]
        assignments[item] = place
    return Packing(assignments, table(items), machine, rule)


def lower_bound(items: Sequence[Request], machine: Request) -> int:
    """Machines that no packing can do without.

    The larger of the bounds for cores and for memory. Each is `bin_bound.fewest_bins`, never below
    ⌈sum / capacity⌉. Raises ValueError for an item larger than a machine.
    """
    shares = item_shares(items, machine)
    if not len(shares):
        return 0
    return max(1, *(fewest_bins(column) for column in shares.T))


def decreasing(shares: Floats) -> NDArray[np.int64]:
    """Order of the items, the largest share of a machine (all dimensions added) first; ties as given."""
    return np.argsort(-shares.sum(axis=1), kind="stable")


def table(items: Sequence[Request]) -> Floats:
    """Cores and GiB of each item: shape (n, 2)."""
    return np.array([[item.cpu, item.memory_gib] for item in items], dtype=float).reshape(-1, 2)


def item_shares(items: Sequence[Request], machine: Request) -> Floats:
    """Each item as shares of a machine: shape (n, 2), each from 0 to 1.

    Raises ValueError for a machine of nothing and for an item larger than a machine.
    """
    sizes, whole = table(items), _capacity(machine)
    if not whole.any():
        raise ValueError(
            "A machine needs cores or memory; give its size as Request(cpu, memory_gib)."
        )
    over = (sizes > whole * (1 + TOLERANCE)).any(axis=1)
    if over.any():
        raise ValueError(_too_large(items[int(over.argmax())], int(over.argmax()), machine))
    return np.minimum(sizes / np.where(whole > 0, whole, 1.0), 1.0)


def _capacity(machine: Request) -> Floats:
    return np.array([machine.cpu, machine.memory_gib], dtype=float)


def _too_large(item: Request, index: int, machine: Request) -> str:
    return (
        f"Item {index} asks for {item.cpu:g} cores and {item.memory_gib:g} GiB, more than a machine of "
        f"{machine.cpu:g} cores and {machine.memory_gib:g} GiB has: take larger machines."
    )
