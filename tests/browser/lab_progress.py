"""A learner's answers in the browser: give them, and find them again after a kernel restart."""

from dataclasses import dataclass

from lab_page import NotebookPage
from playwright.sync_api import Locator, expect

QUIZ = ".mlopt-quiz"
PREDICT = ".mlopt-predict"


@dataclass(frozen=True)
class Answer:
    """What one quiz card shows once it is answered: the chosen option and what it says to it."""

    option: str
    feedback: str


def survive_restart(lesson: NotebookPage, number: str) -> None:
    """Answer a question and lock a prediction, restart the kernel, and find both as they were.

    The question is the last of the lesson's own quiz: a question of an earlier lesson, at the top, makes
    room for others once it is answered right.
    `number` is typed where the first prediction asks for one. The notebook must have run, and has
    run again afterwards.
    Raises AssertionError when a card is missing, takes no answer, or has forgotten it.
    """
    answered = answer(lesson.page.locator(QUIZ).last)
    locked = lock(lesson.page.locator(PREDICT).first, number)
    lesson.restart_and_run_all()
    assert lesson.bad_outputs() == []
    assert shown(lesson.page.locator(QUIZ).last) == answered
    assert locked_text(lesson.page.locator(PREDICT).first) == locked
    assert lesson.errors == []


def answer(card: Locator) -> Answer:
    """Choose an option of a quiz card that is not chosen yet; return what it shows then."""
    card.scroll_into_view_if_needed()
    options = card.get_by_role("radio")
    unchosen = next(option for option in options.all() if not option.is_checked())
    unchosen.click()
    expect(unchosen).to_be_checked()
    card.get_by_role("button", name="Answer").click()
    expect(card.get_by_role("alert")).not_to_be_empty()
    return shown(card)


def shown(card: Locator) -> Answer:
    """Return the chosen option and its feedback."""
    feedback = card.get_by_role("alert")
    expect(feedback).to_be_visible()
    chosen = card.get_by_role("radio", checked=True)
    text: str = chosen.evaluate("(radio) => radio.closest('label').textContent.trim()")
    return Answer(text, feedback.text_content() or "")


def lock(card: Locator, number: str) -> str:
    """Give the card a prediction and lock it; return what it says then."""
    card.scroll_into_view_if_needed()
    if card.get_by_role("button", name="Locked").count() == 0:
        _predict(card, number)
        card.get_by_role("button", name="Lock in").click()
    return locked_text(card)


def lock_all(lesson: NotebookPage, number: str) -> int:
    """Lock every prediction of a notebook that has run; return how many there are."""
    cards = lesson.page.locator(PREDICT).all()
    for card in cards:
        lock(card, number)
    return len(cards)


def locked_text(card: Locator) -> str:
    """Return the sentence of a locked prediction; fail when the card is not locked."""
    expect(card.get_by_role("button", name="Locked")).to_be_disabled()
    return card.get_by_text("Locked: ").text_content() or ""


def _predict(card: Locator, number: str) -> None:
    if card.get_by_role("radio").count():
        card.get_by_role("radio").first.click()
    elif card.get_by_role("slider").count():
        card.get_by_role("slider").press("ArrowRight")
    else:
        card.get_by_role("textbox").fill(number)
        card.get_by_role("textbox").press("Tab")
