"""VPA's recommendation gives the numbers that VPA's own unit tests and definition give.

Vectors named after a test come from kubernetes/autoscaler, vertical-pod-autoscaler/pkg/recommender:
util/histogram_test.go, util/decaying_histogram_test.go, util/histogram_options_test.go,
logic/estimator_test.go, model/container_test.go.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from usage_data import by_hand

from mlopt_lessons.resources.histogram import Buckets, Histogram
from mlopt_lessons.resources.usage import GIB, STORY, Request
from mlopt_lessons.resources.vpa import (
    CPU_BUCKETS,
    LOWER,
    MEMORY_BUCKETS,
    MIB,
    UPPER,
    Bound,
    bump_after_kill,
    confidence,
    memory_peaks,
    vpa_recommendation,
)

LINEAR = Buckets(1.0, 10.0, growth=0)


def linear(half_life_h=math.inf):
    return Histogram(LINEAR, half_life_h, epsilon=1e-15)


def test_a_steady_job_of_the_story():
    found = vpa_recommendation(STORY)
    assert found.target.cpu == pytest.approx(2.408, abs=5e-4)
    assert found.target.memory_gib == pytest.approx(9.415, abs=5e-4)
    # 50 buckets of 1.05^k/100 cores end at 2.0935 cores, the first edge above 2.
    assert sum(0.01 * 1.05**k for k in range(49)) < 2
    assert sum(1e7 * 1.05**k for k in range(77)) < 8 * GIB
    assert found.target.cpu == pytest.approx(1.15 * sum(0.01 * 1.05**k for k in range(50)))
    assert found.target.memory_gib == pytest.approx(
        1.15 * sum(1e7 * 1.05**k for k in range(78)) / GIB
    )


def test_vpa_itself_cuts_to_millicores_after_each_step():
    # 2.0935 cores are 2,093 millicores, 15 % of them 313.
    assert vpa_recommendation(STORY, whole_units=True).target.cpu == 2.406


def test_buckets_linear_TestLinearHistogramOptions():
    buckets = Buckets(0.3, 5.0, growth=0)
    assert buckets.count == 18
    assert (buckets.start(0), buckets.start(17)) == (0.0, pytest.approx(5.1))
    assert buckets.find([-1.0, 0.0, 1.3, 100.0]).tolist() == [0, 0, 4, 17]


def test_buckets_exponential_TestExponentialHistogramOptions():
    buckets = Buckets(40.0, 500.0, growth=0.5)
    assert buckets.count == 6
    assert [buckets.start(n) for n in range(6)] == [0.0, 40.0, 100.0, 190.0, 325.0, 527.5]
    assert buckets.find([-1.0, 39.99, 40.0, 100.0, 900.0]).tolist() == [0, 0, 1, 2, 5]


@pytest.mark.parametrize("buckets", [CPU_BUCKETS, MEMORY_BUCKETS])
def test_the_last_bucket_starts_at_the_largest_value_or_above(buckets):
    assert buckets.start(buckets.count - 1) >= buckets.most > buckets.start(buckets.count - 2)


def test_percentiles_TestPercentiles():
    found = linear()
    assert found.empty
    assert found.percentile(50) == 0.0  # TestPercentilesEmptyHistogram
    for value in (1, 2, 3, 4):
        found.add(value, value)
    ends = [found.percentile(p) for p in (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)]
    assert ends == [2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5]


def test_outside_of_the_range_TestPercentileOutOfBounds():
    found = Histogram(Buckets(0.1, 1.0, growth=0), epsilon=1e-15)
    found.add([0.1, 0.2], [0.1, 0.2])
    assert (found.percentile(-10), found.percentile(110)) == (
        pytest.approx(0.2),
        pytest.approx(0.3),
    )
    found.add([0.0, 1.0], [0.1, 0.2])
    assert (found.percentile(-10), found.percentile(110)) == (
        pytest.approx(0.1),
        pytest.approx(1.0),
    )


def test_weights_below_epsilon_count_as_none_TestEmptyHistogram():
    found = Histogram(Buckets(0.1, 1.0, growth=0), epsilon=1e-15)
    found.add(0.1, 2.5e-15)
    found.subtract(0.1, 1e-15)
    assert not found.empty
    found.subtract(0.1, 1e-15)
    assert found.empty


def test_decay_TestSimpleDecay_and_TestLongtermDecay():
    found = linear(half_life_h=1)
    start = 1234567890 / 3600
    found.add(2, 1000, start)
    found.add(1, 1, start + 20)
    assert (found.percentile(99.9), found.percentile(100)) == (2, 3)
    longer = linear(half_life_h=1)
    longer.add(2, 1, start)
    longer.add(1, 1, start + 101)
    assert longer.percentile(100) == 2


def test_decay_TestDecayingHistogramPercentiles():
    found = linear(half_life_h=1)
    hours = 1234567890 / 3600 + np.arange(4)
    found.add([1, 2, 3, 4], [1, 2, 3, 4], hours)
    asked = (0, 2, 3, 10, 11, 34, 35, 100)
    assert [found.percentile(p) for p in asked] == [2, 2, 3, 3, 4, 4, 5, 5]


def test_samples_at_once_are_the_same_as_one_by_one_over_many_half_lives():
    rng = np.random.default_rng(0)
    values, hours = rng.exponential(2, 400), np.arange(400.0)
    together, alone = Histogram(CPU_BUCKETS, 1.0), Histogram(CPU_BUCKETS, 1.0)
    together.add(values, 2.0, hours)
    for value, hour in zip(values, hours, strict=True):
        alone.add(value, 2.0, hour)
    np.testing.assert_allclose(together.weights, alone.weights, rtol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 900), min_size=1, max_size=60), st.floats(0, 100))
def test_a_percentile_is_the_end_of_the_bucket_of_the_exact_one(values, percentile):
    found = Histogram(CPU_BUCKETS)
    found.add(values)
    exact = np.quantile(values, percentile / 100, method="inverted_cdf")
    bucket = int(CPU_BUCKETS.find(exact))
    assert CPU_BUCKETS.start(bucket) <= exact * (1 + 1e-9)
    # Rounding of percentile × count may choose the neighbour among the values.
    near = [
        np.quantile(values, min(max(percentile / 100 + d, 0), 1), method="inverted_cdf")
        for d in (-1e-9, 0, 1e-9)
    ]
    ends = {CPU_BUCKETS.start(int(CPU_BUCKETS.find(each)) + 1) for each in near}
    assert found.percentile(percentile) in ends


def test_confidence_TestConfidenceMultiplier():
    # Nine samples, two minutes apart.
    usage = by_hand(np.ones(9), np.ones(9), interval_s=120)
    assert confidence(usage) == 0.00625
    assert 3.14 * Bound(90, 0.1, 2.0).scale(0.00625) == pytest.approx(907.46)
    assert confidence(by_hand(np.ones(9), np.ones(9), interval_s=60)) == pytest.approx(8 / 1440)


@pytest.mark.parametrize(
    ("days", "upper"), [(0.5, 3.0), (1.0, 2.0), (7.0, 1 + 1 / 7)]
)  # logic/recommender.go: *3 after 12 h, *2 after a day, *1.14 after a week
def test_the_upper_bound_after_so_many_days(days, upper):
    assert UPPER.scale(days) == pytest.approx(upper)


@pytest.mark.parametrize(("minutes", "lower"), [(5, 0.6), (30, 0.9), (60, 0.95)])
def test_the_lower_bound_after_so_many_minutes(minutes, lower):
    assert LOWER.scale(minutes / 1440) == pytest.approx(lower, abs=0.02)


def test_bounds_of_a_week_of_minutes():
    usage = by_hand(np.full(10080, 2.0), np.full(10080, 8.0), interval_s=60)
    found = vpa_recommendation(usage)
    sure = 10079 / 1440
    assert found.upper.cpu == pytest.approx(found.target.cpu * (1 + 1 / sure))
    assert found.lower.memory_gib == pytest.approx(
        found.target.memory_gib * (1 + 0.001 / sure) ** -2
    )


def test_lower_target_and_upper_are_the_50th_90th_and_95th_percentile():
    # 60 % of the seconds use 1 core, 32 % 2 cores, 8 % 4 cores; seconds are too short for decay.
    usage = by_hand(np.repeat([1.0, 2.0, 4.0], [60, 32, 8]), np.ones(100), interval_s=1)
    found, sure = vpa_recommendation(usage), confidence(usage)
    edges = np.cumsum(0.01 * 1.05 ** np.arange(150))
    lower, target, upper = (1.15 * edges[edges > cores][0] for cores in (1, 2, 4))
    assert found.target.cpu == pytest.approx(target)
    assert found.lower.cpu == pytest.approx(lower * (1 + 0.001 / sure) ** -2)
    assert found.upper.cpu == pytest.approx(upper * (1 + 1 / sure))


def test_without_history_the_bounds_say_nothing():
    found = vpa_recommendation(by_hand([1.0], [1.0]))
    assert found.upper == Request(1e14 / 1000, 1e14 / GIB)
    assert found.lower == Request(0.025, 250 / 1024)


def test_floors():
    found = vpa_recommendation(by_hand(np.zeros(300), np.zeros(300))).target
    assert found == Request(0.025, 250 / 1024)


@pytest.mark.parametrize(
    ("request_mib", "peak_mib", "needed_mib"),
    [(1000, 0, 1200), (1, 0, 101), (1000, 3000, 3600), (2000, 0, 2400), (1000, 2000, 2400)],
)  # TestRecordOOMIncreasedByBumpUp, …ByMin, …MaxedWithKnownSample, …DontRunAway
def test_bump_after_a_kill(request_mib, peak_mib, needed_mib):
    assert bump_after_kill(request_mib / 1024, peak_mib / 1024) * 1024 == pytest.approx(needed_mib)


def test_one_memory_peak_a_day_and_a_kill_lifts_it():
    memory = np.full(72, 1.0)
    memory[[3, 30]] = (4.0, 2.0)
    usage = by_hand(np.ones(72), memory, request=Request(2, 3))
    assert memory_peaks(usage).tolist() == [4.0, 2.0, 1.0]
    assert memory_peaks(usage, [50]).tolist() == [4.0, 2.0, pytest.approx(3.6)]
    assert (
        vpa_recommendation(usage, kills_h=[50]).lower.memory_gib
        > vpa_recommendation(usage).lower.memory_gib
    )
    with pytest.raises(ValueError, match="outside the 72 hours"):
        vpa_recommendation(usage, kills_h=[72])


def test_memory_by_hand_with_decay():
    # Peaks of 4, 2 and 1 GiB weigh 1/4, 1/2 and 1 of 1.75: the 90th percentile is the oldest one.
    memory = np.repeat([4.0, 2.0, 1.0], 24)
    found = vpa_recommendation(by_hand(np.ones(72), memory)).target.memory_gib
    edges = np.cumsum(1e7 * 1.05 ** np.arange(200))
    assert found == pytest.approx(1.15 * edges[edges > 4 * GIB][0] / GIB)
    # After three more days of 1 GiB the oldest weighs 1/32 of 63/32 + …, below a tenth.
    later = vpa_recommendation(
        by_hand(np.ones(144), np.append(memory, np.ones(72)))
    ).target.memory_gib
    assert later == pytest.approx(1.15 * edges[edges > 1 * GIB][0] / GIB)
    assert MIB == 1024**2
