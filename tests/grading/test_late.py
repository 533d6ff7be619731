"""What a late hand-in costs, against nbgrader's own preprocessor."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import toy_class
from nbgrader.preprocessors import AssignLatePenalties
from toy_class import BLANK, GOOD, LESSON, graded, hand_in, make_class, rows
from traitlets.config import Config

from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.gradebook import Gradebook
from mlopt_lessons.grading.records import GradingError

DUE = datetime(2026, 3, 1, 12, 0)
pytestmark = pytest.mark.usefixtures("alembic")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_class(tmp_path, {"ada": GOOD, "bob": BLANK})


LATE = {
    "none": ({}, None),
    "zero": ({"LateSubmissionPlugin": {"penalty_method": "zero"}}, 5),
    "a day begun": ({"PerDay": {"percent": 10}}, 1.0),
    "in grace": ({"PerDay": {"percent": 10, "grace_minutes": 60 * 26}}, None),
    "beyond grace": ({"PerDay": {"percent": 10, "grace_minutes": 60 * 24}}, 1.0),
    "more than all": ({"PerDay": {"percent": 80}}, 5),
}


@pytest.mark.parametrize("name", LATE)
def test_a_late_hand_in_costs_what_nbgrader_takes_by_the_same_setting(
    folder: Path, name: str
) -> None:
    setting, taken = LATE[name]
    if "PerDay" in setting:
        setting |= {"AssignLatePenalties": {"plugin_class": "mlopt_lessons.grading.late.PerDay"}}
    lines = [
        f"c.{part}.{key} = {value!r}"
        for part, keys in setting.items()
        for key, value in keys.items()
    ]
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write("\n".join(lines))
    hand_in(folder, "ada", GOOD, str(DUE + timedelta(hours=25)) + " UTC")
    classroom = Classroom(folder)
    with Gradebook(classroom) as gradebook:
        gradebook.register(classroom.exercise(LESSON))
        gradebook.book.update_or_create_assignment(LESSON, duedate=DUE)
        gradebook.save(graded(classroom, "ada"), classroom.received("ada", LESSON))
    assert rows(folder, toy_class.LATE) == [("ada", taken)]
    told = {"notebook": LESSON, "assignment": LESSON, "student": "ada", "db_url": classroom.db_url}
    theirs = AssignLatePenalties(config=Config(setting))
    theirs.preprocess(toy_class.release(), {"nbgrader": told})
    assert rows(folder, toy_class.LATE) == [("ada", taken)]


def test_an_extension_takes_the_penalty_back_without_grading_again(folder: Path) -> None:
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write("c.LateSubmissionPlugin.penalty_method = 'zero'\n")
    classroom = Classroom(folder)
    late = DUE + timedelta(hours=1)
    with Gradebook(classroom) as gradebook:
        gradebook.register(classroom.exercise(LESSON))
        gradebook.book.update_or_create_assignment(LESSON, duedate=DUE)
        gradebook.save(graded(classroom, "ada"), late)
        assert rows(folder, toy_class.LATE) == [("ada", 5)]
        gradebook.book.grant_extension(LESSON, "ada", days=1)
        gradebook.late_again("ada", LESSON, late)
        assert rows(folder, toy_class.LATE) == [("ada", None)]
        gradebook.book.update_or_create_assignment(LESSON, duedate=None)  # nothing is late then
        gradebook.late_again("ada", LESSON, late)


@pytest.mark.parametrize(
    "line", ["AssignLatePenalties.plugin_class = 'a.B'", "PerDay.percent = 101"]
)
def test_a_late_penalty_that_cannot_be_used_is_told(folder: Path, line: str) -> None:
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write(
            f"c.AssignLatePenalties.plugin_class = 'mlopt_lessons.grading.late.PerDay'\nc.{line}\n"
        )
    with pytest.raises(GradingError, match="late penalty"):
        Gradebook(Classroom(folder))
