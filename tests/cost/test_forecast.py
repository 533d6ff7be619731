"""The month's end is forecast with an interval that covers as often as it says."""

import math

import numpy as np
import pandas as pd
import pytest
from bill_tables import bill_of, charge
from scipy import stats

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.forecast import month_end

DAYS = pd.date_range("2026-06-01", "2026-06-30")  # 22 weekdays, 8 days of weekends
WEEKEND = DAYS.day_of_week >= 5
SIMULATED = 600


def month(costs):
    return bill_of(*(charge(cost, day, hours=24) for day, cost in zip(DAYS, costs, strict=True)))


def flat(weekday, weekend):
    return np.where(WEEKEND, weekend, weekday)


def test_a_month_without_noise_is_foretold_exactly():
    told = month_end(month(flat(100.0, 40.0)), through="2026-06-10")
    total = 22 * 100 + 8 * 40
    assert (told.low, told.middle, told.high) == pytest.approx((total, total, total))
    assert (told.so_far, told.days, told.days_left) == (8 * 100 + 2 * 40, 10, 20)


def test_the_interval_by_hand():
    """Ten days: eight weekdays of mean 100, two of a weekend of mean 40; 14 and 6 to come."""
    costs = flat(100.0, 40.0)
    costs[:10] += [1, -1, 2, -2, 0, 3, -3, 4, -4, 0]
    squares = 2 * (1 + 4 + 9 + 16)
    spread = 14 + 14**2 / 8 + 6 + 6**2 / 2
    half = stats.t(8).ppf(0.95) * math.sqrt(squares / 8 * spread)
    told = month_end(month(costs), through="2026-06-10", level=0.9)
    assert told.middle == pytest.approx(22 * 100 + 8 * 40)
    assert (told.high - told.middle, told.middle - told.low) == pytest.approx((half, half))


def test_with_one_class_it_is_the_textbook_prediction_interval_of_a_regression():
    """For a single day ahead: Gauss's formula, from a least squares fit with a dummy for weekends."""
    costs = flat(90.0, 30.0) + np.random.default_rng(0).normal(0, 5, 30)
    told = month_end(month(costs), through="2026-06-29", level=0.8)
    design = np.column_stack([~WEEKEND, WEEKEND]).astype(float)
    seen, ahead = design[:29], design[29]
    (weekday, weekend), (squares,), *_ = np.linalg.lstsq(seen, costs[:29], rcond=None)
    error = math.sqrt(squares / 27 * (1 + ahead @ np.linalg.inv(seen.T @ seen) @ ahead))
    expected = costs[:29].sum() + ahead @ [weekday, weekend]
    assert told.middle == pytest.approx(expected)
    assert told.high - told.middle == pytest.approx(stats.t(27).ppf(0.9) * error)


def covered(draw, through, level):
    """How often the true end of simulated months lies in the interval."""
    rng, frame, hits = np.random.default_rng(1), month(flat(1.0, 1.0)).rows, 0
    for _ in range(SIMULATED):
        costs = draw(rng)
        told = month_end(Bill(frame.assign(EffectiveCost=costs), "USD", "x"), through, level)
        hits += told.low <= costs.sum() <= told.high
    return hits / SIMULATED


@pytest.mark.parametrize(("through", "level"), [("2026-06-08", 0.8), ("2026-06-20", 0.5)])
def test_the_interval_covers_as_often_as_it_says(through, level):
    share = covered(lambda rng: flat(100.0, 40.0) + rng.normal(0, 8, 30), through, level)
    assert share == pytest.approx(level, abs=3.3 * math.sqrt(level * (1 - level) / SIMULATED))


def test_it_covers_about_as_often_where_days_are_skewed_and_weekends_steadier():
    share = covered(lambda rng: flat(1.0, 0.3) * rng.gamma(8.0, 10.0, 30), "2026-06-14", 0.8)
    assert 0.72 < share < 0.88


def test_what_is_charged_once_counts_once():
    days = [charge(10.0, day, hours=24) for day in DAYS[:10]]
    once = [
        charge(300.0, "2026-06-01", hours=720, ChargeCategory="Purchase"),
        charge(60.0, "2026-06-01", hours=720),
        charge(-5.0, "2026-06-03", ChargeCategory="Credit"),
    ]
    told = month_end(bill_of(*days, *once))
    assert told.middle == pytest.approx(300 + 300 + 60 - 5)
    assert told.so_far == pytest.approx(100 + 355)


def test_a_month_that_is_over_is_known():
    told = month_end(month(flat(10.0, 10.0)), through="2026-06-30")
    assert told.low == told.middle == told.high == told.so_far == pytest.approx(300)
    assert told.days_left == 0


def test_low_is_never_below_what_was_already_paid():
    costs = flat(10.0, 10.0) * np.where(np.arange(30) % 2, 0.0, 9.0)
    told = month_end(month(costs), through="2026-06-08", level=0.99)
    assert told.low == told.so_far


def test_what_cannot_be_forecast_is_told():
    bill = month(flat(10.0, 5.0))
    with pytest.raises(ValueError, match="needs 7 days of the month, there are 6"):
        month_end(bill, through="2026-06-06")
    with pytest.raises(ValueError, match="no charges from 2026-08-01 to 2026-08-10"):
        month_end(bill, through="2026-08-10")
    with pytest.raises(ValueError, match="level must be between 0 and 1"):
        month_end(bill, level=80)
