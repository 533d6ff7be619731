"""Questions as data: every kind of bad question is refused, and the shipped ones teach something."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.course import questions as module
from mlopt_lessons.course.questions import (
    Question,
    due,
    lessons,
    misconceptions,
    parse,
    questions,
)
from mlopt_lessons.course.store import Answer

CATALOGUE = {"m1": {}, "m2": {}}


def row(id: str = "q1") -> dict[str, Any]:
    wrong = [
        {"id": o, "text": f"{o}?", "correct": False, "misconception": m, "explanation": f"No: {o}."}
        for o, m in (("a", "m1"), ("b", "m2"))
    ]
    right = {"id": "c", "text": "c?", "correct": True, "explanation": "Yes."}
    return {"id": id, "text": "Why?", "options": [*wrong, right]}


def test_a_good_question_parses() -> None:
    (found,) = parse("05", [row()], CATALOGUE)
    assert (found.id, found.lesson, found.text) == ("q1", "05", "Why?")
    assert [(o.id, o.correct, o.misconception) for o in found.options] == [
        ("a", False, "m1"),
        ("b", False, "m2"),
        ("c", True, None),
    ]
    assert found.option("b").explanation == "No: b."
    with pytest.raises(ValueError, match="q1 has no option 'z'"):
        found.option("z")


def spoil(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    spoilt = copy.deepcopy(row())
    change(spoilt)
    return spoilt


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "two options": (spoil(lambda q: q["options"].pop(0)), "at least 3 options"),
    "no options": (spoil(lambda q: q["options"].clear()), "at least 3 options"),
    "option id twice": (spoil(lambda q: q["options"][0].update(id="b")), "different ids"),
    "none right": (
        spoil(lambda q: q["options"][2].update(correct=False, misconception="m1")),
        "exactly one right",
    ),
    "two right": (
        spoil(lambda q: q["options"][0].update(correct=True, misconception=None)),
        "exactly one right",
    ),
    "right as text": (spoil(lambda q: q["options"][2].update(correct="yes")), "exactly one right"),
    "no explanation": (
        spoil(lambda q: q["options"][1].update(explanation=" ")),
        "q1, option b: text and explanation",
    ),
    "right one unexplained": (
        spoil(lambda q: q["options"][2].update(explanation="")),
        "q1, option c: text and explanation",
    ),
    "no option text": (spoil(lambda q: q["options"][0].update(text="")), "q1, option a: text"),
    "unknown misconception": (
        spoil(lambda q: q["options"][0].update(misconception="m9")),
        "q1, option a: a wrong option needs a misconception of the catalogue",
    ),
    "no misconception": (
        spoil(lambda q: q["options"][0].pop("misconception")),
        "q1, option a: a wrong option needs a misconception of the catalogue",
    ),
    "right with misconception": (
        spoil(lambda q: q["options"][2].update(misconception="m1")),
        "q1, option c: a right option has no misconception",
    ),
    "missing field": (spoil(lambda q: q["options"][0].pop("text")), "q1: a field is missing"),
    "unknown field": (spoil(lambda q: q["options"][0].update(hint="x")), "q1: a field is missing"),
    "no text": (spoil(lambda q: q.pop("text")), "q1: a field is missing"),
    "no id": (spoil(lambda q: q.pop("id")), "a field is missing"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_question_is_refused_with_its_name(name: str) -> None:
    spoilt, sentence = BAD[name]
    with pytest.raises(ValueError, match=sentence):
        parse("05", [row("q0"), spoilt], CATALOGUE)


def test_an_id_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="05 has two questions with the same id"):
        parse("05", [row(), row()], CATALOGUE)


def test_an_unknown_lesson_gets_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no questions for '99_none'.*05_quantization"):
        questions("99_none")


SHIPPED = [question for lesson in lessons() for question in questions(lesson)]
DATA = Path(module.__file__).parent / "data"
ROOT = Path(__file__).parents[2]


def test_every_file_is_a_lesson_with_enough_questions() -> None:
    assert list(lessons()) == sorted(path.stem for path in (DATA / "quizzes").glob("*.json"))
    assert {"05_quantization", "06_pruning"} <= set(lessons())
    assert all(len(questions(lesson)) >= 6 for lesson in lessons())
    ids = [question.id for question in SHIPPED]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("question", SHIPPED, ids=lambda q: q.id)
def test_every_wrong_option_explains_itself(question: Question) -> None:
    raw = json.loads((DATA / "quizzes" / f"{question.lesson}.json").read_text(encoding="utf-8"))
    (written,) = [each for each in raw if each["id"] == question.id]
    wrong = [each for each in written["options"] if not each["correct"]]
    assert len(wrong) == len(written["options"]) - 1 >= 2
    explanations = [each["explanation"] for each in written["options"]]
    assert len(set(explanations)) == len(explanations)
    assert all(each["misconception"] in misconceptions() for each in wrong)


def test_the_catalogue_names_and_says_each_misconception() -> None:
    for each in misconceptions().values():
        assert set(each) == {"name", "sentence"}
        assert each["name"].strip()
        assert each["sentence"].endswith(".")


def test_each_misconception_of_the_catalogue_is_met_in_a_quiz_or_an_exercise() -> None:
    asked = DATA.glob("quizzes/*.json")
    marked = (*ROOT.glob("mlopt_lessons/**/*.py"), *ROOT.glob("solutions/*/judge.py"))
    said = "".join(path.read_text(encoding="utf-8") for path in (*asked, *marked))
    assert not [each for each in misconceptions() if f'"{each}"' not in said]


COURSE = {
    lesson: tuple(
        Question(f"{lesson}-{number}", lesson, "Why?", parse(lesson, [row()], CATALOGUE)[0].options)
        for number in range(count)
    )
    for lesson, count in (("01_cost", 2), ("02_resources", 3), ("05_quantization", 2))
}
ALL = [question.id for each in COURSE.values() for question in each]


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "lessons", lambda: tuple(COURSE))
    monkeypatch.setattr(module, "questions", COURSE.__getitem__)


def asked(lesson: str, answers: list[tuple[str, bool]], count: int = 99) -> list[str]:
    given = [Answer(question, "a", correct, "2026-01-01") for question, correct in answers]
    return [question.id for question in due(lesson, given, count)]


@pytest.mark.usefixtures("course")
def test_nothing_is_due_before_the_second_lesson() -> None:
    assert asked("00_smart_bakery", []) == []
    assert asked("01_cost", []) == []


@pytest.mark.usefixtures("course")
def test_missed_first_then_never_asked_then_longest_ago() -> None:
    answers = [
        ("02_resources-0", True),
        ("01_cost-0", True),
        ("02_resources-1", False),
        ("01_cost-1", True),
        ("01_cost-1", False),
    ]
    assert asked("05_quantization", answers) == [
        "02_resources-1",  # missed, longer ago
        "01_cost-1",  # missed at the last try
        "02_resources-2",  # never asked
        "02_resources-0",  # right, longest ago
        "01_cost-0",
    ]
    assert asked("05_quantization", answers, 2) == ["02_resources-1", "01_cost-1"]
    assert asked("02_resources", answers) == ["01_cost-1", "01_cost-0"]


@pytest.mark.usefixtures("course")
def test_a_missed_one_that_was_put_right_is_missed_no_more() -> None:
    answers = [("01_cost-0", False), ("01_cost-0", True), ("01_cost-1", False)]
    assert asked("02_resources", answers) == ["01_cost-1", "01_cost-0"]


@pytest.mark.usefixtures("course")
def test_count_is_none_or_more() -> None:
    assert asked("05_quantization", [], 0) == []
    with pytest.raises(ValueError, match="0 or more, got -1"):
        asked("05_quantization", [], -1)


@pytest.mark.usefixtures("course")
@settings(deadline=None, max_examples=100)
@given(
    st.sampled_from(["01_cost", "02_resources", "05_quantization", "08_takeaways"]),
    st.lists(st.tuples(st.sampled_from([*ALL, "gone"]), st.booleans()), max_size=20),
    st.integers(0, 8),
)
def test_the_order_holds_for_any_history(
    lesson: str, answers: list[tuple[str, bool]], count: int
) -> None:
    found = asked(lesson, answers)
    assert asked(lesson, answers, count) == found[:count]
    assert sorted(found) == sorted(id for id in ALL if id.rsplit("-", 1)[0] < lesson)
    last = dict(answers)
    groups = [0 if last.get(id) is False else 1 if id not in last else 2 for id in found]
    assert groups == sorted(groups)
    when = {id: number for number, (id, _) in enumerate(answers)}
    for one, other, group, next_group in zip(found, found[1:], groups, groups[1:], strict=False):
        if group == next_group:
            never = group == 1
            assert ALL.index(one) < ALL.index(other) if never else when[one] < when[other]
