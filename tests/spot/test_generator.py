"""Generated traces have the shares, stretches and correlation that they are asked for."""

import numpy as np
import pytest
from spot_data import recorded

from mlopt_lessons.spot.generator import generate

LONG_H = 60_000.0


def test_shares_and_stretches_are_those_of_the_pattern():
    (alone,) = generate(LONG_H, ["a"], seed=3, up_h=4.0, down_h=2.0, shared=0.0)
    assert alone.share == pytest.approx(4 / 6, abs=0.01)
    assert alone.stretches_h().mean() == pytest.approx(4.0, rel=0.03)
    assert alone.stretches_h(available=False).mean() == pytest.approx(2.0, rel=0.03)


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.8, 1.0])
def test_zones_are_as_correlated_as_asked(shared):
    first, second = generate(LONG_H, ["a", "b"], seed=1, shared=shared)
    found = np.corrcoef(first.available, second.available)[0, 1]
    assert found == pytest.approx(shared**2, abs=0.04)


def test_the_same_seed_draws_the_same_traces():
    first, again, other = (generate(100, seed=seed) for seed in (5, 5, 6))
    assert all(np.array_equal(a.available, b.available) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].available, other[0].available)
    assert first[0].source == "simulated: two-state generator, seed 5"


def test_the_defaults_lie_among_the_recorded_traces():
    zones = ("us-west-2a_v100_1", "us-west-2b_v100_1", "us-west-2a_v100_8", "us-west-2b_v100_8")
    real = [recorded(zone) for zone in zones]
    made, other = generate(LONG_H, ["a", "b"], seed=2)
    assert np.corrcoef(made.available, other.available)[0, 1] == pytest.approx(0.46, abs=0.06)
    for measure in (
        lambda t: t.share,
        lambda t: t.stretches_h().mean(),
        lambda t: t.stretches_h(False).mean(),
    ):
        values = [measure(trace) for trace in real]
        assert min(values) < measure(made) < max(values)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"hours": 0}, "hours must be above 0"),
        ({"up_h": -1}, "up_h must be above 0"),
        ({"down_h": 0}, "down_h must be above 0"),
        ({"tick_s": float("nan")}, "tick_s must be above 0"),
        ({"shared": 1.5}, "part of the time"),
        ({"zones": []}, "At least one zone"),
    ],
)
def test_what_cannot_be_generated_is_told(asked, told):
    with pytest.raises(ValueError, match=told):
        generate(**asked)
