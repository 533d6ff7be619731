"""The marked notebook on nbgrader's own pages: all that a learner wrote is there to be read, and is text."""

import base64
import io
import json
import random
import re
import struct
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nbconvert.exporters import HTMLExporter
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from release import ROOT
from toy_class import GOOD, filled, release

from mlopt_lessons.grading.handin import HandedCell, Merged, merge, parse
from mlopt_lessons.grading.records import CellRun, Output, PartMark, TaskMark
from mlopt_lessons.grading.sheet import LEFT_OUT, NOTES, sheet
from mlopt_lessons.grading.sheet_png import picture
from mlopt_lessons.grading.sheet_text import block, code, readable

RELEASE = release()  # setup, task-1, task-1-check, task-2, task-2-check, written
MARK = TaskMark(
    "90-1",
    "task-1-check",
    "Task 1, twice",
    (PartMark("small numbers", 1.5, 1.5), PartMark("large numbers", 0.5, 0)),
    "square",
    "That is a square.\nDouble it.",
)
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


# nbgrader's pages


def formgrade_exporter() -> HTMLExporter:
    """Configured as the formgrader does."""
    extension = FormgradeExtension.__new__(FormgradeExtension)
    FormgradeExtension.__init__(extension)
    return HTMLExporter(config=extension.build_extra_config())


def feedback_exporter() -> HTMLExporter:
    """Configured as `nbgrader generate_feedback` does."""
    return HTMLExporter(config=GenerateFeedback(coursedir=CourseDirectory()).config)


RESOURCES = {
    "formgrade": {
        "assignment_id": "a", "notebook_id": "n", "submission_id": "1", "index": 0, "total": 1,
        "base_url": "/base", "student": "s", "last_name": None, "first_name": None, "notebook_path": "p",
    },
    "feedback": {"nbgrader": {"notebook": "n", "score": 1, "max_score": 2, "late_penalty": 0}},
}  # fmt: skip
EXPORTERS = {"formgrade": formgrade_exporter(), "feedback": feedback_exporter()}
KINDS = tuple(EXPORTERS)


def page(kind: str, made: str) -> BeautifulSoup:
    """The page that nbgrader makes of a sheet, with the scores that it fills in itself."""
    notebook = nbformat.reads(made, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader |= {"score": 1, "comment": None}
    html, _ = EXPORTERS[kind].from_notebook_node(notebook, resources=dict(RESOURCES[kind]))
    return BeautifulSoup(html, "html.parser")


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


# What is in the sheet


def cells_of(made: str) -> list[dict]:
    return json.loads(made)["cells"]


def by_name(made: str, name: str) -> dict:
    (found,) = (
        each
        for each in cells_of(made)
        if each["metadata"].get("nbgrader", {}).get("grade_id") == name
    )
    return found


def sheet_of(
    answers: dict[str, str], runs: dict[int, CellRun] | None = None, notes: Sequence[str] = ()
) -> str:
    merged = merge(RELEASE, parse(json.dumps(filled(answers)).encode()))
    return sheet(RELEASE, merged, runs or {}, {"task-1-check": MARK}, notes)


def test_marks_stand_under_their_check() -> None:
    (output,) = by_name(sheet_of(GOOD), "task-1-check")["outputs"]
    assert output["output_type"] == "stream"
    assert output["text"] == (
        "Task 1, twice: 1.5 of 2 points\n  1.5 of 1.5  small numbers\n  0 of 0.5  large numbers\n\n"
        "That is a square.\nDouble it."
    )
    assert by_name(sheet_of(GOOD), "task-2-check")["outputs"] == []


def test_cells_and_metadata_are_the_release_s() -> None:
    made = json.loads(sheet_of(GOOD))
    for got, expected in zip(made["cells"], RELEASE.cells, strict=True):
        assert (got["id"], got["cell_type"]) == (expected.id, expected.cell_type)
        assert got["metadata"] == expected.metadata
        if expected.metadata.nbgrader.locked:
            assert got["source"] == expected.source
    assert made["metadata"]["kernelspec"] == RELEASE.metadata.kernelspec
    assert by_name(json.dumps(made), "task-1")["source"] == GOOD["task-1"]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "exercises").glob("*/*.ipynb")), ids=lambda p: p.stem
)
def test_an_exercise_as_it_was_released_is_shown_as_it_is(path: Path) -> None:
    exercise = nbformat.read(path, as_version=4)
    made = nbformat.reads(sheet(exercise, merge(exercise, parse(path.read_bytes())), {}, {}), 4)
    nbformat.validate(made)
    for got, expected in zip(made.cells, exercise.cells, strict=True):
        if expected.metadata.get("nbgrader", {}).get("grade_id") == "written":
            assert BeautifulSoup(got.source, "html.parser").text == expected.source
        else:
            assert got.source == expected.source
        assert {**got, "source": ""} == {**expected, "source": ""}


