"""One HTML page on a class: readable offline, in light and dark, wide and on a phone.

Every text that comes from outside (ids, names, messages, notes) is escaped in one place, `_t`; the
page's own policy lets no script run and nothing load.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import date as Date
from html import escape

from matplotlib.figure import Figure

from mlopt_lessons.course import look
from mlopt_lessons.grading import report_figures as figures
from mlopt_lessons.grading import report_tables as tables
from mlopt_lessons.grading import report_words as words
from mlopt_lessons.grading.report_data import ClassRecord, Lesson
from mlopt_lessons.grading.report_tables import GradeRow, Missed, Mistake

MOST_BARS = 10
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1a1a1a; --line: #ccc; --quiet: #595959; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181e; --ink: #ced6dd; --line: #48566b; --quiet: #9ca4af; } }
body { font: 16px/1.5 system-ui, sans-serif; background: var(--paper); color: var(--ink);
  max-width: 62em; margin: 2em auto; padding: 0 1em; overflow-wrap: anywhere; }
h2 { margin-top: 2em; border-bottom: 1px solid var(--line); }
figure { margin: 1em 0; } img { max-width: 100%; height: auto; border-radius: 4px; }
figcaption, .quiet { color: var(--quiet); font-size: .9em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9em; margin: 1em 0; }
caption { text-align: left; font-weight: bold; }
th, td { border-bottom: 1px solid var(--line); padding: .25em .7em; text-align: left;
  vertical-align: top; overflow-wrap: break-word; }
thead th { white-space: nowrap; } .part { font-weight: normal; padding-left: 1.8em; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td { min-width: 5em; } td.text { min-width: 16em; } td.number { min-width: 0; }
summary { cursor: pointer; margin: 1em 0; }
@media (max-width: 40em) {
  th, td { padding: .25em .3em; }
  .stack, .stack caption, .stack tbody, .stack tr, .stack th, .stack td { display: block; }
  .stack thead { display: none; } .stack tr { border-bottom: 1px solid var(--line); padding: .5em 0; }
  .stack th, .stack td { border: 0; padding: 0; text-align: left; }
  .stack td.number { display: inline-block; margin-right: 1.2em; }
  .stack td::before { content: attr(data-head) ": "; color: var(--quiet); } .stack td:empty { display: none; } }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; } .wide { overflow: visible; } }
"""
STATES: Mapping[tables.State, str] = {
    "final": "final", "waits": "waits for grading by hand", "not graded": "not graded yet",
    "nothing": "nothing handed in",
}  # fmt: skip
NUMBERS = frozenset(("tasks", "written", "late", "total", "waits", "hand-ins", "final", "median", "learners",
                     "all points", "earned", "off for lateness", "not graded", "nothing"))  # fmt: skip


