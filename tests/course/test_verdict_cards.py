"""Verdict cards: outside a workspace all at once, in one as soon as the claim was predicted."""

from pathlib import Path

import pytest

from mlopt_lessons.course import measured, predict, quoted, verdict, verdict_card, verdict_table
from mlopt_lessons.course.verdicts import Verdict
from mlopt_lessons.course.waiting import WAITING


def of_quant_1(case: str) -> Verdict:
    return verdict("quant-1", measured(3.97, "×", "a test"), case=case)


def of_quant_2() -> Verdict:
    return verdict("quant-2", measured(0.5, "points", "a test"), case="MLP")


def lock(id: str, value: float, unit: str) -> None:
    asked = predict(id, "How much?", kind="number", unit=unit)
    asked.control.value = str(value)
    asked.lock()


@pytest.mark.usefixtures("no_workspace")
def test_outside_a_workspace_every_verdict_shows_at_once() -> None:
    card = verdict_card(of_quant_1("MLP"), of_quant_1("CNN"))
    assert card.still_text == f"{of_quant_1('MLP')}\n\n{of_quant_1('CNN')}"
    assert card.widget.value == card.still_html
    assert card.still_html.count("the claim holds here") == 2


@pytest.mark.usefixtures("workspace")
def test_in_a_workspace_each_claim_appears_once_predicted() -> None:
    card = verdict_card(of_quant_1("MLP"), of_quant_1("CNN"), of_quant_2())
    assert card.still_text == f"Verdict on quant-1, quant-2. {WAITING}"
    assert "3.97" not in card.widget.value
    lock("quant-1", 4, "×")
    assert card.still_text.count("you predicted: 4×") == 2
    assert card.still_text.endswith(f"Verdict on quant-2. {WAITING}")
    lock("quant-2/loss", 1, "points")
    assert WAITING not in card.widget.value
    assert card.widget.value.count("you predicted") == 3


@pytest.mark.usefixtures("workspace")
def test_what_was_predicted_before_shows_at_once(workspace: Path) -> None:
    lock("quant-1", 4, "×")
    assert "you predicted: 4×" in verdict_card(of_quant_1("MLP")).still_text.replace("</b>", "")


@pytest.mark.usefixtures("no_workspace")
def test_anything_but_verdicts_is_refused() -> None:
    with pytest.raises(
        TypeError, match=r"verdict_card shows what verdict\(\) returns, got 'quant-1'"
    ):
        verdict_card("quant-1")
    with pytest.raises(TypeError, match="verdict_table shows what"):
        verdict_table(of_quant_1("MLP"), None)
    with pytest.raises(ValueError, match="at least one verdict"):
        verdict_card()
    with pytest.raises(ValueError, match="verdict_table needs at least one"):
        verdict_table()


def of_prune_2(name: str, value: float, unit: str, case: str) -> Verdict:
    dollars = quoted(3, "$ saved", "a test", "2026-11-25") if case == "removed" else None
    found = measured(value, unit, "a <test>")
    return verdict("prune-2", found, of=name, case=case, dollars=dollars)


def table_of_prune_2() -> list[Verdict]:
    return [
        of_prune_2("size-70", 100, "%", "zeros"),
        of_prune_2("size-70", 26, "%", "removed"),
        of_prune_2("speed-70", 3.6, "×", "removed"),
    ]


@pytest.mark.usefixtures("no_workspace")
def test_a_table_has_a_row_a_figure_and_a_column_a_case() -> None:
    shown = verdict_table(*table_of_prune_2())
    heads, size, speed, legend = shown.still_text.split("\n\n")
    assert heads == "figure | the story | you | zeros | removed | how"
    assert size == "prune-2 size-70 | 30 % | – | 100 % ✗ | 26 % ✓, $3 saved | measured: a <test>"
    assert speed == "prune-2 speed-70 | 2× | – |  | 3.6× ✓, $3 saved | measured: a <test>"
    assert "✗" in legend
    assert shown.still_html.count("<tr>") == 3
    assert "a &lt;test&gt;" in shown.still_html


@pytest.mark.usefixtures("workspace")
def test_a_table_waits_for_the_prediction() -> None:
    shown = verdict_table(*table_of_prune_2())
    assert shown.still_text == f"Verdict on prune-2. {WAITING}"
    lock("prune-2/size-70", 40, "%")
    assert shown.widget.value.count("<tr>") == 3
    assert ">40 %</td>" in shown.widget.value
