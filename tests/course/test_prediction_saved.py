"""What a prediction leaves in a saved notebook: no result before its time, nothing that varies."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from ipywidgets.embed import dependency_state

from mlopt_lessons.course.cards import Card
from mlopt_lessons.course.prediction import PredictionCard, Reveal, predict, reveal
from mlopt_lessons.course.provenance import quoted

VIEW = "application/vnd.jupyter.widget-view+json"


def ask() -> PredictionCard:
    return predict("quant-1", "How many times smaller?", unit="×", low=1, high=10)


def result() -> Reveal:
    figure = quoted(1.734, "×", "a datasheet", "2026-11-01")
    return reveal("quant-1", figure, table=pd.DataFrame({"bytes": [987654]}))


def saved(shown: Card) -> str:
    """All that a notebook keeps of an output: its mimebundle and its widgets' state."""
    return str(shown._repr_mimebundle_()) + str(dependency_state([shown.widget]))


def test_the_result_is_nowhere_until_the_prediction_is_locked(workspace: Path) -> None:
    card, waiting = ask(), result()
    assert "1.73" not in saved(waiting)
    assert "987654" not in saved(waiting)
    card.control.value = "4"
    card.button.click()
    assert "1.73×" in saved(waiting)
    assert "987654" in saved(waiting)


@pytest.mark.parametrize("make", [ask, result])
def test_two_runs_save_the_same(no_workspace: Path, make: Callable[[], Card]) -> None:
    one, other = (make()._repr_mimebundle_() for _ in range(2))
    assert one.keys() == {"text/plain", "text/html", VIEW}
    assert one["text/plain"] == other["text/plain"]
    assert one["text/html"] == other["text/html"]


def test_each_control_is_labelled_with_its_unit(no_workspace: Path) -> None:
    assert ask().control.description == "my prediction (×)"
    slider = predict("quant-1", "How many?", kind="slider", unit="levels", low=1, high=255)
    assert slider.control.description == "my prediction (levels)"
