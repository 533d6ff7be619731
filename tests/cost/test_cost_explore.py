"""The lab's views: sums against pandas, the waterfall against the what-if, sentences against numbers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlopt_lessons.cost.explore import PERIODS, WEEKDAYS, BillSlice
from mlopt_lessons.cost.month import simulate_month
from mlopt_lessons.cost.unit_cost import run_costs
from mlopt_lessons.cost.what_if import SWITCHES, Terms, try_switches

GROUPS = ("team", "service", "resource", "workload", "pricing", "tag:run")


@pytest.fixture(scope="module")
def bill_slice() -> BillSlice:
    ready = BillSlice(simulate_month().bill)
    ready.prepare(GROUPS)
    return ready


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("cost", ["EffectiveCost", "BilledCost", "ListCost", "ContractedCost"])
def test_every_slice_sums_to_the_bill(bill_slice: BillSlice, period: str, cost: str) -> None:
    total = bill_slice.bill.rows[cost].sum()
    for group_by in GROUPS:
        view = bill_slice.view(group_by, period, cost)
        assert view.amounts.sum() == pytest.approx(total, rel=1e-12)
        assert view.amounts.shape == (len(view.groups), len(view.bars))
        assert np.array_equal(view.amounts, view.left)


def test_groups_against_pandas(bill_slice: BillSlice) -> None:
    rows = bill_slice.bill.rows
    teams = rows["Tags"].map(lambda tags: tags.get("team", "unallocated"))
    expected = rows.groupby(teams)["EffectiveCost"].sum().to_dict()
    view = bill_slice.view("team")
    assert view.sums == pytest.approx(expected)
    assert view.groups[-1] == "unallocated"
    named = [view.sums[name] for name in view.groups[:-1]]
    assert named == sorted(named, reverse=True)


def test_six_groups_are_named_and_the_rest_is_other(bill_slice: BillSlice) -> None:
    view = bill_slice.view("resource")
    assert len(view.groups) == 8
    assert view.groups[-2:] == ("other", "unallocated")
    by_resource = bill_slice.bill.rows.groupby("ResourceId", observed=True)["EffectiveCost"].sum()
    largest = by_resource.sort_values(ascending=False).iloc[:6]
    assert [view.sums[name] for name in view.groups[:6]] == pytest.approx(largest.tolist())


@pytest.mark.parametrize(
    ("period", "bars", "key"),
    [
        ("month", 30, lambda start: start.dt.day - 1),
        ("week", 5, lambda start: (start.dt.day - 1) // 7),  # the month begins on a Monday
        ("day of the week", 7, lambda start: start.dt.day_of_week),
        ("hour of the day", 24, lambda start: start.dt.hour),
    ],
)
def test_bars_against_pandas(
    bill_slice: BillSlice, period: str, bars: int, key: Callable[[pd.Series], pd.Series]
) -> None:
    rows = bill_slice.bill.rows
    hourly = (rows["ServiceCategory"] == "Compute") & (rows["ChargeCategory"] == "Usage")
    start = rows.loc[hourly, "ChargePeriodStart"]
    expected = rows[hourly].groupby(key(start))["EffectiveCost"].sum()
    view = bill_slice.view("service", period)
    assert len(view.bars) == bars
    compute = view.groups.index("Amazon Elastic Compute Cloud")
    assert view.amounts[compute] == pytest.approx(expected.to_numpy())


def test_names_of_bars(bill_slice: BillSlice) -> None:
    assert bill_slice.view(period="month").bars[::29] == ("1 Jun", "30 Jun")
    assert bill_slice.view(period="week").bars == ("1 Jun", "8 Jun", "15 Jun", "22 Jun", "29 Jun")
    assert bill_slice.view(period="day of the week").bars == WEEKDAYS
    assert bill_slice.view(period="hour of the day").bars[0::23] == ("0", "23")


def test_the_waterfall_is_the_what_if(bill_slice: BillSlice) -> None:
    terms = Terms(coverage=0.5)
    view = bill_slice.view("service", "week", switches=tuple(SWITCHES), terms=terms)
    expected = try_switches(bill_slice.bill, tuple(SWITCHES), terms)
    assert view.what_if.saved == pytest.approx(expected.saved)
    assert [name for name, _ in view.steps] == ["before", *SWITCHES, "after"]
    amounts = [amount for _, amount in view.steps]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1])
    assert view.left.sum() == pytest.approx(expected.after)


def test_a_switch_takes_from_its_own_bars(bill_slice: BillSlice) -> None:
    view = bill_slice.view("workload", "day of the week", switches=["nights and weekends off"])
    notebooks = view.groups.index("notebook")
    assert view.left[notebooks, 5:] == pytest.approx([0, 0], abs=1e-9)
    assert (view.left[notebooks, :5] > 0).all()
    training = view.groups.index("training")
    assert view.left[training] == pytest.approx(view.amounts[training])


def test_unit_cost_against_the_runs_table(bill_slice: BillSlice) -> None:
    view = bill_slice.view()
    expected = run_costs(bill_slice.bill).per_success
    assert view.per_run == pytest.approx((expected, expected))
    cheaper = bill_slice.view(switches=["spot"]).per_run
    assert cheaper is not None
    assert cheaper[0] == pytest.approx(expected)
    assert cheaper[1] < expected


def test_sentences(bill_slice: BillSlice) -> None:
    plain = bill_slice.view("team")
    total = f"${bill_slice.bill.rows['EffectiveCost'].sum():,.0f}"
    assert plain.note == total
    assert plain.finding.startswith(f"{total} by team: most goes to search")
    assert plain.finding.endswith("(simulated: an ML team's month, seed 0).")
    view = bill_slice.view("team", "hour of the day", switches=["cold storage deleted"])
    assert view.note == f"{total} → ${view.what_if.after:,.0f}, 3 % saved"
    assert "saved: cold storage deleted $288" in view.finding
    assert "the dearest hour of the day (UTC) is" in view.finding
    assert view.run_note.endswith("a training run")


def test_a_bill_without_runs_has_no_unit_cost(bill_slice: BillSlice) -> None:
    bill = bill_slice.bill
    storage = bill.rows[bill.rows["ServiceCategory"] == "Storage"].reset_index(drop=True)
    view = BillSlice(type(bill)(storage, "EUR", "recorded: storage.csv")).view("service")
    assert view.per_run is None
    assert view.run_note == ""
    assert view.note.endswith(" EUR")
    assert "training run" not in view.finding


def test_a_saving_that_the_bill_cannot_tell_is_unknown_not_zero(bill_slice: BillSlice) -> None:
    bill = bill_slice.bill
    unmeasured = type(bill)(bill.rows.assign(x_UtilisationPercent=np.nan), "USD", bill.source)
    view = BillSlice(unmeasured).view(switches=["delete idle", "spot"])
    assert set(view.blind) == {"delete idle"}
    assert "delete idle unknown, needs x_UtilisationPercent" in view.finding
    assert "delete idle $0" not in view.finding


def test_a_bill_of_credits_alone(bill_slice: BillSlice) -> None:
    bill = bill_slice.bill
    rows = bill.rows[bill.rows["ChargeCategory"] == "Credit"].reset_index(drop=True)
    view = BillSlice(type(bill)(rows, "USD", "recorded: credits.csv")).view(
        "service", switches=tuple(SWITCHES)
    )
    assert view.note == "-$300 → -$300"


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"period": "year"}, "'year' is no period"),
        ({"group_by": "planet"}, "nothing to group by 'planet'"),
        ({"group_by": "hour"}, "hour is a time"),
        ({"cost": "Price"}, "'Price' is no cost"),
        ({"switches": ["sell it"]}, "no switch 'sell it'"),
    ],
)
def test_choices_that_cannot_be(
    bill_slice: BillSlice, choice: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        bill_slice.view(**choice)


def test_weeks_begin_on_mondays_across_a_years_end(bill_slice: BillSlice) -> None:
    rows = bill_slice.bill.rows.iloc[:1].copy()
    rows["ChargePeriodStart"] = pd.Timestamp("2026-12-31 23:00", tz="UTC")
    rows["ChargePeriodEnd"] = pd.Timestamp("2027-01-01 02:00", tz="UTC")
    rows["BillingPeriodEnd"] = pd.Timestamp("2027-01-01", tz="UTC")
    view = BillSlice(type(bill_slice.bill)(rows, "USD", "recorded: x")).view("service", "week")
    assert view.bars == ("28 Dec",)
