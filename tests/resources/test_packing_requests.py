"""Packing against brute force, textbook instances and properties that every packing has."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.resources.packing import best_fit, first_fit_decreasing, lower_bound
from mlopt_lessons.resources.packing_exact import MOST_ITEMS, fewest_machines
from mlopt_lessons.resources.score import Rates
from mlopt_lessons.resources.usage import Request

MACHINE = Request(8, 32)
HEURISTICS = [first_fit_decreasing, best_fit]
sizes = st.tuples(st.floats(0, 8), st.floats(0, 32)) | st.tuples(
    st.integers(0, 8).map(float), st.sampled_from([0.0, 4.0, 8.0, 10.0, 16.0, 22.0, 32.0])
)


def requests(*, most):
    return st.lists(sizes, max_size=most).map(lambda pairs: [Request(*pair) for pair in pairs])


def line(sizes):
    """Items of one dimension."""
    return [Request(size, 0) for size in sizes]


def by_brute_force(items, machine):
    """The fewest machines, by trying every way to put items onto machines."""
    count = len(items)
    for machines in range(count + 1):
        for places in itertools.product(range(machines), repeat=count):
            used = np.zeros((machines, 2))
            for item, place in zip(items, places, strict=True):
                used[place] += item.cpu, item.memory_gib
            if (used <= np.array([machine.cpu, machine.memory_gib]) * (1 + 1e-9)).all():
                return machines
    raise AssertionError


def check_packing(packing, items, machine):
    """No machine over its size, every item once, every machine in use, idle what is left."""
    assert packing.assignments.shape == (len(items),)
    assert set(packing.assignments) == set(range(packing.machines))
    for number in range(packing.machines):
        there = [
            item for item, place in zip(items, packing.assignments, strict=True) if place == number
        ]
        assert sum(item.cpu for item in there) <= machine.cpu * (1 + 1e-8)
        assert sum(item.memory_gib for item in there) <= machine.memory_gib * (1 + 1e-8)
    asked = sum(item.cpu for item in items)
    assert packing.idle.cpu == pytest.approx(packing.machines * machine.cpu - asked, abs=1e-6)


@given(requests(most=30))
def test_heuristics_never_go_over_and_never_below_the_bound(items):
    for pack in HEURISTICS:
        packing = pack(items, MACHINE)
        check_packing(packing, items, MACHINE)
        assert lower_bound(items, MACHINE) <= packing.machines


@settings(max_examples=60, deadline=None)
@given(requests(most=12))
def test_exact_lies_between_the_bound_and_the_heuristics(items):
    packing = fewest_machines(items, MACHINE)
    check_packing(packing, items, MACHINE)
    quick = min(pack(items, MACHINE).machines for pack in HEURISTICS)
    assert lower_bound(items, MACHINE) <= packing.machines <= quick


@settings(max_examples=60, deadline=None)
@given(requests(most=6))
def test_exact_is_what_brute_force_finds(items):
    assert fewest_machines(items, MACHINE).machines == by_brute_force(items, MACHINE)


def test_exact_is_what_brute_force_finds_where_heuristics_fail():
    """Seven items of whole numbers, on which first fit decreasing needs one machine too many."""
    draws, machine, failed = np.random.default_rng(3), Request(10, 10), 0
    for _ in range(300):
        items = [Request(*pair) for pair in draws.integers(1, 7, (7, 2)).tolist()]
        exact = fewest_machines(items, machine).machines
        if exact < first_fit_decreasing(items, machine).machines and failed < 3:
            assert exact == by_brute_force(items, machine)
            failed += 1
    assert failed == 3


@pytest.mark.parametrize("pack", HEURISTICS)
def test_first_fit_decreasing_needs_three_where_two_are_enough(pack):
    """3 + 2 + 2 fills a machine of 7, twice; largest first puts 3 and 3 together and wastes 1."""
    items, machine = line([3, 3, 2, 2, 2, 2]), Request(7, 0)
    assert pack(items, machine).machines == 3
    best = fewest_machines(items, machine)
    assert best.machines == lower_bound(items, machine) == 2
    assert sorted(best.used[:, 0]) == [7, 7]
    assert best.idle == Request(0, 0)


def test_no_smaller_instance_of_that_kind_exists():
    """For machines of 2 to 6, two machines' worth of at most six items is never packed onto three."""
    for whole in range(2, 7):
        for count in range(1, 7):
            for sizes in itertools.combinations_with_replacement(range(1, whole + 1), count):
                items, machine = line(sizes), Request(whole, 0)
                if sum(sizes) <= 2 * whole and first_fit_decreasing(items, machine).machines > 2:
                    assert fewest_machines(items, machine).machines > 2


