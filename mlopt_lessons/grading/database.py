"""The database of a gradebook, SQLite's or PostgreSQL's: changed whole or not at all."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbgrader import api
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from mlopt_lessons.grading.outcomes import TABLES
from mlopt_lessons.grading.records import GradingError
from mlopt_lessons.sentences import first_line

PAUSE_S = 1
LOCKED_S = 60  # how long another program that writes is waited for
DAMAGED = ("file is not a database", "malformed")  # as SQLite says it


def open_book(db_url: str, course_id: str) -> Any:
    """nbgrader's gradebook at a URL, new where there is none, with our tables beside nbgrader's.

    Raises GradingError where it cannot be opened.
    """
    with refusals(db_url), _alembic_on_path():
        try:
            return _opened(db_url, course_id)
        except SQLAlchemyError:  # perhaps another grader was making the same new tables
            time.sleep(PAUSE_S)
            return _opened(db_url, course_id)


@contextmanager
def one_transaction(session: Any) -> Iterator[None]:
    """Makes the commits of nbgrader's methods, one after each step, into a single one at the end."""
    commit, session.commit = session.commit, session.flush
    try:
        with session.no_autoflush:  # nbgrader flushes, by committing, where it must
            yield
        commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        del session.commit


def unreadable(error: BaseException, url: str = "") -> str:
    """The sentence for a gradebook that is damaged, or nothing where the error says no such thing."""
    cause = getattr(error, "orig", None) or error  # without the statement and its values
    if not any(each in str(cause) for each in DAMAGED):
        return ""
    return (
        f"The gradebook{_named(url)} is damaged ({first_line(cause)}); put back a copy of "
        "it, or move it away and grade again."
    )


@contextmanager
def refusals(url: str = "") -> Iterator[None]:
    """What a database refuses, as a sentence."""
    try:
        yield
    except ImportError as error:
        raise GradingError(
            f"The gradebook needs the package {error.name}; for PostgreSQL run "
            "pip install 'psycopg[binary]'."
        ) from error
    except (SQLAlchemyError, api.InvalidEntry) as error:
        raise GradingError(
            unreadable(error, url)
            or f"The gradebook cannot be used: {first_line(error)}; check its URL, and close what "
            "else writes to it."
        ) from error


def _opened(db_url: str, course_id: str) -> Any:
    book = api.Gradebook(_patient(db_url), course_id)
    if not book.assignments:
        _stamp(book.db)
    TABLES.create_all(book.engine)
    return book


def _stamp(session: Any) -> None:
    """Notes the version of a new database, where a grader was killed before nbgrader did."""
    table = "CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)"
    session.execute(text(table))
    if session.execute(text("SELECT version_num FROM alembic_version")).first() is None:
        once = (
            "INSERT INTO alembic_version (version_num) SELECT :version "
            "WHERE NOT EXISTS (SELECT 1 FROM alembic_version)"
        )
        session.execute(text(once), {"version": api.get_alembic_version()})
    session.commit()


@contextmanager
def _alembic_on_path() -> Iterator[None]:
    """nbgrader calls alembic by name, which lies beside this Python, on the PATH or not."""
    path = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), path])
    try:
        yield
    finally:
        os.environ["PATH"] = path


def _named(url: str) -> str:
    """A space and the file or the address, without the password; or nothing."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return ""
    path = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return f" {path or parsed.render_as_string()}"


def _patient(url: str) -> URL:
    """A SQLite database waits for another writer instead of giving up after five seconds."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and "timeout" not in parsed.query:
        parsed = parsed.update_query_dict({"timeout": str(LOCKED_S)})
    return parsed
