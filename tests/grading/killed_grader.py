"""Grades copies of a class, each killed at another point: `python killed_grader.py CLASS OUT`.

A child for each point, as SIGKILL leaves nobody to tell. OUT/POINT/killed is the folder as the kill
left it, OUT/POINT/resumed the same after a second run to its end, and OUT/whole that was never killed.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from nbgrader import api
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session
from toy_class import LESSON, alembic_version, fake_grade_one

from mlopt_lessons.grading import batch, box
from mlopt_lessons.grading.classroom import Classroom

EVERY = 9  # statements between two kills


def grade(folder: Path) -> None:
    batch.grade_one = fake_grade_one
    batch.grade_class(Classroom(folder), LESSON, seed=5, jobs=1, box=NoBox(), report=str)


class NoBox(box.Bubblewrap):
    """A box that is always there; the grader of these tests uses none."""

    def refusal(self) -> str:
        return ""


def in_child(work: Callable[[], None]) -> int:
    """Does it in a child; returns the signal that killed it, or 0. Raises RuntimeError if it fails."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("the child failed")
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def dying_at(number: int) -> Callable[..., None]:
    """A function that kills its process when it is called for the time of that number."""
    calls = count(1)

    def called(*_: Any) -> None:
        if next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return called


def at_statement(number: int) -> None:
    die = dying_at(number)
    event.listen(Engine, "before_cursor_execute", lambda *_: die())


def at_commit(number: int) -> None:
    die = dying_at(number)
    event.listen(Session, "before_commit", lambda *_: die())


def at_replace(number: int) -> None:
    die, replace = dying_at(number), os.replace

    def dying(*paths: Any) -> None:
        die()
        replace(*paths)
        die()

    os.replace = dying


def killed(folder: Path, out: Path, arm: Callable[[int], None], number: int) -> bool:
    """Whether a run that was to die at this point did; it is run again where it did."""
    shutil.copytree(folder, out / "killed")
    died = in_child(lambda: (arm(number), grade(out / "killed")))
    if died:
        shutil.copytree(out / "killed", out / "resumed")
        in_child(lambda: grade(out / "resumed"))
    return died == signal.SIGKILL


def main(folder: Path, out: Path) -> None:
    api.get_alembic_version = alembic_version
    alembic_version()
    shutil.copytree(folder, out / "whole")
    in_child(lambda: grade(out / "whole"))
    for arm, step in ((at_statement, EVERY), (at_commit, 1), (at_replace, 1)):
        for number in count(1, step):
            point = out / f"{arm.__name__}_{number}"
            if not killed(folder, point, arm, number):
                shutil.rmtree(point)
                break


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
