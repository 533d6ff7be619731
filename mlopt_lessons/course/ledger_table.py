"""All claims of the story side by side: what it says, what was predicted, what was found, where to go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from mlopt_lessons.course.claims import CLAIMS, Claim, ClaimFigure
from mlopt_lessons.course.provenance import with_unit
from mlopt_lessons.course.store import Prediction, Store, open_store
from mlopt_lessons.course.verdicts import Verdict, ledger, prediction_for

# The lessons by the section of the story that they measure.
NOTEBOOKS = (
    "00_smart_bakery",
    "01_cost",
    "02_resources",
    "03_spot",
    "04_gpu",
    "05_quantization",
    "06_pruning",
    "07_putting_it_together",
)
HOLDS, FAILS = "holds", "does not hold"
OPEN, WAITING = "not measured yet", "predict first"


@dataclass(frozen=True)
class LedgerLine:
    """One figure of a claim in one case, or a figure that nothing was found for yet.

    `state` is HOLDS, FAILS, OPEN, or WAITING where it was measured but not predicted.
    """

    claim: Claim
    story: ClaimFigure
    predicted: Prediction | None
    verdict: Verdict | None
    state: str

    @property
    def notebook(self) -> str:
        """The notebook that measures it, from the workspace's folder."""
        return f"notebooks/{NOTEBOOKS[self.claim.section]}.ipynb"

    @property
    def found(self) -> Verdict | None:
        """The verdict, where it may be shown."""
        return None if self.state == WAITING else self.verdict

    def cells(self) -> dict[str, str]:
        """The line as a reader sees it, by column."""
        found = self.found
        return {
            "claim": f"{self.claim.id} {self.story.name}",
            "the story": with_unit(self.story.value, self.story.unit),
            "you": self.predicted.text if self.predicted else "–",
            "case": found.case if found else "",
            "found": found.figure.text if found else "–",
            "verdict": f"{MARKS[self.state]} {self.state}".strip(),
            "in dollars": found.dollars.text if found and found.dollars else "",
            "where from": _where_from(found) if found else self.notebook,
        }


MARKS = {HOLDS: "✓", FAILS: "✗", OPEN: "", WAITING: ""}


def ledger_lines(store: Store | None = None) -> list[LedgerLine]:
    """A line for each case of each figure of each claim, in the story's order; open ones too.

    Raises StoreError where progress cannot be read.
    """
    store = store or open_store()
    verdicts = ledger(store)
    return [
        each
        for claim in CLAIMS.values()
        for story in claim.figures
        for each in _lines_of(claim, story, verdicts, store)
    ]


def ledger_sentences(lines: Sequence[LedgerLine]) -> list[str]:
    """How full the ledger is, how many claims hold, and which notebooks fill what is missing."""
    claims = list(dict.fromkeys(each.claim.id for each in lines))
    judged = {id: _states(lines, id) for id in claims if _states(lines, id)}
    told = [_how_full(len(judged), len(claims))]
    if judged:
        told.append(_how_many_hold(judged.values()))
    waiting = _by_notebook(each for each in lines if each.state == WAITING)
    if waiting:
        told.append(f"Measured, and shown once you have predicted: {_listed(waiting)}.")
    missing = _by_notebook(each for each in lines if each.state == OPEN)
    if missing and judged:
        told.append(f"Still open: {_listed(missing)}.")
    elif missing:
        told.append("The last column says which notebook measures a figure.")
    return told


def compared_with_story(line: LedgerLine) -> tuple[float, str] | None:
    """How far what was found is from the story: (ratio, "×"), or (difference, "points") for % and points.

    None where nothing may be shown yet, or where no ratio can be formed.
    """
    if line.found is None:
        return None
    value, story = line.found.figure.value, line.story
    if in_points(story.unit):
        return value - story.value, "points"
    ratio = value / story.value if story.value else float("nan")
    return (ratio, "×") if ratio > 0 and isfinite(ratio) else None


def in_points(unit: str) -> bool:
    """Whether figures of that unit are compared by their difference, and not by their ratio."""
    return unit.startswith(("%", "points"))


def _lines_of(
    claim: Claim, story: ClaimFigure, verdicts: Sequence[Verdict], store: Store
) -> list[LedgerLine]:
    predicted = prediction_for(store, claim.id, story.name)
    found = [v for v in verdicts if (v.claim.id, v.story.name) == (claim.id, story.name)]
    if not found:
        return [LedgerLine(claim, story, predicted, None, OPEN)]
    if found[0].hidden:  # every case of a claim waits for the same prediction
        return [LedgerLine(claim, story, predicted, found[0], WAITING)]
    return [LedgerLine(claim, story, predicted, v, HOLDS if v.agrees else FAILS) for v in found]


def _where_from(found: Verdict) -> str:
    where = found.figure.provenance
    rest = [part for part in (where.date, where.machine) if part]
    seed = [f"seed {where.seed}"] if where.seed is not None else []
    return f"{where} ({', '.join([*rest, *seed])})"


def _states(lines: Iterable[LedgerLine], claim_id: str) -> set[str]:
    return {each.state for each in lines if each.claim.id == claim_id} & {HOLDS, FAILS}


def _how_full(judged: int, claims: int) -> str:
    if judged == 0:
        return (
            f"Nothing measured yet: the story makes {claims} claims, and all of them wait for you."
        )
    if judged < claims:
        return f"{judged} of {claims} claims measured."
    return f"All {claims} claims measured."


def _how_many_hold(states: Iterable[set[str]]) -> str:
    found = list(states)
    always = sum(each == {HOLDS} for each in found)
    never = sum(each == {FAILS} for each in found)
    some = len(found) - always - never
    return f"Holding in every case: {always}; in some cases: {some}; in none: {never}."


def _by_notebook(lines: Iterable[LedgerLine]) -> dict[str, list[str]]:
    """Claims by their notebook; where only some figures of a claim are meant, it is named with them."""
    names: dict[str, dict[str, list[str]]] = {}
    for each in lines:
        names.setdefault(each.notebook, {}).setdefault(each.claim.id, []).append(each.story.name)
    return {
        notebook: [_named(id, figures) for id, figures in claims.items()]
        for notebook, claims in names.items()
    }


def _named(claim_id: str, figures: Sequence[str]) -> str:
    whole = len(figures) == len(CLAIMS[claim_id].figures)
    return claim_id if whole else f"{claim_id} ({', '.join(figures)})"


def _listed(found: dict[str, list[str]]) -> str:
    return "; ".join(f"{', '.join(names)} in {notebook}" for notebook, names in found.items())
