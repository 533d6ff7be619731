"""The marked notebook on nbgrader's own pages: all that a learner wrote is there to be read, and is text."""

import json
import time
from collections import Counter

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader_pages import KINDS, page
from sheets import RELEASE
from toy_class import GOOD, filled

from mlopt_lessons.grading.handin import HandedCell, Merged, merge, parse
from mlopt_lessons.grading.records import CellRun, Output, PartMark, TaskMark
from mlopt_lessons.grading.sheet import sheet

PAYLOADS = (
    "<script>evil()</script>",
    "<img src=//evil/x.png onerror=evil()>",
    "<svg onload=evil()><a xlink:href='javascript:evil()'>x</a></svg>",
    "<iframe srcdoc='<script>evil()</script>'></iframe>",
    "</pre></code></div></textarea></title></style></script><script>evil()</script>",
    "<style>@import '//evil';</style><link rel=stylesheet href=//evil><base href=//evil>",
    "[link](javascript:evil()) ![picture](http://evil/x.png) <http://evil> https://evil.example",
    "[ref]: javascript:evil()\n\n[ref]\n\n![x](attachment:evil.svg)\n\n![y](files/evil)",
    "$$\\href{javascript:evil()}{x}$$ \\(x\\) \\\\(y\\\\) $\\style{x:evil}{x}$ \\begin{a}x\\end{a}",
    "$$\n\n</pre><b>x</b>\n\n$$",
    "{{ evil }} {% include 'evil' %} &lt;script&gt; &#60;script&#62; &amp;lt;",
    "```mermaid\ngraph TD; A-->B[<img src=//evil>]\n```\n\n~~~html\n<b>\n~~~",
    "<!-- --!> <b> <![CDATA[ <b> ]]> <?php <b> ?> <!DOCTYPE html>",
    "%%html\n<script>evil()</script>",
    "%%perl\nevil",
    "\x1b[31;1m<b>\x1b[0m \x1b]8;;javascript:evil()\x07x\x1b]8;;\x07 \x1b[38;2;1;2;3mx",
    "\u202eevil\u2066 \u2028 \x00\x08 \ud800 \ufffe",
    "# Heading\n\n- item\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n    indented\n\n> quoted",
)
ALL = "\n\n".join(PAYLOADS)


def elements(soup: BeautifulSoup) -> list[tuple[str, str]]:
    """All elements of a page with their attributes, but for those that only colour code."""
    found = []
    for each in soup.find_all(True):
        if each.name == "span" and each.find_parent("div", class_="highlight"):
            assert each.attrs.keys() <= {"class"}
        else:
            found.append((each.name, str(sorted(each.attrs.items()))))
    return found


def texts(soup: BeautifulSoup) -> str:
    return "\n".join(each.get_text() for each in soup.find_all("pre"))


def made_of(text: str, png: bytes = b"") -> tuple[str, Merged]:
    """A sheet with the same text wherever a learner's can be: in cells, outputs, answers, marks, notes."""
    handed = [
        HandedCell("code", text),
        HandedCell("markdown", "m" + text),
        HandedCell("code", text, "task-1"),
        HandedCell("raw", "r" + text),
        HandedCell("code", text, "task-1"),
        HandedCell("markdown", text, "written"),
    ]
    merged = merge(RELEASE, handed)
    shown = [Output("stream", text), Output("result", text), Output("error", text)]
    shown += [Output("png", png=png)] if png else [Output("stream", "no picture")]
    runs = {place: CellRun(False, tuple(shown)) for place in range(len(merged.cells))}
    part = PartMark(text, 1, 0)
    marks = {"task-1-check": TaskMark("90-1", "task-1-check", text, (part,), text, text)}
    return sheet(RELEASE, merged, runs, marks, [text, *merged.notes]), merged


def check_is_text(made: str, harmless: str) -> None:
    """On both pages stand the same elements, whatever the text is."""
    for kind in KINDS:
        got, expected = elements(page(kind, made)), elements(page(kind, harmless))
        assert Counter(got) - Counter(expected) == Counter(expected) - Counter(got) == Counter()


HARMLESS = made_of("x")[0]


@pytest.mark.parametrize("payload", [*PAYLOADS, ALL], ids=lambda text: ascii(text[:20]))
def test_whatever_a_learner_writes_makes_no_element(payload: str) -> None:
    check_is_text(made_of(payload, png=payload.encode(errors="replace"))[0], HARMLESS)


