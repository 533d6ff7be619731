"""The story's six takeaways, each with the learner's own figures where there are some, else the story's."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlopt_lessons.course.claims import CLAIMS
from mlopt_lessons.course.ledger_table import NOTEBOOKS, LedgerLine, ledger_lines
from mlopt_lessons.course.provenance import with_unit
from mlopt_lessons.course.store import Store

FORMULA = "smart MLOps = great models + minimal costs"
PROMISE = "the same results, for less money, faster, with less energy wasted"
CLOSING = "The best engineer is not the one who uses the most resources, but the one who uses them wisely."


@dataclass(frozen=True)
class Lesson:
    """One line of the story's end: its picture, what it says, and the figures that stand for it."""

    section: int
    picture: str
    sentence: str
    figures: tuple[tuple[str, str, str], ...]  # words before the figure, claim, the claim's figure


SIX = (
    Lesson(
        1,
        "Track every expense",
        "don't pay for what you don't use.",
        (("saved on the same model", "cost-1", "saving"),),
    ),
    Lesson(
        2,
        "Right-size the ovens",
        "match resources to actual needs.",
        (("CPUs asked for in vain", "resources-1", "cpu"), ("memory", "resources-1", "memory")),
    ),
    Lesson(
        3,
        "Rent cheap, off-peak",
        "a 70 % discount on work that can be interrupted.",
        (("discount", "spot-1", "discount"), ("saved on a $2,400 job", "spot-4", "saving")),
    ),
    Lesson(
        4,
        "Use the right oven",
        "right-size your compute.",
        (("saved a job", "gpu-1", "saving"), ("jobs on one GPU", "gpu-3", "jobs")),
    ),
    Lesson(
        5,
        "Simpler recipes",
        "make numbers simpler, 8 bits in place of 32.",
        (
            ("smaller", "quant-1", "size"),
            ("faster", "quant-3", "speed"),
            ("accuracy lost", "quant-2", "loss"),
        ),
    ),
    Lesson(
        6,
        "Remove unused equipment",
        "remove connections that do not matter.",
        (
            ("size without 70 % of the weights", "prune-2", "size-70"),
            ("faster", "prune-2", "speed-70"),
            ("accuracy lost", "prune-1", "loss"),
        ),
    ),
)


@dataclass(frozen=True)
class TakeawayFigure:
    """A takeaway's figure: the learner's own over all cases, or the story's, `quoted`."""

    words: str
    text: str
    kind: str
    cases: int
    holding: int
    story: str

    @property
    def sentence(self) -> str:
        """The figure as one reads it, with where it comes from."""
        if self.cases == 0:
            return f"{self.words}: {self.text} (quoted: the story)"
        if self.cases == 1:
            held = "holds" if self.holding else "does not hold"
            return f"{self.words}: {self.text} ({self.kind}; the story's {self.story} {held})"
        held = f"the story's {self.story} holds in {self.holding} of {self.cases} cases"
        return f"{self.words}: {self.text} ({self.kind}; {held})"


@dataclass(frozen=True)
class Takeaway:
    """A takeaway with its figures; `own` where at least one is the learner's."""

    section: int
    title: str
    sentence: str
    figures: tuple[TakeawayFigure, ...]

    @property
    def own(self) -> bool:
        """Whether the learner found at least one of the figures."""
        return any(each.cases for each in self.figures)

    @property
    def notebook(self) -> str:
        """The notebook that finds its figures."""
        return f"notebooks/{NOTEBOOKS[self.section]}.ipynb"


def six_takeaways(store: Store | None = None) -> list[Takeaway]:
    """The six takeaways as what the learner found. Raises StoreError where progress cannot be read."""
    lines = ledger_lines(store)
    return [_takeaway(each, lines) for each in SIX]


def all_together(store: Store | None = None) -> TakeawayFigure:
    """What all savings together leave of $10,000 a month: the learner's figure, else the story's."""
    return _figure("left of $10,000 a month", "total-1", "left", ledger_lines(store))


def _takeaway(lesson: Lesson, lines: Sequence[LedgerLine]) -> Takeaway:
    figures = tuple(_figure(*each, lines) for each in lesson.figures)
    return Takeaway(lesson.section, lesson.picture, lesson.sentence, figures)


def _figure(words: str, claim: str, name: str, lines: Sequence[LedgerLine]) -> TakeawayFigure:
    story = CLAIMS[claim].figure(name)
    quoted = with_unit(story.value, story.unit)
    own = [
        each.found
        for each in lines
        if each.found and (each.claim.id, each.story.name) == (claim, name)
    ]
    if not own:
        return TakeawayFigure(words, quoted, "quoted", 0, 0, quoted)
    values = sorted(each.figure.value for each in own)
    text = own[0].figure.text if len(own) == 1 else _range(values[0], values[-1], story.unit)
    kinds = dict.fromkeys(each.figure.provenance.kind for each in own)
    holding = sum(each.agrees for each in own)
    return TakeawayFigure(words, text, " and ".join(kinds), len(own), holding, quoted)


def _range(low: float, high: float, unit: str) -> str:
    if with_unit(low, unit) == with_unit(high, unit):
        return with_unit(low, unit)
    return f"{with_unit(low, unit)} to {with_unit(high, unit)}"
