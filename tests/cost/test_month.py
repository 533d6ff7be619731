"""The simulated month: FOCUS's own rules, hand-computed amounts, and the finder against what was planted."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlopt_lessons.cost.bill import load_bill
from mlopt_lessons.cost.month import Month, simulate_month
from mlopt_lessons.cost.month_fleet import usd_per_hour
from mlopt_lessons.cost.waste import KINDS, find_waste, unchecked

SEEDS = (0, 1, 2, 3, 17)
# June 2026 begins on a Monday and has 22 working days of 12 open hours.
CLOSED_HOURS = 30 * 24 - 22 * 12


@pytest.fixture(scope="module")
def month() -> Month:
    return simulate_month()


@pytest.fixture(scope="module")
def rows(month: Month) -> pd.DataFrame:
    return month.bill.rows


def _named(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    return rows[(rows["ResourceName"] == name).fillna(False)]


def test_the_same_seed_gives_the_same_bill(month: Month) -> None:
    pd.testing.assert_frame_equal(month.bill.rows, simulate_month(0).bill.rows)
    assert month.bill.source == "simulated: an ML team's month, seed 0"
    other = simulate_month(1).bill
    assert other.source.endswith("seed 1")
    assert other.rows["EffectiveCost"].sum() != month.bill.rows["EffectiveCost"].sum()


# The rules below are those of FOCUS's appendix "Commitment discounts", section "Validation rules".


def test_purchases_have_no_effective_cost(rows: pd.DataFrame) -> None:
    purchases = rows[rows["ChargeCategory"] == "Purchase"]
    assert len(purchases) == 4
    assert (purchases["EffectiveCost"] == 0).all()
    assert (purchases["BilledCost"] > 0).all()


def test_what_a_commitment_covers_is_not_billed(rows: pd.DataFrame) -> None:
    covered = rows[rows["CommitmentDiscountStatus"].notna()]
    assert set(covered["CommitmentDiscountStatus"]) == {"Used", "Unused"}
    assert (covered["BilledCost"] == 0).all()
    assert (covered["EffectiveCost"] > 0).all()
    assert (covered["PricingCategory"] == "Committed").all()


def test_purchases_equal_what_they_cover(rows: pd.DataFrame) -> None:
    covered = rows.loc[rows["CommitmentDiscountStatus"].notna(), "EffectiveCost"].sum()
    bought = rows.loc[rows["ChargeCategory"] == "Purchase", "BilledCost"].sum()
    assert bought == pytest.approx(covered, rel=1e-12)


def test_usage_outside_commitments_is_billed_at_its_effective_cost(rows: pd.DataFrame) -> None:
    rest = rows[(rows["ChargeCategory"] == "Usage") & rows["CommitmentDiscountStatus"].isna()]
    assert (rest["BilledCost"] == rest["EffectiveCost"]).all()


def test_costs_of_usage_fall_from_list_to_effective(rows: pd.DataFrame) -> None:
    usage = rows[rows["ChargeCategory"] == "Usage"]
    assert (usage["ListCost"] >= usage["ContractedCost"]).all()
    assert (usage["ContractedCost"] >= usage["EffectiveCost"]).all()
    assert (usage["ListCost"] > usage["EffectiveCost"]).any()


def test_billed_and_effective_sums_agree_over_a_whole_commitment(rows: pd.DataFrame) -> None:
    assert rows["BilledCost"].sum() == pytest.approx(rows["EffectiveCost"].sum(), rel=1e-12)


def test_tax_and_credits_follow_focus(rows: pd.DataFrame) -> None:
    tax = rows[rows["ChargeCategory"] == "Tax"].iloc[0]
    taxed = rows[rows["ChargeCategory"].isin(["Usage", "Purchase"])]
    for cost in ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"):
        assert tax[cost] == pytest.approx(0.03 * taxed[cost].sum(), rel=1e-12)
    credit = rows[rows["ChargeCategory"] == "Credit"].iloc[0]
    assert credit["BilledCost"] == credit["EffectiveCost"] == credit["ListCost"] == -300
    assert rows.loc[rows["ChargeCategory"] == "Adjustment", "BilledCost"].sum() < 0


def test_every_hourly_charge_lies_in_the_month(rows: pd.DataFrame) -> None:
    assert (rows["ChargePeriodStart"] >= pd.Timestamp("2026-06-01", tz="UTC")).all()
    assert (rows["ChargePeriodEnd"] <= pd.Timestamp("2026-07-01", tz="UTC")).all()
    lengths = (rows["ChargePeriodEnd"] - rows["ChargePeriodStart"]).dt.total_seconds() / 3600
    assert set(lengths) == {1.0, 24.0, 720.0}
    assert rows["ChargePeriodStart"].is_monotonic_increasing


# Amounts computed by hand from the price table.


@pytest.mark.parametrize(
    ("name", "dollars"),
    [
        ("search-ranker-1", 720 * 1.006 * 0.72),
        ("vision-api", 240 * 0.8048 * 0.72),
        ("labelling-old", 720 * 1.006 * 0.95),
        ("search-ranker-peak", 30 * 13 * 1.006 * 0.95),
        ("weekly-report", 4 * 6 * 0.768 * 0.95),
        ("notebook-emil", 22 * 12 * 0.526 * 0.95),
        ("images", 6000 * 0.023),
    ],
)
def test_amounts(rows: pd.DataFrame, name: str, dollars: float) -> None:
    assert _named(rows, name)["EffectiveCost"].sum() == pytest.approx(dollars, rel=1e-12)


def test_planted_dollars(month: Month) -> None:
    planted = {kind: each.dollars for kind, each in month.planted.items()}
    assert planted["unused commitment"] == pytest.approx(480 * 0.8048 * 0.72)
    assert planted["idle"] == pytest.approx(720 * (1.006 + 0.192) * 0.95)
    assert planted["cold storage"] == pytest.approx((7000 + 4000 + 1500) * 0.023)
    notebooks = 3 * 0.526 + 1.006 + 0.192  # with the staging machine
    assert planted["nights and weekends"] == pytest.approx(CLOSED_HOURS * notebooks * 0.95)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_finder_finds_what_was_planted_and_nothing_else(seed: int) -> None:
    month = simulate_month(seed)
    assert unchecked(month.bill) == []
    found = {each.kind: each for each in find_waste(month.bill)}
    assert set(found) == set(KINDS) == set(month.planted)
    for kind, planted in month.planted.items():
        assert found[kind].rows.equals(planted.rows), kind
        assert found[kind].dollars == pytest.approx(planted.dollars, rel=1e-12)


def test_rows_that_only_look_like_waste(month: Month, rows: pd.DataFrame) -> None:
    wasted = np.concatenate([each.rows for each in month.planted.values()])
    sound = rows[~rows.index.isin(wasted)]
    serving = _named(sound, "gateway")
    assert len(serving) == 720, "serving at night is no waste"
    assert (serving["x_UtilisationPercent"] == 5.0).any(), "5 % is low, not idle"
    assert len(_named(sound, "weekly-report")) == 24, "a production job on Saturdays"
    assert len(_named(sound, "evaluation-sets")) == 30, "last read 30 days before the end, not more"
    assert len(_named(sound, "audit-logs")) == 30, "nobody knows when it was last read"
    assert len(_named(sound, "vision-api-2")) == 480, "on demand beside an unused reservation"


def test_failed_runs_that_hang_count_as_failed_not_idle(month: Month, rows: pd.DataFrame) -> None:
    failed = rows.loc[month.planted["failed runs"].rows]
    assert {tags["status"] for tags in failed["Tags"]} == {"failed"}
    assert (failed["x_UtilisationPercent"] == 0).any()
    runs = {tags["run"] for tags in failed["Tags"]}
    assert len(runs) == 3 + 2 + 1 + 3 + 3 + 1 + 6


@pytest.mark.parametrize("seed", SEEDS)
def test_calibration(seed: int) -> None:
    month = simulate_month(seed)
    rows = month.bill.rows
    total = rows["EffectiveCost"].sum()
    training = (rows["ServiceCategory"] == "Compute") & pd.Series(
        [tags.get("workload") == "training" for tags in rows["Tags"]]
    )
    assert 8_000 <= len(rows) <= 20_000
    assert 9_500 <= total <= 10_500
    waste = sum(each.dollars for each in month.planted.values())
    assert 0.27 <= waste / total <= 0.32
    failed = month.planted["failed runs"].dollars / rows.loc[training, "EffectiveCost"].sum()
    assert 0.14 <= failed <= 0.19
    assert rows.loc[training, "x_UtilisationPercent"].mean() == pytest.approx(47, abs=2)


def test_four_teams_and_what_belongs_to_none(rows: pd.DataFrame) -> None:
    teams = {tags.get("team") for tags in rows["Tags"]}
    assert teams == {"search", "recommendations", "vision", "platform", None}
    untagged = pd.Series([not tags for tags in rows["Tags"]])
    usage = rows["ChargeCategory"] == "Usage"
    share = rows.loc[untagged & usage, "EffectiveCost"].sum() / rows["EffectiveCost"].sum()
    assert 0.05 < share < 0.2


def test_it_reads_back_from_a_file(month: Month, tmp_path: Path) -> None:
    path = tmp_path / "month.csv"
    tags = month.bill.rows["Tags"].map(json.dumps)
    month.bill.rows.assign(Tags=tags, BillingCurrency="USD").to_csv(path, index=False)
    read = load_bill(path)
    assert read.costs().sum() == pytest.approx(month.bill.costs().sum(), rel=1e-12)
    for found in find_waste(read):
        assert found.rows.equals(month.planted[found.kind].rows)


def test_prices_are_rows_of_the_table() -> None:
    assert usd_per_hour("g5.xlarge") == 1.006
    assert usd_per_hour("g5.12xlarge", spot=True) == 1.74
    with pytest.raises(ValueError, match=r"no spot_usd_h for m5\.xlarge"):
        usd_per_hour("m5.xlarge", spot=True)
