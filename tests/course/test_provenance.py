"""Figures carry where they came from, refuse what is no number, and read as people write."""

import datetime
import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.course.machine import describe
from mlopt_lessons.course.provenance import (
    Figure,
    Provenance,
    measured,
    number,
    quoted,
    recorded,
    simulated,
    with_unit,
)

STORY = Provenance("quoted", "the story", "2026-01-01")


def test_a_measured_figure_knows_its_day_and_machine() -> None:
    figure = measured(3.98, "×", "bytes on disk")
    assert figure.provenance.kind == "measured"
    assert figure.provenance.date == datetime.date.today().isoformat()
    assert figure.provenance.machine == describe().summary()
    assert str(figure) == "3.98× (measured: bytes on disk)"


def test_the_other_kinds_keep_what_they_are_given() -> None:
    old = recorded(12.5, "ms", "trace A", "2024-05-01", interval=(12, 13))
    assert (old.provenance.kind, old.provenance.date) == ("recorded", "2024-05-01")
    assert old.provenance.machine is None
    model = simulated(0.5, "h", "spot model", 7)
    assert (model.provenance.kind, model.provenance.seed) == ("simulated", 7)
    price = quoted(3, "$", "price list", "2026-02-03")
    assert (price.provenance.kind, price.provenance.detail) == ("quoted", "price list")
    assert str(old) == "12.5 ms (12 to 13) (recorded: trace A)"


@pytest.mark.parametrize("where", [None, "the story", {"kind": "quoted"}])
def test_a_figure_without_provenance_cannot_be_made(where: object) -> None:
    with pytest.raises(TypeError, match=r"make it with measured\(\)"):
        Figure(4.0, "×", where)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Figure(4.0, "×")  # type: ignore[call-arg]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float64("nan")])
def test_a_figure_that_is_not_finite_cannot_be_made(value: float) -> None:
    with pytest.raises(ValueError, match="value of a figure must be finite"):
        Figure(value, "×", STORY)
    with pytest.raises(ValueError, match="interval of a figure must be finite"):
        Figure(4.0, "×", STORY, (value, 5.0))
    with pytest.raises(ValueError, match="interval of a figure must be finite"):
        Figure(4.0, "×", STORY, (3.0, value))


@pytest.mark.parametrize("value", ["4", None, True, 4j, [4.0]])
def test_a_figure_of_something_else_cannot_be_made(value: object) -> None:
    with pytest.raises(TypeError, match="must be a number"):
        Figure(value, "×", STORY)  # type: ignore[arg-type]


@pytest.mark.parametrize("interval", [(5.0, 6.0), (1.0, 2.0), (5.0, 3.0)])
def test_an_interval_must_hold_the_value(interval: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="does not hold the value"):
        Figure(4.0, "×", STORY, interval)


@pytest.mark.parametrize("interval", [(4.0,), (3.0, 4.0, 5.0), 4.0, "4"])
def test_an_interval_has_two_ends(interval: object) -> None:
    with pytest.raises(TypeError, match="two ends"):
        Figure(4.0, "×", STORY, interval)  # type: ignore[arg-type]


def test_an_interval_may_be_a_point() -> None:
    assert Figure(4.0, "×", STORY, (4.0, 4.0)).text == "4× (4 to 4)"


@pytest.mark.parametrize("kind", ["guessed", "", None])
def test_provenance_is_of_four_kinds(kind: str) -> None:
    with pytest.raises(ValueError, match="measured, recorded, simulated, quoted"):
        Provenance(kind, "a source", "2026-01-01")  # type: ignore[arg-type]


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_provenance_says_where_and_when(empty: str) -> None:
    with pytest.raises(ValueError, match="where it came from"):
        measured(4.0, "×", empty)
    with pytest.raises(ValueError, match="give a date"):
        recorded(4.0, "×", "a trace", empty)


@pytest.mark.parametrize("seed", [None, 1.5, "7", True])
def test_a_simulation_needs_its_seed(seed: int) -> None:
    with pytest.raises(ValueError, match="needs its seed"):
        simulated(4.0, "×", "a model", seed)


def test_figures_do_not_change() -> None:
    figure = quoted(4.0, "×", "the story", "2026-01-01")
    with pytest.raises(FrozenInstanceError):
        figure.value = 5.0  # type: ignore[misc]


def test_html_escapes_what_it_shows() -> None:
    html = quoted(4.0, "×", "<script>a & b", "2026-01-01")._repr_html_()
    inner = "<b>4×</b> <small>(quoted: &lt;script&gt;a &amp; b)</small>"
    assert html == f'<div class="mathjax_ignore">{inner}</div>'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (-0.0, "0"), (4.0, "4"), (3.98, "3.98"), (3.984, "3.98"), (0.0123, "0.0123"),
        (10, "10"), (100, "100"), (99.96, "100"), (1.5, "1.5"), (1700, "1,700"), (1234567, "1,234,567"),
        (-1.25, "-1.25"), (-1700, "-1,700"), (0.9999, "1"), (20.0, "20"), (0.000123456, "0.000123"),
    ],
)  # fmt: skip
def test_numbers_read_as_people_write_them(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4, "×", "4×"), (93.3, "%", "93.3 %"), (700, "$", "$700"), (1700, "$", "$1,700"),
        (-1700, "$", "-$1,700"), (24, "$/h", "$24/h"), (12, "ms", "12 ms"), (250, "MB", "250 MB"),
        (1.5, "points", "1.5 points"), (3, "", "3"),
    ],
)  # fmt: skip
def test_units_stand_where_people_write_them(value: float, unit: str, text: str) -> None:
    assert with_unit(value, unit) == text


@settings(deadline=None, max_examples=100)
@given(st.floats(min_value=1e-9, max_value=1e12) | st.floats(min_value=-1e12, max_value=-1e-9))
def test_a_shown_number_is_right_to_three_digits(value: float) -> None:
    shown = float(number(value).replace(",", ""))
    assert math.isclose(shown, value, rel_tol=5.01e-3)
    assert "e" not in number(value)
