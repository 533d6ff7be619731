"""The optimum is the recorded one, and nobody beats it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp
from spot_data import REFERENCE_RATES, WORK_H, recorded, reference, trace

from mlopt_lessons.spot.job import STORY_RATES, Job, Rates
from mlopt_lessons.spot.optimum import optimum
from mlopt_lessons.spot.policies import POLICIES
from mlopt_lessons.spot.replay import replay

ticks = st.text("01", min_size=48, max_size=48)


def test_it_is_the_recorded_optimum():
    table = reference()
    rows = table[table["policy"] == "omniscient"]
    assert len(rows) == 384
    for row in rows.iloc[::6].itertuples():  # all of them take 20 s; each sixth, all deadlines
        job = Job(WORK_H, row.deadline_h, row.overhead_h)
        found = optimum(recorded(row.zone), job, REFERENCE_RATES, row.start)
        assert found.cost == pytest.approx(row.cost, abs=1e-6)
        assert (found.spot_ticks, found.on_demand_ticks) == (row.spot_ticks, row.od_ticks)


@settings(deadline=None, max_examples=40)
@given(ticks, st.sampled_from(sorted(POLICIES)), st.sampled_from([0.0, 0.1, 0.25]))
def test_nobody_who_is_in_time_beats_it(text, policy, overhead):
    job = Job(4.0, 7.5, overhead)
    found = replay(trace(text), job, STORY_RATES, policy)
    if not found.late:
        assert found.cost >= optimum(trace(text), job, STORY_RATES).cost - 1e-9


@settings(deadline=None, max_examples=25)
@given(ticks, ticks)
def test_more_zones_never_hurt_it(first, second):
    zones, job = [trace(first, zone="a"), trace(second, zone="b")], Job(4.0, 7.0, 0.2)
    assert optimum(zones, job, STORY_RATES).cost <= optimum(zones[0], job, STORY_RATES).cost + 1e-9


@settings(deadline=None, max_examples=25)
@given(st.text("01", min_size=12, max_size=12), st.integers(2, 5))
def test_without_overhead_it_is_that_of_an_integer_programme(text, work):
    # Each tick: nothing, spot where there is some, or on demand. HiGHS finds the cheapest ticks.
    rates = Rates(1.0, 3.0)
    prices = np.array([rates.spot] * 12 + [rates.on_demand] * 12)
    upper = np.array([float(each == "1") for each in text] + [1.0] * 12)
    one_a_tick = np.hstack([np.eye(12), np.eye(12)])
    enough = LinearConstraint(np.ones((1, 24)), work, np.inf)
    exact = milp(
        prices, constraints=[LinearConstraint(one_a_tick, 0, 1), enough], bounds=(0, upper),
        integrality=np.ones(24),
    )  # fmt: skip
    assert optimum(trace(text, 3600), Job(float(work), 12.0), rates).cost == pytest.approx(
        exact.fun
    )


def test_it_skips_a_life_too_short_to_pay():
    # Launching costs an hour: the single hour of spot at the start would yield nothing.
    found = optimum(trace("1000111", 3600), Job(2.0, 7.0, 1.0), Rates(1.0, 3.0))
    assert (found.cost, found.spot_ticks, found.on_demand_ticks) == (3.0, 3, 0)


def test_a_deadline_that_nobody_meets_is_told():
    with pytest.raises(ValueError, match="Nobody meets this deadline"):
        optimum(trace("1" * 30), Job(4.0, 4.0, 0.5), STORY_RATES)


def test_hours_without_a_common_measure_are_told():
    with pytest.raises(ValueError, match="round the hours"):
        optimum(trace("1" * 400), Job(48.0, 60.0, 0.1000003), STORY_RATES)
