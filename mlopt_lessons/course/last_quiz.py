"""The quiz at the end: from all lessons, what the learner missed first; it stays until it is done."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain, zip_longest

from mlopt_lessons.course.cards import Card
from mlopt_lessons.course.questions import Question, lessons, questions
from mlopt_lessons.course.quiz_cards import NOTHING_DUE, Nothing, Quiz
from mlopt_lessons.course.store import Answer, Store, StoreError, open_store

DRAWN = "draw/final"
# A question that was missed comes back until it was answered right twice in a row.
RIGHT_IN_A_ROW = 2


def final_quiz(count: int = 12) -> Card:
    """`count` questions from all lessons: missed first, then from each lesson in turn, longest ago first.

    The quiz stays the same, also after a restart, until each of its questions is answered; the next call
    draws again. Raises ValueError for a count below 1.
    """
    if count < 1:
        raise ValueError(f"A quiz needs at least one question, got count={count}.")
    store = open_store()
    try:
        asked = _still_asked(store, count) or _drawn(store, count)
    except StoreError as error:
        return Nothing(str(error))
    return Quiz(asked, store) if asked else Nothing(NOTHING_DUE)


def draw(
    bank: Mapping[str, Sequence[Question]], answers: Sequence[Answer], count: int
) -> tuple[Question, ...]:
    """The questions to ask, out of `bank` (lesson → questions); the same progress gives the same ones.

    First those missed and not yet answered right twice in a row, the one that was asked longest ago
    leading. Then one of each lesson in turn: never asked ones, then longest ago.
    """
    last = {answer.question: number for number, answer in enumerate(answers)}
    missed = missed_questions(answers)
    every = list(chain.from_iterable(bank.values()))
    first = sorted((q for q in every if q.id in missed), key=lambda q: last[q.id])
    rest = [
        sorted((q for q in each if q.id not in missed), key=lambda q: last.get(q.id, -1))
        for each in bank.values()
    ]
    in_turn = (question for turn in zip_longest(*rest) for question in turn if question)
    return tuple(chain(first, in_turn))[:count]


def missed_questions(answers: Sequence[Answer]) -> set[str]:
    """Ids of questions once answered wrong and since then not twice in a row right."""
    right: dict[str, int] = {}
    for answer in answers:
        if not answer.correct:
            right[answer.question] = 0
        elif answer.question in right:
            right[answer.question] += 1
    return {question for question, count in right.items() if count < RIGHT_IN_A_ROW}


def _bank() -> dict[str, tuple[Question, ...]]:
    return {lesson: questions(lesson) for lesson in lessons()}


def _still_asked(store: Store, count: int) -> tuple[Question, ...]:
    """The quiz drawn before, unless it is done, has another length, or a question is gone."""
    text = store.notes(DRAWN).get(DRAWN)
    if text is None:
        return ()
    drawn = json.loads(text)
    known = {question.id: question for each in _bank().values() for question in each}
    since = {answer.question for answer in store.answers()[drawn["after"] :]}
    if drawn["count"] != count or not set(drawn["questions"]) <= set(known):
        return ()
    done = set(drawn["questions"]) <= since
    return () if done else tuple(known[id] for id in drawn["questions"])


def _drawn(store: Store, count: int) -> tuple[Question, ...]:
    answers = store.answers()
    asked = draw(_bank(), answers, count)
    ids = [question.id for question in asked]
    note = {"count": count, "after": len(answers), "questions": ids}
    with suppress(StoreError):  # asked all the same; a card says so when it takes an answer
        store.save_note(DRAWN, json.dumps(note))
    return asked
