"""A class's folder, as nbgrader keeps it: its exercises, what was handed in, and the marked sheets."""

from __future__ import annotations

import glob
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from mlopt_lessons.grading.handin import read_bytes
from mlopt_lessons.grading.records import Graded, GradingError, HandinProblem, Job, Limits
from mlopt_lessons.sentences import first_line

MOST_EXTRAS = 500  # files and folders beside a notebook
BESIDE = ("timestamp.txt", "submission_secret.txt")  # nbgrader's own; no part of the answer
STAMP_MB = 0.001
OF_A_CLASS = ("solutions/", "nbgrader_config.py")
RELEASE = "run: nbgrader generate_assignment {} --create --force"
NO_CLASS = "{} is no class's folder: it has no {}; go into the class's folder or give --course."


@dataclass(frozen=True)
class Exercise:
    """What the class got, the text of LESSON.ipynb, and the text of the judge.py that marks it."""

    lesson: str
    release: str
    judge: str


class Classroom:
    """The class in the folder `root`, with the folder's own nbgrader_config.py.

    `db_url` is the gradebook's, where it is not the one that the configuration names. `app` is a
    part of nbgrader that is configured already. Raises GradingError where there is no such folder,
    or its configuration does not load.
    """

    def __init__(self, root: Path, db_url: str | None = None, *, app: Any = None) -> None:
        self.app = app or _configured(root)
        self.course = self.app.coursedir
        self.db_url: str = db_url or self.course.db_url
        self.course_id: str = self.course.course_id

    def lessons(self) -> list[str]:
        """The exercises that have a notebook in the folder of solutions."""
        found = glob.glob(self._path(self.course.source_directory, ".", "*"))
        names = [Path(path).name for path in found]
        return sorted(name for name in names if self._source(name, f"{name}.ipynb").is_file())

    def exercise(self, lesson: str) -> Exercise:
        """A lesson's release and judge. Raises GradingError when one of them is not there."""
        if lesson not in self.lessons():
            raise GradingError(self._unknown(lesson))
        released = Path(self._path(self.course.release_directory, ".", lesson), f"{lesson}.ipynb")
        if not released.is_file():
            raise GradingError(f"{lesson} was not released in this class; {RELEASE.format(lesson)}")
        judge = self._source(lesson, "judge.py")
        if not judge.is_file():
            raise GradingError(f"{lesson} cannot be graded in a box: there is no {judge}.")
        return Exercise(lesson, _text(released), _text(judge))

    def _unknown(self, lesson: str) -> str:
        """The sentence for an exercise that is not there, or for a folder that is no class's."""
        root, known = Path(self.course.root), self.lessons()
        if not known:
            for name in OF_A_CLASS:
                if not (root / name).exists():
                    return NO_CLASS.format(root, name)
        return f"There is no exercise {lesson} in {root}; there are: {', '.join(known) or 'none'}."

    def students(self, lesson: str) -> list[str]:
        """Who has a folder for this lesson among what was handed in, whatever is in it."""
        step = self.course.submitted_directory
        found = glob.glob(self.course.format_path(step, "*", glob.escape(lesson)))
        pattern = self.course.format_path(
            step, "(?P<student>[^/]+)", re.escape(lesson), escape=True
        )
        matches = (re.fullmatch(pattern, path) for path in found)
        return sorted(match["student"] for match in matches if match)

    def jobs(
        self,
        lesson: str,
        seed: int,
        limits: Limits,
        students: Iterable[str] | None = None,
    ) -> Iterator[Job]:
        """The hand-ins, one read at a time; what cannot be read becomes a job with a problem.

        Raises GradingError as `exercise` does.
        """
        exercise = self.exercise(lesson)
        chosen = self.students(lesson) if students is None else students
        return (self.job(student, exercise, seed, limits) for student in chosen)

    def job(self, student: str, exercise: Exercise, seed: int, limits: Limits) -> Job:
        """The hand-in of one student. Raises OSError where the disk fails, not the hand-in."""
        notebook, problem = b"", ""
        files: dict[str, bytes] = {}
        folder = self.handed_in(student, exercise.lesson)
        try:
            notebook = self._read(folder / f"{exercise.lesson}.ipynb", limits.notebook_mb)
            for path in extra_files(folder, exercise.lesson, limits.extras_mb, self.course.ignore):
                files[path.relative_to(folder).as_posix()] = self._read(path, limits.extras_mb)
        except HandinProblem as error:
            problem = str(error)
        return Job(
            student,
            exercise.lesson,
            b"" if problem else notebook,
            {} if problem else files,
            exercise.release,
            exercise.judge,
            seed,
            limits,
            problem,
        )

    def handed_in(self, student: str, lesson: str) -> Path:
        """The folder of one hand-in."""
        return Path(self._path(self.course.submitted_directory, student, lesson))

    def received(self, student: str, lesson: str) -> datetime | None:
        """When it came, UTC, or None where nothing says so. Raises HandinProblem when it is no time."""
        path = self.handed_in(student, lesson) / "timestamp.txt"
        if not os.path.lexists(path):
            return None
        from nbgrader.utils import parse_utc

        try:
            return parse_utc(self._read(path, STAMP_MB).decode().strip())
        except (ValueError, OverflowError) as error:
            raise HandinProblem("Its timestamp.txt holds no time; put one there.") from error

    def sheet(self, student: str, lesson: str) -> Path:
        """Where the marked notebook lies."""
        folder = self._path(self.course.autograded_directory, student, lesson)
        return Path(folder, f"{lesson}.ipynb")

    def write_sheet(self, graded: Graded, received: datetime | None) -> None:
        """Writes the marked notebook, and beside it when it came; each file whole or not at all."""
        sheet = self.sheet(graded.student, graded.lesson)
        sheet.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o664 if self.course.groupshared else 0o444  # as nbgrader's own
        if received is not None:
            self._replace(sheet.with_name("timestamp.txt"), f"{received} UTC\n", mode)
        self._replace(sheet, graded.sheet, mode)

    def must_be_writable(self) -> None:
        """Raises GradingError where no sheet could be written."""
        sheets = Path(self._path(self.course.autograded_directory, ".", "."))
        folder = next(path for path in (sheets, *sheets.parents) if path.exists())
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise GradingError(
                f"Nothing can be written into {folder} ({error.strerror}); make the class's folder "
                "writable, with room on its disk."
            ) from error

    def hidden(self) -> Sequence[Path]:
        """The folders that no box may show."""
        steps = ("source", "release", "submitted", "autograded", "feedback")
        named = [getattr(self.course, f"{step}_directory") for step in steps]
        return [Path(self.course.root), *(Path(self._path(step, ".", ".")) for step in named)]

    def _read(self, path: Path, limit_mb: float) -> bytes:
        """A file of a hand-in, behind no link."""
        return read_bytes(
            path, limit_mb, Path(self._path(self.course.submitted_directory, ".", "."))
        )

    def _replace(self, path: Path, text: str, mode: int) -> None:
        """Writes a file so that whoever reads it finds the old or the new one, never a half."""
        # A killed grader leaves its half where no command of nbgrader looks.
        folder = self._path(self.course.autograded_directory, ".", ".")
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".sheet-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8", "backslashreplace"))
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, mode)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def _source(self, lesson: str, name: str) -> Path:
        return Path(self._path(self.course.source_directory, ".", lesson), name)

    def _path(self, step: str, student: str, lesson: str) -> str:
        return os.path.normpath(self.course.format_path(step, student, lesson))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise GradingError(
            f"{path} is not in UTF-8; save it so, or take the course's own."
        ) from error


