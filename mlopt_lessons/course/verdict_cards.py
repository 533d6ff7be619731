"""Verdicts below each other in a cell's output; in a workspace they wait for their prediction."""

from collections.abc import Iterable

from mlopt_lessons.course.cards import Card, line, paragraph
from mlopt_lessons.course.store import Store, open_store
from mlopt_lessons.course.verdicts import Verdict, prediction_ids, with_prediction
from mlopt_lessons.course.waiting import WAITING, when_locked


class VerdictCard(Card):
    """Verdicts in the order given; those that still wait take one line together."""

    def __init__(self, verdicts: Iterable[Verdict], store: Store) -> None:
        self.verdicts, self._store = list(verdicts), store
        self.widget = self._body = line()
        self.refresh()
        for waiting in {each.claim.id: each for each in self.verdicts if each.hidden}.values():
            when_locked(prediction_ids(waiting.claim), self.refresh)

    def refresh(self) -> None:
        """Shows every verdict whose claim has been predicted by now."""
        self.verdicts = [with_prediction(each, self._store) for each in self.verdicts]
        shown = [each for each in self.verdicts if not each.hidden]
        texts, blocks = [repr(each) for each in shown], [each._repr_html_() for each in shown]
        if claims := dict.fromkeys(each.claim.id for each in self.verdicts if each.hidden):
            sentence = f"Verdict on {', '.join(claims)}. {WAITING}"
            texts.append(sentence)
            blocks.append(paragraph(sentence))
        self.still_text, self.still_html = "\n\n".join(texts), "".join(blocks)
        self._body.value = self.still_html


def verdict_card(*verdicts: Verdict) -> VerdictCard:
    """Shows verdicts in a cell; in a workspace each appears as soon as its claim has been predicted.

    Raises TypeError for anything but verdicts, ValueError for none.
    """
    if not verdicts:
        raise ValueError("verdict_card needs at least one verdict.")
    for each in verdicts:
        if not isinstance(each, Verdict):
            raise TypeError(f"verdict_card shows what verdict() returns, got {each!r}.")
    return VerdictCard(verdicts, open_store())
