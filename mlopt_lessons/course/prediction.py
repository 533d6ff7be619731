"""Predict, then see: a prediction is stored before its result is shown, and compared with it."""

from collections.abc import Sequence
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import Any, get_args

import ipywidgets as widgets
from traitlets import TraitError

from mlopt_lessons.course.cards import Card, card, line, paragraph
from mlopt_lessons.course.choice import Choice
from mlopt_lessons.course.prediction_controls import Kind, NumberBox, control
from mlopt_lessons.course.provenance import Figure
from mlopt_lessons.course.revealed import remember
from mlopt_lessons.course.store import Prediction, Store, StoreError, open_store
from mlopt_lessons.course.waiting import WAITING, locked, when_locked

# Predictions that no file could take (read-only folder, full disk); they count in this kernel.
_unsaved: dict[tuple[Path | None, str], Prediction] = {}


class PredictionCard(Card):
    """A question with a control and the button "Lock in"; once locked it stays as it is."""

    def __init__(
        self, id: str, question: str, unit: str, control: widgets.Widget, store: Store
    ) -> None:
        self.id, self.unit, self.control, self._store = id, unit, control, store
        self.button = widgets.Button(description="Lock in", button_style="primary")
        self.button.on_click(lambda _button: self.lock())
        self.message = line()
        row = widgets.HBox([control, self.button], layout=widgets.Layout(flex_flow="row wrap"))
        self.widget = card([line(question, strong=True), row, self.message], "mlopt-predict")
        options = [text for text, _ in control.options] if isinstance(control, Choice) else []
        self.still_text = "\n".join([f"Predict: {question}", *(f"  - {text}" for text in options)])
        self.still_html = paragraph(f"Predict: {question}", strong=True) + _listed(options)
        self._show_stored()

    def lock(self) -> None:
        """Stores the control's value, unless it cannot be a prediction: then says why, stores nothing.

        Where the file cannot be written, the prediction counts in this kernel and the button saves again.
        """
        try:
            value = self._value()
        except ValueError as error:
            self.message.value = paragraph(str(error), alert=True)
            return
        trouble = ""
        try:
            stored = self._store.save_prediction(self.id, value, self.unit)
            _unsaved.pop(self._key, None)
        except StoreError as error:
            stored = _unsaved[self._key] = Prediction(self.id, value, self.unit, "")
            trouble = str(error)
        self._show_locked(stored, trouble)
        locked(self.id)

    @property
    def _key(self) -> tuple[Path | None, str]:
        return self._store.path, self.id

    def _value(self) -> float | str:
        if isinstance(self.control, NumberBox):
            return self.control.number()
        if self.control.value is None:
            raise ValueError("Choose one of the answers first.")
        return self.control.value

    def _show_stored(self) -> None:
        trouble = ""
        try:
            stored = self._store.prediction(self.id)
        except StoreError as error:
            stored, trouble = None, str(error)
        if found := stored or _unsaved.get(self._key):
            self._show_locked(found, trouble)
        elif trouble:
            self.message.value = paragraph(trouble, alert=True)

    def _show_locked(self, stored: Prediction, trouble: str) -> None:
        self.control.disabled = True
        with suppress(TraitError):  # a later version of the question may have other answers
            typed = isinstance(self.control, NumberBox)
            self.control.value = str(stored.value) if typed else stored.value
        self.button.disabled = not trouble
        self.button.description = "Save again" if trouble else "Locked"
        note = paragraph(trouble, alert=True) if trouble else ""
        self.message.value = paragraph(f"Locked: {stored.text}.") + note


class Reveal(Card):
    """A result beside the prediction; in a workspace it waits until the prediction is locked."""

    def __init__(
        self, id: str, figure: Figure, table: Any, right: str | None, store: Store
    ) -> None:
        self.id, self.figure, self.right = id, figure, right
        self._table, self._store = table, store
        self._body = line()
        self.widget = card([self._body], "mlopt-reveal")
        self.refresh()
        if self.hidden:
            when_locked([id], self.refresh)

    @property
    def hidden(self) -> bool:
        """Whether the result still waits for its prediction."""
        return self._store.persistent and self._stored() is None

    def refresh(self) -> None:
        """Shows the result if its prediction is locked (or nobody can lock one here)."""
        if self.hidden:
            self.still_text, self.still_html = WAITING, paragraph(WAITING)
        else:
            stored = self._stored()
            sentence = compared(stored, self.figure)
            text, html = _table_of(self._table)
            self.still_text = f"{sentence}\n{text}".strip()
            self.still_html = paragraph(sentence, strong=True) + html
            if stored is not None:
                remember(self._store, self.id, self.figure, self.right)
        self._body.value = self.still_html

    def _stored(self) -> Prediction | None:
        return locked_prediction(self.id, self._store)


def predict(
    id: str,
    question: str,
    *,
    kind: Kind = "number",
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    options: Sequence[str] | None = None,
) -> PredictionCard:
    """Asks for a prediction: a number, a slider from `low` to `high`, or a choice of `options`.

    `id` is a claim's id, or claim id + "/" + figure name. A locked prediction shows as locked, also
    after a restart. Raises ValueError for another kind, a slider without ends, a choice without options.
    """
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be number, slider or choice, got {kind!r}.")
    if not id or not question:
        raise ValueError("A prediction needs an id and a question.")
    made = control(kind, unit, low, high, step, options)
    return PredictionCard(id, question, unit, made, open_store())


def reveal(id: str, figure: Figure, *, table: Any = None, right: str | None = None) -> Reveal:
    """Compares the prediction `id` with the measured figure, with a table (DataFrame or Styler) below.

    `right` is the answer that turned out right where the prediction was a choice; lesson 8 compares it.
    In a workspace without this prediction, shows nothing of the result until it is locked; outside a
    workspace (the repository, the web copy) shows the result at once. Raises TypeError for a bare number.
    """
    if not isinstance(figure, Figure):
        raise TypeError(
            "reveal needs a figure with provenance: make it with measured() or another."
        )
    return Reveal(id, figure, table, right, open_store())


def locked_prediction(id: str, store: Store) -> Prediction | None:
    """The prediction of that id; also one that counts in this kernel only, as no file could take it."""
    unsaved = _unsaved.get((store.path, id))
    try:
        return store.prediction(id) or unsaved
    except StoreError:
        return unsaved


def compared(prediction: Prediction | None, figure: Figure) -> str:
    """The prediction beside the figure in one sentence: "You said 4×, it was 1.7×."."""
    was = f"{figure.text} ({figure.provenance})"
    if prediction is None:
        return f"It was {was}."
    return f"You said {prediction.text}, it was {was}."


def _table_of(table: Any) -> tuple[str, str]:
    if table is None:
        return "", ""
    html = (
        table._repr_html_() if hasattr(table, "_repr_html_") else f"<pre>{escape(str(table))}</pre>"
    )
    frame = getattr(table, "data", table)  # a Styler keeps its DataFrame there
    return str(frame), html


def _listed(texts: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<ul>{items}</ul>" if items else ""
