"""What-if: closed forms on small bills, sums by pandas on the month, and properties over random bills."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.cost.bill import Bill, make_bill
from mlopt_lessons.cost.hourly import hourly_cells
from mlopt_lessons.cost.month import Month, simulate_month
from mlopt_lessons.cost.what_if import SWITCHES, Terms, blind_switches, throw, try_switches
from mlopt_lessons.workbench import gpu_prices

MONDAY = pd.Timestamp("2026-06-01", tz="UTC")
DEVELOPMENT = {"environment": "development"}
TRAINING = {"workload": "training", "run": "a", "status": "succeeded"}


@pytest.fixture(scope="module")
def month() -> Month:
    return simulate_month()


def _charge(hour: float, cost: float, hours: float = 1, **more: Any) -> dict[str, Any]:
    return {
        "ChargePeriodStart": MONDAY + pd.Timedelta(hours=hour),
        "ChargePeriodEnd": MONDAY + pd.Timedelta(hours=hour + hours),
        "BillingPeriodStart": MONDAY,
        "BillingPeriodEnd": MONDAY + pd.Timedelta(days=30),
        "ServiceName": "machines",
        "ServiceCategory": "Compute",
        "ChargeCategory": "Usage",
        "PricingCategory": "Standard",
        "BilledCost": cost,
        "EffectiveCost": cost,
        **more,
    }


def _bill(*charges: dict[str, Any]) -> Bill:
    return make_bill(pd.DataFrame(list(charges)), "USD", "simulated: by hand")


def test_nights_and_weekends_by_hand() -> None:
    hours = (7, 8, 19, 20, 5 * 24 + 12)  # Monday 7, 8, 19 and 20 h, Saturday noon
    bill = _bill(
        *(_charge(hour, 1.0, Tags=DEVELOPMENT) for hour in hours), _charge(3, 1.0, Tags={})
    )
    found = try_switches(bill, ["nights and weekends off"])
    assert found.before == 6
    assert found.saved == {"nights and weekends off": 3}
    assert found.after == 3


def test_a_charge_for_some_hours_is_spread_over_them() -> None:
    bill = _bill(_charge(5, 12.0, hours=4, Tags=DEVELOPMENT))  # 5 to 9 h: three of four are closed
    assert try_switches(bill, ["nights and weekends off"]).total_saved == pytest.approx(9)


def test_a_daily_charge_does_not_tell_what_ran_at_night() -> None:
    bill = _bill(_charge(0, 24.0, hours=24, Tags=DEVELOPMENT))
    assert try_switches(bill, ["nights and weekends off"]).total_saved == 0
    assert "nights and weekends off" in blind_switches(bill)


def test_a_commitment_covers_the_steady_part() -> None:
    # 3, 2 and 5 dollars in three hours: 2 are steady.
    bill = _bill(_charge(0, 3.0), _charge(1, 2.0), _charge(2, 4.0), _charge(2, 1.0))
    saved = try_switches(bill, ["commit"], Terms(coverage=0.5, commit_discount=0.3)).saved
    assert saved["commit"] == pytest.approx(3 * 0.5 * 2 * 0.3)


def test_what_is_committed_stays_due() -> None:
    bill = _bill(*(_charge(hour, 2.0, Tags=DEVELOPMENT) for hour in range(24)))
    found = try_switches(bill, ["commit", "nights and weekends off"], Terms(commit_discount=0.25))
    assert found.saved == pytest.approx({"commit": 12, "nights and weekends off": 0})
    later = try_switches(bill, ["nights and weekends off", "commit"], Terms(commit_discount=0.25))
    assert later.after == pytest.approx(24), "nothing runs in every hour, so nothing is steady"


def test_spot_takes_restartable_training_on_demand_alone() -> None:
    terms = Terms(spot_discount=0.6, spot_overhead=0.2)
    bill = _bill(
        _charge(0, 10.0, Tags=TRAINING),
        _charge(0, 10.0, Tags={**TRAINING, "restartable": "no"}),
        _charge(0, 10.0, Tags=TRAINING, PricingCategory="Dynamic"),
        _charge(0, 10.0, Tags={"workload": "serving"}),
    )
    assert try_switches(bill, ["spot"], terms).saved["spot"] == pytest.approx(10 * (1 - 0.4 * 1.2))


def test_spot_can_cost_more() -> None:
    bill = _bill(_charge(0, 10.0, Tags=TRAINING))
    found = try_switches(bill, ["spot"], Terms(spot_discount=0.1, spot_overhead=0.5))
    assert found.saved["spot"] == pytest.approx(-3.5)
    assert found.after == pytest.approx(13.5)


def test_commitments_that_are_there_already_cannot_be_switched_off() -> None:
    used: dict[str, Any] = {
        "PricingCategory": "Committed",
        "CommitmentDiscountStatus": "Used",
        "Tags": DEVELOPMENT,
    }
    bill = _bill(_charge(2, 5.0, x_UtilisationPercent=1.0, **used), _charge(9, 1.0))
    assert try_switches(bill, ["nights and weekends off", "delete idle"]).total_saved == 0


@pytest.mark.parametrize(
    ("switch", "kind"), [("delete idle", "idle"), ("cold storage deleted", "cold storage")]
)
def test_a_switch_saves_the_waste_that_was_planted(month: Month, switch: str, kind: str) -> None:
    saved = try_switches(month.bill, [switch]).saved[switch]
    assert saved == pytest.approx(month.planted[kind].dollars, rel=1e-9)


def test_idle_and_nights_together_save_what_was_planted(month: Month) -> None:
    saved = try_switches(month.bill, ["delete idle", "nights and weekends off"]).total_saved
    planted = month.planted["idle"].dollars + month.planted["nights and weekends"].dollars
    assert saved == pytest.approx(planted, rel=1e-9)


def test_the_months_commitment_and_spot_by_pandas(month: Month) -> None:
    rows = month.bill.rows
    standard = (rows["ServiceCategory"] == "Compute") & (rows["PricingCategory"] == "Standard")
    standard &= rows["ChargeCategory"] == "Usage"
    by_hour = rows[standard].groupby("ChargePeriodStart")["EffectiveCost"].sum()
    assert len(by_hour) == 720
    saved = try_switches(month.bill, ["commit"], Terms(0.8, 0.28)).saved["commit"]
    assert saved == pytest.approx(720 * 0.8 * by_hour.min() * 0.28, rel=1e-9)

    training = pd.Series(
        [t.get("workload") == "training" and "restartable" not in t for t in rows["Tags"]]
    )
    paid = rows.loc[standard & training, "EffectiveCost"].sum()
    saved = try_switches(month.bill, ["spot"], Terms(spot_discount=0.7, spot_overhead=0.1)).saved[
        "spot"
    ]
    assert saved == pytest.approx(paid * (1 - 0.3 * 1.1), rel=1e-9)


def test_orders_of_the_month(month: Month) -> None:
    """Where each comes may change its saving; only a commitment's place changes the total."""
    cells = hourly_cells(month.bill)
    others = [name for name in SWITCHES if name != "commit"]
    after = [throw(cells, order)[0].after for order in itertools.permutations(others)]
    assert np.ptp(after) < 1e-9
    last = throw(cells, [*others, "commit"])[0].after
    first = throw(cells, ["commit", *others])[0].after
    assert last < min(after) < first


