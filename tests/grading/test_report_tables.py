"""The numbers of the report on a class, against tables worked out by hand, pandas and numpy."""

import numpy as np
import pandas as pd
import pytest
from class_records import class_of, final, recorded, task_mark, waiting
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.course.questions import misconceptions
from mlopt_lessons.grading import report_tables as tables
from mlopt_lessons.grading import report_words as words
from mlopt_lessons.grading.report_data import HandIn, Learner, Lesson, with_handed_in, with_names
from mlopt_lessons.grading.students import Name

COST = Lesson("01_cost", 11, 3)


def test_states_of_hand_ins_and_what_is_counted():
    record = class_of(
        final("a", 5, 1), waiting("b", 4), HandIn("c", "01_cost", graded=False),
        final("d", 4, penalty=1), learners=[Learner("e")],
    )  # fmt: skip
    states = {row.learner.id: row.state for row in tables.grade_rows(record, COST)}
    assert states == {
        "a": "final", "b": "waits", "c": "not graded", "d": "final", "e": "nothing",
    }  # fmt: skip
    found = tables.summary(record, COST)
    assert (found.final, found.waits, found.not_graded, found.nothing) == (2, 1, 1, 1)
    assert (found.handed_in, found.late) == (4, 1)
    assert [each.id for each in tables.without_any(record)] == ["e"]


def test_what_lies_in_the_folder_and_is_not_graded_is_there():
    record = class_of(final("a", 5))
    found = with_handed_in(record, {"01_cost": ["a", "new"], "05_quantization": ["a"]})
    assert found.handins["a", "01_cost"].graded
    assert not found.handins["new", "01_cost"].graded
    assert not found.handins["a", "05_quantization"].graded
    assert [each.id for each in found.learners] == ["a", "new"]


def test_who_is_not_graded_yet_has_the_name_of_the_class_list():
    record = class_of(final("z", 5), learners=[Learner("g", "Grace", "Hopper"), Learner("who")])
    record = with_handed_in(record, {"01_cost": ["ada"]})
    names = {"ada": Name("Ada", "Byron"), "g": Name("Gail", "Other"), "z": Name("", "Zola")}
    found = with_names(record, names)
    assert [each.shown for each in found.learners] == [
        "Ada Byron (ada)", "Grace Hopper (g)", "who", "Zola (z)",
    ]  # fmt: skip
    assert found.handins == record.handins


POINTS = st.lists(st.integers(0, 28).map(lambda half: half / 2), min_size=1, max_size=60)


@given(POINTS)
def test_a_distribution_is_that_of_numpy(points):
    record = class_of(*(final(f"s{i:02}", value) for i, value in enumerate(points)))
    found = tables.distribution(record, COST)
    assert found.n == len(points)
    assert found.median == np.median(points)
    assert (found.low, found.high) == (min(points), max(points))
    np.testing.assert_array_equal(found.counts, np.histogram(points, found.edges)[0])
    assert sum(found.counts) == len(points)
    assert found.edges[-1] >= 14
    assert len(found.counts) <= tables.MOST_BARS


def test_each_whole_number_of_points_has_a_bar_of_its_own():
    record = class_of(*(final(f"s{value}", value) for value in (0, 10, 11, 14)))
    found = tables.distribution(record, COST)
    assert found.edges == tuple(place - 0.5 for place in range(16))
    assert [place for place, count in enumerate(found.counts) if count] == [0, 10, 11, 14]


def test_bars_of_many_points_hold_as_many_each():
    found = tables.distribution(class_of(final("a", 40)), Lesson("01_cost", 40, 0))
    assert found.edges == tuple(place * 3 - 0.5 for place in range(15))
    assert found.counts[-1] == 1


def test_penalties_are_in_the_distribution_of_totals():
    found = tables.distribution(class_of(final("a", 6, 2, penalty=3), final("b", 9)), COST)
    assert (found.low, found.high, found.most, found.of_tasks) == (5, 9, 14, False)


def test_while_anything_waits_the_distribution_is_of_the_tasks():
    found = tables.distribution(class_of(final("a", 6, 3), waiting("b", 9)), COST)
    assert (found.low, found.high, found.most, found.of_tasks) == (6, 9, 11, True)
    assert "without what waits for grading by hand" in words.distribution_text(found)


def test_a_lesson_without_graded_hand_ins_has_no_median():
    found = tables.distribution(class_of(HandIn("a", "01_cost", graded=False)), COST)
    assert (found.n, found.median, sum(found.counts)) == (0, None, 0)
    assert words.distribution_text(found) == "01_cost: nothing is graded yet."


def _judged():
    """Three learners, two tasks; worked out by hand below."""
    return [
        recorded("a", "01_cost", task_mark(1, 2), task_mark(2, 4, parts=[("x", 1, 1), ("y", 3, 3)])),
        recorded("b", "01_cost", task_mark(1, 2),
                 task_mark(2, 1, parts=[("x", 1, 1), ("y", 3, 0)], mistake="no-clip", message="Clip it.")),
        recorded("c", "01_cost", task_mark(1, 0, message="It raised ZeroDivisionError."),
                 task_mark(2, 0, parts=[("x", 1, 0), ("y", 3, 0)], mistake="no-clip", message="Clip it.")),
    ]  # fmt: skip


