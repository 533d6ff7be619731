"""Groupings add up to the total, whatever the bill, and no row is lost."""

import csv
import math
from collections import defaultdict
from decimal import Decimal

import pandas as pd
import pytest
from bill_tables import bill_of, charge, sample
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.cost.bill import load_bill
from mlopt_lessons.cost.bill_shares import shares
from mlopt_lessons.cost.grouping import drill, group

KEYS = ("service", "category", "resource", "region", "provider", "account", "pricing", "charge",
        "commitment", "hour", "day", "team", "tag:cost-center")  # fmt: skip

texts = st.sampled_from(["a", "b", "unallocated", None])
charges = st.builds(
    charge,
    st.floats(-1e6, 1e9, allow_nan=False),
    start=st.sampled_from(["2026-06-01", "2026-06-01 05:00", "2026-06-13"]),
    ServiceName=texts,
    ResourceId=texts,
    RegionId=texts,
    PricingCategory=texts,
    ProviderName=texts,
    Tags=st.sampled_from([{}, {"team": "a"}, {"team": ""}, {"cost-center": "7", "team": "b"}]),
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(charges, min_size=1, max_size=30),
    st.sets(st.sampled_from(KEYS), min_size=1, max_size=3),
)
def test_every_grouping_sums_to_the_total_and_keeps_every_row(rows, by):
    bill = bill_of(*rows)
    total = math.fsum(row["BilledCost"] for row in rows)
    table = group(bill, sorted(by), cost="BilledCost")
    size = math.fsum(abs(row["BilledCost"]) for row in rows)
    assert math.isclose(math.fsum(table["amount"]), total, rel_tol=1e-9, abs_tol=1e-12 * size)
    assert table["rows"].sum() == len(rows)
    assert not table.isna().any(axis=None)
    assert not table.duplicated(sorted(by)).any()


@pytest.mark.parametrize("key", KEYS)
def test_groupings_of_the_recorded_bill_sum_to_its_total(key):
    bill = load_bill(sample())
    total = math.fsum(bill.rows["BilledCost"])
    assert math.fsum(group(bill, key, "BilledCost")["amount"]) == pytest.approx(total, rel=1e-9)


def test_services_of_the_recorded_bill_by_decimal_arithmetic():
    sums = defaultdict(Decimal)
    with sample().open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sums[row["ServiceName"]] += Decimal(row["EffectiveCost"])
    table = group(load_bill(sample()), "service").set_index("service")["amount"]
    assert table.to_dict() == pytest.approx({name: float(value) for name, value in sums.items()})


def hand():
    return bill_of(
        charge(10.0, ServiceName="A", Tags={"team": "search"}),
        charge(5.0, ServiceName="A", start="2026-06-02"),
        charge(
            20.0, ServiceName="B", start="2026-06-01 13:00", Tags={"team": "search", "gpu": "T4"}
        ),
        charge(-3.0, ServiceName="B", ChargeCategory="Credit"),
    )


def test_a_bill_is_grouped_by_hand():
    table = group(hand(), "team")
    assert table.to_dict("list") == {
        "team": ["search", "unallocated"],
        "amount": [30.0, 2.0],
        "rows": [2, 2],
        "without_cost": [0, 0],
    }


def test_several_keys_drill_down():
    table = group(hand(), ["service", "team"])
    found = {tuple(row[:3]) for row in table.itertuples(index=False, name=None)}
    assert found == {
        ("B", "search", 20.0), ("A", "search", 10.0), ("A", "unallocated", 5.0), ("B", "unallocated", -3.0)
    }  # fmt: skip