def report_page(
    record: ClassRecord, told: Mapping[str, Sequence[str]], absent: Sequence[str] = ()
) -> str:
    """The page; `told` are sentences by their head, such as what to do before an import.

    `absent` are the names of those in the roster whom the class does not know.
    """
    parts = [
        f"<h1>The class</h1><p>{Date.today().isoformat()}</p>",
        _lessons(record),
        "".join(_told(head, sentences) for head, sentences in told.items() if sentences),
        _missed(record),
        _notes(record),
        _nothing(record, absent),
        *(_lesson(record, lesson) for lesson in record.lessons),
    ]
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        "<title>The class: grades and what it missed</title>"
    )
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n'
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def picture(figure: Figure, finding: str) -> str:
    """A picture in the page itself, with its finding as alternative text and below it."""
    data = base64.b64encode(look.draw_png(figure)).decode("ascii")
    width, height = (round(inches * look.DPI) for inches in figure.get_size_inches())
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{_t(finding)}" '
        f'width="{width}" height="{height}"><figcaption>{_t(finding)}</figcaption></figure>'
    )


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    parts: Iterable[int] = (),
    *,
    stack: bool = False,
) -> str:
    """A table of texts that scrolls sideways by itself; the first cell of a row is its head.

    `parts` are the numbers of rows that belong to the row above. With `stack` the cells of a row
    follow each other on a phone, each with its head.
    """
    inner = set(parts)
    top = "".join(f'<th scope="col"{_kind(head)}>{_t(head)}</th>' for head in heads)
    body = "".join(_row(heads, row, place in inner) for place, row in enumerate(rows))
    kind = ' class="stack"' if stack else ""
    return (
        f'<div class="wide" role="region" aria-label="{_t(caption)}" tabindex="0"><table{kind}>'
        f"<caption>{_t(caption)}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _t(text: str) -> str:
    """The one way for a text into the page: escaped, and without what turns the reading around."""
    return escape("".join(letter if _is_plain(letter) else "�" for letter in text))


def _is_plain(letter: str) -> bool:
    return letter.isprintable() or letter in "\n\t"


def _kind(head: str) -> str:
    return ' class="number"' if head in NUMBERS else ""


def _row(heads: Sequence[str], row: Sequence[str], inner: bool) -> str:
    mark = ' class="part"' if inner else ""
    cells = [f'<th scope="row"{mark}>{_t(row[0])}</th>']
    for head, text in zip(heads[1:], row[1:], strict=True):
        kind = _kind(head) or (' class="text"' if len(text) > 40 else "")
        cells.append(f'<td{kind} data-head="{_t(head)}">{_t(text)}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def _section(head: str, body: str) -> str:
    return f"<section><h2>{_t(head)}</h2>{body}</section>" if body else ""


def _told(head: str, sentences: Sequence[str]) -> str:
    return _section(head, f"<ul>{''.join(f'<li>{_t(each)}</li>' for each in sentences)}</ul>")


def _lessons(record: ClassRecord) -> str:
    heads = (
        "lesson",
        "hand-ins",
        "final",
        "waits",
        "not graded",
        "nothing",
        "off for lateness",
        "median",
    )
    counted = ("handed_in", "final", "waits", "not_graded", "nothing", "late")
    rows = []
    for lesson in record.lessons:
        found, spread = tables.summary(record, lesson), tables.distribution(record, lesson)
        counts = (str(getattr(found, each)) for each in counted)
        rows.append((lesson.name, *counts, "" if spread.median is None else _median(spread)))
    learners = words.counted(len(record.learners), "learner")
    told = f"<p>{learners}, {words.counted(len(record.lessons), 'lesson')}.</p>"
    return told + table("Hand-ins of each lesson", heads, rows, stack=True)


def _median(found: tables.Distribution) -> str:
    of = " of the tasks" if found.of_tasks else ""
    return f"{words.points(found.median or 0)} of {words.points(found.most)}{of}"


def _missed(record: ClassRecord) -> str:
    tasks = [row for row in tables.missed(record) if not row.part and row.share < 1][:MOST_BARS]
    known = [row for row in tables.mistakes(record) if row.id is not None][:MOST_BARS]
    body = picture(figures.missed_tasks(tasks), words.missed_text(tasks)) if tasks else ""
    body += picture(figures.common_mistakes(known), words.mistakes_text(known)) if known else ""
    told = '<p class="quiet">As the judge marked it; scores changed by hand are in the grades only.</p>'
    return _section("What the class missed", body + told if body else "")


def _notes(record: ClassRecord) -> str:
    rows = [(each.learner.shown, each.lesson, each.text) for each in tables.remarks(record)]
    caption = "Hand-ins with a problem, cells put right, and what was stopped"
    heads = ("learner", "lesson", "note")
    return _section("Notes", table(caption, heads, rows, stack=True) if rows else "")


def _nothing(record: ClassRecord, absent: Sequence[str]) -> str:
    without = tables.without_any(record)
    missing = {"Of any lesson": without} | {
        lesson.name: [each for each in tables.missing(record, lesson) if each not in without]
        for lesson in record.lessons
    }
    names = {head: [each.shown for each in them] for head, them in missing.items()}
    names["In the roster, without a hand-in here"] = list(absent)
    told = [f"{head}: {', '.join(them)}." for head, them in names.items() if them]
    return _told("Learners who handed in nothing", told) if told else ""


def _lesson(record: ClassRecord, lesson: Lesson) -> str:
    rows = tables.grade_rows(record, lesson)
    spread = tables.distribution(record, lesson)
    few = words.few_text(spread.n) if spread.n else ""
    said = f"{words.summary_text(tables.summary(record, lesson))} {few}"
    parts = [f"<p>{_t(said)}</p>"]
    if spread.n:
        parts.append(picture(figures.points_histogram(spread), words.distribution_text(spread)))
    parts += [_tasks(record, lesson), _mistakes(record, lesson)]
    parts.append(
        f"<details><summary>Grades of {_t(lesson.name)}</summary>{_grades(lesson, rows)}</details>"
    )
    return _section(lesson.name, "".join(parts))


def _tasks(record: ClassRecord, lesson: Lesson) -> str:
    found = [row for row in tables.missed(record) if row.lesson == lesson.name]
    inner = [place for place, row in enumerate(found) if row.part]
    rows = [(row.part or row.title, words.share_text(row), _full(row)) for row in found]
    heads = ("task", "earned", "all points")
    return table("Tasks and their parts, the most missed first", heads, rows, inner) if rows else ""


def _full(row: Missed) -> str:
    return f"{row.full} of {row.n}"


def _mistakes(record: ClassRecord, lesson: Lesson) -> str:
    found = [row for row in tables.mistakes(record) if row.lesson == lesson.name]
    rows = [(row.name, row.title, f"{row.learners} of {row.n}", _hint(row)) for row in found]
    heads = ("misconception", "task", "learners", "what they were told")
    return table("Misconceptions, the most common first", heads, rows, stack=True) if rows else ""


def _hint(row: Mistake) -> str:
    """What learners with a misconception were told; without one, what several were told alike."""
    if row.id is not None:
        return row.hint
    return f"Most often: {words.short_hint(row.hint)}" if row.hinted > 1 else ""


def _grades(lesson: Lesson, rows: Sequence[GradeRow]) -> str:
    heads = ("learner", "tasks", "written", "late", "total", "state")
    most = f"Points: tasks {words.points(lesson.automatic)}, written {words.points(lesson.written)}"
    return table(most, heads, [_grade(row) for row in rows], stack=True)


def _grade(row: GradeRow) -> Sequence[str]:
    """A line of the grades; a dash where there is no number yet, never 0."""
    handin, state = row.handin, STATES[row.state]
    if handin is None or not handin.graded:
        return (row.learner.shown, "–", "–", "–", "–", state)
    written = words.points(handin.written)
    if not handin.final:
        written = "–" if handin.written == 0 else f"{written} so far"
        state = f"{state} ({words.points(handin.waiting)} points)"
    late = f"−{words.points(handin.penalty)}" if handin.penalty else ""
    total = words.points(handin.total) if handin.final else "–"
    return (row.learner.shown, words.points(handin.automatic), written, late, total, state)
