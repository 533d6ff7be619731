"""Each kind of waste has exactly the rows that its rule says, and a dollar figure that is their sum."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from bill_tables import bill_of, charge
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.cost.waste import KINDS, find_waste, off_hours, unchecked

COLD, WARM = pd.Timestamp("2026-05-31", tz="UTC"), pd.Timestamp("2026-06-01", tz="UTC")
NOTEBOOK, DEVELOPMENT = {"workload": "notebook"}, {"environment": "development"}


def found(*rows):
    return {each.kind: (each.dollars, each.rows.tolist()) for each in find_waste(bill_of(*rows))}


def storage(amount, used):
    return charge(amount, ServiceCategory="Storage", x_LastUsed=used)


def test_a_bill_with_one_row_of_each_kind_and_its_neighbour():
    rows = [
        charge(1.0, CommitmentDiscountStatus="Unused"),
        charge(100.0, CommitmentDiscountStatus="Used"),
        charge(2.0, Tags={"status": "failed"}),
        charge(100.0, Tags={"status": "succeeded"}),
        charge(4.0, x_UtilisationPercent=4.99),
        charge(100.0, x_UtilisationPercent=5.0),
        charge(8.0, "2026-06-02 20:00", Tags=NOTEBOOK),
        charge(100.0, "2026-06-02 19:00", Tags=NOTEBOOK),
        storage(16.0, COLD),  # the month ends on 1 July: 31 days
        storage(100.0, WARM),  # 30 days
    ]
    assert found(*rows) == {
        "unused commitment": (1.0, [0]),
        "failed runs": (2.0, [2]),
        "idle": (4.0, [4]),
        "nights and weekends": (8.0, [6]),
        "cold storage": (16.0, [8]),
    }


def test_what_only_looks_like_waste_is_left_alone():
    rows = [
        charge(1.0, "2026-06-06", Tags={"workload": "serving", "environment": "production"}),
        charge(1.0, "2026-06-06", ServiceCategory="Storage", Tags=NOTEBOOK),
        charge(1.0, ServiceCategory="Storage", x_UtilisationPercent=0.0),
        charge(-1.0, x_UtilisationPercent=0.0),
        charge(1.0, "2026-06-02 09:00", Tags=DEVELOPMENT),
        charge(1.0, Tags={"status": "succeeded"}, CommitmentDiscountStatus="Used"),
        storage(1.0, WARM),
    ]
    assert found(*rows) == dict.fromkeys(KINDS, (0.0, []))


def test_a_row_of_several_kinds_counts_once_in_the_first():
    tags = {"status": "failed", "workload": "notebook"}
    row = charge(3.0, "2026-06-06", Tags=tags, x_UtilisationPercent=1.0)
    result = found(row, charge(1.0, "2026-06-06", Tags=NOTEBOOK, x_UtilisationPercent=1.0))
    assert result["failed runs"] == (3.0, [0])
    assert result["idle"] == (1.0, [1])
    assert result["nights and weekends"] == (0.0, [])


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_findings_never_overlap_and_never_exceed_the_bill(data):
    row = st.builds(
        charge,
        st.floats(-10, 100),
        start=st.sampled_from(["2026-06-01 03:00", "2026-06-02 12:00", "2026-06-06"]),
        ServiceCategory=st.sampled_from(["Compute", "Storage", "AI and Machine Learning"]),
        CommitmentDiscountStatus=st.sampled_from(["Used", "Unused", None]),
        x_UtilisationPercent=st.sampled_from([0.0, 50.0, None]),
        x_LastUsed=st.sampled_from([COLD, WARM, None]),
        Tags=st.sampled_from([{}, NOTEBOOK, DEVELOPMENT, {"status": "failed"}]),
    )
    rows = data.draw(st.lists(row, min_size=1, max_size=20))
    findings = find_waste(bill_of(*rows))
    places = [place for each in findings for place in each.rows]
    assert len(places) == len(set(places))
    assert (
        sum(each.dollars for each in findings)
        <= sum(max(r["EffectiveCost"], 0) for r in rows) + 1e-9
    )
    assert all(each.dollars == pytest.approx(sum(rows[k]["EffectiveCost"] for k in each.rows))
               for each in findings)  # fmt: skip
    blind = [kind for kind, _ in unchecked(bill_of(*rows))]
    assert sorted([*blind, *(each.kind for each in findings)]) == sorted(KINDS)


def test_without_evidence_a_kind_is_named_and_never_zero():
    bill = bill_of(charge(1.0))
    assert find_waste(bill) == []
    told = dict(unchecked(bill))
    assert list(told) == list(KINDS)
    assert told["idle"].startswith("x_UtilisationPercent")
    assert told["failed runs"].startswith("the tag status")


def test_charges_for_whole_days_do_not_tell_the_nights():
    daily = charge(24.0, "2026-06-02", hours=24, Tags=NOTEBOOK)
    assert (
        dict(unchecked(bill_of(daily)))["nights and weekends"] == "charges for less than 12 hours"
    )


def test_a_bill_without_effective_cost_cannot_be_priced():
    row = {**charge(1.0, Tags={"status": "failed"}), "EffectiveCost": float("nan")}
    with pytest.raises(ValueError, match="carries no EffectiveCost"):
        find_waste(bill_of(row))


def by_the_minute(start, hours):
    """Whether no minute of the period is in working hours, by walking through it."""
    steps = (start + timedelta(minutes=15 * k) for k in range(4 * hours))
    return not any(t.weekday() < 5 and 8 <= t.hour < 20 for t in steps)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 14 * 24), st.integers(1, 80))
def test_off_hours_against_a_walk_through_the_period(hour, length):
    start = datetime(2026, 6, 1) + timedelta(hours=hour)
    times = pd.Series(pd.to_datetime([start], utc=True))
    told = off_hours(times, times + pd.Timedelta(hours=length))
    assert bool(told.iloc[0]) == by_the_minute(start, length)


def test_a_week_has_108_off_hours():
    hours = pd.Series(pd.date_range("2026-06-01", periods=168, freq="h", tz="UTC"))
    assert np.count_nonzero(off_hours(hours, hours + pd.Timedelta(hours=1))) == 168 - 5 * 12
