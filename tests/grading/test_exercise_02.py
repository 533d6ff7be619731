"""Exercise 02: every named wrong answer gets its own hint, and nothing of the solution gets out.

The figures in its texts and in the quiz of lesson 2 are computed again here.
"""

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from exercise_tests import Exercise, ExerciseTests
from release import ROOT

from mlopt_lessons.course.checking import judge
from mlopt_lessons.course.questions import questions
from mlopt_lessons.grading.marking import mark
from mlopt_lessons.resources import exercise

EXERCISE = Exercise("02_resources", exercise, lambda judge: (judge.Month(),))
RECORDED = ROOT.parent / "shared" / "data" / "usage"


def packs(key: Any, best: bool) -> Any:
    """A packing by another order, on the first or on the fullest machine with room."""

    def pack(requests: list, machine: tuple) -> list[list[int]]:
        machines: list[list[int]] = []
        for place in sorted(range(len(requests)), key=lambda each: -key(requests[each], machine)):
            after = [np.sum([requests[i] for i in [*each, place]], axis=0) for each in machines]
            rooms = [i for i, total in enumerate(after) if (total <= machine).all()]
            if rooms:
                fullest = max(rooms, key=lambda i: (after[i] / machine).sum())
                machines[fullest if best else rooms[0]].append(place)
            else:
                machines.append([place])
        return machines

    return pack


def fewest(requests: list, machine: tuple) -> int:
    """The fewest machines, by trying every way of putting requests on machines."""
    for count in range(1, len(requests) + 1):
        for rooms in itertools.product(range(count), repeat=len(requests)):
            used = np.zeros((count, 2))
            np.add.at(used, list(rooms), requests)
            if (used <= machine).all():
                return count
    raise AssertionError("each request fits on a machine of its own")


ORDERS = {
    "larger share": lambda request, machine: max(np.divide(request, machine)),
    "sum of shares": lambda request, machine: sum(np.divide(request, machine)),
    "length": lambda request, machine: np.linalg.norm(np.divide(request, machine)),
}


class TestExercise02(ExerciseTests):
    exercise = EXERCISE
    secrets = ("360.04", "np.percentile(past", "past.max", "np.argmin", "key=lambda", "0.552")

    def test_the_waste_of_task_1_is_a_sum_by_hand(self) -> None:
        # 12 × $0.03 + 48 × $0.004 = $0.552 in 720 hours, 3 × $0.03 + 20 × $0.004 = $0.17 in 220.
        assert judge(exercise.TASK_1, 397.44 - 37.40).passed

    @pytest.mark.parametrize("method", ["linear", "inverted_cdf", "nearest"])
    def test_common_definitions_of_a_percentile_pass(self, method: Any) -> None:
        def request(cpu, percentile, margin):
            past, _ = np.split(cpu, 2)
            return np.quantile(past, percentile / 100, method=method) * (1 + margin / 100)

        assert judge(exercise.TASK_2, request).passed
        for seed in range(20):
            assert mark(EXERCISE.judge.HIDDEN["02-2"], request, seed).earned == 2

    @pytest.mark.parametrize("case", EXERCISE.tasks[2].cases)
    def test_the_cheapest_margin_is_found_by_what_each_job_needs(self, case: Any) -> None:
        memory, price = case.args
        table = pd.DataFrame(memory.T)
        past, later = table[:14].max(), table[14:].max()
        needed = ((later / past - 1) * 100).to_numpy()  # the margin that saves each job
        margins = np.arange(0, 101, 5)
        kills = (needed[None] > margins[:, None] + 1e-9).sum(axis=1)
        bills = 0.004 * 336 * past.sum() * (1 + margins / 100) + price * kills
        assert case.right == (margins[bills.argmin()], kills[bills.argmin()])
        # No answer hangs on a rounding error.
        assert np.diff(np.sort(bills))[0] > 0.01
        assert np.abs(needed[:, None] - margins[1:]).min() > 1e-3

    @pytest.mark.parametrize("case", EXERCISE.tasks[3].cases)
    def test_the_allowed_machines_are_the_fewest(self, case: Any) -> None:
        requests, machine, most = case.args
        assert most == fewest(requests, machine)

    @pytest.mark.parametrize("best", [False, True])
    @pytest.mark.parametrize("order", ORDERS)
    def test_other_ways_to_pack_pass_too(self, order: str, best: bool) -> None:
        assert judge(exercise.TASK_4, exercise.Audited(packs(ORDERS[order], best))).passed

    @pytest.mark.parametrize(
        ("pack", "sentence"),
        [
            (lambda requests, machine: len(requests), "a list of machines"),
            (lambda requests, machine: [0, 1, 2, 3], "a list of machines"),
            (lambda requests, machine: [[0, 1], [2, 4]], "places run from 0 to 3"),
            (lambda requests, machine: None, "fill in the missing lines"),
            (lambda requests, machine: [[0, 1], [2, 3, 3]], "'none is packed twice': False"),
            (lambda requests, machine: np.zeros((2**31 - 1, 0)), "more than 50 machines or places"),
            (lambda requests, machine: np.zeros((1, 10**8), "int8"), "more than 50 machines or"),
        ],
    )
    def test_a_packing_that_is_none_is_told(self, pack: Any, sentence: str) -> None:
        outcome = judge(exercise.TASK_4, exercise.Audited(pack))
        assert not outcome.passed
        assert outcome.mistake is None
        assert sentence in outcome.message

    def test_a_crash_names_its_line(self) -> None:
        def pack(requests, machine):
            raise RuntimeError("no machine")

        assert "(line " in judge(exercise.TASK_4, exercise.Audited(pack)).message


