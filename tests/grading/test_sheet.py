"""What is in a marked notebook, and how much: the release's cells, answers, marks and outputs."""

import json
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from release import ROOT
from sheets import MARK, RELEASE, by_name, cells_of, png, sheet_of
from toy_class import GOOD, filled, release

from mlopt_lessons.grading.handin import HandedCell, merge, parse
from mlopt_lessons.grading.records import CellRun, Output, PartMark
from mlopt_lessons.grading.sheet import NOTES, sheet

# What is in the sheet


def test_marks_stand_under_their_check() -> None:
    (output,) = by_name(sheet_of(GOOD), "task-1-check")["outputs"]
    assert output["output_type"] == "stream"
    assert output["text"] == (
        "Task 1, twice: 1.5 of 2 points\n  1.5 of 1.5  small numbers\n  0 of 0.5  large numbers\n\n"
        "That is a square.\nDouble it."
    )
    assert by_name(sheet_of(GOOD), "task-2-check")["outputs"] == []


def test_a_long_message_is_broken_into_lines_and_the_learners_output_is_not() -> None:
    says = "For [1.5, -2.5]: " + "it should be -1e-05, yours is -2e-05; " * 9
    mark = replace(MARK, parts=(PartMark(says, 2, 0),), message=says + "-" * 200)
    shown = {1: CellRun(True, (Output("stream", says),))}
    merged = merge(RELEASE, parse(json.dumps(filled(GOOD)).encode()))
    made = sheet(RELEASE, merged, shown, {"task-1-check": mark})
    text = by_name(made, "task-1-check")["outputs"][0]["text"]
    assert max(map(len, text.split("\n"))) <= 90
    assert "".join(text.split()) == "".join(
        ["Task1,twice:0of2points0of2", *says.split(), *says.split(), "-" * 200]
    )
    assert text.split("\n")[2].startswith("    ")
    assert by_name(made, "task-1")["outputs"][0]["text"] == says


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


def test_a_million_outputs_are_few_on_the_page() -> None:
    for kind in ("stream", "result", "error", "png"):
        shown = CellRun(True, (Output(kind),) * 1_000_000)
        assert len(by_name(sheet_of(GOOD, {1: shown}), "task-1")["outputs"]) <= 500
