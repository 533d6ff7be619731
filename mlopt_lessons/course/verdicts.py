"""The ledger: each claim of the story beside what the learner predicted and measured."""

from dataclasses import asdict, dataclass, fields, replace
from html import escape

from mlopt_lessons.course.claims import Claim, ClaimFigure, claim
from mlopt_lessons.course.markup import markup
from mlopt_lessons.course.provenance import Figure, Provenance, with_unit
from mlopt_lessons.course.store import Prediction, Store, StoreError, open_store

STYLE = (
    "border-left:4px solid {colour};padding:.4em .9em;margin:.4em 0;max-width:46em;"
    "color:var(--jp-content-font-color1,#111)"
)
PREDICT_FIRST = "lock in your prediction first"
HOLDS_COLOUR, FAILS_COLOUR, WAITING_COLOUR = "#009E73", "#D55E00", "#6B6B6B"


@dataclass(frozen=True)
class Verdict:
    """One claim judged: the story's figure, the prediction, the measurement, and dollars if priced."""

    claim: Claim
    story: ClaimFigure
    figure: Figure
    case: str = ""
    predicted: Prediction | None = None
    dollars: Figure | None = None
    why: str = ""
    note: str = ""
    hidden: bool = False

    @property
    def agrees(self) -> bool:
        """Whether the measurement lies in the range that the claim's rule gives."""
        return self.story.agrees(self.figure.value)

    @property
    def holds(self) -> str:
        """The verdict in words."""
        return "holds" if self.agrees else "does not hold"

    @property
    def sentence(self) -> str:
        """The verdict as a learner reads it: "You said 4×; it was 1.7×; the story says 4×. …"."""
        said = f"You said {self.predicted.text}; it" if self.predicted else "It"
        story = with_unit(self.story.value, self.story.unit)
        return (
            f"{said} was {self.figure.text}; the story says {story}. The claim {self.holds} here."
        )

    def rows(self) -> list[tuple[str, str]]:
        """The verdict as label and text: claim, story, predicted, measured, verdict, dollars, why.

        A verdict whose claim has no prediction yet in this workspace shows the claim only.
        """
        if self.hidden:
            return [
                ("claim", f"{self.claim.id}: {self.claim.statement}"),
                ("verdict", PREDICT_FIRST),
            ]
        story = f"{with_unit(self.story.value, self.story.unit)} ({self.story.rule})"
        filled = [
            ("claim", f"{self.claim.id}: {self.claim.statement}"),
            ("measured on", self.case),
            ("the story says", f"{self.story.name} {story}"),
            ("you predicted", self.predicted.text if self.predicted else "nothing yet"),
            (self.figure.provenance.kind, f"{self.figure.text} ({self.figure.provenance.detail})"),
            ("verdict", f"the claim {self.holds} here"),
            (
                "in dollars",
                f"{self.dollars.text} ({self.dollars.provenance})" if self.dollars else "",
            ),
            ("why", self.why),
            ("note", self.note),
        ]
        return [(label, text) for label, text in filled if text]

    def __repr__(self) -> str:
        return "\n".join(f"{label}: {text}" for label, text in self.rows())

    def _repr_html_(self) -> str:
        judged = HOLDS_COLOUR if self.agrees else FAILS_COLOUR
        colour = WAITING_COLOUR if self.hidden else judged
        lines = "<br>".join(
            f"<b>{escape(label)}</b>: {escape(text)}" for label, text in self.rows()
        )
        return markup(f'<div style="{STYLE.format(colour=colour)}">{lines}{self._stamp()}</div>')

    def _stamp(self) -> str:
        if self.hidden:
            return ""
        where = self.figure.provenance
        text = f"{where.date}, {where.machine}" if where.machine else where.date
        return f'<br><small class="mlopt-stamp">{escape(text)}</small>'


