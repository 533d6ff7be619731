"""Text and code as they are shown: readable, bounded, and without a sign that means something."""

import re
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from release import ROOT

from mlopt_lessons.grading.sheet_text import WIDTH, block, code, readable, wrapped


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


@given(st.text(st.sampled_from("ab \n-.é"), max_size=600))
def test_wrapped_text_is_the_same_text_in_short_lines(text: str) -> None:
    made = wrapped(text)
    assert all(len(line) <= WIDTH for line in made.split("\n"))
    assert "".join(made.split()) == "".join(text.split())
    assert wrapped(made) == made


def test_to_wrap_a_line_takes_no_time_whatever_it_holds() -> None:
    for each in (" ", "x", "x ", "-", "\t", "  x"):
        before = time.process_time()
        assert len(wrapped(" " * 80 + each * 20_000)) < 120_000
        assert time.process_time() - before < 2


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
