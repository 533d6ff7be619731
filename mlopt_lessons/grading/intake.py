"""Takes hand-ins into a class's folder, from a folder or zip that a learning platform exported.

Each is written whole or not at all, and an earlier one is never overwritten. When something was
handed in is told by `received`, by the name of its file (Blackboard, nbgrader), or by when the file
was changed. Canvas and today's Moodle write the moment of the download there, which would make
everybody late: Canvas's times are not used, nor times that are all of one moment. What Canvas calls
late gets the time `received` only where all of the source is late.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.intake_checks import check_source, lessons_of
from mlopt_lessons.grading.intake_desk import Desk, Done, desk_at
from mlopt_lessons.grading.intake_files import Found, files_of
from mlopt_lessons.grading.intake_learner import Action, File, Handin, Learner, Taken
from mlopt_lessons.grading.intake_times import FORM, corrects, times, utc
from mlopt_lessons.grading.platforms import name_all
from mlopt_lessons.grading.records import GradingError, HandinProblem, Limits
from mlopt_lessons.grading.students import add, names_in


def intake(
    source: Path,
    classroom_root: Path,
    *,
    lesson: str | None = None,
    replace: bool = False,
    received: datetime | None = None,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
) -> list[Taken]:
    """Takes in what is in a folder or zip; a line for each file says what became of it.

    Without `lesson` each notebook's path tells it, or else its cells. With `replace` a different
    earlier hand-in goes to replaced/STUDENT/LESSON/TIME. `received` is UTC where it has no zone.
    Who was taken in is named in the class's students.csv, see `students.py`.
    Raises GradingError where the source or the class cannot be used.
    """
    classroom = Classroom(classroom_root)
    lessons = lessons_of(classroom, lesson)
    check_source(source, classroom)
    root, base = Path(classroom.course.root), classroom.handed_in("student", "lesson").parent.parent
    with files_of(source) as found:
        if not found:
            raise GradingError(f"There is nothing to take in: {source} is empty.")
        with desk_at(base, classroom.handed_in) as desk:
            names_in(root)  # a damaged file is told before anything is taken
            learner = Learner(lessons, limits, desk.put_down, source.stem)
            work = _Intake(desk, learner, replace, utc(received))
            taken = work.of(found)
            add(root, work.names)
            return taken


@dataclass
class _Intake:
    """One intake: first every hand-in is put down, then those that nothing speaks against are taken."""

    desk: Desk
    learner: Learner
    replace: bool
    received: datetime | None
    all_late: bool = False
    names: dict[str, str] = field(default_factory=dict)
    handins: list[Handin] = field(default_factory=list)

    def of(self, found: Sequence[Found]) -> list[Taken]:
        """What became of each file, in the order of their paths."""
        for files in self.by_learner(found):
            self.one_learner(files)
        clear = self.clear()
        for each, at in zip(self.handins, times(self.handins), strict=True):
            if each in clear:
                self.hand_over(each, at)
        return sorted(self.learner.lines, key=lambda line: line.path_in_source)

    def by_learner(self, found: Sequence[Found]) -> Iterable[list[File]]:
        """The files of each learner, by what the platform calls them."""
        groups: dict[tuple[str, str], list[File]] = defaultdict(list)
        lines, lessons = self.learner.lines, self.learner.lessons
        lines += [
            Taken(each.path, "", "", "refused", each.problem) for each in found if each.problem
        ]
        sound = [each for each in found if not each.problem]
        all_named = name_all([each.path for each in sound], lessons.names)
        self.all_late = all(named.late for named in all_named if named)
        for each, named in zip(sound, all_named, strict=True):
            if named is None:
                lines.append(_nobody(each))
            else:
                file = File(each, named, named.inside)
                groups[named.platform, named.who].append(file)
        return groups.values()

    def one_learner(self, files: Sequence[File]) -> None:
        """Puts down what one learner handed in, of several attempts the last."""
        say, before = self.learner.say, len(self.learner.lines)
        last = max(each.named.attempt for each in files)
        mine = []
        for each in files:
            other = self.learner.lessons.of_other(each.found.path)
            if not each.inside:
                say(each, "left", "It is the platform's own, no part of what was handed in.")
            elif each.named.platform in ("Blackboard", "nbgrader") and each.named.attempt != last:
                say(each, "left", "There is a later attempt of this learner.")
            elif other:
                say(each, "left", f"It is of {other}; take it in without --lesson.", other)
            else:
                mine.append(each)
        handins = list(self.learner.handins(mine))
        self.handins += handins
        told = self.learner.lines[before:]
        if not handins and not any(_explains(line) for line in told):
            path = files[0].found.path
            self.learner.lines[before:] = [each for each in told if each.path_in_source != path]
            say(files[0], "refused", f"{files[0].named.name} handed in no notebook.")

    def clear(self) -> list[Handin]:
        """The hand-ins that are the only ones of their learner and exercise; the others are refused."""
        names: dict[str, set[str]] = defaultdict(set)
        same: dict[tuple[str, str], list[Handin]] = defaultdict(list)
        for student in self.desk.students():
            names[student.casefold()].add(student)
        for each in self.handins:
            names[each.student.casefold()].add(each.student)
            same[each.student, each.lesson].append(each)
        clear = []
        for each in self.handins:
            rivals = same[each.student, each.lesson]
            alike = names[each.student.casefold()] - {each.student}
            if len(rivals) > 1:
                self.refuse(each, _two_learners(rivals))
            elif alike:
                says = f"{each.student} differs from {' and '.join(sorted(alike))} in capitals only"
                self.refuse(each, f"{says}; rename it if it is the same learner, or if it is not.")
            else:
                clear.append(each)
        return clear

    def hand_over(self, handin: Handin, at: datetime | None) -> None:
        """Moves a hand-in to its place; `at` is when it came as far as the source tells."""
        received = None if handin.notebook.named.late and not self.all_late else self.received
        mine = (handin.student, handin.lesson)
        before = self.desk.time_of(*mine)
        correct, at = corrects(received, before, at), received or at
        try:
            done = self.desk.hand_over(
                handin.staged, *mine, at, replace=self.replace, correct=correct
            )
        except HandinProblem as problem:
            self.refuse(handin, str(problem))
            return
        self.names[handin.student] = handin.notebook.named.person
        says = _dated(handin, at, before) if done == "dated" else _says(handin, done, at)
        self.learner.say(handin.notebook, _action(handin, done), says, handin.lesson)
        action: Action = "kept" if done in ("kept", "dated") else "took"
        self.beside(handin, action, f"It lies beside {handin.lesson}.ipynb of {handin.student}.")

    def refuse(self, handin: Handin, says: str) -> None:
        """Does not take a hand-in, nor what lies beside its notebook."""
        self.learner.say(handin.notebook, "refused", says, handin.lesson)
        self.beside(handin, "left", "The notebook that it lies beside was refused.")

    def beside(self, handin: Handin, action: Action, says: str) -> None:
        """A line on each file beside the notebook."""
        for path in handin.beside:
            self.learner.lines.append(Taken(path, handin.student, handin.lesson, action, says))


def _nobody(found: Found) -> Taken:
    if found.path.lower().endswith((".ipynb", ".zip")):
        says = "Nothing tells whose it is; put it into a folder called by its learner."
        return Taken(found.path, "", "", "refused", says)
    return Taken(found.path, "", "", "left", "It belongs to no learner.")


def _explains(line: Taken) -> bool:
    """Whether a line tells already why there is no hand-in."""
    return line.action == "refused" or "--lesson" in line.says


def _two_learners(rivals: Sequence[Handin]) -> str:
    student = rivals[0].student
    who = " and ".join(sorted(each.notebook.named.who for each in rivals))
    return (
        f"{who} would both be {student} in the class; give them different names in the export, "
        "the same in every exercise."
    )


def _action(handin: Handin, done: Done) -> Action:
    if done == "dated":
        return "kept"
    return "renamed" if done == "took" and handin.renamed else done


def _dated(handin: Handin, at: datetime | None, before: datetime | None) -> str:
    was = f", and was {before:{FORM}}" if before else ""
    return (
        f"The same is there already, as {handin.lesson} of {handin.student}; its time is {at:{FORM}} "
        f"now{was}."
    )


def _says(handin: Handin, done: Done, at: datetime | None) -> str:
    late = handin.notebook.named.late and at is None
    if done == "kept":
        left = "; it is late by Canvas, and its time was left as it is" if late else ""
        return f"The same is there already, as {handin.lesson} of {handin.student}{left}."
    when = f"handed in {at:{FORM}}" if at else "when it was handed in is not known"
    if late:
        when = (
            "late by Canvas and its time is not known: write it into its timestamp.txt, or take in "
            "the late ones alone, with --received"
        )
    earlier = "; the earlier one is in replaced/" if done == "replaced" else ""
    return f"It is {handin.lesson} of {handin.student}, {when}{earlier}."
