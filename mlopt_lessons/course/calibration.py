"""How far predictions were off: by a factor for quantities, in points for percentages, right or wrong.

A quantity is off by 2 to the power of |log2(predicted / found)|: 2 means twice or half of it, so that too
high and too low count alike. Percentages and points have a scale of their own and are compared by their
difference. A choice is right or wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, inf, log2
from statistics import median
from typing import Literal

from mlopt_lessons.course.claims import CLAIMS
from mlopt_lessons.course.ledger_table import in_points
from mlopt_lessons.course.provenance import number, with_unit
from mlopt_lessons.course.revealed import Revealed, revealed
from mlopt_lessons.course.store import Prediction, Store, open_store
from mlopt_lessons.course.verdicts import Verdict, ledger

Measure = Literal["factor", "points", "choice"]
CLOSE_FACTOR = 2.0
CLOSE_POINTS = 10.0
OWN = "ledger/"  # what a learner predicts about the ledger itself is no prediction of a lesson
FEWEST_FOR_A_TREND = 8
CHANCE = 0.1


@dataclass(frozen=True)
class Outcome:
    """A prediction beside what came out. `off` is a factor of 1 or more, points of 0 or more, or 0 / 1.

    `high` is 1 where the prediction was too high, -1 where too low, else 0.
    """

    prediction: Prediction
    lesson: int
    found: str
    measure: Measure
    off: float
    high: int = 0

    @property
    def close(self) -> bool:
        """Within a factor of 2, within 10 points, or the right choice."""
        limits = {"factor": CLOSE_FACTOR, "points": CLOSE_POINTS, "choice": 0.0}
        return self.off <= limits[self.measure]

    @property
    def text(self) -> str:
        """How far off, in words: "2.4 times too high", "12 points too low", "right"."""
        if self.measure == "choice":
            return "right" if self.close else "wrong"
        if self.high == 0:
            return "exact"
        way = "high" if self.high > 0 else "low"
        if self.off == inf:
            return f"too {way}, no factor (one of them is 0 or below)"
        shown = number(round(self.off, 2))
        return f"{shown} {'times' if self.measure == 'factor' else 'points'} too {way}"


@dataclass(frozen=True)
class LessonCalibration:
    """A lesson's predictions: how many were close, and the median of how far off they were.

    `factor` and `points` are None where nothing was compared that way.
    """

    lesson: int
    compared: int
    close: int
    factor: float | None
    points: float | None
    high: int
    low: int


@dataclass(frozen=True)
class Calibration:
    """All predictions that can be compared, in the order they were locked, and how many cannot."""

    outcomes: tuple[Outcome, ...]
    waiting: int = 0

    @property
    def close(self) -> int:
        """How many were close."""
        return sum(each.close for each in self.outcomes)

    @property
    def share(self) -> float | None:
        """The part that was close, in %; None without predictions."""
        return 100 * self.close / len(self.outcomes) if self.outcomes else None

    def by_lesson(self) -> list[LessonCalibration]:
        """A line for each lesson with predictions, in the order of the course."""
        lessons = sorted({each.lesson for each in self.outcomes})
        return [_summary(n, [each for each in self.outcomes if each.lesson == n]) for n in lessons]

    def sentences(self) -> list[str]:
        """What the predictions say about the predictor, in words."""
        if not self.outcomes:
            return [NOTHING, *_waiting(self.waiting)]
        told = [
            f"{self.close} of {len(self.outcomes)} predictions were close: within a factor of "
            f"{CLOSE_FACTOR:g}, within {CLOSE_POINTS:g} points for percentages, or the right choice.",
            *_leaning(self.outcomes),
            *_trend(self.outcomes),
        ]
        return told + _waiting(self.waiting)


NOTHING = (
    "No prediction to compare yet: each lesson asks for some before it shows a result, and they come back "
    "here."
)


def calibrate(store: Store | None = None) -> Calibration:
    """Compares every locked prediction with what was last shown for it.

    A prediction without a result shown (an older progress file) is compared with the first case in the
    ledger. Raises StoreError where progress cannot be read.
    """
    store = store or open_store()
    shown, verdicts = revealed(store), ledger(store)
    asked = [each for each in store.predictions() if not each.id.startswith(OWN)]
    found = [_outcome(each, shown.get(each.id) or _judged(each, verdicts)) for each in asked]
    compared = tuple(each for each in found if each is not None)
    return Calibration(compared, len(found) - len(compared))


def off_by(predicted: float, found: float, unit: str) -> tuple[Measure, float]:
    """How far a number is off: the difference for % and points, else 2^|log2 ratio|.

    Infinite where one is 0 or below and the other is not the same: there is no ratio then.
    """
    if in_points(unit):
        return "points", abs(predicted - found)
    if predicted == found:
        return "factor", 1.0
    both = predicted > 0 and found > 0
    return "factor", 2 ** abs(log2(predicted) - log2(found)) if both else inf


def at_least_by_chance(early: Sequence[bool], late: Sequence[bool]) -> float:
    """The probability that chance puts at least as many of the close ones among the late ones.

    The one-sided p of Fisher's exact test ("The Design of Experiments", 1935): hypergeometric.
    """
    total, close = len(early) + len(late), sum(early) + sum(late)
    ways = [
        comb(close, k) * comb(total - close, len(late) - k)
        for k in range(sum(late), min(close, len(late)) + 1)
    ]
    return sum(ways) / comb(total, len(late))


def lesson_of(id: str) -> int:
    """The lesson of a prediction's id: that of its claim, else the opening, lesson 0."""
    claim = CLAIMS.get(id.partition("/")[0])
    return claim.section if claim else 0


