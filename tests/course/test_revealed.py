"""What came out for a prediction is kept, also in a file that an older course made."""

import hashlib
import sqlite3
from pathlib import Path

import pytest

from mlopt_lessons.course import measured, predict, quoted, reveal
from mlopt_lessons.course.revealed import Revealed, revealed
from mlopt_lessons.course.store import MARKER, Store, StoreError, open_store

# The tables of an older course, as its files have them.
OLDER = """
CREATE TABLE predictions (id TEXT PRIMARY KEY, value NOT NULL, unit TEXT NOT NULL, locked_at TEXT NOT NULL);
CREATE TABLE verdicts (number INTEGER PRIMARY KEY, at TEXT NOT NULL, claim, of, case_name, value, unit, low,
  high, kind, detail, date, machine, seed, dollars, dollars_unit, dollars_low, dollars_high, dollars_kind,
  dollars_detail, dollars_date, dollars_machine, dollars_seed, why);
CREATE TABLE answers (number INTEGER PRIMARY KEY, at TEXT NOT NULL, question TEXT NOT NULL,
  option TEXT NOT NULL, correct INTEGER NOT NULL);
CREATE TABLE checks (number INTEGER PRIMARY KEY, at TEXT NOT NULL, task TEXT NOT NULL,
  passed INTEGER NOT NULL, mistake TEXT);
INSERT INTO predictions VALUES ('quant-1', 4.0, '×', '2026-01-01T00:00:00+00:00');
INSERT INTO predictions VALUES ('a-first', 1.0, '×', '2026-01-02T00:00:00+00:00');
"""


@pytest.fixture
def older(workspace: Path) -> Path:
    path = workspace / MARKER / "progress.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(OLDER)
    connection.close()
    return path


def test_a_file_of_an_older_course_is_read_without_a_change(older: Path) -> None:
    before = hashlib.sha256(older.read_bytes()).hexdigest()
    store = Store(older)
    assert revealed(store) == {}
    assert [each.id for each in store.predictions()] == ["quant-1", "a-first"]
    store.close()
    assert hashlib.sha256(older.read_bytes()).hexdigest() == before


def test_a_file_of_an_older_course_takes_notes_and_keeps_its_rows(older: Path) -> None:
    reveal("quant-1", measured(3.97, "×", "bytes"))
    again = Store(older)
    assert again.prediction("quant-1") is not None
    assert revealed(again) == {"quant-1": Revealed(3.97, "×", "measured: bytes")}


def test_nothing_is_kept_before_the_prediction_is_locked(workspace: Path) -> None:
    card = predict("quant-1", "How many times smaller?", unit="×")
    shown = reveal("quant-1", measured(3.97, "×", "bytes"))
    assert revealed(open_store()) == {}
    card.control.value = "4"
    card.lock()
    assert not shown.hidden
    assert revealed(open_store())["quant-1"].value == 3.97


def test_the_latest_run_counts_and_a_choice_keeps_its_right_answer(workspace: Path) -> None:
    open_store().save_prediction("gpu-1/pick", "T4")
    for dollars, right in ((3.0, "T4"), (2.0, "A10G")):
        reveal("gpu-1/pick", quoted(dollars, "$", "a list", "2026"), right=right)
    fresh = Store(workspace / MARKER / "progress.sqlite")
    assert revealed(fresh) == {"gpu-1/pick": Revealed(2.0, "$", "quoted: a list", "A10G")}


def test_where_nothing_can_be_kept_the_figure_is_shown_all_the_same(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store().save_prediction("quant-1", 4.0, "×")

    def full(self: Store, id: str, text: str) -> None:
        raise StoreError("The disk is full.")

    monkeypatch.setattr(Store, "save_note", full)
    assert "it was 3.97×" in reveal("quant-1", measured(3.97, "×", "bytes")).still_text


def test_notes_are_found_by_the_beginning_of_their_id() -> None:
    store = Store(None)
    for id, text in (("a/1", "x"), ("a%", "y"), ("b/1", "z"), ("a/1", "new")):
        store.save_note(id, text)
    assert store.notes("a/") == {"a/1": "new"}
    assert store.notes("a") == {"a/1": "new", "a%": "y"}
    assert store.notes("c") == {}
