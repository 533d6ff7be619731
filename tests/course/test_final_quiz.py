"""The quiz at the end: misses first, all lessons, the same questions until it is done."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.course import final_quiz, store
from mlopt_lessons.course.last_quiz import draw, missed_questions
from mlopt_lessons.course.questions import Option, Question, lessons, questions
from mlopt_lessons.course.quiz_cards import Quiz
from mlopt_lessons.course.store import Answer, open_store

OPTIONS = (Option("a", "yes", True, "It is."), Option("b", "no", False, "It is not.", "m"))
BANK = {
    lesson: tuple(Question(f"{lesson}{n}", lesson, "?", OPTIONS) for n in range(3))
    for lesson in ("x", "y", "z")
}
every_id = [question.id for each in BANK.values() for question in each]
histories = st.lists(st.tuples(st.sampled_from(every_id), st.booleans()), max_size=40)


def told(history: list[tuple[str, bool]]) -> list[Answer]:
    return [Answer(id, "a" if right else "b", right, "") for id, right in history]


def ids(history: list[tuple[str, bool]], count: int = 9) -> list[str]:
    return [question.id for question in draw(BANK, told(history), count)]


def asked(card: object) -> list[str]:
    assert isinstance(card, Quiz)
    return [each.question.id for each in card.cards]


def test_a_beginner_gets_each_lesson_in_turn() -> None:
    assert ids([]) == ["x0", "y0", "z0", "x1", "y1", "z1", "x2", "y2", "z2"]


def test_missed_first_then_in_turn_what_was_never_asked_then_longest_ago() -> None:
    history = [("y2", False), ("x1", True), ("z0", False), ("x0", True), ("y2", False)]
    assert ids(history) == ["z0", "y2", "x2", "y0", "z1", "x1", "y1", "z2", "x0"]
    assert ids(history, 4) == ["z0", "y2", "x2", "y0"]


def test_a_miss_comes_back_until_it_was_right_twice_in_a_row() -> None:
    wrong, right = ("x0", False), ("x0", True)
    for history, missed in [
        ([wrong], True),
        ([wrong, right], True),
        ([wrong, right, right], False),
        ([wrong, right, right, wrong, right], True),
        ([right], False),
    ]:
        assert ("x0" in missed_questions(told(history))) is missed


@given(histories)
def test_every_question_once_and_misses_lead(history: list[tuple[str, bool]]) -> None:
    found = ids(history)
    assert sorted(found) == sorted(every_id)
    missed = missed_questions(told(history))
    assert set(found[: len(missed)]) == missed
    assert ids(history) == found


def test_twelve_questions_cover_all_lessons(no_workspace: Path) -> None:
    found = asked(final_quiz())
    assert len(found) == len(set(found)) == 12
    covered = {each for each in lessons() if {q.id for q in questions(each)} & set(found)}
    assert covered == set(lessons())


def test_own_misses_come_first(workspace: Path) -> None:
    missed = questions("05_quantization")[-1].id
    open_store().record_answer(missed, "a", False)
    assert asked(final_quiz())[0] == missed


def test_the_quiz_stays_until_it_is_done(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = asked(final_quiz(3))
    for id in first[1:]:
        open_store().record_answer(id, "a", correct=False)
        monkeypatch.setattr(store, "_OPEN", {})  # a new kernel
        assert asked(final_quiz(3)) == first
    open_store().record_answer(first[0], "a", correct=True)
    again = asked(final_quiz(3))
    assert again[:2] == first[1:]  # missed, and so first
    assert again[2] not in first


def test_another_length_and_a_question_that_is_gone_draw_again(workspace: Path) -> None:
    assert len(asked(final_quiz(4))) == 4
    assert len(asked(final_quiz(5))) == 5
    gone = '{"count": 5, "after": 0, "questions": ["q99-gone"]}'
    open_store().save_note("draw/final", gone)
    assert "q99-gone" not in asked(final_quiz(5))


def test_trouble_and_bad_counts_get_a_sentence(workspace: Path) -> None:
    with pytest.raises(ValueError, match="at least one question"):
        final_quiz(0)
    (workspace / ".mlopt" / "progress.sqlite").write_bytes(b"no database" * 100)
    assert "is damaged" in final_quiz().still_text
