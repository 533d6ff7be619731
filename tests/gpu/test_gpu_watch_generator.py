"""The simulated cluster keeps to the published figures, whatever the seed, and holds what was planted."""

import numpy as np
import pytest
from gpu_logs import quantiles

from mlopt_lessons.gpu.efficiency import find_idle, mean_efficiency, published_efficiency
from mlopt_lessons.gpu.trace_generator import KINDS, generate_cluster

SEEDS = range(8)
CLUSTERS = {seed: generate_cluster(seed=seed) for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
def test_means_are_within_two_points_of_the_published_ones(seed):
    found, published = mean_efficiency(CLUSTERS[seed].logs), published_efficiency("Seren")
    assert found.utilisation == pytest.approx(published.utilisation, abs=2)
    assert found.sm_active == pytest.approx(published.sm_active, abs=2)
    assert found.occupancy == pytest.approx(published.occupancy, abs=1)


def test_percentiles_are_close_to_the_recorded_ones():
    recorded = quantiles()
    logs = [log for cluster in CLUSTERS.values() for log in cluster.logs]
    for name, column, most in (
        ("utilisation", "seren_gpu_util", 3),
        ("sm_active", "seren_sm_active", 3),
        ("occupancy", "seren_sm_occupancy", 1.5),
        ("power_w", "seren_gpu_power_w", 15),
    ):
        found = np.percentile(np.concatenate([getattr(log, name) for log in logs]), np.arange(101))
        apart = np.abs(found - recorded[column].to_numpy())
        # The ends of the scale and the steep rise from idle to busy lie between two shipped points.
        assert np.median(apart) < most / 3, name
        assert np.percentile(apart[5:95], 90) < most, name


@pytest.mark.parametrize("seed", SEEDS)
def test_exactly_the_planted_gpus_are_found(seed):
    cluster = CLUSTERS[seed]
    found = [idle.gpu for idle in find_idle(cluster.logs) if idle.parked]
    assert found == list(cluster.parked)
    assert len(found) == 3


def test_kinds_of_job_take_their_part_of_the_time():
    kinds = np.concatenate(CLUSTERS[0].kinds)
    for kind in KINDS:
        assert (kinds == kind.name).mean() == pytest.approx(kind.high - kind.low, abs=0.001)


def test_training_is_busy_all_the_time_and_uses_part_of_the_chip():
    cluster = CLUSTERS[0]
    training = np.concatenate(cluster.kinds) == "training"
    busy, active, held = (
        np.concatenate([getattr(log, name) for log in cluster.logs])[training].mean()
        for name in ("utilisation", "sm_active", "occupancy")
    )
    assert busy > 98
    assert 60 < active < 75
    assert 15 < held < 25


def test_the_seed_decides_and_the_log_says_that_it_is_simulated():
    again, other = generate_cluster(seed=0), CLUSTERS[1]
    for name in ("utilisation", "sm_active", "occupancy", "memory_used_bytes", "power_w"):
        first = np.stack([getattr(log, name) for log in CLUSTERS[0].logs])
        assert np.array_equal(first, np.stack([getattr(log, name) for log in again.logs]))
        assert not np.array_equal(first, np.stack([getattr(log, name) for log in other.logs]))
    assert {log.origin for log in other.logs} == {"simulated: GPU cluster generator, seed 1"}


def test_memory_never_exceeds_the_card():
    for log in CLUSTERS[0].logs:
        assert (log.memory_used_bytes <= log.memory_total_bytes).all()


@pytest.mark.parametrize(("gpus", "parked"), [(1, 0), (1, 1), (4, 4), (5, 3), (100, 0)])
def test_other_sizes_hold_what_was_planted(gpus, parked):
    cluster = generate_cluster(gpus, 1.0, seed=2, parked=parked)
    assert (len(cluster.logs), len(cluster.parked)) == (gpus, parked)
    assert {len(log) for log in cluster.logs} == {288}
    for log in cluster.logs:
        assert log.gpu not in cluster.parked or not log.utilisation.any()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"gpus": 0}, "GPUs parked cannot be"),
        ({"gpus": 2, "parked": 3}, "3 of 2 GPUs parked"),
        ({"parked": -1}, "cannot be"),
        ({"days": 0}, "give numbers above 0"),
        ({"days": np.nan}, "give numbers above 0"),
        ({"tick_s": np.inf}, "give numbers above 0"),
        ({"days": 0.001}, "fewer than two readings"),
    ],
)
def test_clusters_that_cannot_be_are_told(arguments, told):
    with pytest.raises(ValueError, match=told):
        generate_cluster(**arguments)
