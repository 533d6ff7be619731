"""Inputs at the edge: equal prices, odd slices, numbers of numpy, stretches shorter than a tick."""

import numpy as np
import pytest
from spot_data import trace

from mlopt_lessons.spot.generator import generate
from mlopt_lessons.spot.job import STORY_RATES, Job, Rates
from mlopt_lessons.spot.optimum import optimum
from mlopt_lessons.spot.replay import replay
from mlopt_lessons.spot.replay_many import BLOCK, replay_many

KNOWN_LIFE = "uniform progress, known life"
HERE = trace("1" * 10 + "0" * 10, 3600)


@pytest.mark.parametrize("spot", [3.0, 4.0])
def test_spot_that_saves_nothing_is_left_alone(spot):
    # By hand: no life of spot pays, so an even pace of 4 hours in 8 is kept on demand alone.
    rates = Rates(spot, 3.0)
    found = replay(HERE, Job(4.0, 8.0, 0.5), rates, KNOWN_LIFE)
    assert found.spot_ticks == 0
    assert found.cost == 3.0 * found.on_demand_ticks
    assert not found.late
    row = replay_many(HERE, Job(4.0, 8.0, 0.5), rates, KNOWN_LIFE, [0]).iloc[0]
    assert (row["cost"], row["spot_ticks"]) == (found.cost, 0)


@pytest.mark.parametrize("slices", [0, -1, 2.5])
def test_slices_that_cannot_be_are_told(slices):
    job = Job(4.0, 8.0)
    with pytest.raises(ValueError, match="whole slices, at least 1"):
        replay(HERE, job, STORY_RATES, "time-sliced", slices=slices)
    with pytest.raises(ValueError, match="whole slices, at least 1"):
        replay_many(HERE, job, STORY_RATES, "time-sliced", [0], slices=slices)


def test_starts_are_not_rounded():
    with pytest.raises(TypeError, match="whole numbers"):
        replay_many(HERE, Job(4.0, 8.0), STORY_RATES, "greedy", [0.7])


def test_the_optimum_asks_for_a_deadline_by_name():
    with pytest.raises(ValueError, match="The optimum needs a deadline"):
        optimum(HERE, Job(4.0), STORY_RATES)


@pytest.mark.parametrize("number", [np.int64(3), np.float32(3), np.float64(3)])
def test_numbers_of_numpy_are_numbers(number):
    assert Job(number).work_h == 3


@pytest.mark.parametrize("asked", [{"up_h": 0.1}, {"down_h": 0.1}])
def test_stretches_shorter_than_a_tick_are_told(asked):
    with pytest.raises(ValueError, match="use a shorter tick"):
        generate(10.0, seed=0, **asked)


def test_zones_that_share_nearly_all_are_as_correlated_as_asked():
    first, second = generate(60_000.0, ["a", "b"], seed=1, shared=0.998)
    found = np.corrcoef(first.available, second.available)[0, 1]
    assert found == pytest.approx(0.998**2, abs=0.002)


def test_more_starts_than_a_block_are_each_replayed():
    starts = np.arange(BLOCK + 3) % 11
    table = replay_many(HERE, Job(4.0, 8.0, 0.5), STORY_RATES, "greedy", starts)
    assert table["start"].tolist() == starts.tolist()
    single = [replay(HERE, Job(4.0, 8.0, 0.5), STORY_RATES, "greedy", at).cost for at in range(11)]
    assert table["cost"].tolist() == [single[at] for at in starts]
