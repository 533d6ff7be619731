"""Simulated usage keeps to the published summary figures of real machines."""

import numpy as np
import pytest
from usage_data import table

from mlopt_lessons.resources.generator import generate

SHARES = {
    "cpu_mean": (lambda u: u.cpu.mean() / u.request.cpu, 0.014),
    "cpu_max": (lambda u: u.cpu.max() / u.request.cpu, 0.21),
    "mem_mean": (lambda u: u.memory_gib.mean() / u.request.memory_gib, 0.057),
    "mem_max": (lambda u: u.memory_gib.max() / u.request.memory_gib, 0.54),
}


@pytest.mark.parametrize("seed", range(3))
def test_the_medians_are_the_published_ones(seed):
    jobs = generate(seed=seed)
    for name, (share, published) in SHARES.items():
        assert np.median([share(each) for each in jobs]) == pytest.approx(published, rel=0.15), name


def test_the_quartiles_are_near_those_of_the_real_machines():
    real = table("vm_summary")
    jobs = generate(jobs=200, seed=1)
    for name, (share, _) in SHARES.items():
        sizes = real.cores if name.startswith("cpu") else real.mem_gib
        recorded = (real[name] / sizes).quantile([0.25, 0.75])
        simulated = np.quantile([share(each) for each in jobs], [0.25, 0.75])
        np.testing.assert_allclose(simulated, recorded, rtol=1 / 3, err_msg=name)


def test_days_have_a_rhythm_and_memory_spikes_are_rare():
    jobs = generate(seed=2)
    ahead = [np.corrcoef(u.cpu[:-24], u.cpu[24:])[0, 1] for u in jobs]
    aside = [np.corrcoef(u.cpu[:-12], u.cpu[12:])[0, 1] for u in jobs]
    assert np.median(ahead) > np.median(aside)
    high = [(u.memory_gib > 0.8 * u.memory_gib.max()).mean() for u in jobs]
    assert np.median(high) < 0.05


def test_a_seed_is_a_set_of_jobs():
    one, same, other = generate(5, 7, 3), generate(5, 7, 3), generate(5, 7, 4)
    for first, second, third in zip(one, same, other, strict=True):
        assert np.array_equal(first.cpu, second.cpu)
        assert np.array_equal(first.memory_gib, second.memory_gib)
        assert not np.array_equal(first.cpu, third.cpu)
        assert first.source == "simulated: usage generator, seed 3"
        assert first.cpu.max() <= first.request.cpu + 1e-9
        assert first.memory_gib.max() <= first.request.memory_gib + 1e-9
        assert first.hours == 7 * 24


def test_five_minutes_and_one_job_will_do():
    (job,) = generate(1, 2, interval_s=300)
    assert (len(job.cpu), job.interval_s) == (576, 300)


@pytest.mark.parametrize(
    ("numbers", "more"),
    [((0, 28), {}), ((1, 0.5), {}), ((1, 28), {"interval_s": 0}), ((1, np.nan), {})],
)
def test_what_cannot_be_simulated_is_refused(numbers, more):
    with pytest.raises(ValueError, match="not"):
        generate(*numbers, **more)