FRAGMENTS = [
    "<", ">", "</pre>", "<pre>", "<script>", "</script>", "<a href=x>", "<img src=x>", "&", "&lt;", "&#60;", '"', "'",
    "`", "```\n", "$", "$$", "\\(", "\\[", "\\begin{a}", "\\end{a}", "[x](y)", "![x](y)", "http://x.y", "<!--", "-->",
    "\n", "\n\n", "    ", "#", "- ", "| a |\n|--|\n", "{{", "{%", "%}", "%%html\n", "\x1b[1m", "\x1b]8;;x\x07", "\r",
    "\x00", "\ud800", "\u2028", "*", "_", "~~", "==", "attachment:x",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=25).map("".join))
@settings(max_examples=25, deadline=None)
def test_no_mixture_of_signs_makes_an_element(text: str) -> None:
    if text.strip():
        check_is_text(made_of(text)[0], HARMLESS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_text_is_there_as_it_was_written(kind: str) -> None:
    text = "if a < b & c:  # [x](y) $z$ ![w](v) <b>\n    print('&lt; \\( ``')\n\n*end*"
    shown = texts(page(kind, made_of(text)[0]))
    # Four cells' sources, two answers, three outputs of each code cell, the notes, and four in the mark.
    assert shown.count(text) >= 15
    assert "m" + text in shown
    assert "r" + text in shown


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["outputs", "markdown", "metadata"])
def test_the_test_itself_sees_what_acts(kind: str, place: str) -> None:
    """A notebook that was passed on as it came has elements that the harmless one has not."""
    raw = nbformat.reads(HARMLESS, as_version=4)
    if place == "outputs":
        data = {"text/html": PAYLOADS[0]}
        raw.cells[1].outputs.append(nbformat.v4.new_output("display_data", data=data))
    elif place == "markdown":
        raw.cells.append(nbformat.v4.new_markdown_cell(PAYLOADS[1]))
    else:
        data = {"image/png": "QQ"}
        output = nbformat.v4.new_output(
            "display_data", data=data, metadata={"filenames": {"image/png": "//evil"}}
        )
        raw.cells[1].outputs.append(output)
    with pytest.raises(AssertionError):
        check_is_text(nbformat.writes(raw), HARMLESS)


def hostile_notebook() -> bytes:
    """A hand-in with the word evil wherever a notebook has room for it, but in no source."""
    notebook = filled(GOOD)
    evil = "<script>evil()</script>"
    notebook.metadata = {
        "kernelspec": {"name": "evil", "display_name": evil, "argv": ["evil"]},
        "language_info": {"name": "evil", "pygments_lexer": evil, "codemirror_mode": evil},
        "title": evil, "authors": [{"name": evil}],
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"evil": {}}}},
    }  # fmt: skip
    data = dict.fromkeys(
        ["text/html", "text/plain", "image/svg+xml", "application/javascript"], evil
    )
    for number, cell in enumerate([*notebook.cells]):
        cell.id = f"evil-{number}"
        cell.metadata |= {"tags": [evil], "name": evil, "magics_language": "evil", "alt": evil}
        cell.metadata.nbgrader |= {"points": 1e9, "score": 1e9, "comment": evil, "checksum": evil}
        cell["attachments"] = {"evil.svg": {"image/svg+xml": evil}}
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("display_data", data=data, metadata={"x": evil})]
            cell.execution_count = 666
    return json.dumps(notebook).encode()


def test_of_a_hand_in_only_the_sources_reach_the_sheet() -> None:
    merged = merge(RELEASE, parse(hostile_notebook()))
    honest = merge(RELEASE, parse(json.dumps(filled(GOOD)).encode()))
    made = sheet(RELEASE, merged, {}, {})
    assert "evil" not in made
    assert "666" not in made
    assert made == sheet(RELEASE, honest, {}, {})


def test_a_sheet_can_always_be_written() -> None:
    made, _ = made_of(ALL + "\ud800")
    made.encode("utf-8")
    nbformat.validate(nbformat.reads(made, as_version=4))


SLOW = (
    "\n ", "\t\n", " \n\n", "[", "![", "> ", "*a **a ", "`", "$", "\\(", "- ", "<a ", "&", "[a](b", "(", "{", "f'{",
    '"""', "'", "%e", "...", "@r'", "\u2003\n", "\x1b[1m", "\r", "\\\n", "1_",
)  # fmt: skip


def test_no_text_keeps_the_page_busy() -> None:
    """Parsers of Markdown and of code take hours for some of these when they are long."""
    handed = [HandedCell(cell, each * 30_000) for each in SLOW for cell in ("code", "markdown")]
    for number in range(0, len(handed), 9):
        made = sheet(RELEASE, merge(RELEASE, handed[number : number + 9]), {}, {})
        before = time.process_time()
        page("feedback", made)
        assert time.process_time() - before < 30
