"""The opening's bakery: what ovens cost while they are on, and the part that bakes no cake.

The same three numbers make any bill of machines: how many, for how long, at what price an hour.
The figures of this bakery are made up.
"""

from dataclasses import dataclass

DAYS = 30
BATCHES = 18
MOST_OVENS, MOST_HOURS = 8, 24


@dataclass(frozen=True)
class BakeryMonth:
    """A month of `ovens` that are on for `hours` a day, at `usd_per_hour` an oven.

    An oven bakes one batch of cakes an hour; customers want `batches` a day, and a batch that is not
    baked is missing. Raises ValueError for no oven, hours outside 0 to 24, or a price or a wish of 0
    or less.
    """

    ovens: int
    hours: float
    usd_per_hour: float
    batches: int = BATCHES

    def __post_init__(self) -> None:
        if self.ovens < 1 or not 0 < self.hours <= MOST_HOURS:
            raise ValueError(
                f"A bakery has 1 oven or more, on for 0 to {MOST_HOURS} hours a day, "
                f"not {self.ovens} for {self.hours}."
            )
        if not (self.usd_per_hour > 0 and self.batches > 0):
            raise ValueError(
                "An oven's hour costs more than $0, and customers want 1 batch or more: "
                f"got ${self.usd_per_hour} and {self.batches}."
            )

    @property
    def oven_hours(self) -> float:
        """Hours that are paid for, a day, all ovens together."""
        return self.ovens * self.hours

    @property
    def baked(self) -> float:
        """Batches a day."""
        return min(float(self.batches), self.oven_hours)

    @property
    def missing(self) -> float:
        """Batches a day that customers want and do not get."""
        return self.batches - self.baked

    @property
    def baking_hours(self) -> float:
        """Hours a day in which every oven bakes; for the rest of the day they are warm and empty."""
        return self.baked / self.ovens

    @property
    def bill(self) -> float:
        """Dollars a month."""
        return DAYS * self.oven_hours * self.usd_per_hour

    @property
    def wasted(self) -> float:
        """Dollars a month for hours in which an oven was warm and empty."""
        return DAYS * (self.oven_hours - self.baked) * self.usd_per_hour

    @property
    def wasted_part(self) -> float:
        """Part of the bill, 0 to 1. The price does not appear in it."""
        return 1 - self.baked / self.oven_hours

    @property
    def usd_per_batch(self) -> float:
        """Dollars for a batch that was baked, the empty hours spread over all of them."""
        return self.bill / (DAYS * self.baked)

    @property
    def finding(self) -> str:
        """The month in a sentence, the picture's alternative text."""
        told = (
            f"{_ovens(self.ovens)} on for {self.hours:g} h a day: ${self.bill:,.0f} a month, of which "
            f"${self.wasted:,.0f} ({100 * self.wasted_part:.0f} %) bakes nothing; "
            f"${self.usd_per_batch:.2f} a batch"
        )
        if self.missing > 0:
            return f"{told}; {self.missing:g} batches a day are missing: not the same cakes."
        return f"{told}; every cake is baked."


def _ovens(count: int) -> str:
    return "1 oven" if count == 1 else f"{count} ovens"
