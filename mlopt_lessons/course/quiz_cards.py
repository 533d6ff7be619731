"""Questions as cards in a notebook: choose, see why, and find the answer again after a restart."""

from collections.abc import Sequence
from html import escape

import ipywidgets as widgets

from mlopt_lessons.course.cards import Card, card, line, paragraph
from mlopt_lessons.course.choice import Choice
from mlopt_lessons.course.questions import Option, Question, due, questions
from mlopt_lessons.course.store import Store, StoreError, open_store

NOTHING_DUE = (
    "Nothing to review yet: the questions of earlier lessons come back here once there are some."
)


class QuestionCard:
    """One question with its options; an answer is explained and stored, and may be tried again.

    Choosing alone answers nothing, the button does, so that nobody answers by a slip.
    """

    def __init__(self, question: Question, store: Store) -> None:
        self.question, self._store = question, store
        self.choice = Choice([(option.text, option.id) for option in question.options])
        self.button = widgets.Button(description="Answer", button_style="primary")
        self.feedback = line()
        rows = [line(question.text, strong=True), self.choice, self.button, self.feedback]
        self.widget = card(rows, "mlopt-quiz")
        self._restore()
        self.choice.observe(lambda _change: self._clear(), names="value")
        self.button.on_click(lambda _button: self.answer())

    def answer(self) -> None:
        """Explains the chosen option and stores it; asks for one when none is chosen."""
        if self.choice.value is None:
            self.feedback.value = paragraph("Choose one of the answers first.", alert=True)
            return
        option = self.question.option(self.choice.value)
        self._explain(option)
        try:
            self._store.record_answer(self.question.id, option.id, option.correct)
        except StoreError as error:
            self.feedback.value += paragraph(str(error), alert=True)

    def _restore(self) -> None:
        try:
            earlier = self._store.answers(self.question.id)
        except StoreError as error:
            self.feedback.value = paragraph(str(error), alert=True)
            return
        known = {option.id for option in self.question.options}
        if earlier and earlier[-1].option in known:
            self.choice.value = earlier[-1].option
            self._explain(self.question.option(earlier[-1].option))

    def _clear(self) -> None:
        self.feedback.value = ""  # it explains another option

    def _explain(self, option: Option) -> None:
        word = "Right." if option.correct else "Not this one."
        self.feedback.value = paragraph(f"{word} {option.explanation}", alert=True)


class Quiz(Card):
    """Several question cards; a saved notebook shows questions and options, never which is right."""

    def __init__(self, asked: Sequence[Question], store: Store) -> None:
        self.cards = [QuestionCard(question, store) for question in asked]
        self.widget = widgets.VBox([each.widget for each in self.cards])
        self.still_text = "\n".join(_still_text(question) for question in asked)
        self.still_html = "".join(_still_html(question) for question in asked)


class Nothing(Card):
    """One sentence in the place of a quiz."""

    def __init__(self, sentence: str) -> None:
        self.widget = card([line(sentence)], "mlopt-review")
        self.still_text, self.still_html = sentence, paragraph(sentence)


def quiz(lesson: str) -> Quiz:
    """All questions of a lesson such as "05_quantization". Raises ValueError if it has none."""
    return Quiz(questions(lesson), open_store())


def review(lesson: str, count: int = 3) -> Card:
    """Up to `count` questions of lessons before this one: missed first, then longest ago."""
    store = open_store()
    try:
        asked = due(lesson, store.answers(), count)
    except StoreError as error:
        return Nothing(str(error))
    return Quiz(asked, store) if asked else Nothing(NOTHING_DUE)


def _still_text(question: Question) -> str:
    return "\n".join([question.text, *(f"  - {option.text}" for option in question.options)])


def _still_html(question: Question) -> str:
    options = "".join(f"<li>{escape(option.text)}</li>" for option in question.options)
    return f"{paragraph(question.text, strong=True)}<ul>{options}</ul>"
