"""Two GPUs against each other: the slowdown at which the cheaper one costs as much, and the story's job."""

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True)
class StoryJob:
    """One job on two GPUs: dollars an hour, hours, and what follows from them in dollars."""

    fast: str
    fast_usd_h: float
    fast_h: float
    cheap: str
    cheap_usd_h: float
    cheap_h: float

    @property
    def fast_usd(self) -> float:
        """Dollars a job on the fast GPU."""
        return self.fast_usd_h * self.fast_h

    @property
    def cheap_usd(self) -> float:
        """Dollars a job on the cheap GPU."""
        return self.cheap_usd_h * self.cheap_h

    @property
    def saved_usd(self) -> float:
        """Dollars saved a job; below 0 where the cheap GPU costs more."""
        return self.fast_usd - self.cheap_usd

    @property
    def slowdown(self) -> float:
        """How many times as long the job takes on the cheap GPU."""
        return self.cheap_h / self.fast_h


def story_job() -> StoryJob:
    """The story's job: V100 at $3.00 for 2 h against T4 at $0.50 for 3 h. $6.00 against $1.50."""
    return StoryJob("V100", 3.00, 2.0, "T4", 0.50, 3.0)


def break_even(price_a: float, price_b: float) -> float:
    """The slowdown at which a job on the GPU of price_b costs what it costs on that of price_a.

    price_a / price_b, both in dollars an hour: with $3.00 and $0.50 the second wins while it takes
    less than 6 times as long. Raises ValueError for a price that is not above 0.
    """
    for price in (price_a, price_b):
        if not price > 0 or not isfinite(price):
            raise ValueError(f"A price is a finite number of dollars above 0, got {price!r}.")
    return price_a / price_b
