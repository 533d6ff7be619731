"""A job and the prices of the machines it may run on."""

import math
from dataclasses import dataclass
from numbers import Real


@dataclass(frozen=True)
class Job:
    """Hours of work, the deadline in hours from the start, and the hours each launch costs.

    Raises TypeError for what is no number, ValueError for work that is not above 0, a deadline
    before the work could be done, and a negative overhead.
    """

    work_h: float
    deadline_h: float = math.inf
    overhead_h: float = 0.0

    def __post_init__(self) -> None:
        check_number("work_h", self.work_h, least=0, open_end=True)
        check_number("overhead_h", self.overhead_h, least=0)
        check_number("deadline_h", self.deadline_h, least=0, finite=False)
        if self.deadline_h < self.work_h:
            raise ValueError(
                f"The deadline of {self.deadline_h:g} h comes before {self.work_h:g} h of work can "
                "be done; allow more time or shorten the job."
            )


@dataclass(frozen=True)
class Rates:
    """Dollars an hour on spot and on demand. Raises ValueError for a price that is not above 0."""

    spot: float
    on_demand: float

    def __post_init__(self) -> None:
        check_number("The spot price", self.spot, least=0, open_end=True)
        check_number("The on-demand price", self.on_demand, least=0, open_end=True)

    @property
    def ratio(self) -> float:
        """On-demand price over spot price."""
        return self.on_demand / self.spot

    @property
    def discount(self) -> float:
        """Part of the on-demand price that spot saves."""
        return 1 - self.spot / self.on_demand


def check_number(
    name: str, value: object, *, least: float, open_end: bool = False, finite: bool = True
) -> None:
    """Raises TypeError or ValueError, with a sentence, for a value that is not a number as asked."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    number = float(value)
    low = number <= least if open_end else number < least
    if math.isnan(number) or low or (finite and math.isinf(number)):
        bound = f"above {least:g}" if open_end else f"at least {least:g}"
        raise ValueError(f"{name} must be {bound}{' and finite' * finite}, got {number:g}.")


STORY_RATES = Rates(spot=7.0, on_demand=24.0)
STORY_JOB = Job(work_h=100.0)
