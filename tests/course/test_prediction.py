"""Predictions: stored before the result shows, never changed, and compared in one sentence."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small_disk import Disk

from mlopt_lessons.course import store
from mlopt_lessons.course.prediction import PredictionCard, Reveal, predict, reveal
from mlopt_lessons.course.provenance import Figure, measured
from mlopt_lessons.course.store import open_store
from mlopt_lessons.course.waiting import WAITING

RESULT = "it was 1.7× (measured: a test)."


def result(value: float = 1.7) -> Figure:
    return measured(value, "×", "a test")


def ask(**changes: Any) -> PredictionCard:
    return predict("quant-3", "How many times faster?", **{"unit": "×", **changes})


def said(card: PredictionCard) -> str:
    """The text of the message, as a learner reads it."""
    return unescape(re.sub("<[^>]*>", "", card.message.value))


def shown(revealed: Reveal) -> str:
    return unescape(re.sub("<[^>]*>", "", revealed.widget.children[0].value))


def lock(card: PredictionCard, value: object) -> PredictionCard:
    card.control.value = value
    card.button.click()
    return card


def restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgets what a new kernel does not know."""
    monkeypatch.setattr(store, "_OPEN", {})


@pytest.mark.parametrize(
    ("kind", "options", "answer", "stored", "words"),
    [
        ("number", {}, "4", 4.0, "4×"),
        ("number", {}, " 1,700.5 ", 1700.5, "1,700×"),
        ("number", {}, "2.5 ×", 2.5, "2.5×"),
        ("number", {}, "−0.5", -0.5, "-0.5×"),
        ("number", {"unit": "$"}, "$1,000", 1000.0, "$1,000"),
        ("slider", {"low": 0, "high": 10}, 2.5, 2.5, "2.5×"),
        ("choice", {"options": ["faster", "slower"]}, "slower", "slower", "slower"),
    ],
)
def test_each_kind_is_stored_and_locked(
    workspace: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    options: dict[str, Any],
    answer: object,
    stored: object,
    words: str,
) -> None:
    card = lock(ask(kind=kind, **options), answer)
    found = open_store().prediction("quant-3")
    assert found is not None
    assert (found.value, found.unit) == (stored, options.get("unit", "×"))
    restart(monkeypatch)
    for each in (card, ask(kind=kind, **options)):
        assert said(each) == f"Locked: {words}."
        assert each.control.disabled
        assert each.button.disabled
        assert each.button.description == "Locked"
    again = ask(kind=kind, **options).control.value
    assert (float(again) if kind == "number" else again) == stored


@pytest.mark.usefixtures("workspace")
class TestRefused:
    @pytest.mark.parametrize("text", ["", "fast", "4 apples", "2,5", "4..", "1 2", "nan", "inf"])
    def test_text_that_is_no_number(self, text: str) -> None:
        card = lock(ask(), text)
        assert "for example 2.5." in said(card)
        assert 'role="alert"' in card.message.value
        assert not card.button.disabled
        assert open_store().prediction("quant-3") is None

    @pytest.mark.parametrize(
        ("ends", "text", "sentence"),
        [
            ({"low": 0, "high": 100}, "101", "101 is out of range; write a number of at least 0 and at most 100."),
            ({"low": 0, "high": 100}, "-1", "-1 is out of range; write a number of at least 0 and at most 100."),
            ({"low": 1}, "0.5", "0.5 is out of range; write a number of at least 1."),
            ({"high": 5}, "6", "6 is out of range; write a number of at most 5."),
        ],
    )  # fmt: skip
    def test_a_number_out_of_range(self, ends: dict[str, float], text: str, sentence: str) -> None:
        assert said(lock(ask(**ends), text)) == sentence
        assert open_store().prediction("quant-3") is None

    @pytest.mark.parametrize("text", ["0", "100"])
    def test_the_ends_are_in_range(self, text: str) -> None:
        assert said(lock(ask(low=0, high=100), text)) == f"Locked: {text}×."

    def test_nothing_chosen(self) -> None:
        card = ask(kind="choice", options=["faster", "slower"])
        card.button.click()
        assert said(card) == "Choose one of the answers first."
        assert open_store().prediction("quant-3") is None
        assert said(lock(card, "faster")) == "Locked: faster."

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ({"kind": "guess"}, "kind must be number, slider or choice"),
            ({"kind": "slider"}, "low below high"),
            ({"kind": "slider", "low": 3, "high": 3}, "low below high"),
            ({"kind": "choice"}, "at least 2 options"),
            ({"kind": "choice", "options": ["one"]}, "at least 2 options"),
        ],
    )
    def test_a_question_that_cannot_be_asked(self, given: dict[str, Any], sentence: str) -> None:
        with pytest.raises(ValueError, match=sentence):
            ask(**given)

    def test_a_question_without_id_or_text(self) -> None:
        with pytest.raises(ValueError, match="an id and a question"):
            predict("", "How fast?")
        with pytest.raises(ValueError, match="an id and a question"):
            predict("quant-3", "")

    @pytest.mark.parametrize("figure", [1.7, "1.7×", None])
    def test_a_bare_number_to_reveal(self, figure: object) -> None:
        with pytest.raises(TypeError, match="figure with provenance"):
            reveal("quant-3", figure)  # type: ignore[arg-type]