def _outcome(asked: Prediction, came: Revealed | None) -> Outcome | None:
    if came is None:
        return None
    lesson = lesson_of(asked.id)
    if isinstance(asked.value, str):
        if came.right is None:
            return None
        return Outcome(asked, lesson, came.right, "choice", float(asked.value != came.right))
    if asked.unit != came.unit:
        return None
    measure, off = off_by(asked.value, came.value, came.unit)
    high = (asked.value > came.value) - (asked.value < came.value)
    return Outcome(asked, lesson, with_unit(came.value, came.unit), measure, off, high)


def _judged(asked: Prediction, verdicts: Sequence[Verdict]) -> Revealed | None:
    for each in verdicts:
        first = each.claim.figures[0].name == each.story.name
        ids = [f"{each.claim.id}/{each.story.name}", *([each.claim.id] if first else [])]
        if asked.id in ids:
            where = str(each.figure.provenance)
            return Revealed(each.figure.value, each.figure.unit, where)
    return None


def _summary(lesson: int, outcomes: Sequence[Outcome]) -> LessonCalibration:
    factors = [each.off for each in outcomes if each.measure == "factor"]
    points = [each.off for each in outcomes if each.measure == "points"]
    return LessonCalibration(
        lesson,
        len(outcomes),
        sum(each.close for each in outcomes),
        median(factors) if factors else None,
        median(points) if points else None,
        sum(each.high > 0 for each in outcomes),
        sum(each.high < 0 for each in outcomes),
    )


def _leaning(outcomes: Sequence[Outcome]) -> list[str]:
    high, low = (sum(each.high == way for each in outcomes) for way in (1, -1))
    return [f"{high} were too high, {low} too low."] if high + low else []


def _trend(outcomes: Sequence[Outcome]) -> list[str]:
    """Early against late predictions; a difference that chance could make is called so."""
    if len(outcomes) < FEWEST_FOR_A_TREND:
        return []
    half = len(outcomes) // 2
    early, late = ([each.close for each in part] for part in (outcomes[:half], outcomes[half:]))
    told = (
        f"Of the first {len(early)}, {sum(early)} were close; of the last {len(late)}, {sum(late)}."
    )
    better = sum(late) / len(late) > sum(early) / len(early)
    if better and at_least_by_chance(early, late) <= CHANCE:
        return [f"{told} You got closer."]
    return [f"{told} Chance alone can make such a difference." if better else told]


def _waiting(count: int) -> list[str]:
    verb = "waits" if count == 1 else "wait"
    return [f"{count} locked {verb} for a result to compare with."] if count else []