def told(question: str) -> str:
    """All texts and explanations of a question."""
    (found,) = [each for each in questions("02_resources") if each.id == question]
    return " ".join([found.text, *(f"{o.text}. {o.explanation}" for o in found.options)])


def end_of_bucket(first: float, use: float) -> float:
    """The end of the bucket of VPA's histogram that holds a use: widths grow by 5 %."""
    start, width = 0.0, first
    while start + width <= use:
        start, width = start + width, width * 1.05
    return start + width


def test_the_story_s_waste() -> None:
    assert [1 - 2 / 16, 1 - 8 / 64, 1 - 2 / 4, 1 - 8 / 16] == [0.875, 0.875, 0.5, 0.5]
    before, now = 14 * 0.03 + 56 * 0.004, 2 * 0.03 + 8 * 0.004
    assert f"fall by {1 - now / before:.0%}".replace("%", " %") in told("q02-wasted")


def test_what_vpa_recommends_for_a_steady_job() -> None:
    cores, gib = end_of_bucket(0.01, 2), end_of_bucket(1e7, 8 * 2**30) / 2**30
    for figure in (cores, gib, cores * 1.15, gib * 1.15):
        assert f"{figure:.3f}" in told("q02-vpa")
    assert [round(100 * (each - 1)) for each in (cores * 1.15 / 2, gib * 1.15 / 8)] == [20, 18]


def test_what_a_half_life_forgets() -> None:
    weights = 0.5 ** np.arange(7)  # Friday, Thursday, … Sunday, Saturday
    assert f"{weights[5:].sum() / weights.sum():.1%}".replace("%", " %") in told("q02-half-life")
    assert f"{2 / 7:.0%}".replace("%", " %") in told("q02-half-life")


def test_what_a_monitor_misses() -> None:
    missed = 1 - 2 / 60
    assert missed == pytest.approx(29 / 30)
    assert f"{missed**10:.0%}".replace("%", " %") in told("q02-sampled")
    assert 10 * 24 * 60 == 14_400


def test_prices_hours_and_times() -> None:
    dollars = 10 * 0.004 * 720
    assert f"${dollars:.2f} / $200 is {dollars / 200:.1%}".replace("%", " %") in told(
        "q02-kill-price"
    )
    assert f"{dollars / 2000:.1%}".replace("%", " %") in told("q02-kill-price")
    assert math.isclose(100 / dollars, 3.5, abs_tol=0.05)
    off = 500 / 720
    both = 1 - 0.5 * 220 / 720
    assert [f"{each:.0%}" for each in (off, both, off + 0.5)] == ["69%", "85%", "119%"]
    assert [720 * 0.80, 720 * 0.80 / 4, 720 * 0.80 / 8] == [576, 144, 72]
    assert f"{8 / 1.7:.1f} hours" in told("q02-mean")
    assert math.isclose(0.9 * 1 + 0.1 * 8, 1.7)


def test_three_machines_are_the_fewest_of_the_quiz() -> None:
    requests = [(8, 8)] * 4 + [(2, 28)] * 4
    assert fewest(requests, (16, 64)) == 3
    assert np.sum(requests, axis=0).tolist() == [40, 144]


def test_what_one_rule_does_to_recorded_vms() -> None:
    if not RECORDED.exists():
        pytest.skip("the recorded usage is not on this machine")
    log = pd.read_csv(RECORDED / "bitbrains_rnd_2013-07_hourly_47vms.csv")
    halves = [np.split(vm, [len(vm) // 2]) for _, vm in log.groupby("vm").mem_max]
    rules = {
        "p95": lambda past: np.quantile(past, 0.95) * 1.15,
        "twice": lambda past: 2 * past.mean(),
    }
    killed = {name: sum((b > rule(a)).any() for a, b in halves) for name, rule in rules.items()}
    assert (len(halves), killed) == (47, {"p95": 38, "twice": 33})
    assert "33 killed" in told("q02-wasted")
    assert "38 killed" in EXERCISE.cells["written"].source