def test_outputs_keep_their_kind_and_order() -> None:
    shown = (Output("stream", "a\n"), Output("result", "7"), Output("error", "ValueError: x"))
    outputs = by_name(sheet_of(GOOD, {1: CellRun(False, shown)}), "task-1")["outputs"]
    assert [each["output_type"] for each in outputs] == ["stream", "display_data", "error"]
    assert outputs[0]["text"] == "a\n"
    assert outputs[1]["data"] == {"text/plain": "7"}
    assert outputs[2]["traceback"] == ["ValueError: x"]


def test_notes_come_first_and_as_text() -> None:
    made = sheet_of(GOOD, notes=["Put back: setup.", "<b>"])
    first = cells_of(made)[0]
    assert first["id"] == "grader-notes"
    assert BeautifulSoup(first["source"], "html.parser").text.split("\n") == [
        NOTES, "Put back: setup.", "<b>",
    ]  # fmt: skip
    assert len(cells_of(sheet_of(GOOD))) == len(RELEASE.cells)


def test_an_answer_that_stands_there_again_is_graded_once_where_it_is_filled() -> None:
    stub = RELEASE.cells[1].source
    for sources, chosen in (
        (["twice = 1", "twice = 2"], 1), (["twice = 1", stub], 0), ([stub, "twice = 2"], 1), ([stub, stub], 1),
    ):  # fmt: skip
        handed = [HandedCell("code", each, "task-1") for each in sources]
        made = sheet(RELEASE, merge(RELEASE, handed), {}, {})
        assert by_name(made, "task-1")["source"] == sources[chosen]
        both = [each["source"] for each in cells_of(made)][1:3]
        assert both == sources
        ids = [each["id"] for each in cells_of(made)]
        assert len(set(ids)) == len(ids)


def test_a_sheet_can_always_be_written() -> None:
    made, _ = made_of(ALL + "\ud800")
    made.encode("utf-8")
    nbformat.validate(nbformat.reads(made, as_version=4))


def test_the_language_is_named_and_no_more() -> None:
    exercise = release()
    exercise.metadata.language_info = {"name": "python", "pygments_lexer": "ipython3"}
    made = json.loads(sheet(exercise, merge(exercise, []), {}, {}))
    assert made["metadata"]["language_info"] == {"name": "python"}


# How much is shown


def test_a_large_hand_in_makes_a_small_sheet() -> None:
    text = "&\U0001f600" * 50_000
    handed = [HandedCell(("code", "markdown")[n % 2], text) for n in range(990)]
    handed += [
        HandedCell("code", "task = 1", "task-1"),
        HandedCell("markdown", "because" * 999, "written"),
    ]
    merged = merge(RELEASE, handed)
    outputs = tuple([Output("stream", text), Output("png", png=png(900, 900, noise=True))] * 50)
    runs = {place: CellRun(True, outputs) for place in range(len(merged.cells))}
    marks = {"task-1-check": MARK}
    made = sheet(RELEASE, merged, runs, marks, ["note"] * 1000)
    assert len(made.encode()) < 12_000_000
    assert by_name(made, "task-1")["source"] == "task = 1"
    assert "because" * 999 in by_name(made, "written")["source"]
    assert "1.5 of 2 points" in str(by_name(made, "task-1-check"))


def test_what_is_cut_says_so() -> None:
    answer = by_name(sheet_of({"task-1": "# " + "x" * 30_000}), "task-1")["source"]
    assert 20_000 < len(answer) < 20_200
    assert "left out" in answer
    shown = CellRun(True, (Output("stream", "y" * 30_000),))
    (output,) = by_name(sheet_of(GOOD, {1: shown}), "task-1")["outputs"]
    assert "left out" in output["text"]
    assert len(output["text"]) < 20_200


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


