"""The shares of a bill that FinOps asks for: untagged, spot, committed, idle; and its credits."""

import math
from dataclasses import dataclass

import pandas as pd

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.waste import is_idle

SPOT = "Dynamic"  # FOCUS's pricing category for prices that move, as those of spot


@dataclass(frozen=True)
class Shares:
    """Parts of the usage's cost, 0 to 1, None where the bill does not tell; amounts in its currency.

    `usage`: cost of what is charged as usage, negative charges left out. `untagged`: of it, without
    the tag asked for. `spot`, `committed`: at spot prices, covered by a commitment. `idle`: machines
    below 5 % utilisation. `credits`: sum of all negative charges, whatever their category.
    """

    usage: float
    untagged: float | None
    spot: float | None
    committed: float | None
    idle: float | None
    credits: float


def shares(bill: Bill, tag: str | None = None, cost: str = "EffectiveCost") -> Shares:
    """Shares of a bill. Untagged is what has no tag at all, or not the one named.

    Raises ValueError where the bill does not carry that cost.
    """
    rows, values = bill.rows, bill.costs(cost).fillna(0.0)
    usage = (rows["ChargeCategory"] == "Usage") & (values > 0)
    total = math.fsum(values[usage])
    pricing, utilisation = rows["PricingCategory"], rows["x_UtilisationPercent"]
    unused = rows["CommitmentDiscountStatus"] == "Unused"

    def share(of: pd.Series, evidence: pd.Series | None = None) -> float | None:
        if not total or (evidence is not None and evidence.isna().all()):
            return None
        return math.fsum(values[usage & of]) / total

    untagged = pd.Series(
        [not (tags.get(tag) if tag else tags) for tags in rows["Tags"]], rows.index
    )
    return Shares(
        usage=total,
        untagged=share(untagged),
        spot=share(pricing == SPOT, pricing),
        committed=share((pricing == "Committed") & ~unused, pricing),
        idle=share(is_idle(bill), utilisation),
        credits=math.fsum(values[values < 0]),
    )
