"""Sharing against brute force, closed forms and properties that every packing has."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.gpu.bounds import lower_bound, total_bound
from mlopt_lessons.gpu.mig import fits
from mlopt_lessons.gpu.pool import EXCLUSIVE, MIG, TIME_SLICED, WAYS, Pool, Task
from mlopt_lessons.gpu.sharing import best_fit_decreasing, first_fit_decreasing, on_slices
from mlopt_lessons.gpu.sharing_exact import MOST_TASKS, fewest_gpus

A100 = "A100-SXM4-80GB"
HEURISTICS = [first_fit_decreasing, best_fit_decreasing]
parts = st.floats(0, 1) | st.sampled_from([0.0, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.7, 1.0])
sizes = st.floats(0, 80) | st.sampled_from([0.0, 8.0, 10.0, 16.0, 20.0, 40.0, 80.0])


def tasks(most, least=0):
    one = st.builds(Task, st.just("job"), sizes, parts, parts)
    return st.lists(one, min_size=least, max_size=most)


def groups(found):
    return [
        [task for task, at in zip(found.tasks, found.assignments, strict=True) if at == gpu]
        for gpu in range(found.gpus)
    ]


def check(found, pool):
    """Every task once, no empty GPU, memory never over, load within its limit, slices that exist."""
    assert set(found.assignments) == set(range(found.gpus))
    assert (found.slowdowns >= 1).all()
    assert ((found.busy >= 0) & (found.busy <= 1)).all()
    assert 0 <= found.idle_usd_h <= found.usd_h == found.gpus * pool.usd_per_hour
    for group in groups(found):
        assert sum(task.memory_gb for task in group) <= 80 * (1 + 1e-8)
        if pool.way == EXCLUSIVE:
            assert len(group) == 1
        if pool.way == TIME_SLICED:
            limit = pool.load_limit * (1 + 1e-8)
            assert max(sum(t.duty for t in group), sum(t.bandwidth for t in group)) <= limit
    if pool.way == MIG:
        for gpu in range(found.gpus):
            there = [s for s, at in zip(found.slices, found.assignments, strict=True) if at == gpu]
            assert fits(A100, [s.profile.name for s in there])
            taken = [memory for s in there for memory in s.occupied]
            assert len(taken) == len(set(taken))
        for task, slice_ in zip(found.tasks, found.slices, strict=True):
            assert task.memory_gb <= slice_.profile.memory_gb * (1 + 1e-8)
        assert (found.slowdowns <= pool.load_limit * (1 + 1e-8)).all()


@settings(deadline=None)
@given(tasks(25), st.sampled_from(WAYS), st.sampled_from([1.0, 1.5, 3.0]))
def test_packings_never_go_over_and_never_below_the_bound(some, way, limit):
    pool = Pool(A100, way, usd_per_hour=3.0, load_limit=limit)
    for pack in HEURISTICS:
        found = pack(some, pool)
        check(found, pool)
        assert total_bound(some, pool) <= lower_bound(some, pool) <= found.gpus <= len(some)


def able(some, pool):
    """Whether tasks can be on one GPU, said in another way than the code does."""
    if pool.way == MIG:
        return len(some) <= 7 and first_fit_decreasing(some, pool).gpus <= 1
    return (
        sum(task.memory_gb for task in some) <= 80 * (1 + 1e-9)
        and sum(task.duty for task in some) <= 1 + 1e-9
        and sum(task.bandwidth for task in some) <= 1 + 1e-9
    )


def by_brute_force(some, pool):
    """The fewest GPUs, by every way to put tasks onto GPUs."""
    for count in range(len(some) + 1):
        for places in itertools.product(range(count), repeat=len(some)):
            split = [
                [t for t, at in zip(some, places, strict=True) if at == g] for g in range(count)
            ]
            if all(able(group, pool) for group in split):
                return count
    raise AssertionError


@settings(max_examples=40, deadline=None)
@given(tasks(5), st.sampled_from([TIME_SLICED, MIG]))
def test_exact_is_what_brute_force_finds(some, way):
    pool = Pool(A100, way)
    found = fewest_gpus(some, pool)
    check(found, pool)
    assert found.gpus == by_brute_force(some, pool)


def test_exact_beats_first_fit_where_it_errs():
    # 0.5 + 0.3 + 0.2 twice; largest first puts the wrong ones together.
    some = [Task(str(size), 0, size) for size in (0.45, 0.45, 0.35, 0.35, 0.2, 0.2)]
    pool = Pool(A100)
    assert first_fit_decreasing(some, pool).gpus == 3
    found = fewest_gpus(some, pool)
    assert found.gpus == 2
    assert found.rule == "exact"
    check(found, pool)


@pytest.mark.parametrize("seed", range(3))
def test_twenty_tasks_are_packed_exactly_between_the_bounds(seed):
    rng = np.random.default_rng(seed)
    low, high = [(0.2, 0.35), (0.1, 0.6), (0.05, 0.4)][seed]
    rows = rng.uniform(low, high, (MOST_TASKS, 3))
    some = [Task(str(at), 80 * a, b, c) for at, (a, b, c) in enumerate(rows)]
    for way in (TIME_SLICED, MIG):
        pool = Pool(A100, way)
        began = time.perf_counter()
        found = fewest_gpus(some, pool)
        assert time.perf_counter() - began < 60  # measured: below 1 s; CI machines are slow
        check(found, pool)
        assert lower_bound(some, pool) <= found.gpus <= first_fit_decreasing(some, pool).gpus


def test_tasks_that_fit_beside_none_are_no_burden():
    # Two GPUs for the six of above, and one for each of the others.
    some = [Task("small", 0, size) for size in (0.45, 0.45, 0.35, 0.35, 0.2, 0.2)]
    some[3:3] = [Task("large", 60, 0.9)] * 7
    found = fewest_gpus(some, Pool(A100))
    check(found, Pool(A100))
    assert found.gpus == 2 + 7
    assert first_fit_decreasing(some, Pool(A100)).gpus == 3 + 7


def test_too_many_tasks_get_a_sentence_with_the_bounds():
    some = [Task(str(at), 1, 0.34) for at in range(21)]  # two a GPU, though the sum is 7.14
    with pytest.raises(
        ValueError, match=r"21 tasks are too many .* between 8 and 11; see lower_bound"
    ):
        fewest_gpus(some, Pool(A100))
    assert fewest_gpus(some[:20], Pool(A100)).gpus == 10
    assert fewest_gpus(some, Pool(A100, MIG)).gpus == 11  # a 3g.40gb each


def test_time_sliced_slowdown_by_hand():
    some = [Task("a", 10, 0.6, 0.2), Task("b", 10, 0.6, 0.5)]
    shared = first_fit_decreasing(some, Pool(A100, usd_per_hour=2, load_limit=1.5))
    assert shared.gpus == 1
    np.testing.assert_allclose(shared.slowdowns, 1.2 * 1.05)
    assert shared.busy[0] == pytest.approx(1.2 / (1.2 * 1.05))
    assert shared.idle_usd_h == pytest.approx(2 * (1 - 1 / 1.05))
    apart = first_fit_decreasing(some, Pool(A100, usd_per_hour=2))
    assert apart.gpus == 2
    np.testing.assert_array_equal(apart.slowdowns, 1)
    assert apart.idle_usd_h == pytest.approx(2 * (0.4 + 0.4))


def test_bandwidth_slows_as_duty_does():
    some = [Task("a", 10, 0.1, 0.8), Task("b", 10, 0.1, 0.6)]
    shared = first_fit_decreasing(some, Pool(A100, load_limit=2, switch_cost=0))
    np.testing.assert_allclose(shared.slowdowns, 1.4)
    np.testing.assert_allclose(shared.used, [[20, 0.2, 1.4]])


def test_mig_slowdown_is_the_slice_alone():
    # 3g.40gb has 3 of 7 compute slices and half the bandwidth.
    some = [Task("a", 36, 0.6, 0.2), Task("b", 36, 0.2, 0.7)]
    pool = Pool(A100, MIG, load_limit=1.5)
    shared = first_fit_decreasing(some, pool)
    assert [slice_.profile.name for slice_ in shared.slices] == ["3g.40gb", "3g.40gb"]
    np.testing.assert_allclose(shared.slowdowns, [0.6 * 7 / 3, 1.4])
    assert shared.gpus == 1
    alone = [first_fit_decreasing([task], pool).slowdowns[0] for task in some]
    np.testing.assert_array_equal(shared.slowdowns, alone)


def test_memory_decides_where_duty_is_next_to_nothing():
    some = [Task(str(at), 25, 0.01) for at in range(7)]
    for way, gpus in {EXCLUSIVE: 7, TIME_SLICED: 3, MIG: 4}.items():
        assert first_fit_decreasing(some, Pool(A100, way)).gpus == gpus
        assert fewest_gpus(some, Pool(A100, way)).gpus == gpus


def test_nothing_to_share():
    for way in WAYS:
        pool = Pool(A100, way, 3.0)
        for pack in (*HEURISTICS, fewest_gpus):
            found = pack([], pool)
            assert found.gpus == found.usd_h == found.idle_usd_h == 0
            assert found.slowdowns.shape == (0,)
        assert lower_bound([], pool) == total_bound([], pool) == 0


@pytest.mark.parametrize("way", [EXCLUSIVE, TIME_SLICED])
def test_job_larger_than_a_gpu_gets_a_sentence(way):
    pool = Pool("L4", way)
    for call in (*HEURISTICS, fewest_gpus, lower_bound, total_bound):
        with pytest.raises(
            ValueError, match="big needs 30 GB, more than the 24 GB of one L4: take"
        ):
            call([Task("small", 1, 0.1), Task("big", 30, 0.1)], pool)
        with pytest.raises(ValueError, match="no GPU in the table holds it, so spread it"):
            call([Task("huge", 3000, 0.1)], pool)


def test_what_cannot_be_gets_a_sentence():
    with pytest.raises(ValueError, match="needs -1 GB"):
        Task("a", -1, 0.1)
    with pytest.raises(ValueError, match=r"has duty 20; it is a part of the GPU, 0 to 1"):
        Task("a", 1, 20)
    with pytest.raises(ValueError, match="has bandwidth nan"):
        Task("a", 1, 0.1, float("nan"))
    with pytest.raises(ValueError, match="exclusive, time-sliced, MIG, not 'mps'"):
        Pool(A100, "mps")
    with pytest.raises(ValueError, match="'T4' is not among the GPUs with MIG"):
        Pool("T4", MIG)
    with pytest.raises(ValueError, match="There is no GPU 'A1000'"):
        Pool("A1000")
    for wrong in ({"load_limit": 0.5}, {"switch_cost": 1}, {"usd_per_hour": -1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Pool(A100, **wrong)
    two = [Task("a", 70, 0.1), Task("b", 70, 0.1)]
    with pytest.raises(ValueError, match="The slices on GPU 0 do not exist together"):
        on_slices(two, Pool(A100, MIG), np.array([0, 0]), "by hand")
