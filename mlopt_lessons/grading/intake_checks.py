"""What must hold before anything is taken in: a class with exercises, and a source beside it."""

from __future__ import annotations

from pathlib import Path

from mlopt_lessons.grading.classroom import NO_CLASS, OF_A_CLASS, RELEASE, Classroom
from mlopt_lessons.grading.intake_lesson import Lessons
from mlopt_lessons.grading.records import GradingError


def lessons_of(classroom: Classroom, told: str | None) -> Lessons:
    """The exercises of the class. Raises GradingError where none was released, or not the one told."""
    releases, problems = {}, {}
    for name in classroom.lessons():
        try:
            releases[name] = classroom.exercise(name).release
        except GradingError as error:
            problems[name] = str(error)
    if not releases:
        raise GradingError(_no_exercise(classroom, told, problems))
    return Lessons(releases, told, problems)


def check_source(source: Path, classroom: Classroom) -> None:
    """Raises GradingError where a source is the class's own folder, holds it, or is a part of it."""
    here, root = source.resolve(), Path(classroom.course.root).resolve()
    _, *steps = classroom.hidden()
    own = [*(step.resolve() for step in steps), root / "replaced"]
    if root.is_relative_to(here) or any(here.is_relative_to(step) for step in own):
        raise GradingError(
            f"{source} holds what is the class's own, and its folders would be taken for learners; "
            "give the folder or zip that was exported."
        )


def _no_exercise(classroom: Classroom, told: str | None, problems: dict[str, str]) -> str:
    """Why a class has no exercise that hand-ins could be of."""
    if problems:
        return problems.get(told or "") or next(iter(problems.values()))
    root = Path(classroom.course.root)
    for name in OF_A_CLASS:
        if not (root / name).exists():
            return NO_CLASS.format(root, name)
    return (
        f"The class has no exercise: copy the course's solutions/ into {root}, and for each of them "
        f"{RELEASE.format('01_cost')}"
    )
