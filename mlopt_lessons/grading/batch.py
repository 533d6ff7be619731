"""A class graded: every hand-in in a box of its own, each written as it comes, none twice."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from joblib import Parallel, cpu_count, delayed, effective_n_jobs
from joblib.parallel import LokyBackend, SequentialBackend, ThreadingBackend, get_active_backend

from mlopt_lessons.grading.batch_words import (
    NOTHING,
    late_warnings,
    points_line,
    printable,
    reason,
)
from mlopt_lessons.grading.box import Box, Bubblewrap
from mlopt_lessons.grading.classroom import Classroom, Exercise
from mlopt_lessons.grading.grade_one import fingerprint, grade_one
from mlopt_lessons.grading.marking import BoxLost, load_judge
from mlopt_lessons.grading.records import Graded, GradingError, HandinProblem, Job, Limits
from mlopt_lessons.sentences import first_line

if TYPE_CHECKING:
    from mlopt_lessons.grading.gradebook import Gradebook

LIMITS = Limits()
BLOCK = 4  # hand-ins for each worker, where they come back in blocks


@dataclass(frozen=True)
class Failure:
    """A hand-in that was not graded, through no fault of its own, and the sentence why."""

    student: str
    why: str


@dataclass(frozen=True)
class Summary:
    """What became of a class: how many were graded and kept as they were, and what failed.

    `warnings` are sentences on what may surprise in the marks.
    """

    lesson: str
    graded: int
    kept: int
    failed: tuple[Failure, ...]
    seconds: float
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not (self.graded or self.kept or self.failed):
            return NOTHING.format(self.lesson)
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
    classroom.must_be_writable()
    with Gradebook(classroom) as gradebook:
        gradebook.register(exercise)
        seed = gradebook.seed(lesson, seed)
        done = {} if regrade else gradebook.graded(lesson)
        queue = _Queue(classroom, exercise, seed, limits, done, students)
        clerk = _Clerk(classroom, gradebook, lesson, report)
        with _stopping(_results(queue, box, jobs)) as results:
            clerk.work_through(queue, results)
        late = tuple(late_warnings(gradebook, lesson))
    took = time.monotonic() - started
    return Summary(lesson, clerk.graded, len(queue.kept), tuple(clerk.failed), took, late)


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
            line = points_line(result, self._penalty(result.student))
        except Exception as error:  # whatever it is, the others are to be written
            self.fail(Failure(result.student, reason(error)))
            return
        self.graded += 1
        self.report(line)

    def keep(self, student: str) -> None:
        """Brings the late penalty of an earlier mark up to date."""
        try:
            self.gradebook.late_again(student, self.lesson, self._received(student))
        except GradingError as error:
            self.fail(Failure(student, str(error)))

    def fail(self, failure: Failure) -> None:
        """Notes a hand-in that was not graded."""
        self.failed.append(failure)
        self.report(printable(f"{failure.student}: not graded. {failure.why}"))

    def _received(self, student: str) -> datetime | None:
        try:
            return self.classroom.received(student, self.lesson)
        except HandinProblem as problem:
            self.report(printable(f"{student}: counted as in time. {problem}"))
            return None

    def _penalty(self, student: str) -> float:
        """What being late took off the marks that were saved last."""
        find = self.gradebook.book.find_submission_notebook
        return find(self.lesson, self.lesson, student).late_submission_penalty or 0.0


@contextmanager
def _stopping(results: Generator[Graded | Failure]) -> Iterator[Iterator[Graded | Failure]]:
    """Results, of which none is begun any more once this has ended, by whatever."""
    try:
        yield results
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib's, that what still ran is not used
            results.close()


def _results(queue: _Queue, box: Box, jobs: int | None) -> Generator[Graded | Failure]:
    """What is graded, as it is done; few hand-ins are in memory at a time."""
    backend, configured = get_active_backend()
    at_once = jobs or configured or (cpu_count() if _runs_here() else None)
    spread = _streamed if backend.supports_return_generator else _in_blocks
    try:
        yield from spread(queue, box, at_once)
    except Exception as error:
        raise GradingError(
            f"Grading stopped ({first_line(error)}); what is graded is kept, so run it again."
        ) from error


def _streamed(queue: _Queue, box: Box, at_once: int | None) -> Iterator[Graded | Failure]:
    """Each as soon as it is done."""
    parallel = _parallel(at_once, return_as="generator_unordered", pre_dispatch="n_jobs")
    yield from parallel(delayed(_attempt)(job, box) for job in queue)


def _in_blocks(queue: _Queue, box: Box, at_once: int | None) -> Iterator[Graded | Failure]:
    """For backends that give nothing back before all is done, such as Ray's."""
    jobs, parallel = iter(queue), _parallel(at_once)
    most = BLOCK * effective_n_jobs(at_once)
    while block := list(islice(jobs, most)):
        yield from parallel(delayed(_attempt)(job, box) for job in block)


def _parallel(at_once: int | None, **options: Any) -> Parallel:
    # Threads where they are here: the work is done by the boxes.
    return Parallel(n_jobs=at_once, prefer="threads", batch_size=1, **options)


def _runs_here() -> bool:
    backend: Any = get_active_backend()[0]
    return isinstance(backend, LokyBackend | SequentialBackend | ThreadingBackend)


def _attempt(job: Job, box: Box) -> Graded | Failure:
    try:
        return grade_one(job, box)
    except (Exception, BoxLost) as error:  # of one hand-in; the others are to be graded
        return Failure(job.student, reason(error))
