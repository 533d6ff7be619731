"""Where hand-ins are put down: each beside its place first, then there by one rename.

An intake that is killed leaves at most a folder `.intake-…` that nothing reads and the next intake
removes. A hand-in that is there already is never written to.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from mlopt_lessons.grading.handin import read_bytes
from mlopt_lessons.grading.records import GradingError, HandinProblem

STAMP = "timestamp.txt"  # as nbgrader names it
BESIDE = (STAMP, "submission_secret.txt")
STAGE = ".intake-"
STAMP_MB = 0.001
LARGEST_MB = 100  # a file of an earlier hand-in over this is not the same as a new one

# dated: the same is there already, and has another time now
Done = Literal["took", "kept", "dated", "replaced"]


class Desk:
    """The folder of hand-ins; `place(student, lesson)` is where one belongs.

    Use `desk_at`, which holds it for one intake alone.
    """

    def __init__(self, base: Path, place: Callable[[str, str], Path], stage: Path) -> None:
        self.base = base
        self.place = place
        self.stage = stage
        self._count = 0

    def students(self) -> list[str]:
        """Who has a folder already."""
        return sorted(each.name for each in self.base.iterdir() if not each.name.startswith("."))

    def time_of(self, student: str, lesson: str) -> datetime | None:
        """When the hand-in that is there came, UTC without a zone; None where nothing tells."""
        return _time_in(self.place(student, lesson) / STAMP)

    def put_down(self, files: dict[str, bytes]) -> Path:
        """Writes files, by their paths, into a new folder that nothing reads yet."""
        self._count += 1
        folder = self.stage / str(self._count)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder

    def hand_over(
        self,
        staged: Path,
        student: str,
        lesson: str,
        at: datetime | None,
        *,
        replace: bool,
        correct: bool = False,
    ) -> Done:
        """Moves a folder to its place. Raises HandinProblem where another hand-in is there.

        With `replace` that one goes to replaced/STUDENT/LESSON/TIME first. With `correct` the same
        hand-in, where it is there already, gets the time `at` if it has another.
        """
        place = self.place(student, lesson)
        if place.parent.is_symlink():
            raise HandinProblem(f"{place.parent} is a link, and hand-ins must lie in the class.")
        if _is_there(place) and _contents(place) == _contents(staged):
            return "dated" if correct and at and _date(place, staged, at) else "kept"
        if _is_there(place) and not replace:
            raise HandinProblem(
                f"{student} handed in another {lesson} before, and it was left as it is; "
                "with --replace this one is taken, and the earlier one is kept in replaced/."
            )
        if at is not None:
            (staged / STAMP).write_text(_stamp(at), encoding="utf-8")
        replaced = _is_there(place)
        if replaced:
            self._set_aside(place, student, lesson)
        place.parent.mkdir(parents=True, exist_ok=True)
        self._rename(staged, place)
        return "replaced" if replaced else "took"

    def _set_aside(self, place: Path, student: str, lesson: str) -> None:
        above = self.base.parent / "replaced" / student / lesson
        above.mkdir(parents=True, exist_ok=True)
        now = f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}"
        names = (now if not again else f"{now}-{again}" for again in range(1000))
        os.rename(place, next(above / each for each in names if not os.path.lexists(above / each)))

    def _rename(self, staged: Path, place: Path) -> None:
        """In one step; a folder with something in it is never overwritten by a rename."""
        try:
            os.rename(staged, place)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                raise HandinProblem(
                    f"Something else was put to {place} meanwhile, and it was left as it is."
                ) from error
            raise


@contextmanager
def desk_at(base: Path, place: Callable[[str, str], Path]) -> Iterator[Desk]:
    """The desk, for one intake at a time. Raises GradingError where another one runs."""
    base.mkdir(parents=True, exist_ok=True)
    with open(base / ".intake.lock", "wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GradingError(
                f"Another intake writes to {base}; wait until it has ended."
            ) from error
        for left in base.glob(f"{STAGE}*"):
            shutil.rmtree(left)
        stage = Path(tempfile.mkdtemp(dir=base, prefix=STAGE))
        try:
            yield Desk(base, place, stage)
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def _date(place: Path, staged: Path, at: datetime) -> bool:
    """Gives a hand-in another time, by one rename; whether it had not that time already."""
    if _time_in(place / STAMP) == at.replace(tzinfo=None, microsecond=0):
        return False
    (staged / STAMP).write_text(_stamp(at), encoding="utf-8")
    os.replace(staged / STAMP, place / STAMP)
    return True


def _time_in(path: Path) -> datetime | None:
    """The time in a file, UTC without a zone; None where there is none."""
    from nbgrader.utils import parse_utc

    try:
        at: datetime = parse_utc(read_bytes(path, STAMP_MB).decode().strip())
    except (HandinProblem, ValueError, OverflowError):
        return None
    return at


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC\n"


def _is_there(place: Path) -> bool:
    """Whether there is anything; an empty folder holds no hand-in."""
    if place.is_symlink() or not place.is_dir():
        return os.path.lexists(place)
    return any(place.iterdir())


def _contents(folder: Path) -> dict[str, str] | None:
    """A hash of each file of a hand-in, without what intake adds; None where it cannot be read."""
    found: dict[str, str] = {}
    if folder.is_symlink():
        return None
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_dir():
            try:
                found[name] = hashlib.sha256(read_bytes(path, LARGEST_MB, below=folder)).hexdigest()
            except HandinProblem:
                return None
    return {name: digest for name, digest in found.items() if name not in BESIDE}