@pytest.mark.usefixtures("workspace")
class TestLocking:
    def test_a_locked_prediction_stays(self) -> None:
        first, second = ask(), ask()
        lock(first, "4")
        lock(second, "9")
        assert said(second) == "Locked: 4×."
        assert second.control.value == "4.0"

    def test_an_option_that_is_gone_still_shows_as_said(self) -> None:
        lock(ask(kind="choice", options=["faster", "slower"]), "slower")
        assert said(ask(kind="choice", options=["yes", "no"])) == "Locked: slower."

    def test_progress_that_cannot_be_read_gets_a_sentence(self, workspace: Path) -> None:
        (workspace / ".mlopt/progress.sqlite").write_bytes(b"not a database" * 500)
        assert "is damaged and was left as it is" in said(ask())


def test_where_nothing_can_be_saved_the_prediction_counts_in_this_kernel(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPT_WORKSPACE", str(disk.path))
    (disk.path / ".mlopt").mkdir()
    open_store().answers()  # makes the file
    ballast = disk.fill()
    card, revealed = ask(), reveal("quant-3", result())
    lock(card, "4")
    assert "full" in said(card)
    assert revealed.still_text == f"You said 4×, {RESULT}"
    assert said(ask()).startswith("Locked: 4×.")
    assert open_store().prediction("quant-3") is None
    ballast.unlink()
    assert card.button.description == "Save again"
    card.button.click()
    assert said(card) == "Locked: 4×."
    found = open_store().prediction("quant-3")
    assert found is not None
    assert found.value == 4.0


class TestReveal:
    @pytest.mark.usefixtures("no_workspace")
    def test_outside_a_workspace_it_shows_at_once(self) -> None:
        revealed = reveal("quant-3", result())
        assert revealed.still_text == "It was 1.7× (measured: a test)."
        assert shown(revealed) == revealed.still_text
        lock(ask(), "4")
        assert reveal("quant-3", result()).still_text == f"You said 4×, {RESULT}"

    @pytest.mark.usefixtures("workspace")
    def test_in_a_workspace_it_waits_and_fills_itself_in(self) -> None:
        card, table = ask(), pd.DataFrame({"ms": [12.25]}, index=["FP32"])
        revealed = reveal("quant-3", result(), table=table)
        assert (revealed.still_text, shown(revealed)) == (WAITING, WAITING)
        assert revealed.hidden
        lock(card, "no idea")
        assert (revealed.still_text, shown(revealed)) == (WAITING, WAITING)
        lock(card, "4")
        assert not revealed.hidden
        assert revealed.still_text == f"You said 4×, {RESULT}\n{table}"
        assert f"You said 4×, {RESULT}" in shown(revealed)
        assert "12.25" in shown(revealed)

    @pytest.mark.usefixtures("workspace")
    def test_every_run_of_its_cell_fills_in_and_no_other_claim_does(self) -> None:
        first, again = reveal("quant-3", result(1.0)), reveal("quant-3", result())
        other = reveal("quant-3/size", result())
        lock(ask(), "4")
        assert first.still_text == "You said 4×, it was 1× (measured: a test)."
        assert again.still_text == f"You said 4×, {RESULT}"
        assert other.still_text == WAITING

    @pytest.mark.usefixtures("workspace")
    def test_after_a_restart_it_shows_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lock(ask(), "4")
        restart(monkeypatch)
        assert reveal("quant-3", result()).still_text == f"You said 4×, {RESULT}"

    @pytest.mark.usefixtures("no_workspace")
    def test_tables_show_as_html_and_as_text(self) -> None:
        frame = pd.DataFrame({"bytes": [1234]})
        for table in (frame, frame.style):
            bundle = reveal("quant-3", result(), table=table)._repr_mimebundle_()
            assert "1234" in bundle["text/plain"]
            assert "<table" in bundle["text/html"]
        other = reveal("quant-3", result(), table="<a & b>")
        assert "&lt;a &amp; b&gt;" in other.still_html


@pytest.mark.usefixtures("workspace")
def test_a_saved_notebook_reads_without_a_kernel() -> None:
    card = ask(kind="choice", options=["faster <", "slower"])
    bundle = card._repr_mimebundle_()
    assert bundle["text/plain"].splitlines()[0] == "Predict: How many times faster?"
    assert "faster &lt;" in bundle["text/html"]
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == card.widget.model_id
