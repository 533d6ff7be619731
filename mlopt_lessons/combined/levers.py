"""Savings that multiply: levers, what they touch, how they interact, and what the bill becomes.

Each dollar of the bill is touched by a lever or not. A lever touches the share `eligibility` of the spend
and takes `saves` off what it touches. The model spreads each lever's share evenly over the others' shares,
so without interactions the bill keeps the product of the factors 1 − eligibility × saves. Levers that name
a `part` of the bill, as training, touch dollars of that part only: levers of one part work on the same
dollars, those of different parts never do. An interaction multiplies what is left of those dollars that
both its levers touch. The total depends on which levers are
pulled, never on the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, prod
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

# The kinds of provenance of `mlopt_lessons.course`, which a topic file does not import.
Kind = Literal["measured", "recorded", "simulated", "quoted"]
Floats = NDArray[np.float64]
MOST_LEVERS = 10  # 2^10 sets of levers is what a table of all sets still holds in an instant
LONGEST_NAME = 40
STORY_SPEND = 10_000.0


@dataclass(frozen=True)
class Lever:
    """One way to save.

    `saves` is the part it takes off the spend that it touches, 0 to 1 (0.6 for 60 %); `eligibility` the
    part of all spend that it touches, 0 to 1. `low` and `high` are the ends of the 95 % range of `saves`,
    from −1 (it may cost as much again) to 1; both None where nobody knows it. `part` names the part of the
    bill that it touches, as training; empty where it may be any. `source` says where the figure is
    from, `kind` how: measured, recorded, simulated or quoted. Raises ValueError or TypeError with a
    sentence for anything else.
    """

    name: str
    saves: float
    eligibility: float = 1.0
    low: float | None = None
    high: float | None = None
    source: str = ""
    kind: Kind = "quoted"
    part: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ValueError("A lever needs a name, such as spot.")
        if len(self.name) > LONGEST_NAME:
            raise ValueError(f"{self.name[:20]}…: a name has at most {LONGEST_NAME} characters.")
        if not isinstance(self.source, str) or not isinstance(self.part, str):
            raise TypeError(f"{self.name}: source and part must be text.")
        if self.kind not in get_args(Kind):
            raise ValueError(
                f"{self.name}: kind must be one of {', '.join(get_args(Kind))}, got {self.kind!r}."
            )
        _check_part(self.name, "saves", self.saves)
        _check_part(self.name, "eligibility", self.eligibility)
        if (self.low is None) != (self.high is None):
            raise ValueError(f"{self.name}: give both low and high, or neither.")
        low, high = self.range
        _check_part(self.name, "low", low, least=-1.0)
        _check_part(self.name, "high", high)
        if not low <= self.saves <= high:
            raise ValueError(
                f"{self.name}: saves {self.saves:g} must lie between low {low:g} and high {high:g}."
            )

    @property
    def range(self) -> tuple[float, float]:
        """The ends of the range of `saves`; both are `saves` itself where no range is known."""
        if self.low is None or self.high is None:
            return self.saves, self.saves
        return self.low, self.high

    @property
    def factor(self) -> float:
        """What is left of a dollar of the whole bill when only this lever is pulled."""
        return 1 - self.eligibility * self.saves


@dataclass(frozen=True)
class Interaction:
    """Two levers that change each other's effect, by name.

    Of the dollars that both touch, `factor` times as much is left as without the interaction: above 1 they
    hinder each other, below 1 they help. Raises ValueError for a factor that is not above 0, for the same
    lever twice and for an empty reason.
    """

    first: str
    second: str
    factor: float
    why: str

    def __post_init__(self) -> None:
        if self.first == self.second:
            raise ValueError(f"{self.first} cannot interact with itself; name two levers.")
        if isinstance(self.factor, bool) or not isinstance(self.factor, int | float):
            raise TypeError(
                f"{self.first} and {self.second}: the factor must be a number, got {self.factor!r}."
            )
        if not isfinite(self.factor) or self.factor <= 0:
            raise ValueError(
                f"{self.first} and {self.second}: the factor must be above 0, got {self.factor!r}; "
                "1.05 leaves 5 % more, 0.9 leaves 10 % less."
            )
        if not isinstance(self.why, str) or not self.why.strip():
            raise ValueError(f"{self.first} and {self.second}: say why they interact.")


@dataclass(frozen=True)
class Combined:
    """A bill before and after all levers, in dollars.

    `factors` holds 1 − eligibility × saves of each lever, `interaction` what interactions and named parts
    multiply on top: after = before × the product of all factors × interaction.
    """

    before: float
    after: float
    factors: tuple[float, ...]
    interaction: float = 1.0

    @property
    def saved(self) -> float:
        """Dollars saved; below 0 where interactions cost more than the levers save."""
        return self.before - self.after

    @property
    def share(self) -> float:
        """The saved part of the bill, 0 for a bill of 0."""
        return self.saved / self.before if self.before else 0.0


def total(
    spend: float, levers: Sequence[Lever], interactions: Sequence[Interaction] = ()
) -> Combined:
    """What `spend` dollars become with all `levers` pulled. Their order does not matter.

    An interaction counts where both its levers are there. Raises ValueError for a spend below 0, more
    than ten levers, a name that comes twice, and two interactions of the same pair.
    """
    check_plan(spend, levers, interactions)
    factors = tuple(lever.factor for lever in levers)
    plain = prod(factors)
    if not interactions and not any(lever.part for lever in levers):
        return Combined(spend, spend * plain, factors)
    left = float(lefts(1.0, levers, interactions)[-1])
    return Combined(spend, spend * left, factors, left / plain if plain else 1.0)


def lefts(
    spend: float, levers: Sequence[Lever], interactions: Sequence[Interaction] = ()
) -> Floats:
    """The dollars left for every set of levers, shape (2^n,): bit i of the index says whether lever i is
    pulled, so [0] is the bill before and [-1] the bill after."""
    saves = np.array([lever.saves for lever in levers])
    return spend * left_shares(saves, levers, interactions)


def left_shares(
    saves: Floats, levers: Sequence[Lever], interactions: Sequence[Interaction] = ()
) -> Floats:
    """The part of the bill that is left for every set of levers, shape (2^n, ...).

    Bit i of the first index says whether lever i is pulled; `saves` has shape (n, ...), so that many
    draws are computed at once.
    """
    touched = left_if_touched(saves, levers, interactions)
    weights, shares = bill_parts(levers)
    mixed = (mix(touched, row) for row in shares)
    return sum((weight * left for weight, left in zip(weights, mixed, strict=True)), 0 * touched)


def mix(touched: Floats, shares: Floats) -> Floats:
    """What each set of levers leaves of a part of the bill in which lever i touches `shares[i]`.

    `touched` is from `left_if_touched`. Each pass mixes the dollars that a lever touches with those that it
    does not: a sum over all subsets in n passes.
    """
    left = touched.copy()
    for i, share in enumerate(shares):
        pairs = left.reshape(-1, 2, 1 << i, *left.shape[1:])  # a view: [:, 1] has lever i pulled
        pairs[:, 1] = share * pairs[:, 1] + (1 - share) * pairs[:, 0]
    return left


def bill_parts(levers: Sequence[Lever]) -> tuple[Floats, Floats]:
    """The named parts' shares of the bill and that of the rest, shape (parts,), and the share of each
    part that each lever touches, shape (parts, levers).

    A part is as large as the largest eligibility of its levers.
    """
    sizes: dict[str, float] = {}
    for lever in levers:
        if lever.part:
            sizes[lever.part] = max(sizes.get(lever.part, 0.0), lever.eligibility)
    rest = max(0.0, 1 - sum(sizes.values()))
    rows = [(name, size) for name, size in (*sizes.items(), ("", rest)) if size > 0]
    shares = [
        [
            lever.eligibility
            if not lever.part
            else lever.eligibility / size
            if lever.part == name
            else 0.0
            for lever in levers
        ]
        for name, size in rows
    ]
    return np.array([size for _, size in rows]), np.array(shares).reshape(len(rows), len(levers))


def left_if_touched(
    saves: Floats, levers: Sequence[Lever], interactions: Sequence[Interaction]
) -> Floats:
    """What is left of a dollar that each set of levers touches, shape (2^n, ...)."""
    sets = np.arange(1 << len(levers))
    left = np.ones((len(sets), *saves.shape[1:]))
    for i in range(len(levers)):
        left[(sets >> i) & 1 == 1] *= 1 - saves[i]
    place = {lever.name: i for i, lever in enumerate(levers)}
    for each in interactions:
        if each.first in place and each.second in place:
            both = (sets >> place[each.first]) & (sets >> place[each.second]) & 1 == 1
            left[both] *= each.factor
    return left


def added_up(spend: float, levers: Sequence[Lever]) -> float:
    """The dollars left if percentages were added, which is wrong: they can fall below 0."""
    return spend * (1 - sum(lever.eligibility * lever.saves for lever in levers))


def check_plan(
    spend: float, levers: Sequence[Lever], interactions: Sequence[Interaction] = ()
) -> None:
    """Raises ValueError with a sentence where this is no plan, TypeError for a spend that is no number."""
    if isinstance(spend, bool) or not isinstance(spend, int | float):
        raise TypeError(f"The spend must be a number of dollars, got {spend!r}.")
    if not isfinite(spend) or spend < 0:
        raise ValueError(f"The spend must be 0 dollars or more, got {spend:g}.")
    if len(levers) > MOST_LEVERS:
        raise ValueError(f"{len(levers)} levers are too many; keep the {MOST_LEVERS} largest.")
    names = [lever.name for lever in levers]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"The lever {twice!r} is there twice; rename one, or merge them.")
    parts, _ = bill_parts(levers)
    if parts.sum() > 1 + 1e-9:
        raise ValueError(
            f"The parts of the bill that the levers name make {100 * parts.sum():.0f} % of it; "
            "give shares that add up to 100 % at most."
        )
    pairs = [frozenset((each.first, each.second)) for each in interactions]
    if again := next((pair for pair in pairs if pairs.count(pair) > 1), None):
        raise ValueError(f"{' and '.join(sorted(again))} interact twice; merge the two factors.")


def _check_part(name: str, what: str, value: object, least: float = 0.0) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}: {what} must be a number such as 0.6, got {value!r}.")
    if isfinite(value) and least <= value <= 1:
        return
    if 1 < value <= 100:
        raise ValueError(
            f"{name}: {what} is a part of 1, so 60 % is written 0.6; got {value:g}. "
            f"Write {value / 100:g} if you mean {value:g} %; more than 100 % cannot be."
        )
    raise ValueError(f"{name}: {what} must lie between {least:g} and 1, got {value:g}.")
