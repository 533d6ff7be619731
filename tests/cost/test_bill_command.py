"""`mlopt bill` from a shell: a report, the charges behind a finding, and one sentence for each mistake."""

import pandas as pd
import pytest
from bill_tables import HEADER, ROW, charge, sample, write
from click.testing import CliRunner

from mlopt_lessons.cost.command import bill
from mlopt_lessons.cost.report import money


def invoke(*arguments):
    return CliRunner().invoke(bill, [str(argument) for argument in arguments])


@pytest.fixture
def file(tmp_path):
    """A bill of ten days with idle hours, a failed run and a credit; the month is not over."""
    days = pd.date_range("2026-06-01", periods=10, freq="D")
    rows = [
        *(charge(24.0, str(day), hours=24, Tags='{"team": "search"}') for day in days),
        charge(7.5, "2026-06-02", x_UtilisationPercent=1.0, ResourceId="machine-1"),
        charge(2.5, "2026-06-03", x_UtilisationPercent=3.0, ResourceId="machine-2"),
        charge(4.0, "2026-06-04", Tags="team=vision;status=failed;run=r1"),
        charge(-10.0, "2026-06-04", ChargeCategory="Credit"),
    ]
    path = tmp_path / "june.csv"
    pd.DataFrame(rows).assign(BillingCurrency="USD").to_csv(path, index=False)
    return path


def lines(result):
    assert result.exit_code == 0, result.output
    return [line.split() for line in result.output.splitlines()]


def test_the_report_holds_every_part(file):
    told = lines(invoke(file))
    assert ["billed", "$244.00", "-$10.00"] in told
    assert ["search", "$240.00", "98.4%"] in told
    assert ["unallocated", "$0.00", "0.0%"] in told
    text = invoke(file).output
    assert "14 charges in USD" in text
    assert "Waste found: $14.00." in text
    assert "2 rows: machines below 5 %" in text
    assert "cold storage          the bill lacks x_LastUsed" in text
    assert "20 days to come" in text
    assert "idle machines             3.9%" in text  # 10 of 254


def test_groups_are_chosen_and_written(file, tmp_path):
    result = invoke(file, "--by", "team", "--by", "day", "--csv", tmp_path / "new" / "out.csv")
    assert "By team and day (effective cost):" in result.output
    table = pd.read_csv(tmp_path / "new" / "out.csv")
    assert list(table.columns) == ["team", "day", "amount", "rows", "without_cost"]
    assert table["amount"].sum() == pytest.approx(244.0)


def test_the_charges_behind_a_finding(file, tmp_path):
    result = invoke(file, "--rows", "idle", "--csv", tmp_path / "idle.csv")
    assert "idle: 2 charges, $10.00." in result.output
    assert "machine-1" in result.output
    assert pd.read_csv(tmp_path / "idle.csv")["EffectiveCost"].tolist() == [7.5, 2.5]


def test_the_recorded_bill_is_reported():
    told = lines(invoke(sample(), "--by", "tag:environment"))
    assert ["billed", "$20.52", "-$2.78"] in told
    assert ["effective", "$14.98", "-$3.16"] in told
    assert "(missing in 7 charges)" in invoke(sample()).output


def test_a_bill_with_two_costs_says_what_is_missing(tmp_path):
    path = write(tmp_path / "bill.csv", HEADER, ROW)
    text = invoke(path).output
    assert "list        not in this bill" in text
    assert "1 charge in USD" in text
    billed_only = write(tmp_path / "b.csv", HEADER.replace("EffectiveCost", "x_Other"), ROW)
    assert "the bill carries no EffectiveCost" in invoke(billed_only, "--cost", "BilledCost").output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--by", "flavour"], "nothing to group by 'flavour'"),
        (["--cost", "Price"], "'Price' is no cost"),
        (["--currency", "EUR"], "no charges in EUR; it has USD"),
        (["--rows", "cold storage"], "cannot be checked: the bill lacks x_LastUsed"),
        (["--rows", "luxury"], "'luxury' is no kind of waste; choose one of unused commitment"),
    ],
)
def test_a_mistake_is_one_sentence_and_status_1(file, arguments, told):
    result = invoke(file, *arguments)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert told in result.output
    assert result.output.count("\n") == 1


def test_a_file_that_is_not_there(tmp_path):
    result = invoke(tmp_path / "absent.csv")
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "absent.csv; check the path" in result.output


@pytest.mark.parametrize(
    ("amount", "currency", "told"),
    [
        (1234.5, "USD", "$1,234.50"),
        (-3.0, "USD", "-$3.00"),
        (0.0, "USD", "$0.00"),
        (0.00012345, "USD", "$0.0001234"),
        (12.0, "EUR", "EUR 12.00"),
    ],
)
def test_money(amount, currency, told):
    assert money(amount, currency) == told
