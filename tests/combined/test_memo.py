"""The memo: its figures, both formats read back by parsers, and text that cannot break out."""

import base64
import re
import struct
import zlib
from html.parser import HTMLParser

import mistune
import pytest

from mlopt_lessons.combined.explore_levers import levers_view, plan_view
from mlopt_lessons.combined.levers import Lever
from mlopt_lessons.combined.memo import alt_texts, plan_memo
from mlopt_lessons.combined.memo_blocks import Listing, Memo, Paragraph, Picture, Section, Table

DAY = "2026-11-24"


def dot(red: int = 0) -> bytes:
    """A PNG of one pixel, by the format's definition (W3C PNG, chunks with length and CRC)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    line = zlib.compress(bytes([0, red, 0, 0]))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", line) + chunk(b"IEND", b"")


class Page(HTMLParser):
    """Tags with attributes, and all text, of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def memo(**given) -> Memo:
    pngs = {"waterfall": dot(1), "swings": dot(2)}
    return plan_memo(levers_view(**given), spend_source="my invoice", date=DAY, pngs=pngs)


def test_both_formats_tell_the_same_figures() -> None:
    made = memo(interactions=True)
    page = Page(made.html)
    assert page.open == []
    shown = made.markdown.replace("\\", "")
    for text in (
        "All 3 levers together save $4,947 of $10,000 a month (49.5 %): $5,053 is left, between",
        "my invoice", DAY, "Adding the percentages would leave $4,000, which is wrong",
        "Measure spot better: its range moves what is left by $1,111", "1.05 times as much",
        "Not measured here, only quoted: spot, right-size, scheduling.",
    ):  # fmt: skip
        assert text in page.text
        assert text in shown


def test_rows_sum_to_the_total() -> None:
    tables = [each for part in memo().sections for each in part.blocks if isinstance(each, Table)]
    rows = tables[1].rows

    def number(cell: str) -> float:
        return float(cell.replace("$", "").replace(",", ""))

    for column in (2, 5):
        *parts, whole = (number(row[column]) for row in rows)
        assert sum(parts) == pytest.approx(whole, abs=2)
    assert [row[0] for row in rows] == ["spot", "right-size", "scheduling", "total"]


def test_html_stands_alone_and_its_pictures_have_alt_texts() -> None:
    page = Page(memo().html)
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [image["alt"] for image in images] == list(alt_texts(levers_view()).values())
    found = [base64.b64decode(str(image["src"]).split(",", 1)[1]) for image in images]
    assert found == [dot(1), dot(2)]
    assert ("html", {"lang": "en"}) in page.tags
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe")]
    sources = [value for _, attributes in page.tags for name, value in attributes.items()
               if name in ("src", "href")]  # fmt: skip
    assert all(str(source).startswith("data:image/png;base64,") for source in sources)


def test_markdown_refers_to_picture_files() -> None:
    made = memo()
    assert [picture.file for picture in made.pictures] == ["waterfall.png", "swings.png"]
    assert "](waterfall.png)" in made.markdown
    rows = [line for line in made.markdown.splitlines() if line.startswith("|")]
    assert rows
    assert all(line.endswith("|") for line in rows)


def test_a_learners_text_is_shown_as_it_is() -> None:
    evil = Lever("<script>a|b</script>", 0.5, source="line one\nline | two & $x$ *y*")
    made = plan_memo(plan_view(100, (evil,)), spend_source='"<b>"', date=DAY)
    page = Page(made.html)
    assert "script" not in [tag for tag, _ in page.tags]
    assert "<script>a|b</script>" in page.text
    assert "<script>" not in made.markdown.replace("\\<script\\>", "")
    row = next(line for line in made.markdown.splitlines() if line.startswith("| \\<script"))
    assert row.replace("\\|", "").count("|") == 7
    assert "line one line \\| two \\& \\$x\\$ \\*y\\*" in row


def test_a_markdown_parser_reads_back_every_cell() -> None:
    names = ("a|b", "*c* _d_", "$e$ and $f$", "<g>", "&lt;", "`h`", "[i](j)", "~~k~~", "\\l", "#m")
    levers = tuple(Lever(name, 0.1, 0.5, source=name) for name in names)
    made = plan_memo(plan_view(100, levers), spend_source="x", date=DAY)
    parse = mistune.create_markdown(plugins=["table", "strikethrough", "math"])
    page = Page(re.sub(r"<br ?/>", "", str(parse(made.markdown))))
    assert [tag for tag, _ in page.tags].count("table") == 2
    assert not {tag for tag, _ in page.tags} & {"em", "code", "a", "del", "g"}
    for name in names:
        assert page.text.count(name) >= 3, name


def test_advice_follows_share_range_and_kind() -> None:
    levers = (
        Lever("sure", 0.5, low=0.4, high=0.6, kind="measured", source="lesson 3"),
        Lever("quoted", 0.3, low=0.2, high=0.4),
        Lever("risky", 0.1, low=-0.1, high=0.2, kind="measured"),
        Lever("idle", 0.0, kind="measured"),
    )
    made = plan_memo(plan_view(1_000, levers), spend_source="x", date=DAY)
    first, unknown = (part.blocks[0] for part in made.sections[-2:])
    assert isinstance(first, Listing)
    assert isinstance(unknown, Listing)
    told = "\n".join(first.items)
    for text in ("Pull sure: $", "Pull quoted after measuring it", "Try risky small",
                 "Leave idle: it saves nothing here"):  # fmt: skip
        assert text in told
    assert "counted as certain: idle." in "\n".join(unknown.items)
    assert "No interaction is counted" in "\n".join(unknown.items)


def test_without_any_range_no_interval_is_given() -> None:
    view = plan_view(1_000, (Lever("x", 0.5),))
    pngs = {"waterfall": dot(), "swings": dot()}
    made = plan_memo(view, spend_source="x", date=DAY, pngs=pngs)
    assert [picture.file for picture in made.pictures] == ["waterfall.png"]
    assert "no lever has a range" in made.lead
    assert "1 lever together" not in made.lead
    assert "Find a range for every lever" in made.markdown
    assert "draws" not in made.markdown


def test_pictures_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="no picture 'pie'; it takes waterfall, swings"):
        plan_memo(levers_view(), spend_source="x", date=DAY, pngs={"pie": dot()})
    with pytest.raises(ValueError, match=r"waterfall.png is not a PNG"):
        plan_memo(levers_view(), spend_source="x", date=DAY, pngs={"waterfall": b"GIF"})
    with pytest.raises(ValueError, match="needs a sentence"):
        Picture("a.png", " ", dot())


def test_blocks_in_markdown() -> None:
    made = Memo("t", "l", (Section("s", (
        Paragraph("p"), Listing(("a", "b")), Listing(("a", "b"), numbered=True),
        Table(("x", "y"), (("1", "2"),), numbers=(1,)),
    )),))  # fmt: skip
    assert made.markdown == (
        "# t\n\nl\n\n## s\n\np\n\n- a\n- b\n\n1. a\n2. b\n\n| x | y |\n| --- | ---: |\n| 1 | 2 |\n"
    )
