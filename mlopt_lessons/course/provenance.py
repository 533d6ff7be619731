"""Figures that know where they came from. A figure without provenance cannot be made."""

from dataclasses import dataclass
from datetime import date as Date
from html import escape
from math import floor, isfinite, log10
from typing import Literal, get_args

from mlopt_lessons.course.machine import describe
from mlopt_lessons.course.markup import markup

Kind = Literal["measured", "recorded", "simulated", "quoted"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a figure came from.

    measured: here and now, `detail` says how. recorded: real data, `detail` names the source.
    simulated: `detail` names the model, with its `seed`. quoted: the story, a datasheet, a price list.
    Raises ValueError for another kind and for an empty detail or date.
    """

    kind: Kind
    detail: str
    date: str
    machine: str | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, got {self.kind!r}.")
        if not isinstance(self.detail, str) or not self.detail.strip():
            raise ValueError(f"A {self.kind} figure must say where it came from: fill in the text.")
        if not isinstance(self.date, str) or not self.date.strip():
            raise ValueError(f"A {self.kind} figure must say when: give a date.")
        if self.kind == "simulated" and (
            isinstance(self.seed, bool) or not isinstance(self.seed, int)
        ):
            raise ValueError(
                f"A simulated figure needs its seed, a whole number, got {self.seed!r}."
            )

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit, its provenance and, where known, its 95 % interval.

    Raises TypeError without a Provenance and for an interval that is not two ends, ValueError for
    NaN, Inf or an interval that does not hold the value.
    """

    value: float
    unit: str
    provenance: Provenance
    interval: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.provenance, Provenance):
            raise TypeError(
                "A figure needs its provenance: make it with measured(), recorded(), simulated() or quoted()."
            )
        _check_number("value", self.value)
        if self.interval is not None:
            if not isinstance(self.interval, tuple) or len(self.interval) != 2:
                raise TypeError(f"An interval is its two ends (low, high), got {self.interval!r}.")
            low, high = self.interval
            _check_number("interval", low)
            _check_number("interval", high)
            if not low <= self.value <= high:
                raise ValueError(
                    f"The interval {low} to {high} does not hold the value {self.value}."
                )

    @property
    def text(self) -> str:
        """The number with its unit and interval, without provenance."""
        shown = with_unit(self.value, self.unit)
        if self.interval is None:
            return shown
        low, high = (number(end) for end in self.interval)
        return f"{shown} ({low} to {high})"

    def __str__(self) -> str:
        return f"{self.text} ({self.provenance})"

    def _repr_html_(self) -> str:
        return markup(f"<b>{escape(self.text)}</b> <small>({escape(str(self.provenance))})</small>")


def measured(
    value: float, unit: str, how: str, *, interval: tuple[float, float] | None = None
) -> Figure:
    """A figure measured here and now; `how` says with what. The machine and the date are filled in."""
    where = Provenance("measured", how, Date.today().isoformat(), machine=describe().summary())
    return Figure(value, unit, where, interval)


def recorded(
    value: float, unit: str, source: str, date: str, *, interval: tuple[float, float] | None = None
) -> Figure:
    """A figure from real data recorded earlier: its source and date."""
    return Figure(value, unit, Provenance("recorded", source, date), interval)


def simulated(
    value: float, unit: str, model: str, seed: int, *, interval: tuple[float, float] | None = None
) -> Figure:
    """A figure out of a model: which one, and with which seed."""
    where = Provenance("simulated", model, Date.today().isoformat(), seed=seed)
    return Figure(value, unit, where, interval)


def quoted(value: float, unit: str, source: str, date: str) -> Figure:
    """A figure that somebody else states: the story, a datasheet, a price list, with its date."""
    return Figure(value, unit, Provenance("quoted", source, date))


def number(value: float) -> str:
    """A number with three significant digits at least, thousands in groups: 3.98, 0.0123, 1,700."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    places = max(0, 2 - floor(log10(abs(value))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_unit(value: float, unit: str) -> str:
    """Number and unit as people write them: 4×, 93 %, $700, 12 ms."""
    if unit.startswith("$"):
        return f"-{with_unit(-value, unit)}" if value < 0 else f"${number(value)}{unit[1:]}"
    return f"{number(value)}{unit}" if unit == "×" else f"{number(value)} {unit}".rstrip()


def _check_number(what: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"The {what} of a figure must be a number, got {value!r}.")
    if not isfinite(value):
        raise ValueError(f"The {what} of a figure must be finite, got {value}; measure it again.")
