"""The waterfall of a bill: each row's saving depends on the order of the levers, the total does not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from mlopt_lessons.combined.levers import Floats, Interaction, Lever, check_plan, lefts

MOST_IN_ALL_ORDERS = 7  # 7! = 5,040 orders; ten levers have 3.6 million


@dataclass(frozen=True)
class Step:
    """A row of the waterfall, in dollars: the bill before this lever, what it saves there, what is left.

    `saved` is below 0 where an interaction makes the lever cost more than it saves.
    """

    lever: str
    before: float
    saved: float
    after: float


def waterfall(
    spend: float,
    levers: Sequence[Lever],
    interactions: Sequence[Interaction] = (),
    order: Sequence[str] | None = None,
) -> tuple[Step, ...]:
    """The bill of `spend` dollars, lever by lever, in `order` (names; default: as given).

    An interaction acts in the row of the later of its two levers. The rows' savings sum to the
    total's, in every order. Raises ValueError as `total`, and for an order that does not name every
    lever once.
    """
    check_plan(spend, levers, interactions)
    names = [lever.name for lever in levers]
    named = names if order is None else list(order)
    if sorted(named) != sorted(names):
        raise ValueError(f"The order must name each of {', '.join(names)} once, got {named}.")
    return _steps(lefts(spend, levers, interactions), names, [names.index(name) for name in named])


def all_orders(
    spend: float, levers: Sequence[Lever], interactions: Sequence[Interaction] = ()
) -> Iterator[tuple[Step, ...]]:
    """The waterfall in each of the n! orders. Raises ValueError as `total`, and above seven levers."""
    check_plan(spend, levers, interactions)
    if len(levers) > MOST_IN_ALL_ORDERS:
        raise ValueError(
            f"{len(levers)} levers have too many orders; take {MOST_IN_ALL_ORDERS} at most, or "
            "row_ranges, which needs no list of orders."
        )
    table, names = lefts(spend, levers, interactions), [lever.name for lever in levers]
    return (_steps(table, names, order) for order in permutations(range(len(levers))))


def row_ranges(
    spend: float, levers: Sequence[Lever], interactions: Sequence[Interaction] = ()
) -> Mapping[str, tuple[float, float]]:
    """The least and the most dollars that each lever's row shows, over all orders.

    What a row shows depends only on which levers stand above it, so all sets of the others give all
    orders. Raises ValueError as `total`.
    """
    check_plan(spend, levers, interactions)
    table = lefts(spend, levers, interactions)
    ranges = {}
    for i, lever in enumerate(levers):
        saved = saved_by(table, i)
        ranges[lever.name] = (float(saved.min()), float(saved.max()))
    return ranges


def saved_by(table: Floats, lever: int) -> Floats:
    """What pulling this lever saves on top of each set of the others, shape (2^(n-1),), in dollars.

    `table` is from `lefts`; sets are in the order of their index without the lever's bit.
    """
    pairs = table.reshape(-1, 2, 1 << lever)
    return (pairs[:, 0] - pairs[:, 1]).ravel()


def _steps(table: Floats, names: Sequence[str], order: Sequence[int]) -> tuple[Step, ...]:
    steps, pulled = [], 0
    for place in order:
        before, after = float(table[pulled]), float(table[pulled | 1 << place])
        steps.append(Step(names[place], before, before - after, after))
        pulled |= 1 << place
    return tuple(steps)
