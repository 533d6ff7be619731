"""What a bill would be with machines switched off, storage deleted, spot, or a commitment.

Each switch works on what the earlier ones left, so savings never count twice. What is paid by a
commitment stays due: switching it off saves nothing. Tax, credit and adjustment rows stay as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.hourly import FIXED, ON_DEMAND, SPOT, Hourly, hourly_cells
from mlopt_lessons.cost.keys import has_tag
from mlopt_lessons.cost.waste import unchecked


@dataclass(frozen=True)
class Terms:
    """What the switches "commit" and "spot" assume; all are parts, 0 to 1.

    `coverage`: part of the steady on-demand compute that is committed to. Steady is what the cheapest
    hour of the period costs, so a commitment is always used. `commit_discount`: what it saves; up to
    28 % for a year of Google's flexible commitments, about 30 % for a year of AWS's (yobitel.com, "Savings
    plans"). `spot_discount`: 0.70 is the median of 36 published price pairs (`workbench.gpu_prices`).
    `spot_overhead`: extra hours for work lost and restarts, an assumption: lesson 3 measures it. Raises
    ValueError for a value outside 0 to 1.
    """

    coverage: float = 1.0
    commit_discount: float = 0.28
    spot_discount: float = 0.70
    spot_overhead: float = 0.10

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 <= value <= 1:
                raise ValueError(f"{name} is a part, from 0 to 1, not {value!r}.")


@dataclass(frozen=True)
class WhatIf:
    """A bill before and after, and what each switch saved, in the order in which they were thrown.

    before − the sum of `saved` = after. A saving can be negative: spot with a small discount and a
    large overhead costs more than on demand.
    """

    before: float
    saved: Mapping[str, float]
    after: float

    @property
    def total_saved(self) -> float:
        """What all switches save together."""
        return sum(self.saved.values())


@dataclass(frozen=True, eq=False)
class State:
    """Amounts in the middle of a what-if, shape (cells, hours): still `open`, and `committed`.

    `paid`, shape (cells,), says how the open part is paid: ON_DEMAND, SPOT or FIXED.
    """

    open: NDArray[np.float64]
    committed: NDArray[np.float64]
    paid: NDArray[np.int64]

    @classmethod
    def of(cls, cells: Hourly) -> "State":
        """The bill as it is."""
        return cls(cells.amounts, np.zeros_like(cells.amounts), cells.paid)

    @property
    def amounts(self) -> NDArray[np.float64]:
        """Both parts together, shape (cells, hours)."""
        return self.open + self.committed


def _without(
    state: State, chosen: NDArray[np.bool_], hours: NDArray[np.bool_] | None = None
) -> State:
    """The chosen cells gone in the given hours, or in all; what is fixed or committed stays."""
    gone = np.flatnonzero(chosen & (state.paid != FIXED))
    left = state.open.copy()
    left[gone] = 0.0 if hours is None else np.where(hours, 0.0, left[gone])
    return State(left, state.committed, state.paid)


def _nights_off(state: State, cells: Hourly, terms: Terms) -> State:
    return _without(state, cells.traits["switchable"], cells.closed)


def _delete_idle(state: State, cells: Hourly, terms: Terms) -> State:
    return _without(state, cells.traits["idle"])


def _delete_cold(state: State, cells: Hourly, terms: Terms) -> State:
    return _without(state, cells.traits["cold"])


def _spot(state: State, cells: Hourly, terms: Terms) -> State:
    chosen = cells.traits["restartable"] & (state.paid == ON_DEMAND)
    factor = (1 - terms.spot_discount) * (1 + terms.spot_overhead)
    moved = np.where(chosen, factor, 1.0)[:, None]
    return State(state.open * moved, state.committed, np.where(chosen, SPOT, state.paid))


def _commit(state: State, cells: Hourly, terms: Terms) -> State:
    chosen = np.flatnonzero(cells.traits["compute"] & (state.paid == ON_DEMAND))
    eligible = state.open[chosen]
    in_hour = eligible.sum(axis=0)
    covered = terms.coverage * in_hour.min()
    if covered <= 0:
        return state
    moved = eligible * (covered / in_hour)
    left, committed = state.open.copy(), state.committed.copy()
    left[chosen] -= moved
    committed[chosen] += (1 - terms.commit_discount) * moved
    return State(left, committed, state.paid)


Switch = Callable[[State, Hourly, Terms], State]
SWITCHES: dict[str, Switch] = {
    "nights and weekends off": _nights_off,
    "delete idle": _delete_idle,
    "cold storage deleted": _delete_cold,
    "spot": _spot,
    "commit": _commit,
}


def throw(
    cells: Hourly, switches: Sequence[str], terms: Terms | None = None
) -> tuple[WhatIf, State]:
    """Throws switches one after the other, and returns the savings and where the amounts end.

    Raises ValueError for a switch that is not in SWITCHES or is named twice.
    """
    check_switches(switches)
    terms, state = terms or Terms(), State.of(cells)
    before = now = float(state.amounts.sum())
    saved: dict[str, float] = {}
    for name in switches:
        state = SWITCHES[name](state, cells, terms)
        then, now = now, float(state.amounts.sum())
        saved[name] = then - now
    return WhatIf(before, saved, now), state


def check_switches(switches: Sequence[str]) -> None:
    """Raises ValueError unless every switch is known and named once."""
    for name in switches:
        if name not in SWITCHES:
            raise ValueError(f"There is no switch {name!r}; choose from {', '.join(SWITCHES)}.")
        if list(switches).count(name) > 1:
            raise ValueError(f"The switch {name!r} is named twice; name it once.")


_KINDS = {
    "nights and weekends": "nights and weekends off",
    "idle": "delete idle",
    "cold storage": "cold storage deleted",
}


def blind_switches(bill: Bill) -> dict[str, str]:
    """The switches that the bill has no evidence for, with the column or tag that it would take.

    They save 0 in a what-if, which is not known to be true.
    """
    missing = {_KINDS[kind]: what for kind, what in unchecked(bill) if kind in _KINDS}
    if not has_tag(bill, "workload"):
        missing["spot"] = "the tag workload (training)"
    return missing


def try_switches(
    bill: Bill,
    switches: Sequence[str] = tuple(SWITCHES),
    terms: Terms | None = None,
    cost: str = "EffectiveCost",
) -> WhatIf:
    """What a bill would be with the given switches, in their order, and what each saves.

    - "nights and weekends off": notebooks and development machines outside Mon–Fri, 8 to 20 h UTC.
    - "delete idle": machines in the hours in which their utilisation was below 5 %.
    - "cold storage deleted": storage that nothing read in the last 30 days of the period.
    - "spot": training on demand, but for what the tag restartable = no keeps, moves to spot.
    - "commit": the steady part of the on-demand compute that is left gets the commitment's discount.

    The order changes what each saves, and with "commit" before others also the total: a commitment
    stays due. `blind_switches` names those that the bill cannot tell about. Raises ValueError as
    `hourly_cells` and `throw` do.
    """
    return throw(hourly_cells(bill, cost=cost), switches, terms)[0]