# Text


def test_a_block_holds_the_text_and_no_sign_that_means_something() -> None:
    text = "".join(map(chr, range(128))).replace("\x00", "") + "\u00e9\u4e2d\U0001f600"
    made = block(readable(text, 1000))
    inner = made.removeprefix('<pre style="white-space: pre-wrap">').removesuffix("</pre>")
    assert all(each.isalnum() or each in "&#; \ufffd\U0001f600" for each in inner)
    assert BeautifulSoup(made, "html.parser").text == readable(text, 1000)


def test_colours_and_controls_go_and_lines_stay() -> None:
    assert readable("\x1b[0;31mValueError\x1b[0m: x\n\ty", 99) == "ValueError: x\n\ty"
    assert readable("\x1b]8;;http://evil\x07link\x1b]8;;\x1b\\ \x1bM\x1b(", 99) == "link \ufffd("
    assert readable("a\x08b\u202ec\ud800d\u2028", 99) == "a\ufffdb\ufffdc\ufffdd\ufffd"
    assert readable("10%\r20%\r30%\ndone\r\n\rx", 99) == "30%\ndone\nx"
    assert readable("caf\u00e9 \u05e9\u05dc\u05d5\u05dd \u200f \U0001f600", 99).endswith(
        "\U0001f600"
    )


@given(st.text(), st.integers(0, 20))
def test_readable_text_is_bounded_and_can_be_written(text: str, most: int) -> None:
    shown = readable(text, most)
    shown.encode()
    assert not any(ord(each) < 32 and each not in "\n\t" for each in shown)
    assert len(shown) <= most + 70
    assert readable(shown, len(shown)) == shown


@pytest.mark.parametrize(
    "path", sorted((ROOT / "mlopt_lessons" / "grading").glob("*.py")), ids=lambda p: p.stem
)
def test_code_is_shown_as_it_is_but_for_many_empty_lines(path: Path) -> None:
    source = path.read_text()
    assert code(source, 10**6) == source
    spread = source.replace("\n", " \t\n").replace("\n \t\n", "\n" * 9)
    shown = code("\n" * 9 + spread, 10**6)
    assert [each for each in shown.split("\n") if each] == [
        each for each in source.split("\n") if each
    ]
    assert "\n" * 4 not in shown
    assert not re.search("[ \t]\n", shown)


# Pictures


def png(
    width: int = 4, height: int = 3, mode: str = "RGBA", noise: bool = False, **save: object
) -> bytes:
    if noise:
        pixels = random.Random(8).randbytes(width * height)
        made = Image.frombytes("L", (width, height), pixels)
    else:
        made = Image.linear_gradient("L").resize((width, height)).convert(mode)
    stream = io.BytesIO()
    made.save(stream, "PNG", **save)
    return stream.getvalue()


def part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_head(
    width: int, height: int, depth: int = 8, colour: int = 0, rest: bytes = b"\0\0\0"
) -> bytes:
    head = struct.pack(">IIBB", width, height, depth, colour) + rest
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", b"x") + part(b"IEND", b"")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_a_picture_stays_the_picture(mode: str) -> None:
    raw = png(mode=mode, dpi=(100, 100))
    made = picture(raw)
    assert made is not None
    assert made.pixels == 12
    with Image.open(io.BytesIO(made.png)) as got, Image.open(io.BytesIO(raw)) as expected:
        assert (got.mode, got.size, got.tobytes()) == (
            expected.mode,
            expected.size,
            expected.tobytes(),
        )
        assert got.info.get("dpi") == expected.info.get("dpi")


def test_a_picture_of_matplotlib_is_shown() -> None:
    from matplotlib.figure import Figure

    figure, stream = Figure(), io.BytesIO()
    figure.subplots().plot([1, 2])
    figure.savefig(stream)
    made = by_name(
        sheet_of(GOOD, {1: CellRun(True, (Output("png", png=stream.getvalue()),))}), "task-1"
    )
    (output,) = made["outputs"]
    with Image.open(io.BytesIO(base64.b64decode(output["data"]["image/png"]))) as got:
        assert got.size == (640, 480)
        assert "Software" not in got.info


