"""What one learner handed in: which notebook is of which exercise, and what lies beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from mlopt_lessons.grading.intake_files import Found, is_zip, shown, unpacked
from mlopt_lessons.grading.intake_lesson import Lessons
from mlopt_lessons.grading.platforms import (
    Named,
    first_name,
    plain_id,
    student_id,
    told_lesson,
)
from mlopt_lessons.grading.records import HandinProblem, Limits

Action = Literal["took", "renamed", "replaced", "kept", "left", "refused"]
MOST_ZIPS = 6  # of one learner, each held in memory while its files are looked through
MOST_NOTEBOOKS = 20  # of one learner, read to find out which exercise each is of
MOST_BESIDE = 200  # files and folders beside a notebook
FORBIDDEN = {
    "timestamp.txt": "It would tell when it was handed in, which is not the learner's to tell.",
    "submission_secret.txt": "It is nbgrader's own.",
    "gradebook.db": "No hand-in has a gradebook.",
    "judge.py": "No hand-in has a judge.",
    "nbgrader_config.py": "No hand-in configures nbgrader.",
}


@dataclass(frozen=True)
class Taken:
    """What became of a file: its path in the source, whose and of which exercise it is, a sentence.

    `action`: took; renamed, taken under another name; replaced, taken in the place of an earlier
    one; kept, it is there already; left, it is no part of a hand-in; refused.
    """

    path_in_source: str
    student: str
    lesson: str
    action: Action
    says: str

    def __str__(self) -> str:
        return f"{self.action:8}  {shown(self.path_in_source)}: {shown(self.says)}"


@dataclass(frozen=True)
class File:
    """A file with whose it is. `inside` is its path in what the learner handed in; `packed` that it
    was in the learner's own zip."""

    found: Found
    named: Named
    inside: str
    packed: bool = False

    @property
    def is_notebook(self) -> bool:
        """By its name."""
        return self.inside.lower().endswith(".ipynb")


@dataclass(frozen=True)
class Handin:
    """A hand-in that was put down beside its place, with the paths of what lies beside the notebook."""

    notebook: File
    student: str
    lesson: str
    staged: Path
    beside: tuple[str, ...]

    @property
    def renamed(self) -> bool:
        """Whether learner or notebook have another name in the class, but for `_` in place of spaces."""
        name, learner = PurePosixPath(self.notebook.inside).name, self.notebook.named.name
        return name != f"{self.lesson}.ipynb" or self.student != plain_id(learner)