def extra_files(folder: Path, lesson: str, limit_mb: float, ignore: Sequence[str]) -> list[Path]:
    """What lies beside the notebook, in its folder and below.

    Raises HandinProblem for a link, for what is no plain file, and for too much of it.
    """
    left_out = (f"{lesson}.ipynb", *BESIDE)
    paths = [
        path for path in _walk(folder, ignore) if str(path.relative_to(folder)) not in left_out
    ]
    if sum(path.lstat().st_size for path in paths) > limit_mb * 1e6:
        raise HandinProblem(f"The files beside the notebook are over {limit_mb:g} MB together.")
    return paths


def _walk(folder: Path, ignore: Sequence[str]) -> list[Path]:
    """The plain files below a folder that is none of a link; raises HandinProblem for the rest."""
    if folder.is_symlink() or not folder.is_dir():
        raise HandinProblem("What was handed in is not a folder but a link or a file.")
    found: list[Path] = []
    folders, seen = [folder], 0
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                seen += 1
                _refuse(entry, seen)
                if any(fnmatch(entry.name, pattern) for pattern in ignore):
                    continue
                below = folders if entry.is_dir(follow_symlinks=False) else found
                below.append(Path(entry.path))
    return sorted(found)


def _refuse(entry: os.DirEntry[str], seen: int) -> None:
    """Raises HandinProblem for what no honest hand-in has."""
    if seen > MOST_EXTRAS:
        raise HandinProblem(f"There are more than {MOST_EXTRAS} files beside the notebook.")
    if not entry.name.isprintable():
        raise HandinProblem(f"It has a file with an unreadable name, {entry.name!a}.")
    if entry.is_symlink():
        raise HandinProblem(f"{entry.name} is a link; hand in the file itself.")
    if not (entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)):
        raise HandinProblem(f"{entry.name} is not a plain file.")


def _configured(root: Path) -> Any:
    """nbgrader, configured as it would be by its own commands in that folder."""
    try:
        from nbgrader.apps.baseapp import NbGrader
    except ImportError as error:
        raise GradingError(
            "Grading a class needs nbgrader; run pip install 'mlopt-lessons[class]'."
        ) from error
    root = root.absolute()
    if not root.is_dir():
        raise GradingError(f"There is no folder {root}; give the class's folder.")
    app = NbGrader(raise_config_file_errors=True, log_level="ERROR")
    app.load_cwd_config = False  # this folder's configuration counts, wherever the command runs
    try:
        app.initialize([], root=str(root))
    except (Exception, SystemExit) as error:
        raise GradingError(
            f"{root}/nbgrader_config.py does not load: {first_line(error)}."
        ) from error
    app.coursedir.root = str(root)
    return app
