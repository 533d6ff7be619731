"""Unit costs, computed by hand, and what cannot be divided."""

import math

import pytest
from bill_tables import bill_of, charge

from mlopt_lessons.cost.unit_cost import per_million_tokens, per_thousand_predictions, run_costs


def run(amount, name, status="succeeded"):
    return charge(amount, Tags={"run": name, "status": status})


def test_failed_runs_are_spread_over_those_that_succeeded():
    costs = run_costs(
        bill_of(run(30.0, "a"), run(10.0, "a"), run(20.0, "b"), run(60.0, "c", "failed"))
    )
    assert (costs.runs, costs.succeeded, costs.failed, costs.amount) == (3, 2, 1, 120.0)
    assert (costs.per_run, costs.per_success) == (40.0, 60.0)
    assert costs.table.to_dict("list") == {
        "run": ["c", "a", "b"],
        "succeeded": [False, True, True],
        "amount": [60.0, 40.0, 20.0],
    }


def test_a_run_with_one_failed_row_failed():
    costs = run_costs(bill_of(run(1.0, "a"), run(1.0, "a", "failed")))
    assert (costs.succeeded, costs.failed) == (0, 1)
    with pytest.raises(ValueError, match="None of 1 runs succeeded"):
        _ = costs.per_success


def test_rows_without_a_run_are_left_out_and_a_bill_without_runs_is_told():
    assert run_costs(bill_of(run(5.0, "a"), charge(100.0))).amount == 5.0
    with pytest.raises(ValueError, match="No charge carries the tag run"):
        run_costs(bill_of(charge(1.0)))


def test_predictions_and_tokens_by_hand():
    bill = bill_of(charge(600.0, Tags={"workload": "serving"}), charge(99.0))
    assert per_thousand_predictions(bill, 2_000_000) == pytest.approx(0.30)
    assert per_million_tokens(bill, 4e9) == pytest.approx(0.15)


@pytest.mark.parametrize("count", [0, -1, math.nan, math.inf])
def test_a_count_must_be_above_zero(count):
    bill = bill_of(charge(1.0, Tags={"workload": "serving"}))
    with pytest.raises(ValueError, match="number of predictions must be above 0"):
        per_thousand_predictions(bill, count)
    with pytest.raises(ValueError, match="number of tokens must be above 0"):
        per_million_tokens(bill, count)


def test_a_bill_without_serving_is_told():
    with pytest.raises(ValueError, match="No charge carries the tag workload = serving"):
        per_million_tokens(bill_of(charge(1.0)), 1)
