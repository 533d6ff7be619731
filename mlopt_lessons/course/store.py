"""A learner's progress in one SQLite file: predictions, verdicts, answers, checks, notes.

The file is `.mlopt/progress.sqlite` in the workspace. Each change is one short transaction with
SQLite's rollback journal and full synchronisation, so that a kernel killed in the middle of a write
leaves what was stored before. Two notebooks may write at once: the second waits. Outside a
workspace (the repository, the web copy) progress lives in memory and ends with the kernel.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from mlopt_lessons.course.provenance import with_unit

MARKER = ".mlopt"
FILE = "progress.sqlite"
WAIT_SECONDS = 10.0
# The columns of a verdict besides its number and the time it was recorded.
VERDICT_COLUMNS = (
    "claim", "of", "case_name", "value", "unit", "low", "high", "kind", "detail", "date", "machine",
    "seed", "dollars", "dollars_unit", "dollars_low", "dollars_high", "dollars_kind",
    "dollars_detail", "dollars_date", "dollars_machine", "dollars_seed", "why",
)  # fmt: skip
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS predictions (
    id TEXT PRIMARY KEY, value NOT NULL, unit TEXT NOT NULL, locked_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS verdicts (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, {", ".join(VERDICT_COLUMNS)});
CREATE TABLE IF NOT EXISTS answers (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, question TEXT NOT NULL, option TEXT NOT NULL,
    correct INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS checks (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, task TEXT NOT NULL, passed INTEGER NOT NULL,
    mistake TEXT);
"""
# Made with the first note, so that a file of an older course is read as it is, also where it is read-only.
NOTES = (
    "CREATE TABLE IF NOT EXISTS notes (id TEXT PRIMARY KEY, at TEXT NOT NULL, text TEXT NOT NULL)"
)


class StoreError(OSError):
    """Progress that cannot be read or written now; what was stored before is untouched."""


@dataclass(frozen=True)
class Prediction:
    """What a learner predicted, locked before the result was shown."""

    id: str
    value: float | str
    unit: str
    locked_at: str

    @property
    def text(self) -> str:
        """What was predicted, with its unit."""
        return self.value if isinstance(self.value, str) else with_unit(self.value, self.unit)


@dataclass(frozen=True)
class Answer:
    """One answer to a quiz question."""

    question: str
    option: str
    correct: bool
    at: str


@dataclass(frozen=True)
class Check:
    """One run of an exercise's check, with the misconception it recognised, if any."""

    task: str
    passed: bool
    mistake: str | None
    at: str


