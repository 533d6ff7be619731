"""A stranger's text for a page: cut, cleaned of what acts instead of being read, and escaped."""

from __future__ import annotations

import re
import textwrap

CUT = "\n… the rest is left out here; it is in what was handed in."
ODD = "\ufffd"
WIDTH, MOST_INDENT = 90, 20
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
# Control characters, separators, overrides of the direction of writing, half characters.
_UNREADABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_ESCAPES = {
    place: f"&#{place};" for place in range(128) if not chr(place).isalnum() and chr(place) != " "
}


def readable(text: str, most: int) -> str:
    """At most so many characters, as a terminal shows them in the end: no colours, no controls."""
    whole = len(text) <= most
    lines = _ANSI.sub("", text[:most]).split("\n")
    # Of a line that was written over, as by a progress bar, what was written last.
    shown = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return _UNREADABLE.sub(ODD, shown) + ("" if whole else CUT)


def wrapped(text: str) -> str:
    """A text whose lines end where those of a page do, as no page breaks the lines of an output."""
    return "\n".join(_broken(line) for line in text.split("\n"))


def _broken(line: str) -> str:
    if len(line) <= WIDTH:
        return line
    indent = " " * min(2 * (len(line) - len(line.lstrip(" "))), MOST_INDENT)
    return textwrap.fill(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def code(text: str, most: int) -> str:
    """A source for a page, with at most two empty lines in a row.

    What colours the code needs a time that grows with the square of the number of empty lines.
    """
    kept: list[str] = []
    for line in readable(text, most).split("\n"):
        if line.strip() or any(kept[-2:]):
            kept.append(line.rstrip())
    return "\n".join(kept)


def block(text: str) -> str:
    """Markdown that shows this text as it is, whatever it holds.

    It is one line of HTML in which every sign is a number: nothing in it is Markdown, a tag or an
    address; and in a `pre` no page looks for formulas.
    """
    return f'<pre style="white-space: pre-wrap">{text.translate(_ESCAPES)}</pre>'