_TAGS = st.sampled_from(
    [{}, DEVELOPMENT, {"workload": "notebook"}, TRAINING, {**TRAINING, "status": "failed"}]
)
_CHARGES = st.builds(
    lambda hour, cost, hours, tags, pricing, category, load, used: _charge(
        hour, cost, hours, Tags=tags, PricingCategory=pricing, ServiceCategory=category,
        x_UtilisationPercent=load, x_LastUsed=used,
    ),
    hour=st.integers(0, 200),
    cost=st.floats(0, 100),
    hours=st.sampled_from([0.5, 1, 1, 24, 100]),
    tags=_TAGS,
    pricing=st.sampled_from(["Standard", "Standard", "Dynamic", "Committed"]),
    category=st.sampled_from(["Compute", "Storage"]),
    load=st.sampled_from([np.nan, 1.0, 60.0]),
    used=st.sampled_from([pd.NaT, MONDAY, MONDAY - pd.Timedelta(days=9)]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    charges=st.lists(_CHARGES, min_size=1, max_size=25),
    order=st.permutations(list(SWITCHES)),
    count=st.integers(0, len(SWITCHES)),
)
def test_savings_add_up_in_any_order(
    charges: list[dict[str, Any]], order: list[str], count: int
) -> None:
    bill = _bill(*charges)
    found = try_switches(bill, order[:count])
    assert found.before == pytest.approx(bill.costs().sum(), abs=1e-9)
    assert found.before - found.total_saved == pytest.approx(found.after, abs=1e-9)
    assert found.after >= -1e-9
    assert all(saved >= -1e-9 for saved in found.saved.values())
    assert list(found.saved) == order[:count]


@settings(max_examples=40, deadline=None)
@given(
    charges=st.lists(_CHARGES, min_size=1, max_size=25), order=st.permutations(list(SWITCHES)[:4])
)
def test_without_a_commitment_the_order_does_not_change_the_total(
    charges: list[dict[str, Any]], order: list[str]
) -> None:
    bill = _bill(*charges)
    straight = try_switches(bill, list(SWITCHES)[:4])
    assert try_switches(bill, order).after == pytest.approx(straight.after, abs=1e-9)


def test_credits_stay_as_they_are() -> None:
    credit = _charge(0, -7.0, hours=48, ChargeCategory="Credit", ServiceCategory="Other")
    bill = _bill(_charge(3, 5.0, Tags=DEVELOPMENT), _charge(9, 1.0), credit)
    found = try_switches(bill)
    assert (found.before, found.after) == pytest.approx((-1, -6))


def test_charges_that_reach_beyond_the_usage_are_spread_inside_it() -> None:
    year = _charge(-24, 30.0, hours=24 * 365, ChargeCategory="Purchase")
    cells = hourly_cells(_bill(_charge(0, 1.0), _charge(9, 1.0), year))
    assert cells.amounts.shape[1] == 10
    assert cells.amounts.sum(axis=0) == pytest.approx([4, 3, 3, 3, 3, 3, 3, 3, 3, 4])


def test_the_billed_cost_can_be_asked_for(month: Month) -> None:
    found = try_switches(month.bill, ["cold storage deleted"], cost="BilledCost")
    assert found.before == pytest.approx(month.bill.rows["BilledCost"].sum(), rel=1e-12)
    assert found.total_saved == pytest.approx(12_500 * 0.023, rel=1e-9)


def test_switches_without_evidence_are_named(month: Month) -> None:
    assert blind_switches(month.bill) == {}
    bare = blind_switches(_bill(_charge(0, 1.0)))
    assert set(bare) == set(SWITCHES) - {"commit"}
    assert "x_UtilisationPercent" in bare["delete idle"]
    assert "x_LastUsed" in bare["cold storage deleted"]
    assert "workload" in bare["spot"]


@pytest.mark.parametrize(
    ("switches", "message"),
    [(["sell it"], "no switch 'sell it'"), (["spot", "spot"], "'spot' is named twice")],
)
def test_switches_that_cannot_be(month: Month, switches: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        try_switches(month.bill, switches)


@pytest.mark.parametrize("name", ["coverage", "commit_discount", "spot_discount", "spot_overhead"])
@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_terms_are_parts(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} is a part"):
        Terms(**{name: value})


def test_the_default_spot_discount_is_the_published_median() -> None:
    pairs = gpu_prices().dropna(subset=["on_demand_usd_h", "spot_usd_h"])
    discount = 1 - pairs["spot_usd_h"] / pairs["on_demand_usd_h"]
    assert len(pairs) == 36
    assert discount.median() == pytest.approx(Terms().spot_discount, abs=0.005)


def test_too_long_a_bill() -> None:
    with pytest.raises(ValueError, match="covers 500 days"):
        try_switches(_bill(_charge(0, 1.0), _charge(500 * 24 - 1, 1.0)))
