"""Rules give what their published definitions give, by numpy, by hand and by their authors' examples."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from usage_data import by_hand

from mlopt_lessons.resources.rules import (
    RULES,
    compute_optimizer,
    decay_weights,
    percentile_margin,
    rule,
    target_utilisation,
    twice,
    weighted_percentile,
)
from mlopt_lessons.resources.usage import STORY, Request

series = st.lists(st.floats(0, 1e3), min_size=1, max_size=50).map(np.array)


@settings(max_examples=150, deadline=None)
@given(series, st.floats(0, 100))
def test_without_decay_it_is_numpys_quantile(values, percentile):
    usage = by_hand(values, values[::-1])
    found = rule(percentile, 0.0, percentile, 0.5)(usage)
    exact = np.quantile(values, percentile / 100)
    assert found.cpu == pytest.approx(exact, rel=1e-9, abs=1e-9)
    assert found.memory_gib == pytest.approx(1.5 * exact, rel=1e-9, abs=1e-9)


@settings(max_examples=80, deadline=None)
@given(series, st.floats(0.5, 500))
def test_a_decaying_percentile_stays_within_the_values_and_grows(values, half_life_h):
    weights = decay_weights(len(values), 3600, half_life_h)
    found = weighted_percentile(values, np.arange(0, 101, 5), weights)
    assert found[0] == values.min()
    assert found[-1] == values.max()
    assert (np.diff(found) >= -1e-9 * values.max()).all()


def test_decay_by_hand():
    assert decay_weights(3, 3600, 1).tolist() == [0.25, 0.5, 1.0]
    assert decay_weights(3, 1800, 1).tolist() == [0.5, pytest.approx(2**-0.5), 1.0]
    assert decay_weights(2, 3600, math.inf).tolist() == [1.0, 1.0]
    # Values 1, 2, 3 weigh 1/4, 1, 1/2: middles 1/8, 3/4, 3/2, so value 2 stands at (5/8)/(11/8) = 5/11.
    values, weights = np.array([1.0, 2, 3]), np.array([0.25, 1, 0.5])
    assert weighted_percentile(values, 100 * 5 / 11, weights) == pytest.approx(2)
    assert weighted_percentile(values, 100 * 8 / 11, weights) == pytest.approx(2.5)


def test_the_newer_days_count_more():
    usage = by_hand(np.repeat([8.0, 1.0], 200), np.ones(400))
    assert rule(90, 0, 90, 0)(usage).cpu == 8
    assert rule(90, 0, 90, 0, half_life_h=24)(usage).cpu == 1


def test_krr_is_the_95th_percentile_and_the_maximum_and_15_percent():
    cpu, memory = np.arange(101.0), np.append(np.ones(100), 2.0)
    assert percentile_margin(by_hand(cpu, memory)) == Request(95, 2 * 1.15)
    assert percentile_margin(by_hand([0.0], [0.0])) == Request(0.01, 1e8 / 2**30)


def test_kubecosts_own_examples():
    assert target_utilisation(by_hand([1.2, 0.1], [1, 1]), 0.8).cpu == pytest.approx(1.5)
    assert target_utilisation(by_hand([0.1], [0.1]), 0.8).cpu == pytest.approx(0.125)
    assert target_utilisation(by_hand([0.0], [0.0])) == Request(0.01, 20 / 1024)
    with pytest.raises(ValueError, match="target utilisation"):
        target_utilisation(STORY, 0)


def test_compute_optimizer_is_p99_5_and_20_percent():
    values = np.arange(1001.0)
    found = compute_optimizer(by_hand(values, values))
    assert found.cpu == pytest.approx(995 * 1.2)
    assert found.memory_gib == pytest.approx(995 * 1.2)


def test_the_story_asks_for_twice():
    assert twice(STORY) == Request(4, 16)
    assert STORY.request == Request(16, 64)


def test_all_rules_of_a_steady_job_lie_above_its_use():
    for name, each in RULES.items():
        found = each(STORY)
        assert 2 <= found.cpu <= 4, name
        assert 8 < found.memory_gib <= 16, name


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((101, 0, 50, 0), "from 0 to 100"),
        ((50, 0, -1, 0), "from 0 to 100"),
        ((math.nan, 0, 50, 0), "from 0 to 100"),
        ((50, -1, 50, 0), "above −1"),
        ((50, 0, 50, math.nan), "above −1"),
        ((50, 0, 50, 0, 0), "half-life"),
        ((50, 0, 50, 0, math.nan), "half-life"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(numbers, told):
    with pytest.raises(ValueError, match=told):
        rule(*numbers)
