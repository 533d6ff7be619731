"""All claims side by side: every figure has a line, and what is missing says where to go."""

import json
from pathlib import Path

import pytest
from ledger_story import SPEEDS, half_way

from mlopt_lessons.course import ledger_lines, measured, verdict
from mlopt_lessons.course.ledger_table import (
    FAILS,
    HOLDS,
    NOTEBOOKS,
    OPEN,
    WAITING,
    LedgerLine,
    compared_with_story,
    ledger_sentences,
)
from mlopt_lessons.course.store import open_store

DATA = Path(__file__).parents[2] / "mlopt_lessons" / "course" / "data"
CLAIMS = json.loads((DATA / "claims.json").read_text(encoding="utf-8"))
FIGURES = [(row["id"], figure["name"]) for row in CLAIMS for figure in row["figures"]]


def named(lines: list[LedgerLine], claim: str, figure: str) -> list[LedgerLine]:
    return [each for each in lines if (each.claim.id, each.story.name) == (claim, figure)]


def test_an_empty_ledger_has_every_figure_and_the_way_to_it(no_workspace: Path) -> None:
    lines = ledger_lines()
    assert [(each.claim.id, each.story.name) for each in lines] == FIGURES
    assert {each.state for each in lines} == {OPEN}
    assert {each.cells()["where from"] for each in lines} == {
        f"notebooks/{name}.ipynb" for name in NOTEBOOKS[1:]
    }
    first, second = ledger_sentences(lines)
    assert first == "Nothing measured yet: the story makes 17 claims, and all of them wait for you."
    assert "which notebook" in second


def test_notebooks_are_numbered_by_the_sections_of_the_story() -> None:
    assert [int(name[:2]) for name in NOTEBOOKS] == list(range(8))
    there = {path.stem for path in (DATA.parents[2] / "notebooks").glob("*.ipynb")}
    assert {name for name in NOTEBOOKS if name in there} >= set(NOTEBOOKS[1:7])


def test_half_way_every_case_has_its_line(workspace: Path) -> None:
    half_way(open_store())
    lines = ledger_lines()
    speeds = named(lines, "quant-3", "speed")
    assert {each.found.case: each.found.figure.value for each in speeds if each.found} == SPEEDS
    assert [each.state for each in speeds] == [
        FAILS,
        FAILS,
        HOLDS,
    ]  # the claim asks for 3.6 or more
    cells = speeds[1].cells()
    assert cells["you"] == "3×"
    assert cells["the story"] == "4×"
    assert cells["found"] == "0.6×"
    assert cells["verdict"] == "✗ does not hold"
    assert cells["in dollars"] == "-$1 saved"
    assert cells["where from"].startswith("measured: five runs (")
    assert named(lines, "spot-4", "cost")[0].cells()["where from"].endswith("seed 7)")


def test_what_was_measured_without_a_prediction_stays_hidden(workspace: Path) -> None:
    half_way(open_store())
    (line,) = named(ledger_lines(), "quant-1", "size")
    assert (line.state, line.found, compared_with_story(line)) == (WAITING, None, None)
    assert "3.97" not in str(line.cells())
    open_store().save_prediction("quant-1", 4.0, "×")
    (line,) = named(ledger_lines(), "quant-1", "size")
    assert (line.state, line.cells()["found"]) == (HOLDS, "3.97×")


def test_sentences_count_claims_and_name_what_is_missing(workspace: Path) -> None:
    half_way(open_store())
    told = ledger_sentences(ledger_lines())
    assert told[0] == "2 of 17 claims measured."
    assert told[1] == "Holding in every case: 0; in some cases: 1; in none: 1."
    assert told[2].endswith("predicted: quant-1 in notebooks/05_quantization.ipynb.")
    assert "quant-2, quant-3 (size, loss) in notebooks/05_quantization.ipynb" in told[3]
    assert "spot-1, spot-2, spot-3, spot-4 (saving) in notebooks/03_spot.ipynb" in told[3]


def test_a_full_ledger_has_nothing_open(no_workspace: Path) -> None:
    for row in CLAIMS:
        for figure in row["figures"]:
            found = measured(figure["value"], figure["unit"], "a test")
            verdict(row["id"], found, of=figure["name"])
    told = ledger_sentences(ledger_lines())
    assert told == [
        "All 17 claims measured.",
        "Holding in every case: 17; in some cases: 0; in none: 0.",
    ]


@pytest.mark.parametrize(
    ("claim", "of", "value", "unit", "expected"),
    [
        ("quant-3", "speed", 1.0, "×", (0.25, "×")),
        ("spot-4", "saving", -340.0, "$", None),
        ("prune-1", "loss", 2.5, "points", (2.5, "points")),
        ("spot-3", "saving", 71.0, "%", (1.0, "points")),
    ],
)
def test_distance_from_the_story(
    no_workspace: Path, claim: str, of: str, value: float, unit: str, expected: object
) -> None:
    verdict(claim, measured(value, unit, "a test"), of=of)
    (line,) = named(ledger_lines(), claim, of)
    assert compared_with_story(line) == expected
