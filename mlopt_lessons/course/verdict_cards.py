"""Verdicts in a cell's output, as cards or as a table; in a workspace they wait for their prediction."""

from collections.abc import Iterable, Sequence
from html import escape

from mlopt_lessons.course.cards import Card, line, paragraph
from mlopt_lessons.course.provenance import with_unit
from mlopt_lessons.course.store import Store, open_store
from mlopt_lessons.course.verdicts import Verdict, prediction_ids, with_prediction
from mlopt_lessons.course.waiting import WAITING, when_locked

LEGEND = "✓ the claim holds here, ✗ it does not."


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
        texts, blocks = self._texts(shown), self._blocks(shown)
        if claims := dict.fromkeys(each.claim.id for each in self.verdicts if each.hidden):
            sentence = f"Verdict on {', '.join(claims)}. {WAITING}"
            texts.append(sentence)
            blocks.append(paragraph(sentence))
        self.still_text, self.still_html = "\n\n".join(texts), "".join(blocks)
        self._body.value = self.still_html

    def _texts(self, shown: Sequence[Verdict]) -> list[str]:
        return [repr(each) for each in shown]

    def _blocks(self, shown: Sequence[Verdict]) -> list[str]:
        return [each._repr_html_() for each in shown]


class VerdictTable(VerdictCard):
    """Verdicts as a table: a row for each figure of a claim, a column for each case."""

    def _texts(self, shown: Sequence[Verdict]) -> list[str]:
        lines = [" | ".join(cells).replace("\n", ", ") for cells in _rows(shown)]
        return [*lines, LEGEND] if lines else []

    def _blocks(self, shown: Sequence[Verdict]) -> list[str]:
        if not shown:
            return []
        heads, *rows = _rows(shown)
        body = _line("th", heads) + "".join(_line("td", row) for row in rows)
        return [f"<table>{body}</table>", paragraph(LEGEND)]


def _rows(shown: Sequence[Verdict]) -> list[list[str]]:
    """Heads, then each claim's figure: name, the story's value, the learner's, each case, how."""
    if not shown:
        return []
    cases = list(dict.fromkeys(each.case for each in shown))
    found = [["figure", "the story", "you", *cases, "how"]]
    for claim, name in dict.fromkeys((each.claim.id, each.story.name) for each in shown):
        row = {v.case: v for v in shown if (v.claim.id, v.story.name) == (claim, name)}
        first = next(iter(row.values()))
        story, you = first.story, first.predicted.text if first.predicted else "–"
        how = dict.fromkeys(str(each.figure.provenance) for each in row.values())
        told = [_cell(row[case]) if case in row else "" for case in cases]
        heads = [f"{claim} {name}", with_unit(story.value, story.unit), you]
        found.append([*heads, *told, "\n".join(how)])
    return found


def _cell(given: Verdict) -> str:
    mark = "✓" if given.agrees else "✗"
    return f"{given.figure.text} {mark}" + (f"\n{given.dollars.text}" if given.dollars else "")


def _line(tag: str, cells: Sequence[str]) -> str:
    style = "text-align:left;padding:.2em .6em"
    texts = (escape(cell).replace("\n", "<br>") for cell in cells)
    return "".join(["<tr>", *(f'<{tag} style="{style}">{text}</{tag}>' for text in texts), "</tr>"])


def verdict_card(*verdicts: Verdict) -> VerdictCard:
    """Shows verdicts in a cell; in a workspace each appears as soon as its claim has been predicted.

    Raises TypeError for anything but verdicts, ValueError for none.
    """
    _check("verdict_card", verdicts)
    return VerdictCard(verdicts, open_store())


def verdict_table(*verdicts: Verdict) -> VerdictTable:
    """Shows many verdicts as one table: a row a figure, a column a case; waits and raises as `verdict_card`."""
    _check("verdict_table", verdicts)
    return VerdictTable(verdicts, open_store())


def _check(shower: str, verdicts: Sequence[object]) -> None:
    if not verdicts:
        raise ValueError(f"{shower} needs at least one verdict.")
    for each in verdicts:
        if not isinstance(each, Verdict):
            raise TypeError(f"{shower} shows what verdict() returns, got {each!r}.")
