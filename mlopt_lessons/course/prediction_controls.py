"""The controls that take a prediction: a text field for a number, a slider, a choice."""

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any, Literal

import ipywidgets as widgets

from mlopt_lessons.course.choice import Choice

Kind = Literal["number", "slider", "choice"]
FEWEST_OPTIONS = 2
_GROUPED = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")


class NumberBox(widgets.Text):
    """A text field for a number in a range; text that is no number gets a sentence, not silence."""

    def __init__(
        self, unit: str, low: float | None = None, high: float | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.unit, self.low, self.high = unit, low, high

    def number(self) -> float:
        """What was typed, as a number. Raises ValueError: no number, not finite, out of range."""
        value = parsed(self.value, self.unit)
        low, high = self.low, self.high
        if (low is None or low <= value) and (high is None or value <= high):
            return value
        ends = [f"at least {low:g}"] if low is not None else []
        ends += [f"at most {high:g}"] if high is not None else []
        raise ValueError(f"{value:g} is out of range; write a number of {' and '.join(ends)}.")


def control(
    kind: Kind,
    unit: str,
    low: float | None,
    high: float | None,
    step: float | None,
    options: Sequence[str] | None,
) -> widgets.Widget:
    """The control for a kind of prediction, labelled with its unit.

    Raises ValueError for a slider without two ends and for a choice with fewer than two options.
    """
    label = f"my prediction ({unit})" if unit else "my prediction"
    style = {"description_width": "initial"}
    if kind == "choice":
        if not options or len(options) < FEWEST_OPTIONS:
            raise ValueError(f"A choice needs at least {FEWEST_OPTIONS} options.")
        return Choice([(text, text) for text in options])
    if kind == "number":
        return NumberBox(unit, low, high, description=label, placeholder="a number", style=style)
    if low is None or high is None or not low < high:
        raise ValueError(f"A slider needs low below high, got {low} and {high}.")
    return widgets.FloatSlider(
        low + (high - low) / 2,
        min=low,
        max=high,
        step=step or (high - low) / 100,
        description=label,
        style=style,
        readout_format=".2f",
    )


def parsed(text: str, unit: str) -> float:
    """A number as people type it, with or without its unit: 4, 4×, 4x, $1,000, −0.5 points.

    Raises ValueError for anything else; a decimal comma is an error too, since 2,5 may not become 25.
    """
    if not text.strip():
        raise ValueError("Write your number first, for example 2.5.")
    bare = text.strip().replace("−", "-").removeprefix("$").removesuffix(unit).strip()
    if unit == "×":
        bare = bare.rstrip("xX").strip()
    if _GROUPED.fullmatch(bare):
        bare = bare.replace(",", "")
    try:
        value = float(bare)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not a number; write one with a decimal point, for example 2.5."
        ) from error
    if not isfinite(value):
        raise ValueError("Write a finite number, for example 2.5.")
    return value