def test_missed_tasks_and_parts_by_hand():
    found = tables.missed(class_of(judged=_judged()))
    rows = [(row.task, row.part, row.earned, row.possible, row.full, row.n) for row in found]
    assert rows == [
        ("01-2", "", 5, 12, 1, 3), ("01-2", "y", 3, 9, 1, 3), ("01-2", "x", 2, 3, 2, 3),
        ("01-1", "", 4, 6, 2, 3),
    ]  # fmt: skip
    assert found[0].share == pytest.approx(5 / 12)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=30))
def test_shares_are_those_of_pandas(earned):
    judged = [
        recorded(f"s{i}", "01_cost", task_mark(1, one), task_mark(2, two, points=4))
        for i, (one, two) in enumerate(earned)
    ]
    found = {row.task: row for row in tables.missed(class_of(judged=judged))}
    frame = pd.DataFrame(earned, columns=["01-1", "01-2"])
    shares = frame.sum() / (len(frame) * pd.Series({"01-1": 2, "01-2": 4}))
    assert {task: row.share for task, row in found.items()} == pytest.approx(shares.to_dict())
    assert {task: row.full for task, row in found.items()} == (frame == [2, 4]).sum().to_dict()
    ordered = [row.share for row in tables.missed(class_of(judged=judged))]
    assert ordered == sorted(ordered)


def test_mistakes_by_hand():
    first, second = tables.mistakes(class_of(judged=_judged()))
    assert (first.id, first.task, first.learners, first.n) == ("no-clip", "01-2", 2, 3)
    assert (first.name, first.hint) == (misconceptions()["no-clip"]["name"], "Clip it.")
    assert (second.id, second.name, second.learners) == (None, tables.UNNAMED, 1)
    assert second.hint == "It raised ZeroDivisionError."


def test_what_no_misconception_explains_comes_last():
    marks = [task_mark(1, 0, message=f"It is {n}.") for n in range(3)]
    marks += [task_mark(1, 0, mistake="no-clip", message="Clip it.")]
    judged = [recorded(f"s{n}", "01_cost", mark) for n, mark in enumerate(marks)]
    found = tables.mistakes(class_of(judged=judged))
    assert [(row.id, row.learners, row.hinted) for row in found] == [
        ("no-clip", 1, 1),
        (None, 3, 1),
    ]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("It is None: fill in the\n missing lines.", "It is None: fill in the missing lines."),
        ("For [1, 2], 3: it should be [8, 5], yours is [12, 12].",) * 2,
        (f"For {list(range(20))}, 'int8': it should be 4, yours is 5.",
         "For …, 'int8': it should be 4, yours is 5."),
        (f"For 1: it should be {[[1] * 20] * 2}, yours is array([[0, 1,\n 2, …", "the same wrong result."),
        ("For x: it should be {'a': [1, 2], 'b': 'something long'}, yours is {}.",
         "For x: it should be …, yours is {}."),
        ("word " * 40, "word " * 23 + "…"),
    ],
)  # fmt: skip
def test_a_hint_in_a_table_is_one_short_sentence(told, shown):
    assert words.short_hint(told) == shown
    assert len(shown) <= words.MOST_HINT


def test_an_unknown_misconception_keeps_its_id_in_words():
    assert tables.name_of("never-heard-of") == "Never heard of"


def test_a_right_answer_is_no_mistake():
    judged = [recorded("a", "01_cost", task_mark(1, 2, mistake="no-clip"))]
    assert tables.mistakes(class_of(judged=judged)) == []


def test_remarks_name_the_learner():
    judged = [
        recorded("a", "01_cost", notes=("Stopped: too much memory.",)),
        recorded("x", "01_cost"),
    ]
    (found,) = tables.remarks(class_of(learners=[Learner("a", "Ada", "Byron")], judged=judged))
    assert (found.learner.name, found.lesson, found.text) == (
        "Ada Byron", "01_cost", "Stopped: too much memory.",
    )  # fmt: skip


SLOW = "It was stopped: it took longer than 20 s."


@pytest.mark.parametrize(
    ("notes", "told"),
    [
        ((), ["Task 2: it was stopped: it took longer than 20 s."]),
        (("Task 2: it was stopped: it took longer than 20 s.",),) * 2,
        (
            ("Task 1: it was stopped: it took longer than 20 s.",),
            (
                "Task 1: it was stopped: it took longer than 20 s.",
                "Task 2: it was stopped: it took longer than 20 s.",
            ),
        ),
    ],
)
def test_a_call_that_took_too_long_is_told_once(notes, told):
    judged = [recorded("a", "01_cost", task_mark(1, 2), task_mark(2, 0, message=SLOW), notes=notes)]
    assert [each.text for each in tables.remarks(class_of(judged=judged))] == list(told)


@pytest.mark.parametrize(
    ("n", "text"), [(4, "5 of 12 (n = 4)"), (5, "42 % (n = 5)"), (3, "5 of 12 (n = 3)")]
)
def test_shares_of_a_few_are_told_as_points(n, text):
    row = tables.Missed("01_cost", "01-1", "Task 1", "", 5, 12, 1, n)
    assert words.share_text(row) == text
    assert bool(words.few_text(n)) == (n < 5)
