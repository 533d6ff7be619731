"""Closed forms against 200,000 simulated runs, against a numerical optimum, and in their limits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from mlopt_lessons.spot import closed_forms as forms
from mlopt_lessons.spot.job import STORY_JOB, STORY_RATES, Job, Rates
from mlopt_lessons.spot.market import Checkpoints, Market
from mlopt_lessons.spot.runs import costs, simulate

RUNS = 200_000
CASES = [
    (Job(20.0), Market(1.0, 0.5, 0.1), Checkpoints(0.5, 0.05)),
    (Job(100.0), Market(0.1, 1.0, 0.2), Checkpoints(1.0, 0.1)),
    (Job(10.0), Market(0.3, 2.0, 0.5), Checkpoints(5.0, 0.2)),
]


def z(values, mean: float) -> float:
    return (values.mean() - mean) / (values.std() / math.sqrt(len(values)))


@pytest.mark.parametrize(("job", "market", "plan"), CASES)
def test_means_agree_with_simulation(job, market, plan):
    runs = simulate(job, market, plan, runs=RUNS, seed=7)
    assert abs(z(runs.wall, forms.expected_wall(job, market, plan))) < 4
    assert abs(z(runs.billed, forms.expected_billed(job, market, plan))) < 4
    assert abs(z(runs.preemptions, forms.expected_preemptions(job, market, plan))) < 4
    dollars = costs(runs, STORY_RATES)
    assert abs(z(dollars, forms.expected_cost(job, market, plan, STORY_RATES))) < 4


@pytest.mark.parametrize(("rate", "restart", "cost"), [(0.2, 0.3, 0.1), (1.0, 0.05, 0.02)])
def test_saving_on_notice_agrees_with_simulation(rate, restart, cost):
    job, market = Job(30.0), Market(rate, 1.0, restart, notice_s=cost * 3600)
    runs = simulate(job, market, Checkpoints(math.inf, cost), runs=RUNS, seed=3)
    assert abs(z(runs.billed, forms.billed_saving_on_notice(job, market, cost))) < 4
    assert runs.lost.max() == 0


def test_time_without_losses_agrees_with_simulation():
    job, market = Job(50.0), Market(0.5, 2.0, notice_s=1)
    runs = simulate(job, market, Checkpoints(math.inf, 0.0), runs=RUNS, seed=5)
    mean, variance = forms.wall_without_losses(job, market)
    assert abs(z(runs.wall, mean)) < 4
    fourth = ((runs.wall - runs.wall.mean()) ** 4).mean()
    error = math.sqrt((fourth - runs.wall.var() ** 2) / RUNS)
    assert abs(runs.wall.var() - variance) < 4 * error


@given(st.floats(0.005, 2), st.floats(0.005, 0.5), st.floats(0, 0.5))
def test_the_best_interval_is_where_the_bill_is_smallest(rate, cost, restart):
    market = Market(rate, restart_h=restart)
    found = forms.best_interval(market, cost)

    def billed(tau: float) -> float:
        return forms.expected_billed(Job(tau), market, Checkpoints(tau, cost)) / tau

    # Above the overhead of the first launch, which each interval as a job of its own would pay.
    def long_run(tau: float) -> float:
        return billed(tau) - math.expm1(rate * restart) / rate / tau

    oracle = minimize_scalar(
        long_run, bounds=(0.2 * found, 5 * found), method="bounded", options={"xatol": 1e-9}
    )
    assert found == pytest.approx(oracle.x, rel=1e-3)
    assert forms.inflation(market, cost) == pytest.approx(oracle.fun, rel=1e-6)


@given(st.floats(1e-11, 0.9))
def test_the_best_interval_is_exact_however_rare_preemptions_are(part):
    # x = λτ* solves −ln(1 − x) − x = λC, and the left side is Σ xⁿ/n from n = 2 on, all of one sign.
    cost = sum(part**n / n for n in range(2, 400))
    assert forms.best_interval(Market(1.0), cost) == pytest.approx(part, rel=1e-6)
    assert forms.inflation(Market(1.0), cost) == pytest.approx(1 / (1 - part), rel=1e-6)


def test_what_leaves_the_range_of_a_float_is_infinite():
    assert forms.inflation(Market(100.0, restart_h=10.0), 0.1) == math.inf
    assert forms.inflation(Market(800.0), 1.0) == math.inf
    # λC = 50: all but e^−51 of the time between two preemptions goes by before a save.
    assert forms.inflation(Market(10.0), 5.0) == pytest.approx(math.exp(51), rel=1e-9)
    assert forms.billed_saving_on_notice(Job(1.0), Market(100.0, restart_h=10.0), 0.1) == math.inf
    assert forms.daly(Market(10.0), 5.0) == 0.1


@given(st.floats(1.0001, 20), st.floats(0, 1), st.floats(1e-3, 1))
def test_the_break_even_is_where_the_best_bill_reaches_the_price(ratio, restart, cost):
    rate = forms.break_even(Rates(1.0, ratio), restart, cost)
    market = Market(rate, restart_h=restart)
    assert forms.inflation(market, cost) == pytest.approx(ratio, rel=1e-6)
    # Below it, the best interval of all pays; above it, none of many does.
    plans = [Checkpoints(tau, cost) for tau in np.geomspace(1e-3, 1e3, 60) / rate]
    more = Market(1.05 * rate, restart_h=restart)
    bills = [forms.expected_billed(Job(p.interval_h), more, p) / p.interval_h for p in plans]
    assert min(bills) > ratio


@given(st.floats(1e-4, 2), st.floats(1e-4, 0.5))
def test_young_is_too_long_and_daly_is_closer(rate, cost):
    market = Market(rate)
    best = forms.best_interval(market, cost)
    assert forms.young(market, cost) > best
    if rate * cost < 0.5:
        assert abs(forms.daly(market, cost) - best) < abs(forms.young(market, cost) - best)


def test_daly_s_formula_by_hand():
    # λ = 2/h and C = 1/4 h: √(2C/λ) = 1/2, √(λC/2) = 1/2; 1/2·(1 + 1/6 + 1/36) − 1/4.
    assert forms.young(Market(2.0), 0.25) == pytest.approx(0.5)
    assert forms.daly(Market(2.0), 0.25) == pytest.approx(0.5 * 43 / 36 - 0.25)


def test_rare_preemptions_leave_work_and_checkpoints():
    job, plan = Job(100.0), Checkpoints(2.0, 0.1)
    calm = forms.expected_billed(job, Market(0.0, restart_h=0.2), plan)
    assert calm == pytest.approx(100 + 50 * 0.1 + 0.2)
    assert forms.expected_billed(job, Market(1e-9, restart_h=0.2), plan) == pytest.approx(
        calm, rel=1e-6
    )
    assert forms.best_interval(Market(0.0), 0.1) == math.inf
    assert forms.inflation(Market(0.0), 0.1) == 1.0


def test_without_a_checkpoint_the_story_s_job_never_ends():
    # (e^(λW) − 1)/λ with one preemption in 10 hours: 10·(e^10 − 1).
    never = Checkpoints(math.inf)
    assert forms.expected_billed(STORY_JOB, Market(0.1), never) == pytest.approx(
        10 * math.expm1(10)
    )
    assert forms.expected_billed(Job(10_000.0), Market(1.0), never) == math.inf


def test_at_the_break_even_spot_costs_what_on_demand_costs():
    rate = forms.break_even(STORY_RATES, restart_h=1 / 6, cost_h=1 / 12)
    market = Market(rate, restart_h=1 / 6)
    tau = forms.best_interval(market, 1 / 12)
    job, plan = Job(5_000 * tau), Checkpoints(tau, 1 / 12)
    dear = job.work_h * STORY_RATES.on_demand
    assert forms.expected_cost(job, market, plan, STORY_RATES) == pytest.approx(dear, rel=1e-3)


def test_without_checkpoints_spot_stops_paying_far_earlier():
    rate = forms.break_even_without(STORY_JOB, STORY_RATES, restart_h=1 / 6)
    market, never = Market(rate, restart_h=1 / 6), Checkpoints(math.inf)
    assert forms.expected_cost(STORY_JOB, market, never, STORY_RATES) == pytest.approx(2_400)
    assert rate < forms.break_even(STORY_RATES, 1 / 6, 1 / 12) / 100


def test_what_has_no_answer_is_told():
    with pytest.raises(ValueError, match="save all the time"):
        forms.best_interval(Market(0.1), 0.0)
    with pytest.raises(ValueError, match="cost_h must be at least 0"):
        forms.young(Market(0.1), -1.0)
    with pytest.raises(ValueError, match="is not cheaper"):
        forms.break_even(Rates(3.0, 3.0), 0.1, 0.1)
    with pytest.raises(ValueError, match="is not cheaper"):
        forms.break_even_without(Job(1.0), Rates(4.0, 3.0), 0.1)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Market(-0.1), "preemptions_per_hour must be at least 0"),
        (lambda: Market(math.nan), "preemptions_per_hour must be at least 0"),
        (lambda: Market(0.1, outage_h=math.inf), "outage_h must be at least 0 and finite"),
        (lambda: Market(0.1, restart_h=-1), "restart_h"),
        (lambda: Market(0.1, notice_s=-1), "notice_s"),
        (lambda: Checkpoints(0.0), "interval_h must be above 0"),
        (lambda: Checkpoints(-1.0), "interval_h must be above 0"),
        (lambda: Checkpoints(1.0, -0.1), "cost_h must be at least 0"),
    ],
)
def test_a_market_that_cannot_be_is_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()


def test_a_notice_helps_only_if_a_save_fits_into_it():
    plan = Checkpoints(1.0, cost_h=1 / 60)
    assert plan.saved_on_notice(Market(0.1, notice_s=60))
    assert not plan.saved_on_notice(Market(0.1, notice_s=59))
    assert not Checkpoints(1.0, 0.0).saved_on_notice(Market(0.1, notice_s=0))
    assert np.isfinite(plan.interval_h)
