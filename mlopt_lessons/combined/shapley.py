"""A split of the saving over the levers that does not depend on their order: Shapley values.

Each lever gets the mean of what its row of the waterfall shows over all orders. Source: L. S. Shapley, "A
value for n-person games", Contributions to the Theory of Games II (1953). It is the only split whose parts
sum to the total, that treats equal levers alike, gives nothing to a lever that changes nothing, and adds
up over bills.
"""

from collections.abc import Mapping, Sequence
from math import factorial

import numpy as np

from mlopt_lessons.combined.levers import Floats, Interaction, Lever, check_plan, lefts
from mlopt_lessons.combined.order import saved_by


def shapley_split(
    spend: float, levers: Sequence[Lever], interactions: Sequence[Interaction] = ()
) -> Mapping[str, float]:
    """The dollars that each lever saves, by name; they sum to the total saving.

    Exact for up to ten levers: sums over the 2^(n-1) sets of the other levers instead of the n! orders.
    A part is below 0 where a lever costs more than it saves. Raises ValueError as `total`.
    """
    check_plan(spend, levers, interactions)
    table = lefts(spend, levers, interactions)
    if not levers:
        return {}
    weights = _weights(len(levers))
    return {lever.name: float(weights @ saved_by(table, i)) for i, lever in enumerate(levers)}


def _weights(levers: int) -> Floats:
    """The part of all orders in which exactly this set of the others comes first, shape (2^(n-1),)."""
    others = levers - 1
    by_size = [factorial(k) * factorial(others - k) / factorial(levers) for k in range(levers)]
    return np.array([by_size[number.bit_count()] for number in range(1 << others)])


def alone(spend: float, levers: Sequence[Lever]) -> Mapping[str, float]:
    """The dollars that each lever saves when only it is pulled: these do not sum to the total."""
    check_plan(spend, levers)
    return {lever.name: spend * (1 - lever.factor) for lever in levers}


def last(
    spend: float, levers: Sequence[Lever], interactions: Sequence[Interaction] = ()
) -> Mapping[str, float]:
    """The dollars that each lever saves when it is pulled after all others: these do not sum to it either."""
    check_plan(spend, levers, interactions)
    table = lefts(spend, levers, interactions)
    return {lever.name: float(saved_by(table, i)[-1]) for i, lever in enumerate(levers)}
