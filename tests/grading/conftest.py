"""Fixtures of several files; and shared assertions tell their values, as those in test files do."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlopt_lessons.grading.roster import Roster, read_roster
from mlopt_lessons.grading.session import Session

pytest.register_assert_rewrite("exercise_tests", "judge_tests")


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The class that each test of intake gets a copy of."""
    from intake_class import make_class

    return make_class(tmp_path_factory.mktemp("class") / "root")


@pytest.fixture
def root(pattern: Path, tmp_path: Path) -> Path:
    """A class of one test's own."""
    return Path(shutil.copytree(pattern, tmp_path / "root"))


@pytest.fixture
def alembic(monkeypatch: pytest.MonkeyPatch) -> None:
    """nbgrader asks another program for the version of its tables; here once for all."""
    from toy_class import alembic_version

    monkeypatch.setattr("nbgrader.api.get_alembic_version", alembic_version)


@pytest.fixture
def roster(tmp_path: Path) -> Callable[..., Roster]:
    """Reads a class list with this text."""

    def write(text: str, name: str = "roster.csv") -> Roster:
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        return read_roster(tmp_path / name)

    return write


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """One box for all tests of a file that do not break it, made by a grader with a secret."""
    from boxes import SMALL, real_box

    os.environ["MLOPT_TEST_SECRET"] = "a-secret-of-the-grader"
    try:
        with Session(real_box(), SMALL, {}) as each:
            each.run("import ctypes, mmap, os, shutil, signal, socket")
            yield each
    finally:
        del os.environ["MLOPT_TEST_SECRET"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C reaches what a test starts, also where the tests run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
