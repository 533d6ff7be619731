"""The progress file when things go wrong: a killed kernel, a full or read-only disk, a damaged file."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from small_disk import Disk

from mlopt_lessons.course.store import MARKER, Store, StoreError

# Prints a line after each write call that returned; killed from outside at any moment.
WRITER = """
import sys
from pathlib import Path
from mlopt_lessons.course.store import Store
store = Store(Path(sys.argv[1]))
for number in range(100_000):
    store.record_answer(sys.argv[2], str(number), True)
    store.save_prediction(f"{sys.argv[2]}-{number}", "x" * 3000)
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def make_store(folder: Path) -> Store:
    (folder / MARKER).mkdir(parents=True)
    return Store(folder / MARKER / "progress.sqlite")


def killed_writer(path: Path, name: str, after: float) -> list[str]:
    """What a writing process reported as stored before kill -9 reached it."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    reported = [process.stdout.readline().strip()]
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    reported += process.stdout.read().split("\n")[:-1]
    process.wait()
    return [line.strip() for line in reported]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9.")
def test_a_killed_kernel_loses_nothing_that_was_stored(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    moments = random.Random(5)
    for attempt in range(15):
        name = f"run{attempt}"
        assert store.path is not None
        reported = killed_writer(store.path, name, after=moments.uniform(0, 0.08))
        again = Store(store.path)
        stored = [answer.option for answer in again.answers(name)]
        assert reported == stored[: len(reported)]
        assert len(stored) <= len(reported) + 1  # the one that was under way
        assert all(again.prediction(f"{name}-{number}") for number in reported)
        with sqlite3.connect(store.path) as plain:
            assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_transaction_cut_short_is_rolled_back(tmp_path: Path) -> None:
    """Killed between two writes of one transaction: neither of them is seen, all before it is."""
    store = make_store(tmp_path)
    store.record_answer("q1", "a", True)
    code = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_size = 1'); c.execute('BEGIN IMMEDIATE')\n"
        "c.execute(\"UPDATE answers SET option = 'spoilt'\")\n"
        "c.executemany('INSERT INTO answers (at, question, option, correct) VALUES (1, 2, ?, 1)',\n"
        "              [('x' * 900,)] * 500)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(store.path)], check=False)
    assert store.path is not None
    assert store.path.with_name("progress.sqlite-journal").exists()
    assert [answer.option for answer in Store(store.path).answers()] == ["a"]


def writes(store: Store) -> list[Callable[[], object]]:
    return [
        lambda: store.save_prediction("quant-2", 1.0),
        lambda: store.record_answer("q2", "b", True),
        lambda: store.record_check("task", True),
        lambda: store.record_verdict({"claim": "quant-1", "of": "size", "case_name": ""}),
    ]


def test_a_read_only_folder_gets_a_sentence_and_is_still_read(disk: Disk) -> None:
    store = make_store(disk.path)
    store.save_prediction("quant-1", 4.0)
    store.close()
    disk.read_only()
    for write in writes(store):
        with pytest.raises(StoreError, match=r"is read-only\. Copy the workspace"):
            write()
    found = store.prediction("quant-1")
    assert found is not None
    assert found.value == 4.0


def test_a_read_only_folder_without_progress_gets_a_sentence(disk: Disk) -> None:
    store = make_store(disk.path)
    disk.read_only()
    with pytest.raises(StoreError, match=r"cannot be opened\. Check that its folder exists"):
        store.save_prediction("quant-1", 4.0)


def test_a_folder_that_is_gone_gets_a_sentence(tmp_path: Path) -> None:
    store = Store(tmp_path / "gone" / MARKER / "progress.sqlite")
    with pytest.raises(StoreError, match=r"cannot be opened\. Check that its folder exists"):
        store.answers()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_gets_a_sentence_and_works_again_once_there_is_room(disk: Disk) -> None:
    store = make_store(disk.path)
    store.save_prediction("quant-1", 4.0)
    store.record_answer("q1", "a", True)
    ballast = disk.fill()
    for write in writes(store):
        with pytest.raises(StoreError, match="full"):
            write()
    assert [answer.question for answer in store.answers()] == ["q1"]
    assert store.prediction("quant-1") is not None
    assert store.prediction("quant-2") is None
    ballast.unlink()
    for write in writes(store):
        write()
    assert [answer.question for answer in store.answers()] == ["q1", "q2"]
    assert store.prediction("quant-2") is not None


def test_a_file_that_may_not_grow_keeps_what_it_has(tmp_path: Path) -> None:
    """The same without a disk to fill: SQLite itself refuses more pages."""
    store = make_store(tmp_path)
    store.record_answer("q1", "a", True)
    connection = store._open()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match=r"the disk of .* is full"):
        store.save_prediction("quant-1", "x" * 100_000)
    assert [answer.question for answer in store.answers()] == ["q1"]
    connection.execute("PRAGMA max_page_count = 1000000")
    store.save_prediction("quant-1", "x" * 100_000)
    assert store.path is not None
    assert Store(store.path).prediction("quant-1") is not None


def damaged(intact: bytes, how: str) -> bytes:
    if how == "not SQLite":
        return b"not a database, but somebody's notes\n" * 200
    if how == "header":
        return bytes(100) + intact[100:]
    if how == "cut":
        return intact[: len(intact) // 2]
    return intact[:4096] + b"\xff" * (len(intact) - 4096)  # every page but the first


@pytest.mark.parametrize("how", ["not SQLite", "header", "cut", "pages"])
def test_a_damaged_file_gets_a_sentence_and_is_left_as_it_is(tmp_path: Path, how: str) -> None:
    store = make_store(tmp_path)
    for number in range(200):
        store.record_answer(f"q{number}", "a", True)
    store.close()
    assert store.path is not None
    spoilt = damaged(store.path.read_bytes(), how)
    store.path.write_bytes(spoilt)
    with pytest.raises(StoreError, match="is damaged and was left as it is"):
        store.answers()
    with pytest.raises(StoreError, match="is damaged and was left as it is"):
        store.record_answer("q", "a", True)
    assert store.path.read_bytes() == spoilt


def test_a_writer_that_never_ends_gets_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlopt_lessons.course.store.WAIT_SECONDS", 0.05)
    store = make_store(tmp_path)
    store.record_answer("q1", "a", True)
    assert store.path is not None
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another notebook is writing"):
        store.record_answer("q2", "a", True)
    other.execute("ROLLBACK")
    store.record_answer("q2", "a", True)
    assert [answer.question for answer in store.answers()] == ["q1", "q2"]


def test_a_value_that_cannot_be_stored_loses_nothing(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.record_answer("q1", "a", True)
    with pytest.raises(StoreError, match="nothing stored before is lost"):
        store.record_verdict({"claim": "quant-1", "of": "size", "value": json})
    assert [answer.question for answer in store.answers()] == ["q1"]
