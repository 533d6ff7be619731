"""Paragraphs, lists, tables and pictures of a memo, as Markdown and as one HTML file."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 50em;
       margin: 1.5em auto; padding: 0 1em; }
h1 { font-size: 1.5em; margin: 0 0 .4em; } h2 { font-size: 1.1em; margin: 1.1em 0 .3em; }
p, ul, ol { margin: .3em 0; } .wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #d9d9d9; padding: .15em .5em; text-align: left; }
.number { text-align: right; white-space: nowrap; } img { max-width: 100%; height: auto; }
@page { size: A4; margin: 9mm 12mm; }
@media print { body { font-size: 9px; line-height: 1.25; margin: 0; max-width: none; }
               img { max-height: 36mm; } h2 { margin-top: .6em; } th, td { padding: .05em .5em; }
               h2, tr, img { break-inside: avoid; } h2 { break-after: avoid; } }
"""


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text."""

    text: str


@dataclass(frozen=True)
class Listing:
    """Lines of plain text, numbered where their order counts."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Table:
    """A head and rows of plain text; the columns numbered in `numbers` are set to the right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A PNG, the name of its file without folder, and the sentence that stands for it."""

    file: str
    alt: str
    png: bytes

    def __post_init__(self) -> None:
        if not self.png.startswith(b"\x89PNG\r\n\x1a\n"):
            raise ValueError(f"{self.file} is not a PNG; draw it again.")
        if not self.alt.strip():
            raise ValueError(f"{self.file} needs a sentence for those who cannot see it.")


Block = Paragraph | Listing | Table | Picture


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Memo:
    """A memo of one page; `lead` is the finding below its title."""

    title: str
    lead: str
    sections: tuple[Section, ...]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures, in order; the Markdown refers to their files."""
        blocks = (block for section in self.sections for block in section.blocks)
        return tuple(block for block in blocks if isinstance(block, Picture))

    @property
    def markdown(self) -> str:
        """The memo as Markdown; its pictures lie beside it as files."""
        parts = [f"# {_plain(self.title)}", _plain(self.lead)]
        for section in self.sections:
            parts += [f"## {_plain(section.title)}", *(_markdown(each) for each in section.blocks)]
        return "\n\n".join(parts) + "\n"

    @property
    def html(self) -> str:
        """The memo as one HTML file that needs no other: its pictures are data URIs."""
        body = "\n".join(
            f"<h2>{escape(section.title)}</h2>\n" + "\n".join(map(_html, section.blocks))
            for section in self.sections
        )
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
            f"<h1>{escape(self.title)}</h1>\n<p><strong>{escape(self.lead)}</strong></p>\n{body}\n"
            "</main>\n</body>\n</html>\n"
        )


def _plain(text: str) -> str:
    """Text of the learner's that Markdown shall show as it is; two dollar signs would be a formula."""
    return re.sub(r"([\\`*_\[\]<>|#$~&])", r"\\\1", " ".join(text.split()))


def _markdown(block: Block) -> str:
    if isinstance(block, Paragraph):
        return _plain(block.text)
    if isinstance(block, Picture):
        return f"![{_plain(block.alt)}]({block.file})"
    if isinstance(block, Listing):
        return "\n".join(
            f"{f'{number}.' if block.numbered else '-'} {_plain(text)}"
            for number, text in enumerate(block.items, 1)
        )
    rule = ("---:" if i in block.numbers else "---" for i in range(len(block.head)))
    rows = [map(_plain, block.head), rule, *(map(_plain, row) for row in block.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _html(block: Block) -> str:
    if isinstance(block, Paragraph):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Picture):
        data = base64.b64encode(block.png).decode("ascii")
        return f'<p><img src="data:image/png;base64,{data}" alt="{escape(block.alt)}"></p>'
    if isinstance(block, Listing):
        tag = "ol" if block.numbered else "ul"
        items = "".join(f"<li>{escape(text)}</li>" for text in block.items)
        return f"<{tag}>{items}</{tag}>"
    rows = "".join(f"<tr>{_cells(row, 'td', block.numbers)}</tr>" for row in block.rows)
    head = f"<tr>{_cells(block.head, 'th', block.numbers)}</tr>"
    # A table that can be scrolled must be reachable by keyboard.
    return f'<div class="wide" tabindex="0"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _cells(row: Sequence[str], tag: str, numbers: Sequence[int]) -> str:
    scope = ' scope="col"' if tag == "th" else ""
    right = ' class="number"'
    return "".join(
        f"<{tag}{scope}{right if i in numbers else ''}>{escape(cell)}</{tag}>"
        for i, cell in enumerate(row)
    )
