"""What is parsed of a hand-in's notebook, against nbformat, and what is refused with a sentence."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from release import ROOT

from mlopt_lessons.grading.handin import HandedCell, parse
from mlopt_lessons.grading.records import HandinProblem

MARKED = {"nbgrader": {"grade_id": "task-1"}}


def raw(*cells: object, **rest: object) -> bytes:
    """A notebook with these cells, as JSON."""
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | rest
    return json.dumps(content).encode()


def one(source: object = "x = 1", **rest: object) -> dict:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": []} | rest


def refused(content: bytes) -> str:
    with pytest.raises(HandinProblem) as caught:
        parse(content)
    said = str(caught.value)
    assert said.endswith(".")
    assert len(said) < 200
    return said


@pytest.mark.parametrize(
    "path", sorted((ROOT / "exercises").glob("*/*.ipynb")), ids=lambda p: p.stem
)
def test_an_exercise_is_parsed_as_nbformat_reads_it(path: Path) -> None:
    expected = [
        HandedCell(
            each.cell_type, each.source, each.metadata.get("nbgrader", {}).get("grade_id", "")
        )
        for each in nbformat.read(path, as_version=4).cells
    ]
    assert parse(path.read_bytes()) == expected


def test_a_source_is_text_or_lines() -> None:
    assert parse(raw(one(["a = 1\n", "b = 2"])))[0].source == "a = 1\nb = 2"
    assert parse(raw(one("a = 1\nb = 2")))[0].source == "a = 1\nb = 2"
    assert parse(raw(one([])))[0].source == ""


def test_a_byte_order_mark_is_no_part_of_it() -> None:
    assert parse(b"\xef\xbb\xbf" + raw(one())) == [HandedCell("code", "x = 1")]


def test_half_characters_and_nuls_become_readable_ones() -> None:
    (found,) = parse(raw(one("a\ud800b\x00c\U0001f600")))
    assert found.source == "a\ufffdb\ufffdc\U0001f600"
    found.source.encode()


def test_outputs_and_other_metadata_are_left() -> None:
    stored = [new_output("stream", text="z")] * 10_000
    noise = {"tags": ["<script>"], "x": float("nan"), "y": 10**400, "name": [[[]]]} | MARKED
    content = raw(one(outputs=stored, metadata=noise, attachments={"a": {"b": "c"}}))
    assert parse(content) == [HandedCell("code", "x = 1", "task-1")]


@pytest.mark.parametrize("marks", [None, 7, [], {"grade_id": ["task-1"]}, {"grade_id": None}, {}])
def test_odd_marks_are_none(marks: object) -> None:
    assert parse(raw(one(metadata={"nbgrader": marks})))[0].grade_id == ""


@pytest.mark.parametrize("name", ["x" * 201, "a\nb", "\x1b[31m"])
def test_a_name_that_no_exercise_has_is_none(name: str) -> None:
    assert parse(raw(one(metadata={"nbgrader": {"grade_id": name}})))[0].grade_id == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "broken"),
        (b"print('hello')", "broken"),
        (b"\0" * 1000, "broken"),
        (raw(one())[:-20], "broken"),
        (raw(one()) + b"x", "broken"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "a\nb"}]}', "broken"),
        (b'{"nbformat": 4, "cells": [], "cells": [1]}', "broken"),
        (b'{"cells": [{"cell_type": "code", "source": "1", "source": "2"}]}', "broken"),
        (raw(one()).decode().encode("utf-16"), "UTF-8"),
        (b"\x80\x04cos\nsystem\n", "UTF-8"),
        (b"null", "not a notebook"),
        (b"[1, 2]", "not a notebook"),
        (b"9" * 100_000, "not a notebook"),
        (b'{"a": 1}', "not a notebook"),
        (b'{"cells": null, "metadata": null, "nbformat": "4"}', "format 4"),
        (raw(nbformat=5), "format 4"),
        (raw(cells={"a": 1}), "format 4"),
        (raw(nbformat=3), "old format"),
        (b'{"nbformat": 3, "worksheets": [{"cells": []}]}', "old format"),
        (raw(*[one()] * 1001), "1,000 cells"),
        (b"[" * 1_000_000, "too much"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "too much"),
        (raw(*[{}] * 30_000), "too much"),
        (raw(one(outputs=[1] * 1_000_001)), "too much"),
        (raw(one(), None), "Cell 2"),
        (raw(7), "Cell 1"),
        (raw({}), "Cell 1"),
        (raw(one(5)), "Cell 1"),
        (raw(one(["a", 1])), "Cell 1"),
        (raw(one({"a": "b"})), "Cell 1"),
        (raw(one(cell_type="evil")), "Cell 1"),
        (raw(one(cell_type=["code"])), "Cell 1"),
    ],
    ids=lambda value: str(value[:24]),
)  # fmt: skip
def test_what_is_no_notebook_is_refused_with_a_sentence(content: bytes, says: str) -> None:
    assert says in refused(content)


def test_a_notebook_of_format_3_is_told_to_be_saved_anew() -> None:
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("x = 1")])]
    )
    assert "save it again" in refused(nbformat.writes(old, version=3).encode())
