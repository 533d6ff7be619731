"""A class graded: every hand-in in a box of its own, each written as it comes, none twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from joblib import Parallel, cpu_count, delayed
from joblib.parallel import LokyBackend, SequentialBackend, ThreadingBackend, get_active_backend

from mlopt_lessons.grading.box import Box, Bubblewrap
from mlopt_lessons.grading.classroom import Classroom, Exercise
from mlopt_lessons.grading.grade_one import fingerprint, grade_one
from mlopt_lessons.grading.marking import BoxLost, load_judge
from mlopt_lessons.grading.records import Graded, GradingError, HandinProblem, Job, Limits
from mlopt_lessons.sentences import first_line

if TYPE_CHECKING:
    from mlopt_lessons.grading.gradebook import Gradebook

LIMITS = Limits()


@dataclass(frozen=True)
class Failure:
    """A hand-in that was not graded, through no fault of its own, and the sentence why."""

    student: str
    why: str


@dataclass(frozen=True)
class Summary:
    """What became of a class: how many were graded and kept as they were, and what failed."""

    lesson: str
    graded: int
    kept: int
    failed: tuple[Failure, ...]
    seconds: float

    def __str__(self) -> str:
        told = f"{self.lesson}: {self.graded} graded, {self.kept} graded before"
        failed = f", {len(self.failed)} not graded" if self.failed else ""
        return f"{told}{failed}; {self.seconds:.0f} s."


def grade_class(
    classroom: Classroom,
    lesson: str,
    *,
    seed: int | None = None,
    limits: Limits = LIMITS,
    jobs: int | None = None,
    regrade: bool = False,
    report: Callable[[str], object] = print,
    students: Collection[str] | None = None,
    box: Box | None = None,
) -> Summary:
    """Grades what was handed in and is not in the gradebook as it is now; `report` gets a line each.

    All learners and all later runs get the inputs of one seed: `seed`, or one that is drawn and
    kept. `jobs` boxes run at once on this machine, one a core by default; inside joblib's
    parallel_config they run where that says. `regrade` grades everything again, and `students`
    only those. One hand-in that cannot be graded stops no other.

    Raises GradingError where the exercise or the gradebook cannot be used, or no box runs here.
    """
    from mlopt_lessons.grading.gradebook import Gradebook

    started = time.monotonic()
    exercise = classroom.exercise(lesson)
    load_judge(exercise.judge, lesson)
    box = box or Bubblewrap(hidden=classroom.hidden())
    if _runs_here() and (refusal := box.refusal()):
        raise GradingError(refusal)
    with Gradebook(classroom) as gradebook:
        gradebook.register(exercise)
        seed = gradebook.seed(lesson, seed)
        done = {} if regrade else gradebook.graded(lesson)
        queue = _Queue(classroom, exercise, seed, limits, done, students)
        clerk = _Clerk(classroom, gradebook, lesson, report)
        clerk.work_through(queue, _results(queue, box, jobs))
    took = time.monotonic() - started
    return Summary(lesson, clerk.graded, len(queue.kept), tuple(clerk.failed), took)


@dataclass
class _Queue:
    """The hand-ins that are to be graded, read one at a time, in whatever thread asks."""

    classroom: Classroom
    exercise: Exercise
    seed: int
    limits: Limits
    done: dict[str, str]
    students: Collection[str] | None
    kept: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)

    def __iter__(self) -> Iterator[Job]:
        lesson = self.exercise.lesson
        for student in self.classroom.students(lesson):
            if self.students is not None and student not in self.students:
                continue
            try:
                job = self.classroom.job(student, self.exercise, self.seed, self.limits)
            except OSError as error:
                self.failed.append(Failure(student, f"It cannot be read: {first_line(error)}."))
                continue
            known = self.done.get(student) == fingerprint(job)
            if known and self.classroom.sheet(student, lesson).exists():
                self.kept.append(student)
            else:
                yield job


@dataclass
class _Clerk:
    """Writes each result down as it comes, and reports it."""

    classroom: Classroom
    gradebook: Gradebook
    lesson: str
    report: Callable[[str], object]
    graded: int = 0
    failed: list[Failure] = field(default_factory=list)

    def work_through(self, queue: _Queue, results: Iterator[Graded | Failure]) -> None:
        """Takes every result, then what the queue did not give out for grading."""
        for result in results:
            self.take(result)
        for student in queue.kept:
            self.keep(student)
        for failure in queue.failed:
            self.fail(failure)

    def take(self, result: Graded | Failure) -> None:
        """Saves marks; what fails leaves the marks of an earlier run as they are."""
        if isinstance(result, Failure):
            self.fail(result)
            return
        try:
            self.gradebook.save(result, self._received(result.student))
        except Exception as error:  # whatever it is, the others are to be written
            self.fail(Failure(result.student, _why(error)))
            return
        self.graded += 1
        self.report(_line(result))

    def keep(self, student: str) -> None:
        """Brings the late penalty of an earlier mark up to date."""
        try:
            self.gradebook.late_again(student, self.lesson, self._received(student))
        except GradingError as error:
            self.fail(Failure(student, str(error)))

    def fail(self, failure: Failure) -> None:
        """Notes a hand-in that was not graded."""
        self.failed.append(failure)
        self.report(_shown(f"{failure.student}: not graded. {failure.why}"))

    def _received(self, student: str) -> datetime | None:
        try:
            return self.classroom.received(student, self.lesson)
        except HandinProblem as problem:
            self.report(_shown(f"{student}: counted as in time. {problem}"))
            return None


def _results(queue: _Queue, box: Box, jobs: int | None) -> Iterator[Graded | Failure]:
    """What is graded, in the order in which it is done; few hand-ins are in memory at a time."""
    _, configured = get_active_backend()
    at_once = jobs or configured or (cpu_count() if _runs_here() else None)
    parallel = Parallel(
        n_jobs=at_once,
        prefer="threads",  # the work is done by the boxes
        return_as="generator_unordered",
        pre_dispatch="n_jobs",
        batch_size=1,
    )
    with closing(parallel(delayed(_attempt)(job, box) for job in queue)) as results:
        try:
            yield from results
        except Exception as error:
            raise GradingError(
                f"Grading stopped ({first_line(error)}); what is graded is kept, so run it again."
            ) from error


def _runs_here() -> bool:
    backend: Any = get_active_backend()[0]
    return isinstance(backend, LokyBackend | SequentialBackend | ThreadingBackend)


def _attempt(job: Job, box: Box) -> Graded | Failure:
    try:
        return grade_one(job, box)
    except (Exception, BoxLost) as error:  # of one hand-in; the others are to be graded
        return Failure(job.student, _why(error))


def _why(error: BaseException) -> str:
    known = isinstance(error, GradingError)
    return str(error) if known else f"{type(error).__name__}: {first_line(error)}."


def _line(graded: Graded) -> str:
    most = sum(mark.points for mark in graded.marks)
    notes = f" ({' '.join(graded.notes)})" if graded.notes else ""
    return _shown(f"{graded.student}: {graded.earned:g} of {most:g} points{notes}")


def _shown(line: str) -> str:
    """A line in which no name that a learner chose moves the cursor or ends the line."""
    return "".join(char if char.isprintable() else "�" for char in line)
