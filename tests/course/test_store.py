"""The progress file: what is stored comes back, from another store and another process."""

import multiprocessing
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.course.store import (
    MARKER,
    VERDICT_COLUMNS,
    Store,
    StoreError,
    find_workspace,
    open_store,
)

finite = st.floats(allow_nan=False, allow_infinity=False)


def fresh(folder: Path) -> Store:
    """A store as a new process opens it."""
    return Store(folder / MARKER / "progress.sqlite")


def test_a_prediction_comes_back_in_a_new_store(workspace: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    open_store().save_prediction("quant-1", 4.0, "×")
    found = fresh(workspace).prediction("quant-1")
    assert found is not None
    assert (found.id, found.value, found.unit) == ("quant-1", 4.0, "×")
    assert before <= datetime.fromisoformat(found.locked_at) <= datetime.now(UTC)
    assert fresh(workspace).prediction("quant-2") is None


def test_a_locked_prediction_is_never_overwritten(workspace: Path) -> None:
    first = open_store().save_prediction("quant-1", 4.0, "×")
    assert open_store().save_prediction("quant-1", 9.0, "%") == first
    assert fresh(workspace).save_prediction("quant-1", "no idea") == first
    assert fresh(workspace).prediction("quant-1") == first


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text(), finite | st.text(), max_size=8))
def test_any_text_and_any_finite_number_come_back(values: dict[str, float | str]) -> None:
    store = Store(None)
    for id, value in values.items():
        store.save_prediction(id, value)
    found = {id: store.prediction(id) for id in values}
    assert {id: each and each.value for id, each in found.items()} == values


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_prediction_that_is_no_finite_number_is_refused(value: float) -> None:
    store = Store(None)
    with pytest.raises(ValueError, match="finite"):
        store.save_prediction("quant-1", value)
    assert store.prediction("quant-1") is None


def test_answers_and_checks_keep_their_order(workspace: Path) -> None:
    for question, option, correct in [("q1", "a", False), ("q2", "b", True), ("q1", "c", True)]:
        open_store().record_answer(question, option, correct)
    open_store().record_check("quant-a", False, "no-clip")
    open_store().record_check("quant-a", True)
    again = fresh(workspace)
    assert [(a.question, a.option, a.correct) for a in again.answers()] == [
        ("q1", "a", False),
        ("q2", "b", True),
        ("q1", "c", True),
    ]
    assert [a.option for a in again.answers("q1")] == ["a", "c"]
    assert [(c.task, c.passed, c.mistake) for c in again.checks()] == [
        ("quant-a", False, "no-clip"),
        ("quant-a", True, None),
    ]


def test_verdicts_are_the_latest_of_each_claim_figure_and_case(workspace: Path) -> None:
    rows = [
        {"claim": claim, "of": "size", "case_name": case, "value": value}
        for claim, case, value in [
            ("a", "x", 1.0),
            ("b", "x", 2.0),
            ("a", "y", 3.0),
            ("a", "x", 4.0),
        ]
    ]
    for row in rows:
        open_store().record_verdict(row)
    found = fresh(workspace).verdicts()
    assert [(r["claim"], r["case_name"], r["value"]) for r in found] == [
        ("a", "x", 4.0),
        ("b", "x", 2.0),
        ("a", "y", 3.0),
    ]
    assert set(found[0]) == {*VERDICT_COLUMNS, "at"}
    with sqlite3.connect(workspace / MARKER / "progress.sqlite") as plain:
        assert plain.execute("SELECT count(*) FROM verdicts").fetchone() == (4,)


def test_outside_a_workspace_nothing_is_written(no_workspace: Path) -> None:
    store = open_store()
    store.save_prediction("quant-1", 4.0)
    assert not store.persistent
    assert open_store() is store
    assert list(no_workspace.iterdir()) == []


def test_nothing_is_written_before_it_is_used(workspace: Path) -> None:
    assert open_store().persistent
    assert list((workspace / MARKER).iterdir()) == []


def test_the_workspace_is_found_from_a_folder_inside_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLOPT_WORKSPACE")
    inner = workspace / "notebooks" / "deep"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert find_workspace() == workspace.resolve()
    assert find_workspace("/") is None
    assert open_store().path == workspace.resolve() / MARKER / "progress.sqlite"


def test_the_environment_names_the_workspace(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert find_workspace() == workspace.resolve()


def test_a_relative_folder_stays_the_same_after_the_kernel_moves(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPT_WORKSPACE", ".")
    monkeypatch.chdir(workspace)
    store = open_store()
    monkeypatch.chdir("/")
    store.save_prediction("quant-1", 4.0)
    assert fresh(workspace).prediction("quant-1") is not None


def test_a_closed_store_opens_again(workspace: Path) -> None:
    store = open_store()
    store.save_prediction("quant-1", 4.0)
    store.close()
    store.close()
    assert store.prediction("quant-1") is not None


def test_threads_of_one_kernel_may_write_at_once(workspace: Path) -> None:
    store, trouble = open_store(), []

    def write(name: int) -> None:
        try:
            for number in range(10):
                store.record_answer(f"q{name}", str(number), True)
        except StoreError as error:
            trouble.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    for name in range(4):
        assert [a.option for a in store.answers(f"q{name}")] == [str(n) for n in range(10)]


def _write_forty(folder: Path, name: str, start: threading.Barrier) -> None:
    store = Store(folder / MARKER / "progress.sqlite")
    start.wait()
    for number in range(40):
        store.record_answer(name, str(number), True)
    store.save_prediction("quant-1", name)


def test_two_processes_that_write_at_once_lose_nothing(workspace: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    processes = [
        context.Process(target=_write_forty, args=(workspace, name, start)) for name in "ab"
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    answers = fresh(workspace).answers()
    assert len(answers) == 80
    for name in "ab":
        mine = [answer.option for answer in answers if answer.question == name]
        assert mine == [str(n) for n in range(40)]
    locked = fresh(workspace).prediction("quant-1")
    assert locked is not None
    assert locked.value in ("a", "b")
