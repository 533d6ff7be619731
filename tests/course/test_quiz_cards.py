"""Quiz cards: an answer is explained, stored and found again; a saved notebook gives nothing away."""

import re
from html import unescape
from pathlib import Path

import pytest
from small_disk import Disk

from mlopt_lessons.course import questions as module
from mlopt_lessons.course import store
from mlopt_lessons.course.questions import Option, Question, questions
from mlopt_lessons.course.quiz_cards import NOTHING_DUE, QuestionCard, Quiz, quiz, review
from mlopt_lessons.course.store import open_store

LESSON = "05_quantization"
QUESTION = Question(
    "q1",
    LESSON,
    "Is 1 < 2?",
    (
        Option("a", "Never", False, "It is: count <b>.", "m1"),
        Option("b", "Always", True, "One is less than two."),
        Option("c", "On Mondays", False, "Numbers know no days.", "m2"),
    ),
)
FEEDBACK = {
    "a": "Not this one. It is: count <b>.",
    "b": "Right. One is less than two.",
    "c": "Not this one. Numbers know no days.",
}


def card() -> QuestionCard:
    return QuestionCard(QUESTION, open_store())


def feedback(shown: QuestionCard) -> str:
    return unescape(re.sub("<[^>]*>", "", shown.feedback.value))


def answer(shown: QuestionCard, option: str) -> None:
    shown.choice.value = option
    shown.button.click()


def restart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_OPEN", {})


@pytest.mark.parametrize("option", FEEDBACK)
def test_an_answer_gets_its_own_feedback_and_is_stored(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    shown = card()
    assert feedback(shown) == ""
    answer(shown, option)
    assert feedback(shown) == FEEDBACK[option]
    restart(monkeypatch)
    (found,) = open_store().answers("q1")
    assert (found.option, found.correct) == (option, option == "b")
    again = card()
    assert again.choice.value == option
    assert feedback(again) == FEEDBACK[option]
    assert len(open_store().answers()) == 1


@pytest.mark.usefixtures("workspace")
class TestCard:
    def test_choosing_alone_is_no_answer(self) -> None:
        shown = card()
        shown.choice.value = "a"
        assert feedback(shown) == ""
        assert open_store().answers() == []

    def test_another_choice_clears_the_old_feedback(self) -> None:
        shown = card()
        answer(shown, "a")
        shown.choice.value = "b"
        assert feedback(shown) == ""

    def test_nothing_chosen_gets_a_sentence(self) -> None:
        shown = card()
        shown.button.click()
        assert feedback(shown) == "Choose one of the answers first."
        assert open_store().answers() == []

    def test_one_may_try_again(self) -> None:
        shown = card()
        for option in "acb":
            answer(shown, option)
        assert [each.option for each in open_store().answers("q1")] == ["a", "c", "b"]
        assert feedback(card()) == FEEDBACK["b"]

    def test_an_answer_that_is_no_longer_an_option_is_left_out(self) -> None:
        open_store().record_answer("q1", "z", False)
        shown = card()
        assert shown.choice.value is None
        assert feedback(shown) == ""

    def test_feedback_is_read_aloud(self) -> None:
        shown = card()
        answer(shown, "a")
        assert 'role="alert"' in shown.feedback.value
        assert "&lt;b&gt;" in shown.feedback.value

    def test_damaged_progress_gets_a_sentence_and_the_question_still_works(
        self, workspace: Path
    ) -> None:
        (workspace / ".mlopt/progress.sqlite").write_bytes(b"not a database" * 500)
        shown = card()
        assert "is damaged" in feedback(shown)
        answer(shown, "b")
        assert feedback(shown).startswith(FEEDBACK["b"])
        assert "is damaged" in feedback(shown)


def test_read_only_progress_still_explains(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPT_WORKSPACE", str(disk.path))
    (disk.path / ".mlopt").mkdir()
    open_store().record_answer("q1", "a", False)
    open_store().close()
    disk.read_only()
    shown = card()
    assert feedback(shown) == FEEDBACK["a"]
    answer(shown, "b")
    assert feedback(shown).startswith(FEEDBACK["b"])
    assert "read-only" in feedback(shown)


@pytest.mark.usefixtures("workspace")
class TestQuiz:
    def test_a_lessons_quiz_has_all_its_questions(self) -> None:
        shown = quiz(LESSON)
        assert [each.question for each in shown.cards] == list(questions(LESSON))
        assert len(shown.widget.children) == len(questions(LESSON))

    def test_a_saved_notebook_shows_the_options_and_never_which_is_right(self) -> None:
        """The still version is the same whichever option is right, and after an answer too."""
        turned = Question("q1", LESSON, QUESTION.text, tuple(
            Option(o.id, o.text, o.id == "a", "Other words.", None if o.id == "a" else "m1")
            for o in QUESTION.options
        ))  # fmt: skip
        before = Quiz([QUESTION], open_store())._repr_mimebundle_()
        answer(card(), "b")
        for other in (Quiz([turned], open_store()), Quiz([QUESTION], open_store())):
            bundle = other._repr_mimebundle_()
            for kind in ("text/plain", "text/html"):
                assert bundle[kind] == before[kind]
        assert before["text/plain"] == "Is 1 < 2?\n  - Never\n  - Always\n  - On Mondays"
        assert "Is 1 &lt; 2?" in before["text/html"]

    def test_shipped_questions_give_no_explanation_away(self) -> None:
        bundle = quiz(LESSON)._repr_mimebundle_()
        for question in questions(LESSON):
            assert question.text in bundle["text/plain"]
            for option in question.options:
                assert option.text in unescape(bundle["text/html"])
                assert option.explanation not in unescape(bundle["text/html"])

    def test_an_unknown_lesson_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no questions for"):
            quiz("99_none")


@pytest.mark.usefixtures("workspace")
class TestReview:
    def test_the_first_lesson_with_questions_has_nothing_to_review(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "lessons", lambda: (LESSON,))
        shown = review(LESSON)
        assert shown.still_text == NOTHING_DUE
        assert NOTHING_DUE in unescape(shown._repr_mimebundle_()["text/html"])

    def test_a_later_lesson_asks_three_missed_first(self) -> None:
        ids = [question.id for question in questions(LESSON)]
        open_store().record_answer(ids[4], "a", False)
        shown = review("06_pruning")
        assert isinstance(shown, Quiz)
        asked = [each.question.id for each in shown.cards]
        assert len(asked) == 3
        assert asked[0] == ids[4]

    def test_damaged_progress_gets_a_sentence(self, workspace: Path) -> None:
        (workspace / ".mlopt/progress.sqlite").write_bytes(b"not a database" * 500)
        assert "is damaged" in review("06_pruning").still_text