@pytest.mark.parametrize(
    ("sizes", "machine", "bound"),
    [
        ([6, 6, 6], 10, 3),  # ⌈18/10⌉ is 2, but no two fit together
        (
            [7, 7, 4, 4, 4],
            10,
            4,
        ),  # α = 4: two machines for the 7s, whose 3 are useless, ⌈12/10⌉ more
        ([5, 5, 5, 5], 10, 2),
        ([0, 0], 10, 1),
        ([], 10, 0),
        ([0.1, 0.2], 0.3, 1),  # 0.1 + 0.2 is a little above 0.3 in floats
        ([0.1] * 10, 1.0, 1),
    ],
)
def test_the_bound_by_hand(sizes, machine, bound):
    assert lower_bound(line(sizes), Request(machine, 0)) == bound


def test_tenths_that_fill_a_machine_fit():
    for pack in (*HEURISTICS, fewest_machines):
        assert pack(line([0.1, 0.2]), Request(0.3, 0)).machines == 1
        assert pack(line([0.7, 0.1, 0.2]), Request(1, 0)).machines == 1


def test_a_machine_that_is_too_small_by_little_is_too_small():
    """The solver alone would keep its limits to 1e-6 only."""
    items = line([0.5 + 4e-7, 0.3, 0.2, 0.5, 0.3, 0.2 + 4e-7])
    exact = fewest_machines(items, Request(1, 0))
    check_packing(exact, items, Request(1, 0))
    assert exact.machines == by_brute_force(items, Request(1, 0)) == 3


def test_best_fit_takes_the_fuller_machine():
    """7 and 6 take a machine of 12 each, 5.5 joins the 6; 0.5 fits both, and fills the second."""
    items, machine = line([7, 6, 5.5, 0.5]), Request(12, 0)
    assert first_fit_decreasing(items, machine).assignments.tolist() == [0, 1, 1, 0]
    assert best_fit(items, machine).assignments.tolist() == [0, 1, 1, 1]


def test_two_dimensions_bind_in_turn():
    """Memory of one, cores of the other: together they fill a machine, alone they waste half."""
    items = [Request(7, 4), Request(1, 28)] * 4
    packing = fewest_machines(items, MACHINE)
    assert packing.machines == 4
    assert packing.idle == Request(0, 0)
    assert lower_bound([Request(7, 4)] * 4, MACHINE) == 4


def test_idle_capacity_in_dollars():
    """Two machines of 8 cores and 32 GiB hold 10 cores and 12 GiB: 6 and 52 idle."""
    packing = first_fit_decreasing([Request(5, 6), Request(5, 6)], MACHINE)
    assert packing.idle == Request(6, 52)
    rates = Rates(0.04, 0.005, "a test", "2026-11-25")
    assert packing.idle_usd_h(rates) == pytest.approx(6 * 0.04 + 52 * 0.005)


@pytest.mark.parametrize("pack", [*HEURISTICS, fewest_machines, lower_bound])
def test_what_cannot_be_packed_is_a_sentence(pack):
    with pytest.raises(
        ValueError, match="Item 1 asks for 2 cores and 64 GiB, more than a machine of 8"
    ):
        pack([Request(1, 1), Request(2, 64)], MACHINE)
    with pytest.raises(ValueError, match="A machine needs cores or memory"):
        pack([], Request(0, 0))


def test_too_many_items_name_the_bound():
    """63 / 7 = 9 from below; two to a machine is what can be done."""
    items = line([3] * (MOST_ITEMS + 1))
    with pytest.raises(ValueError, match=r"21 items are too many .* are between 9 and 11"):
        fewest_machines(items, Request(7, 0))


def test_twenty_items_are_solved():
    draws = np.random.default_rng(0)
    for _ in range(8):
        items = [Request(*pair) for pair in draws.uniform(0.15, 0.5, (MOST_ITEMS, 2))]
        packing = fewest_machines(items, Request(1, 1))
        check_packing(packing, items, Request(1, 1))