@dataclass
class Learner:
    """Reads the files of one learner; `put_down` writes the files of a hand-in where none reads them.

    `origin` is what the source is called, which may tell the exercise. What is not taken is in `lines`.
    """

    lessons: Lessons
    limits: Limits
    put_down: Callable[[dict[str, bytes]], Path]
    origin: str = ""
    lines: list[Taken] = field(default_factory=list)

    def handins(self, files: Sequence[File]) -> Iterator[Handin]:
        """The hand-ins among the files of one learner, at most one of each exercise."""
        zips = sum(is_zip(file.inside) for file in files)
        unzipped = [each for file in files for each in self._unzipped(file, zips)]
        notebooks = [each for each in unzipped if each.is_notebook]
        chosen = self._chosen(notebooks)
        beside = self._beside([each for each in unzipped if not each.is_notebook], chosen)
        for lesson, notebook in chosen.items():
            try:
                yield self._staged(lesson, notebook, beside[lesson])
            except HandinProblem as problem:
                self.say(notebook, "refused", str(problem), lesson)

    def say(self, file: File, action: Action, says: str, lesson: str = "") -> None:
        """A line on a file."""
        student = student_id(file.named.name)
        self.lines.append(Taken(file.found.path, student, lesson, action, says))

    def _unzipped(self, file: File, zips: int) -> list[File]:
        """The file, or the files in it where it is the learner's own zip, one of so many."""
        if not is_zip(file.inside):
            return [file]
        try:
            if zips > MOST_ZIPS:
                raise HandinProblem(f"It is one of {zips} zips of one learner; ask for the files.")
            found = unpacked(file.found, self.limits)
        except HandinProblem as problem:
            self.say(file, "refused", str(problem))
            return []
        above = PurePosixPath(file.inside).parent
        files = []
        for each in found:
            path = f"{file.found.path}/{each.path}"
            inner = Found(path, file.found.at, each.read, each.problem)
            inside = File(inner, file.named, str(above / each.path), packed=True)
            if each.problem or is_zip(each.path):
                self.say(
                    inside, "refused", each.problem or "It is a zip in a zip; ask for the files."
                )
            else:
                files.append(inside)
        return files

    def _chosen(self, notebooks: Sequence[File]) -> dict[str, File]:
        """The one notebook of each lesson; where there are several, only Canvas tells the newest."""
        of: dict[str, list[File]] = defaultdict(list)
        if len(notebooks) > MOST_NOTEBOOKS:
            for each in notebooks:
                self.say(
                    each, "refused", f"It is one of {len(notebooks)} notebooks of one learner."
                )
            return {}
        for each in notebooks:
            try:
                raw = each.found.read(self.limits.notebook_mb)
                of[self.lessons.of(f"{self.origin}/{each.found.path}", raw)].append(each)
            except HandinProblem as problem:
                self.say(each, "refused", str(problem))
        newest = {lesson: self._newest(lesson, several) for lesson, several in of.items()}
        return {lesson: notebook for lesson, notebook in newest.items() if notebook}

    def _newest(self, lesson: str, several: Sequence[File]) -> File | None:
        *earlier, last = sorted(several, key=lambda each: each.named.attempt)
        canvas = last.named.platform == "Canvas" and not any(each.packed for each in several)
        if canvas and len({first_name(each.inside)[0] for each in several}) == 1:
            for each in earlier:
                self.say(each, "left", f"{last.inside} was handed in after it.", lesson)
            return last
        if not earlier:
            return last
        for each in several:
            says = f"It is one of {len(several)} notebooks of {lesson} by one learner; leave one."
            self.say(each, "refused", says, lesson)
        return None

    def _beside(self, files: Sequence[File], chosen: dict[str, File]) -> dict[str, list[File]]:
        """The other files, by the lesson that each belongs to."""
        beside: dict[str, list[File]] = defaultdict(list)
        for each in files:
            lesson = told_lesson(each.inside, self.lessons.names) or ""
            if not lesson and len(chosen) == 1:
                lesson = next(iter(chosen))
            if says := _forbidden(each.inside):
                self.say(each, "refused", says, lesson)
            elif lesson in chosen:
                beside[lesson].append(each)
            elif chosen and not lesson:
                says = (
                    "Nothing tells which exercise it belongs to; put it into a folder called by it."
                )
                self.say(each, "refused", says)
            else:
                self.say(each, "left", "There is no notebook beside which it could lie.", lesson)
        return beside

    def _staged(self, lesson: str, notebook: File, beside: Sequence[File]) -> Handin:
        """Puts a hand-in down. Raises HandinProblem where its notebook cannot be read again."""
        content = {f"{lesson}.ipynb": notebook.found.read(self.limits.notebook_mb)}
        room = int(self.limits.extras_mb * 1e6)
        taken = []
        for each in beside:
            name = _name_beside(each, notebook)
            try:
                _check_name(name, content)
                extra = each.found.read(self.limits.extras_mb)
                if len(extra) > room:
                    raise HandinProblem(
                        f"The files beside the notebook are over {self.limits.extras_mb:g} MB together."
                    )
            except HandinProblem as problem:
                self.say(each, "refused", str(problem), lesson)
                continue
            content[name] = extra
            room -= len(extra)
            taken.append(each.found.path)
        folder = self.put_down(content)
        student = student_id(notebook.named.name)
        light = replace(
            notebook, found=Found(notebook.found.path, notebook.found.at)
        )  # no zip held
        return Handin(light, student, lesson, folder, tuple(taken))


def _forbidden(path: str) -> str:
    """Why no file may have this path, or nothing: not even a folder may be called so."""
    says = (FORBIDDEN.get(part.lower()) for part in PurePosixPath(path).parts)
    return next(filter(None, says), "")


def _name_beside(file: File, notebook: File) -> str:
    """Its path as seen from the notebook, or in what was handed in where it lies elsewhere."""
    path, folder = PurePosixPath(file.inside), PurePosixPath(notebook.inside).parent
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _check_name(name: str, taken: dict[str, bytes]) -> None:
    """Raises HandinProblem where a file cannot lie beside those that are taken."""
    folders = {str(above) for each in [*taken, name] for above in PurePosixPath(each).parents}
    if len(folders) + len(taken) > MOST_BESIDE:
        raise HandinProblem(f"There are more than {MOST_BESIDE} files beside the notebook.")
    names = {each.casefold() for each in taken}
    above = {each.casefold() for each in folders}
    if name.casefold() in names | above or names & above:
        raise HandinProblem("Another file of the hand-in has its name; rename it.")
