"""Ledger, calibration and takeaways as cards in a notebook, and as tables for a page of their own."""

from collections.abc import Callable, Iterable, Sequence
from html import escape

from mlopt_lessons.course.calibration import OWN, Calibration, LessonCalibration, calibrate
from mlopt_lessons.course.cards import Card, line, paragraph
from mlopt_lessons.course.ledger_table import (
    NOTEBOOKS,
    LedgerLine,
    ledger_lines,
    ledger_sentences,
)
from mlopt_lessons.course.prediction import locked_prediction
from mlopt_lessons.course.provenance import number
from mlopt_lessons.course.store import Store, StoreError, open_store
from mlopt_lessons.course.takeaways import (
    CLOSING,
    FORMULA,
    PROMISE,
    Takeaway,
    all_together,
    six_takeaways,
)
from mlopt_lessons.course.waiting import WAITING, when_locked

Row = tuple[str, ...]
CLOSE = f"{OWN}close"  # the id under which lesson 8 asks how many predictions were close
CELL = "text-align:left;vertical-align:top;padding:.2em .6em;border-bottom:1px solid #9996"
CALIBRATION_HEADS = (
    "lesson", "predictions", "close", "median factor", "median points", "too high", "too low",
)  # fmt: skip
OUTCOME_HEADS = ("prediction", "you", "found", "off by")


class Page(Card):
    """Text and tables made from the progress file; a sentence where it cannot be read."""

    def __init__(self, content: Callable[[], tuple[str, str]]) -> None:
        self._content = content
        self.widget = self._body = line()
        self.refresh()

    def refresh(self) -> None:
        """Reads the progress again."""
        try:
            self.still_text, self.still_html = self._content()
        except StoreError as error:
            self.still_text, self.still_html = str(error), paragraph(str(error), alert=True)
        self._body.value = self.still_html


def ledger_card() -> Page:
    """All claims in a table: story, prediction, each case found, verdict, dollars, provenance."""
    store = open_store()

    def content() -> tuple[str, str]:
        lines = ledger_lines(store)
        sentences, rows = ledger_sentences(lines), ledger_rows(lines)
        return _text(sentences, rows), _html(sentences) + html_table(rows, grouped=3)

    return Page(content)


def calibration_card() -> Page:
    """How far the predictions were off, by lesson and one by one; waits for its own prediction."""
    store = open_store()
    page = Page(lambda: _calibration_content(store))
    when_locked([CLOSE], page.refresh)
    return page


def takeaway_card() -> Page:
    """The six takeaways with the learner's own figures, or the story's, marked quoted; the formula."""
    store = open_store()

    def content() -> tuple[str, str]:
        found = six_takeaways(store)
        total = all_together(store).sentence
        ends = [f"All together: {total}.", f"{FORMULA}: {PROMISE}.", CLOSING]
        items = "".join(f"<li>{_takeaway_html(each)}</li>" for each in found)
        text = "\n".join([*(_takeaway_text(each) for each in found), *ends])
        return text, f'<ol style="max-width:46em">{items}</ol>{_html(ends)}'

    return Page(content)


def ledger_rows(lines: Iterable[LedgerLine]) -> list[Row]:
    """Heads and lines of the ledger as texts."""
    cells = [each.cells() for each in lines]
    return [tuple(cells[0]), *(tuple(each.values()) for each in cells)]


def calibration_rows(found: Calibration) -> list[Row]:
    """Heads and a line a lesson; a dash where nothing was compared that way."""
    return [CALIBRATION_HEADS, *(_lesson_row(each) for each in found.by_lesson())]


def outcome_rows(found: Calibration) -> list[Row]:
    """Heads and a line a prediction, in the order they were locked."""
    lines = [(o.prediction.id, o.prediction.text, o.found, o.text) for o in found.outcomes]
    return [OUTCOME_HEADS, *lines]


def html_table(rows: Sequence[Row], *, grouped: int = 0) -> str:
    """Rows as an HTML table, heads first; equal texts of the first `grouped` columns are not repeated."""
    heads = "".join(f'<th scope="col" style="{CELL}">{escape(text)}</th>' for text in rows[0])
    body, before = "", ("",) * len(rows[0])
    for row in rows[1:]:
        same = row[:grouped] == before[:grouped]
        shown = ("",) * grouped + row[grouped:] if same and grouped else row
        body += "<tr>" + "".join(f'<td style="{CELL}">{escape(t)}</td>' for t in shown) + "</tr>"
        before = row
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def calibration_html(found: Calibration) -> str:
    """What the predictions say, by lesson and one by one."""
    tables = [calibration_rows(found), outcome_rows(found)] if found.outcomes else []
    return _html(found.sentences()) + "".join(html_table(rows) for rows in tables)


def _calibration_content(store: Store) -> tuple[str, str]:
    asked = locked_prediction(CLOSE, store)
    if store.persistent and asked is None:
        return WAITING, paragraph(WAITING)
    found = calibrate(store)
    said = []
    if asked and found.share is not None:
        said = [f"You said {asked.text} would be close; it was {number(round(found.share))} %."]
    text = _text([*said, *found.sentences()], calibration_rows(found) if found.outcomes else [])
    return text, _html(said) + calibration_html(found)


def _lesson_row(each: LessonCalibration) -> Row:
    factor = "–" if each.factor is None else f"{number(round(each.factor, 2))}×"
    points = "–" if each.points is None else number(round(each.points, 1))
    counts = (str(count) for count in (each.compared, each.close))
    return (NOTEBOOKS[each.lesson], *counts, factor, points, str(each.high), str(each.low))


def _takeaway_text(each: Takeaway) -> str:
    figures = "; ".join(figure.sentence for figure in each.figures)
    return f"{each.section} {each.title}: {each.sentence} {figures}{_where_to_go(each)}"


def _takeaway_html(each: Takeaway) -> str:
    figures = "; ".join(escape(figure.sentence) for figure in each.figures)
    where = escape(_where_to_go(each))
    return f"<b>{escape(each.title)}</b>: {escape(each.sentence)}<br>{figures}{where}"


def _where_to_go(each: Takeaway) -> str:
    return "." if each.own else f". Find your own in {each.notebook}."


def _text(sentences: Sequence[str], rows: Sequence[Row]) -> str:
    return "\n".join([*sentences, *(" | ".join(row) for row in rows)])


def _html(sentences: Sequence[str]) -> str:
    return "".join(paragraph(each) for each in sentences)
