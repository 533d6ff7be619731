"""What the lab shows: a bill lever by lever, the fair split of the saving, and how sure the total is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mlopt_lessons.combined.levers import (
    STORY_SPEND,
    Combined,
    Interaction,
    Lever,
    added_up,
    total,
)
from mlopt_lessons.combined.levers_data import assumed_interactions, cautious
from mlopt_lessons.combined.order import Step, row_ranges, waterfall
from mlopt_lessons.combined.sensitivity import DRAWS, Interval, Swing, interval, tornado
from mlopt_lessons.combined.shapley import shapley_split


@dataclass(frozen=True)
class LeversView:
    """A plan computed, all amounts in dollars.

    `levers` and `steps` are in the chosen order. `split` holds the Shapley values, `row_ranges` the least and
    the most that a lever's row shows over all orders, by name. `interval` is the 95 % interval of what is
    left, `swings` one lever at a time, the widest first; `added` is what adding percentages would leave, which
    is wrong. `interactions` are those that act.
    """

    levers: tuple[Lever, ...]
    interactions: tuple[Interaction, ...]
    combined: Combined
    steps: tuple[Step, ...]
    split: Mapping[str, float]
    row_ranges: Mapping[str, tuple[float, float]]
    interval: Interval
    swings: tuple[Swing, ...]
    added: float

    @property
    def first_to_measure(self) -> str | None:
        """The lever whose range moves the total most; None where no lever has a range."""
        return self.swings[0].lever if self.swings and self.swings[0].width > 0 else None

    @property
    def largest(self) -> str | None:
        """The lever with the largest fair share of the saving; None without levers."""
        return max(self.split, key=lambda name: self.split[name], default=None)

    @property
    def note(self) -> str:
        """Before and after in a few words."""
        before, after = dollars(self.combined.before), dollars(self.combined.after)
        return f"{before} → {after}, {percent(self.combined.share)} saved{self._between()}"

    @property
    def finding(self) -> str:
        """The picture's finding in sentences, its alternative text."""
        if not self.steps:
            return f"{dollars(self.combined.before)} and no lever pulled."
        rows = ", ".join(f"{step.lever} {dollars(step.saved)}" for step in self.steps)
        fair = ", ".join(f"{name} {dollars(amount)}" for name, amount in self.split.items())
        return (
            f"Bill {dollars(self.combined.before)}; saved in this order: {rows}; "
            f"{dollars(self.combined.after)} is left{self._between()}. "
            f"In every order: {fair}.{self._measure()}"
        )

    def _between(self) -> str:
        low, high = dollars(self.interval.low), dollars(self.interval.high)
        return "" if self.first_to_measure is None else f" (95 %: {low} to {high} left)"

    def _measure(self) -> str:
        if self.first_to_measure is None:
            return ""
        width = dollars(self.swings[0].width)
        return f" The range of {self.first_to_measure} moves the total most, by {width}."


def levers_view(
    order: Sequence[str] | None = None,
    eligibility: Mapping[str, float] | None = None,
    saves: Mapping[str, float] | None = None,
    interactions: bool = False,
    *,
    spend: float = STORY_SPEND,
    levers: Sequence[Lever] | None = None,
    acting: Sequence[Interaction] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> LeversView:
    """The bill of `spend` dollars with `levers` (default: the story's, with shares and ranges).

    `eligibility` and `saves` (0 to 1) replace those of the levers that they name; a lever's range moves
    along with what it saves. `order` names the levers that are pulled, one after the other; a lever that it
    leaves out is not pulled. `acting` (default: the assumed ones) counts only with `interactions`. Raises
    ValueError for a name that is no lever and as `total` does.
    """
    known = {lever.name: lever for lever in (cautious() if levers is None else levers)}
    names = list(known) if order is None else list(order)
    for name in (*names, *(eligibility or {}), *(saves or {})):
        if name not in known:
            raise ValueError(f"{name!r} is no lever here; choose from {', '.join(known)}.")
    moved = tuple(_moved(known[name], eligibility or {}, saves or {}) for name in names)
    chosen = assumed_interactions() if acting is None else acting
    return plan_view(spend, moved, chosen if interactions else (), draws=draws, seed=seed)


def plan_view(
    spend: float,
    levers: Sequence[Lever],
    interactions: Sequence[Interaction] = (),
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> LeversView:
    """A plan computed: levers in the order of the waterfall. Raises ValueError as `total` and `interval`."""
    levers, names = tuple(levers), {lever.name for lever in levers}
    acting = tuple(each for each in interactions if {each.first, each.second} <= names)
    return LeversView(
        levers=levers,
        interactions=acting,
        combined=total(spend, levers, acting),
        steps=waterfall(spend, levers, acting),
        split=shapley_split(spend, levers, acting),
        row_ranges=row_ranges(spend, levers, acting),
        interval=interval(spend, levers, acting, draws=draws, seed=seed),
        swings=tornado(spend, levers, acting),
        added=added_up(spend, levers),
    )


def _moved(lever: Lever, eligibility: Mapping[str, float], saves: Mapping[str, float]) -> Lever:
    touched = eligibility.get(lever.name, lever.eligibility)
    new = saves.get(lever.name, lever.saves)
    if lever.low is None or lever.high is None:
        return replace(lever, eligibility=touched, saves=new)
    # The range keeps its relative width: 0.4 to 0.7 around 0.6 becomes 0.2 to 0.35 around 0.3.
    scale = new / lever.saves if lever.saves > 0 else 1.0
    low, high = sorted((lever.low * scale, lever.high * scale))
    low, high = max(-1.0, min(low, new)), min(1.0, max(high, new))
    return replace(lever, eligibility=touched, saves=new, low=low, high=high)


def dollars(amount: float) -> str:
    """An amount in whole dollars, $2,240; with cents below $100."""
    text = f"{abs(amount):,.{2 if abs(amount) < 100 else 0}f}"
    negative = amount < 0 and any(digit in "123456789" for digit in text)
    return f"−${text}" if negative else f"${text}"


def percent(part: float) -> str:
    """A part as a percentage, 77.6 %."""
    return f"{100 * part:.1f}".removesuffix(".0").replace("-", "−") + " %"
