"""The fewest machines for up to 20 items, proven, by the solver HiGHS that comes with scipy.

Every machine is named after its largest item (asymmetric representatives): variable (i, j) is 1 when
item j is on the machine that item i names, and (i, i) when item i names one. So a packing has one
description only, and the solver does not search through copies of it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from mlopt_lessons.resources.packing import (
    TOLERANCE,
    Floats,
    Packing,
    best_fit,
    decreasing,
    first_fit_decreasing,
    item_shares,
    lower_bound,
    table,
)
from mlopt_lessons.resources.usage import Request

MOST_ITEMS = 20
NEXT_TO_NOTHING = 1e-4  # of a machine; well above what the solver takes for 0
INFEASIBLE = 2  # status of scipy.optimize.milp
Numbers = dict[tuple[int, int], int]
Row = tuple[dict[int, float], float, float]  # coefficients by variable, lower and upper limit


def fewest_machines(items: Sequence[Request], machine: Request) -> Packing:
    """A packing onto as few machines as can be.

    Raises ValueError for more than 20 items, naming the lower bound, and for an item larger than a
    machine; RuntimeError where the solver finds no answer.
    """
    bound = lower_bound(items, machine)
    quick = min((pack(items, machine) for pack in (first_fit_decreasing, best_fit)), key=_machines)
    if len(items) > MOST_ITEMS:
        raise ValueError(
            f"{len(items)} items are too many to be packed exactly, which goes up to {MOST_ITEMS}: the "
            f"fewest machines are {_between(bound, quick.machines)}; see lower_bound."
        )
    if quick.machines == bound:
        return Packing(quick.assignments, quick.items, machine, "exact")
    shares = item_shares(items, machine)
    order = decreasing(shares)
    assignments = np.empty(len(items), dtype=np.int64)
    better = _solve(shares[order], bound, quick.machines - 1)
    assignments[order] = quick.assignments[order] if better is None else better
    return Packing(assignments, table(items), machine, "exact")


def _machines(packing: Packing) -> int:
    return packing.machines


def _between(low: int, high: int) -> str:
    return f"{low}" if low == high else f"between {low} and {high}"


def _solve(shares: Floats, low: int, high: int) -> NDArray[np.int64] | None:
    """The machine of each item with low to high machines, None where that is impossible.

    Items come largest first.
    """
    pairs = [(i, j) for j in range(len(shares)) for i in range(j + 1)]
    number = {pair: variable for variable, pair in enumerate(pairs)}
    rows = [*_model(shares, number, low, high)]
    while (values := _optimum(rows, number)) is not None:
        names = _names(values, pairs)
        over = [np.flatnonzero(names == name) for name in np.unique(names)]
        over = [group for group in over if (shares[group].sum(axis=0) > 1 + TOLERANCE).any()]
        if not over:
            return np.unique(names, return_inverse=True)[1]
        # HiGHS keeps its limits to 1e-6 only: a group that is too large by less is forbidden by name.
        rows += [row for group in over for row in _forbidden(group, number)]
    return None


def _model(shares: Floats, number: Numbers, low: int, high: int) -> Iterator[Row]:
    """Each item once; no machine over its capacity, or used without its name; low to high machines."""
    count = len(shares)
    for item in range(count):
        yield {number[name, item]: 1.0 for name in range(item + 1)}, 1.0, 1.0
    for name in range(count):
        for dimension in shares.T:
            load = {number[name, item]: dimension[item] for item in range(name + 1, count)}
            yield load | {number[name, name]: dimension[name] - 1}, -np.inf, TOLERANCE
        # The capacity lets nothing onto a machine without a name but items next to nothing.
        for item in range(name + 1, count):
            if shares[item].max() < NEXT_TO_NOTHING:
                yield {number[name, item]: 1.0, number[name, name]: -1.0}, -np.inf, 0.0
    yield {number[name, name]: 1.0 for name in range(count)}, float(low), float(high)


def _forbidden(group: NDArray[np.int64], number: Numbers) -> Iterator[Row]:
    for name in range(group[0] + 1):
        yield {number[name, int(item)]: 1.0 for item in group}, -np.inf, len(group) - 1.0


def _optimum(rows: list[Row], number: Numbers) -> Floats | None:
    """Values of the variables with the fewest machines, None where no values keep the limits."""
    cells = [(row, variable, value) for row, (left, _, _) in enumerate(rows)
             for variable, value in left.items()]  # fmt: skip
    at, variables, values = zip(*cells, strict=True)
    matrix = coo_array((values, (at, variables)), shape=(len(rows), len(number))).tocsr()
    limits = LinearConstraint(matrix, [row[1] for row in rows], [row[2] for row in rows])
    cost = [float(name == item) for name, item in number]
    found = milp(cost, constraints=limits, bounds=Bounds(0, 1), integrality=np.ones(len(number)))
    if found.status == INFEASIBLE:
        return None
    if not found.success:
        raise RuntimeError(f"The solver found no packing ({found.message}); use best_fit instead.")
    return found.x


def _names(values: Floats, pairs: list[tuple[int, int]]) -> NDArray[np.int64]:
    """For each item, the item that names its machine."""
    chosen = sorted((item, name) for (name, item), value in zip(pairs, values, strict=True)
                    if value > 0.5)  # fmt: skip
    return np.array([name for _, name in chosen], dtype=np.int64)