def verdict(
    claim_or_id: Claim | str,
    figure: Figure,
    *,
    of: str | None = None,
    case: str = "",
    dollars: Figure | None = None,
    why: str = "",
) -> Verdict:
    """Judges a claim by a figure and records it in the ledger; the result shows itself in a cell.

    `of` names the claim's figure (default: its first), `case` what was measured, `dollars` its price,
    `why` the reason for a difference. In a workspace, a claim that was not predicted shows no result
    yet. Raises ValueError for an unknown claim or figure and for a
    figure in another unit, TypeError for a bare number. Where progress cannot be saved, the verdict
    is shown with the reason.
    """
    if not isinstance(figure, Figure) or not isinstance(dollars, Figure | None):
        raise TypeError(
            "A verdict needs figures with provenance: make them with measured() or another."
        )
    judged = claim_or_id if isinstance(claim_or_id, Claim) else claim(claim_or_id)
    story = judged.figure(of)
    if figure.unit != story.unit:
        raise ValueError(
            f"{judged.id} is stated in {story.unit!r}, the figure is in {figure.unit!r}."
        )
    store = open_store()
    found, note = _predicted_and_saved(store, judged, story, figure, case, dollars, why)
    hidden = store.persistent and not note and not _was_predicted(store, judged)
    return Verdict(judged, story, figure, case, found, dollars, why, note, hidden)


def ledger(store: Store | None = None) -> list[Verdict]:
    """The latest verdict of each claim, figure and case, in the order they were first recorded.

    In a workspace, a claim that was not predicted shows no result here either.
    """
    store = store or open_store()
    return [_from_row(row, store) for row in store.verdicts()]


def prediction_for(store: Store, claim_id: str, name: str) -> Prediction | None:
    """The prediction of this figure ("quant-3/speed"), or of the claim as a whole ("quant-3")."""
    return store.prediction(f"{claim_id}/{name}") or store.prediction(claim_id)


def prediction_ids(judged: Claim) -> list[str]:
    """The ids under which this claim can be predicted: as a whole, and each of its figures."""
    return [judged.id, *(f"{judged.id}/{figure.name}" for figure in judged.figures)]


def with_prediction(given: Verdict, store: Store) -> Verdict:
    """The same verdict with what has been predicted by now; hidden while its claim is not."""
    found = prediction_for(store, given.claim.id, given.story.name)
    return replace(
        given, predicted=found, hidden=given.hidden and not _was_predicted(store, given.claim)
    )


def _was_predicted(store: Store, judged: Claim) -> bool:
    return any(store.prediction(each) for each in prediction_ids(judged))


def _predicted_and_saved(
    store: Store,
    judged: Claim,
    story: ClaimFigure,
    figure: Figure,
    case: str,
    dollars: Figure | None,
    why: str,
) -> tuple[Prediction | None, str]:
    found = None
    try:
        found = prediction_for(store, judged.id, story.name)
        store.record_verdict(_to_row(judged, story, figure, case, dollars, why))
    except StoreError as error:
        return found, str(error)
    return found, ""


def _to_row(
    judged: Claim, story: ClaimFigure, figure: Figure, case: str, dollars: Figure | None, why: str
) -> dict[str, object]:
    row: dict[str, object] = {"claim": judged.id, "of": story.name, "case_name": case, "why": why}
    row |= _columns(figure, "value", "")
    return row | (_columns(dollars, "dollars", "dollars_") if dollars else {})


def _columns(figure: Figure, value: str, prefix: str) -> dict[str, object]:
    """A figure as columns: its number in `value`, all else under names that start with `prefix`."""
    low, high = figure.interval or (None, None)
    rest = {"unit": figure.unit, "low": low, "high": high, **asdict(figure.provenance)}
    return {value: figure.value} | {prefix + name: each for name, each in rest.items()}


def _figure(row: dict, value: str, prefix: str) -> Figure:
    where = Provenance(**{name.name: row[prefix + name.name] for name in fields(Provenance)})
    low, high = row[f"{prefix}low"], row[f"{prefix}high"]
    interval = None if low is None else (low, high)
    return Figure(row[value], row[f"{prefix}unit"], where, interval)


def _from_row(row: dict, store: Store) -> Verdict:
    judged = claim(row["claim"])
    story = judged.figure(row["of"])
    figure = _figure(row, "value", "")
    dollars = None if row["dollars"] is None else _figure(row, "dollars", "dollars_")
    found = prediction_for(store, judged.id, story.name)
    hidden = store.persistent and not _was_predicted(store, judged)
    case, why = row["case_name"], row["why"]
    return Verdict(judged, story, figure, case, found, dollars, why, hidden=hidden)