def test_times_come_in_order_and_a_period_excludes_its_end():
    days = group(hand(), "day")
    assert days["day"].dt.day.tolist() == [1, 2]
    assert days["amount"].tolist() == [27.0, 5.0]
    assert group(hand(), "day", period=("2026-06-01", "2026-06-02"))["amount"].tolist() == [27.0]
    assert group(hand(), "team", period=("2027-01-01", "2027-02-01")).empty
    with pytest.raises(ValueError, match="its end must come after its start"):
        group(hand(), "day", period=("2026-06-02", "2026-06-01"))
    with pytest.raises(ValueError, match="'soon' is no time"):
        group(hand(), "day", period=("soon", "later"))


def test_any_tag_of_the_bill_is_a_key_and_others_are_told():
    assert group(hand(), "gpu")["gpu"].tolist() == ["T4", "unallocated"]
    assert group(hand(), "tag:none")["tag:none"].tolist() == ["unallocated"]
    with pytest.raises(
        ValueError, match=r"nothing to group by 'flavour'.*a tag of this bill .team, gpu"
    ):
        group(hand(), "flavour")
    with pytest.raises(ValueError, match="one key to group by"):
        group(hand(), ["team", "team"])


def test_rows_without_that_cost_are_counted_and_add_nothing():
    bill = bill_of(charge(10.0), {**charge(5.0), "ListCost": float("nan")})
    assert group(bill, "service", "ListCost")[
        ["amount", "rows", "without_cost"]
    ].to_numpy().tolist() == [[10.0, 2, 1]]


def test_drilling_keeps_what_has_the_values():
    part = drill(hand(), service="B", team="unallocated")
    assert part.rows["BilledCost"].tolist() == [-3.0]
    assert drill(hand(), {"tag:gpu": "T4"}).rows["BilledCost"].tolist() == [20.0]
    assert drill(hand(), hour="2026-06-01 13:00").rows["BilledCost"].tolist() == [20.0]
    with pytest.raises(ValueError, match="No charge has team = vision"):
        drill(hand(), team="vision")


@settings(max_examples=15, deadline=None)
@given(st.lists(charges, min_size=1, max_size=20), st.sampled_from(["service", "team", "day"]))
def test_each_group_is_what_drilling_into_it_gives(rows, key):
    bill = bill_of(*rows)
    for _, row in group(bill, key).iterrows():
        part = drill(bill, {key: row[key]})
        assert math.fsum(part.rows["EffectiveCost"]) == row["amount"]


def test_shares_by_hand():
    bill = bill_of(
        charge(40.0, PricingCategory="Dynamic", Tags={"team": "a"}, x_UtilisationPercent=80.0),
        charge(
            30.0, PricingCategory="Committed", CommitmentDiscountStatus="Used", Tags={"gpu": "T4"}
        ),
        charge(10.0, PricingCategory="Committed", CommitmentDiscountStatus="Unused"),
        charge(20.0, PricingCategory="Standard", x_UtilisationPercent=4.9),
        charge(-7.0, ChargeCategory="Credit"),
        charge(-1.0),
        charge(50.0, ChargeCategory="Tax"),
    )
    found = shares(bill)
    assert (found.usage, found.credits) == (100.0, -8.0)
    assert (found.spot, found.committed, found.idle, found.untagged) == (0.4, 0.3, 0.2, 0.3)
    assert shares(bill, tag="team").untagged == 0.6


def test_shares_that_a_bill_does_not_tell_are_none_and_not_zero():
    found = shares(bill_of(charge(10.0)))
    assert (found.spot, found.committed, found.idle) == (None, None, None)
    assert found.untagged == 1.0
    assert shares(bill_of(charge(-1.0, ChargeCategory="Credit"))).untagged is None


def test_a_bill_read_from_plain_text_columns_groups_as_one_from_a_file(tmp_path):
    bill = hand()
    assert isinstance(bill.rows["ServiceName"].dtype, pd.CategoricalDtype)
    plain = bill.rows.assign(ServiceName=bill.rows["ServiceName"].astype("str"))
    again = type(bill)(plain, "USD", "by hand")
    pd.testing.assert_frame_equal(group(bill, "service"), group(again, "service"))
