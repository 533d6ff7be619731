"""A log of GPU readings is checked, recorded at even times, and weighs what it saw."""

import math

import numpy as np
import pytest
from gpu_logs import log

from mlopt_lessons.gpu.player import Player
from mlopt_lessons.gpu.samples import SERIES, Sample, Samples, collect, record


class Clock:
    def __init__(self, reading_s=0.0):
        self.now, self.reading_s = 50.0, reading_s

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Slow:
    """A source whose readings take time."""

    gpu, origin, note = "gpu0 slow", "measured: test", ""

    def __init__(self, clock, taken):
        self.clock, self.taken = clock, iter(taken)

    def read(self):
        self.clock.now += next(self.taken)
        return Sample(self.clock.now - 50, 1, 2, 3, 4, 5, 6, 7)


def test_a_reading_stands_for_the_time_until_the_next_one():
    found = log([0, 50, 100], time_s=[0.0, 10.0, 30.0])
    assert found.spans_s.tolist() == [10, 20, 15]  # the last one: the median of 10 and 20
    assert found.hours == pytest.approx(45 / 3600)
    assert log([7]).spans_s.tolist() == [1.0]
    assert math.isnan(log([7]).interval_s)


def test_a_gap_is_not_counted():
    found = log([0] * 6, time_s=[0, 10, 20, 1000, 1010, 1020])
    assert found.spans_s.tolist() == [10, 10, 30, 10, 10, 10]


def test_a_log_is_the_readings_it_was_made_of():
    readings = [Sample(i, 1 + i, math.nan, 3, 4, 5, 6, -7) for i in range(3)]
    found = collect("gpu0", "measured: test", readings)
    for place, reading in enumerate(readings):
        again = [getattr(found.at(place), name) for name in SERIES]
        assert np.array_equal(again, [getattr(reading, name) for name in SERIES], equal_nan=True)
    assert len(found) == 3


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"utilisation": [101.0, 5.0]}, "utilisation is 101 in a reading; it is from 0 to 100 %"),
        ({"utilisation": [math.nan, 5.0]}, "utilisation is missing"),
        ({"sm_active": [-1.0, 5.0]}, "sm_active is -1"),
        ({"occupancy": [1.0, 100.1]}, "occupancy is 100.1"),
        ({"power_w": [1.0, -3.0]}, "power_w is -3 in a reading; it is a finite number, 0 or more"),
        ({"temperature_c": [1.0, math.inf]}, "temperature_c is inf"),
        ({"time_s": [3.0, 3.0]}, "times of a log rise"),
        ({"time_s": [3.0, math.nan]}, "times of a log rise"),
        ({"time_s": [3.0]}, "one length"),
    ],
)
def test_a_log_that_cannot_be_is_told_why(changed, told):
    series = {name: np.array([1.0, 2.0]) for name in SERIES}
    series |= {name: np.array(values) for name, values in changed.items()}
    with pytest.raises(ValueError, match=told):
        Samples("gpu0", "measured: test", **series)


def test_an_empty_log_is_told():
    with pytest.raises(ValueError, match="is empty"):
        Samples("gpu0", "measured: test", *(np.empty(0) for _ in SERIES))


def test_slow_readings_keep_to_the_interval_and_are_not_made_up_for():
    clock = Clock()
    source = Slow(clock, [0.25, 0.25, 3.5, 0.25, 0.25])
    (found,) = record([source], 6.9, 1.0, clock=clock, sleep=clock.sleep)
    # Readings begin at 0, 1 and 2 s; the third takes 3.5 s, so that the next begins at 6 s.
    assert found.time_s.tolist() == pytest.approx([0.25, 1.25, 5.5, 6.25])


def test_a_recording_ends_with_the_log_and_gives_what_was_played():
    first = log([1, 2, 3], sm_active=[1.5, math.nan, 2.5])
    (again,) = record([Player(first)], math.inf, sleep=lambda _: None)
    for name in SERIES:
        assert np.array_equal(getattr(again, name), getattr(first, name), equal_nan=True)


def test_ctrl_c_keeps_what_was_read():
    def stop(samples):
        if samples[0].time_s >= 1:
            raise KeyboardInterrupt

    (found,) = record(
        [Player(log([1, 2, 3], time_s=[0, 1, 2]))], 9, watch=stop, sleep=lambda _: None
    )
    assert found.utilisation.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("sources", "seconds", "interval", "told"),
    [
        ([], 1, 1, "no source"),
        ([None], 0, 1, "cannot be"),
        ([None], 1, 0, "cannot be"),
        ([None], 1, math.inf, "cannot be"),
        ([None], math.nan, 1, "cannot be"),
    ],
)
def test_recordings_that_cannot_be_are_told(sources, seconds, interval, told):
    with pytest.raises(ValueError, match=told):
        record(sources, seconds, interval)
