"""The bakery's recipe card: the same cake from numbers with fewer digits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# The three numbers of the story's card: oven, flour, whisking time.
STORY_CARD = (
    ("oven", 32.847261, "°F"),
    ("flour", 47.382619, "g"),
    ("whisk", 3.827461, "min"),
)


@dataclass(frozen=True)
class Card:
    """One line of a recipe: `exact` with all its digits and `whole`, the nearest whole number."""

    step: str
    exact: float
    whole: int
    unit: str

    @property
    def error_percent(self) -> float:
        """How far the whole number is off, in percent of the exact one."""
        return 100 * abs(self.whole - self.exact) / abs(self.exact)


def simplify(lines: Sequence[tuple[str, float, str]] = STORY_CARD) -> tuple[Card, ...]:
    """Rounds each line (step, number, unit) to a whole number, halves to even.

    Raises ValueError when a number is NaN, Inf or 0: it has no relative error.
    """
    for step, exact, _unit in lines:
        if not np.isfinite(exact) or exact == 0:
            raise ValueError(f"The number for {step!r} must be finite and not 0, got {exact}.")
    return tuple(Card(step, exact, int(np.rint(exact)), unit) for step, exact, unit in lines)