class Store:
    """Progress in the SQLite file at `path`, or in memory without one.

    Every method raises StoreError with one sentence where the file cannot be read or written.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.RLock()  # threads of one process share the connection

    @property
    def persistent(self) -> bool:
        """Whether progress outlives the kernel."""
        return self.path is not None

    def save_prediction(self, id: str, value: float | str, unit: str = "") -> Prediction:
        """Locks a prediction. One that is locked already stays as it is, and is returned.

        Raises ValueError for NaN and Inf.
        """
        if not isinstance(value, str) and not isfinite(value):
            raise ValueError(f"A prediction must be a finite number, got {value}.")
        with self._write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO predictions VALUES (?, ?, ?, ?)", (id, value, unit, _now())
            )
        stored = self.prediction(id)
        assert stored is not None
        return stored

    def prediction(self, id: str) -> Prediction | None:
        """The prediction of that id, or None."""
        rows = self._read("SELECT id, value, unit, locked_at FROM predictions WHERE id = ?", id)
        return Prediction(*rows[0]) if rows else None

    def predictions(self) -> list[Prediction]:
        """All predictions, in the order in which they were locked."""
        rows = self._read("SELECT id, value, unit, locked_at FROM predictions ORDER BY rowid")
        return [Prediction(*row) for row in rows]

    def record_verdict(self, row: Mapping[str, Any]) -> None:
        """Adds a verdict: the columns of VERDICT_COLUMNS, missing ones empty. Older ones stay."""
        values = [row.get(column) for column in VERDICT_COLUMNS]
        marks = ", ".join("?" for _ in values)
        with self._write() as connection:
            connection.execute(
                f"INSERT INTO verdicts (at, {', '.join(VERDICT_COLUMNS)}) VALUES (?, {marks})",
                (_now(), *values),
            )

    def verdicts(self) -> list[dict[str, Any]]:
        """The latest verdict of each claim, figure and case, in the order they were first recorded."""
        rows = self._read(f"SELECT {', '.join(VERDICT_COLUMNS)}, at FROM verdicts ORDER BY number")
        named = (dict(zip((*VERDICT_COLUMNS, "at"), row, strict=True)) for row in rows)
        latest: dict[tuple[str, ...], dict[str, Any]] = {}
        for row in named:
            latest[row["claim"], row["of"], row["case_name"]] = row
        return list(latest.values())

    def record_answer(self, question: str, option: str, correct: bool) -> None:
        """Adds an answer to a quiz question."""
        with self._write() as connection:
            connection.execute(
                "INSERT INTO answers (at, question, option, correct) VALUES (?, ?, ?, ?)",
                (_now(), question, option, int(correct)),
            )

    def answers(self, question: str | None = None) -> list[Answer]:
        """All answers, oldest first; only those to `question` when given."""
        rows = self._read("SELECT question, option, correct, at FROM answers ORDER BY number")
        found = [Answer(q, o, bool(correct), at) for q, o, correct, at in rows]
        return [a for a in found if question is None or a.question == question]

    def record_check(self, task: str, passed: bool, mistake: str | None = None) -> None:
        """Adds the outcome of an exercise's check."""
        with self._write() as connection:
            connection.execute(
                "INSERT INTO checks (at, task, passed, mistake) VALUES (?, ?, ?, ?)",
                (_now(), task, int(passed), mistake),
            )

    def checks(self) -> list[Check]:
        """All checks that ran, oldest first."""
        rows = self._read("SELECT task, passed, mistake, at FROM checks ORDER BY number")
        return [Check(task, bool(passed), mistake, at) for task, passed, mistake, at in rows]

    def save_note(self, id: str, text: str) -> None:
        """Keeps a text under that id, in the place of an earlier one."""
        with self._write() as connection:
            connection.execute(NOTES)
            connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?)", (id, _now(), text))

    def notes(self, prefix: str) -> dict[str, str]:
        """The texts of all ids that begin with `prefix`."""
        if not self._read("SELECT 1 FROM sqlite_master WHERE name = 'notes'"):
            return {}
        rows = self._read("SELECT id, text FROM notes ORDER BY id")
        return {id: text for id, text in rows if id.startswith(prefix)}

    def close(self) -> None:
        """Closes the file; the next call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock, self._open() as connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
        except sqlite3.Error as error:
            raise StoreError(self._sentence(error)) from error

    def _read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with self._lock:
                return self._open().execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(self._sentence(error)) from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path or ":memory:",
            timeout=WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            if not _has_tables(connection):
                connection.executescript(f"BEGIN IMMEDIATE;{SCHEMA}COMMIT;")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _sentence(self, error: sqlite3.Error) -> str:
        reason = str(error)
        for key, sentence in SENTENCES.items():
            if key in reason:
                return sentence.format(path=self.path)
        return f"Progress in {self.path} cannot be used ({reason}); nothing stored before is lost."


SENTENCES = {
    "readonly": "Progress cannot be saved: {path} is read-only. Copy the workspace to a folder of your "
    "own; what was stored is still there.",
    "unable to open": "Progress cannot be saved: {path} cannot be opened. Check that its folder exists "
    "and that you may write there.",
    "full": "Progress cannot be saved: the disk of {path} is full. Free some space and try again; what was "
    "stored is still there.",
    "locked": "Progress cannot be saved now: another notebook is writing to {path}. Try again.",
    "not a database": "{path} is damaged and was left as it is. Move it aside to start anew, or restore "
    "it from a backup.",
    "malformed": "{path} is damaged and was left as it is. Move it aside to start anew, or restore it "
    "from a backup.",
    "disk I/O": "Progress cannot be saved: {path} cannot be written (the disk may be full or gone). What "
    "was stored is still there.",
}


def find_workspace(start: Path | str | None = None) -> Path | None:
    """The learner's workspace: MLOPT_WORKSPACE, or the nearest folder upwards that holds `.mlopt`."""
    if named := os.environ.get("MLOPT_WORKSPACE"):
        return Path(named).expanduser().resolve()
    folder = Path(start or Path.cwd()).resolve()
    return next((each for each in (folder, *folder.parents) if (each / MARKER).is_dir()), None)


_OPEN: dict[Path | None, Store] = {}


def open_store(folder: Path | str | None = None) -> Store:
    """The progress of the workspace `folder` (default: the one around the current folder).

    One store a process and file. Nothing is opened or written before it is used.
    """
    workspace = Path(folder).resolve() if folder is not None else find_workspace()
    path = workspace / MARKER / FILE if workspace is not None else None
    if path not in _OPEN:
        _OPEN[path] = Store(path)
    return _OPEN[path]


def _has_tables(connection: sqlite3.Connection) -> bool:
    query = "SELECT count(*) FROM sqlite_master WHERE name IN ('predictions', 'verdicts', 'answers', 'checks')"
    return connection.execute(query).fetchone()[0] == 4


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
