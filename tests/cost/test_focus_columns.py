"""The columns of FOCUS's versions, and the names that bills give them."""

import pandas as pd
import pytest
from bill_tables import charge, sample

from mlopt_lessons.cost.bill import make_bill
from mlopt_lessons.cost.focus import COLUMNS, canonical, focus_columns


def test_each_version_has_as_many_columns_as_the_specification_lists():
    counts = {
        version: len(focus_columns(version)) for version in ("1.0", "1.1", "1.2", "1.3", "1.4")
    }
    assert counts == {"1.0": 43, "1.1": 50, "1.2": 57, "1.3": 65, "1.4": 65}


def test_the_recorded_bill_of_version_1_0_has_its_columns():
    names = set(pd.read_csv(sample(), nrows=0).columns)
    assert focus_columns("1.0") == names - {"Id"}  # Id is the sample's own row number


def test_all_columns_used_here_are_the_specifications_or_custom():
    known = focus_columns("1.0") | focus_columns("1.4")
    assert all(name in known or name.startswith("x_") for name in COLUMNS)


def test_the_provider_moved_to_another_column():
    assert "ProviderName" in focus_columns("1.3")
    assert "ProviderName" not in focus_columns("1.4")
    assert "ServiceProviderName" not in focus_columns("1.2")


@pytest.mark.parametrize("column", ["ProviderName", "ServiceProviderName"])
def test_old_and_new_bills_tell_the_provider(column):
    rows = make_bill(pd.DataFrame([charge(1.0, **{column: "A"})]), "USD", "by hand").rows
    assert rows[["ProviderName", "ServiceProviderName"]].to_numpy().tolist() == [["A", "A"]]


def test_each_row_keeps_its_own_provider_where_both_columns_are_there():
    both = [charge(1.0, ProviderName="A", ServiceProviderName="B"), charge(1.0, ProviderName="C")]
    rows = make_bill(pd.DataFrame(both), "USD", "by hand").rows
    assert rows["ServiceProviderName"].tolist() == ["B", "C"]
    assert rows["ProviderName"].tolist() == ["A", "C"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("BilledCost", "BilledCost"),
        ("billed_cost", "BilledCost"),
        ("Billed Cost", "BilledCost"),
        ("AmortizedCost", "EffectiveCost"),
        ("ChargeType", "ChargeCategory"),
        ("Region", "RegionId"),
        ("UsageQuantity", "ConsumedQuantity"),
        ("x_UtilisationPercent", "x_UtilisationPercent"),
        ("Cost", None),
        ("SkuId", None),
    ],
)
def test_names_of_columns(name, meant):
    assert canonical(name) == meant


def test_old_values_get_todays_name():
    old = [
        charge(1.0, PricingCategory=each) for each in ("On-Demand", "Commitment-Based", "Dynamic")
    ]
    rows = make_bill(pd.DataFrame(old), "USD", "by hand").rows
    assert rows["PricingCategory"].tolist() == ["Standard", "Committed", "Dynamic"]


def test_an_unknown_version_is_told():
    with pytest.raises(ValueError, match=r"FOCUS 2\.0 is not known here; choose one of 1.0, 1.1"):
        focus_columns("2.0")