def test_text_colour_profiles_animations_and_what_follows_are_left_out() -> None:
    info = PngInfo()
    info.add_text("evil", "evil")
    info.add_itxt("evil", "evil", zip=True)
    frames = [Image.new("L", (4, 3), level) for level in (1, 2)]
    for raw in (
        png(pnginfo=info, icc_profile=b"evil", exif=b"evil") + b"evil",
        png(save_all=True, append_images=frames),
    ):
        made = picture(raw)
        assert made is not None
        kinds = [made.png[at + 4 : at + 8] for at in starts(made.png)]
        assert set(kinds) <= {b"IHDR", b"IDAT", b"IEND"}
        assert b"evil" not in made.png


def starts(raw: bytes) -> list[int]:
    at, found = 8, []
    while at < len(raw):
        found.append(at)
        at += 12 + int.from_bytes(raw[at : at + 4], "big")
    return found


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"x", b'"><script>evil()</script>', png()[:-1], png()[:40], png()[:20] + b"\xff" + png()[21:],
        b"GIF89a" + png(), png()[:8], with_head(0, 1), with_head(1, 0), with_head(2**31 - 1, 2**31 - 1),
        with_head(10_001, 1), with_head(5000, 5000), with_head(1, 1, depth=3), with_head(1, 1, colour=5),
        with_head(1, 1, rest=b"\1\0\0"), with_head(1, 1, rest=b"\0\0\2"), with_head(1, 1, rest=b"\0\0\0\0"),
    ],
    ids=lambda raw: ascii(raw[-12:]),
)  # fmt: skip
def test_what_is_no_picture_is_left_out_and_said(raw: bytes) -> None:
    assert picture(raw) is None
    (output,) = by_name(sheet_of(GOOD, {1: CellRun(True, (Output("png", png=raw),))}), "task-1")[
        "outputs"
    ]
    assert output == {"output_type": "stream", "name": "stdout", "text": LEFT_OUT}


@given(st.binary(max_size=60), st.integers(0, 80), st.integers(0, 20))
@example(b"", 0, 0)
def test_a_changed_picture_is_one_or_none(noise: bytes, at: int, gone: int) -> None:
    raw = png()
    made = picture(raw[:at] + noise + raw[at + gone :])
    if made is not None:
        with Image.open(io.BytesIO(made.png)) as got:
            assert got.size[0] * got.size[1] == made.pixels


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_on_the_page_are_data_with_a_description(kind: str) -> None:
    shown = CellRun(True, (Output("png", png=png()),) * 2)
    soup = page(kind, sheet_of(GOOD, {1: shown}))
    pictures = soup.find_all("img")
    assert len(pictures) == 2
    expected = picture(png())
    assert expected is not None
    for each in pictures:
        assert each.attrs.keys() == {"src", "alt"}
        assert each["alt"] == "A picture that this cell showed"
        coded = each["src"].removeprefix("data:image/png;base64,")
        assert base64.b64decode(coded, validate=True) == expected.png


def test_a_picture_with_a_changed_bit_is_none() -> None:
    raw = png()
    assert all(
        picture(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]) is None for at in range(len(raw))
    )


def test_large_pictures_have_a_limit_together() -> None:
    noisy = png(1000, 900, noise=True)
    shown = CellRun(True, (Output("png", png=noisy),) * 20)
    outputs = by_name(sheet_of(GOOD, {1: shown}), "task-1")["outputs"]
    most = 4_000_000 // len(noisy)
    assert 1 <= most < 20
    assert [each["output_type"] for each in outputs] == ["display_data"] * most + ["stream"] * (
        20 - most
    )


def test_a_million_outputs_are_few_on_the_page() -> None:
    for kind in ("stream", "result", "error", "png"):
        shown = CellRun(True, (Output(kind),) * 1_000_000)
        assert len(by_name(sheet_of(GOOD, {1: shown}), "task-1")["outputs"]) <= 500


def test_many_pixels_have_a_limit_together() -> None:
    large = png(3000, 3000)  # nine million pixels, and few bytes
    shown = CellRun(True, (Output("png", png=large),) * 6)
    outputs = by_name(sheet_of(GOOD, {1: shown}), "task-1")["outputs"]
    assert [each["output_type"] for each in outputs] == ["display_data"] * 4 + ["stream"] * 2
