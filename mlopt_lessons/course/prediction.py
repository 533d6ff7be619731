"""Predict, then see: a prediction is stored before its result is shown, and compared with it."""

from collections.abc import Callable, Sequence
from html import escape
from math import isfinite
from typing import Any, Literal, get_args

import ipywidgets as widgets

from mlopt_lessons.course.cards import Card, card, line, paragraph
from mlopt_lessons.course.provenance import Figure, with_unit
from mlopt_lessons.course.store import Prediction, Store, StoreError, open_store

Kind = Literal["number", "slider", "choice"]
WAITING = "Lock in your prediction above; then this fills itself in."

# Results that wait for their prediction in this kernel, by prediction id.
_waiting: dict[str, list[Callable[[], None]]] = {}


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
        self.still_text = f"Predict: {question}"
        self.still_html = paragraph(self.still_text, strong=True)
        self._show_stored()

    def lock(self) -> None:
        """Stores the control's value, unless it cannot be a prediction: then says why, stores nothing."""
        try:
            stored = self._store.save_prediction(self.id, self._value(), self.unit)
        except (ValueError, StoreError) as error:
            self.message.value = paragraph(str(error), alert=True)
            return
        self._show_locked(stored)
        for fill_in in _waiting.pop(self.id, []):
            fill_in()

    def _value(self) -> float | str:
        value = self.control.value
        if isinstance(self.control, widgets.Text):
            return _parsed(value, self.control.low, self.control.high, self.unit)
        if value is None:
            raise ValueError("Choose one of the answers first.")
        return value

    def _show_stored(self) -> None:
        try:
            stored = self._store.prediction(self.id)
        except StoreError as error:
            self.message.value = paragraph(str(error), alert=True)
            return
        if stored:
            self._show_locked(stored)

    def _show_locked(self, stored: Prediction) -> None:
        self.control.disabled = self.button.disabled = True
        self.button.description = "Locked"
        self.message.value = paragraph(f"Locked: {said(stored)}.")


class NumberBox(widgets.Text):
    """A text field for a number in a range; text that is no number gets a sentence, not silence."""

    def __init__(self, low: float | None, high: float | None, **options: Any) -> None:
        super().__init__(**options)
        self.low, self.high = low, high


class Reveal(Card):
    """A result beside the prediction; in a workspace it waits until the prediction is locked."""

    def __init__(self, id: str, figure: Figure, table: Any, store: Store) -> None:
        self.id, self.figure, self._table, self._store = id, figure, table, store
        self._body = line()
        self.widget = card([self._body], "mlopt-reveal")
        self.refresh()
        if self.hidden:
            _waiting.setdefault(id, []).append(self.refresh)

    @property
    def hidden(self) -> bool:
        """Whether the result still waits for its prediction."""
        return self._store.persistent and self._stored() is None

    def refresh(self) -> None:
        """Shows the result if its prediction is locked (or nobody can lock one here)."""
        if self.hidden:
            self.still_text, self.still_html = WAITING, paragraph(WAITING)
        else:
            sentence = compared(self._stored(), self.figure)
            text, html = _table_of(self._table)
            self.still_text = f"{sentence}\n{text}".strip()
            self.still_html = paragraph(sentence, strong=True) + html
        self._body.value = self.still_html

    def _stored(self) -> Prediction | None:
        try:
            return self._store.prediction(self.id)
        except StoreError:
            return None


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
    control = _control(kind, unit, low, high, step, options)
    return PredictionCard(id, question, unit, control, open_store())


def reveal(id: str, figure: Figure, *, table: Any = None) -> Reveal:
    """Compares the prediction `id` with the measured figure, with a table (DataFrame or Styler) below.

    In a workspace without this prediction, shows nothing of the result until it is locked; outside a
    workspace (the repository, the web copy) shows the result at once. Raises TypeError for a bare number.
    """
    if not isinstance(figure, Figure):
        raise TypeError(
            "reveal needs a figure with provenance: make it with measured() or another."
        )
    return Reveal(id, figure, table, open_store())


def said(prediction: Prediction) -> str:
    """What was predicted, with its unit."""
    if isinstance(prediction.value, str):
        return prediction.value
    return with_unit(prediction.value, prediction.unit)


def compared(prediction: Prediction | None, figure: Figure) -> str:
    """The prediction beside the figure in one sentence: "You said 4×, it was 1.7×."."""
    was = f"{figure.text} ({figure.provenance})"
    if prediction is None:
        return f"It was {was}."
    return f"You said {said(prediction)}, it was {was}."


def _control(
    kind: Kind,
    unit: str,
    low: float | None,
    high: float | None,
    step: float | None,
    options: Sequence[str] | None,
) -> widgets.Widget:
    label = f"my prediction ({unit})" if unit else "my prediction"
    style = {"description_width": "initial"}
    if kind == "choice":
        if not options or len(options) < 2:
            raise ValueError("A choice needs at least two options.")
        layout = widgets.Layout(width="auto")
        return widgets.RadioButtons(options=list(options), value=None, layout=layout, style=style)
    if kind == "number":
        return NumberBox(low, high, description=label, placeholder="a number", style=style)
    if low is None or high is None or not low < high:
        raise ValueError(f"A slider needs low below high, got {low} and {high}.")
    middle = low + (high - low) / 2
    step = step or (high - low) / 100
    return widgets.FloatSlider(
        middle, min=low, max=high, step=step, description=label, style=style, readout_format=".2f"
    )


def _parsed(text: str, low: float | None, high: float | None, unit: str) -> float:
    try:
        value = float(text.strip().removesuffix(unit).replace(",", ""))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a number; write one, for example 2.5.") from error
    if not isfinite(value):
        raise ValueError("Write a finite number, for example 2.5.")
    if (low is not None and value < low) or (high is not None and value > high):
        raise ValueError(
            f"{value:g} is outside {low:g} to {high:g}; write a number in that range."
            if low is not None and high is not None
            else f"{value:g} is out of range; write another number."
        )
    return value


def _table_of(table: Any) -> tuple[str, str]:
    if table is None:
        return "", ""
    html = (
        table._repr_html_() if hasattr(table, "_repr_html_") else f"<pre>{escape(str(table))}</pre>"
    )
    frame = getattr(table, "data", table)  # a Styler keeps its DataFrame there
    return str(frame), html
