"""Ledger, calibration and takeaways as cards: whole, readable, and silent about what was not predicted."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ledger_story import half_way

from mlopt_lessons.course import calibration_card, ledger_card, predict, takeaway_card
from mlopt_lessons.course.calibration import NOTHING
from mlopt_lessons.course.claims import CLAIMS
from mlopt_lessons.course.ledger_page import CLOSE, html_table
from mlopt_lessons.course.store import MARKER, open_store
from mlopt_lessons.course.waiting import WAITING

CARDS = [ledger_card, calibration_card, takeaway_card]


class Rows(HTMLParser):
    """The rows of a page's tables, as a browser's parser reads them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def plain(html: str) -> str:
    return unescape(re.sub("<[^>]*>", " ", html))


@pytest.mark.usefixtures("no_workspace")
def test_an_empty_ledger_reads_well() -> None:
    card = ledger_card()
    assert "Nothing measured yet" in card.still_text
    assert all(id in plain(card.still_html) for id in CLAIMS)
    assert card.widget.value == card.still_html
    assert calibration_card().still_text == NOTHING
    takeaways = takeaway_card().still_text
    assert takeaways.count("Find your own in notebooks/") == 6


@pytest.mark.parametrize("made", CARDS)
def test_dollars_are_dollars_in_a_cell(no_workspace: Path, made: object) -> None:
    shown = made()._repr_mimebundle_()  # type: ignore[operator]
    assert shown["text/html"].startswith('<div class="mathjax_ignore">')
    assert "application/vnd.jupyter.widget-view+json" in shown


def test_a_row_a_case_and_no_repeated_names(workspace: Path) -> None:
    half_way(open_store())
    rows = Rows(ledger_card().still_html).rows
    assert rows[0] == [
        "claim", "the story", "you", "case", "found", "verdict", "in dollars", "where from",
    ]  # fmt: skip
    speeds = [row for row in rows if row[3] in ("MLP", "CNN", "GPT")]
    assert [row[:3] for row in speeds] == [["quant-3 speed", "4×", "3×"], [""] * 3, [""] * 3]
    assert [row[4] for row in speeds] == ["1.7×", "0.6×", "3.9×"]
    assert any("saved <hourly>" in row for row in rows)  # a case's name is text, not markup
    assert "3.97" not in ledger_card().still_html


def test_equal_rows_of_different_claims_are_not_merged() -> None:
    rows = Rows(html_table([("a", "b"), ("x", "1"), ("x", "2"), ("y", "2")], grouped=1)).rows
    assert rows == [["a", "b"], ["x", "1"], ["", "2"], ["y", "2"]]
    assert Rows(html_table([("a",), ("x",), ("x",)])).rows == [["a"], ["x"], ["x"]]


def test_calibration_waits_for_its_prediction_and_then_compares(workspace: Path) -> None:
    half_way(open_store())
    card = calibration_card()
    assert card.still_text == WAITING
    asked = predict(CLOSE, "Which part was close?", unit="%")
    asked.control.value = "75"
    asked.lock()
    assert card.still_text.startswith("You said 75 % would be close; it was 50 %.")
    rows = Rows(card.widget.value).rows
    assert ["05_quantization", "2", "1", "8.88×", "–", "2", "0"] in rows  # median of 1.76 and 16
    assert ["quant-2/outlier", "200 levels", "12.5 levels", "16 times too high"] in rows
    assert ["gpu-1/pick", "T4", "A10G", "wrong"] in rows


@pytest.mark.parametrize("made", [ledger_card, takeaway_card])
def test_a_damaged_file_is_said(workspace: Path, made: object) -> None:
    (workspace / MARKER / "progress.sqlite").write_bytes(b"no database" * 100)
    card = made()  # type: ignore[operator]
    assert "is damaged and was left as it is" in card.still_text
    assert 'role="alert"' in card.still_html
