"""The hidden half of exercise 02: every part rewards what it names, and no wrong answer slips through."""

from typing import Any

import numpy as np
import pytest
from exercise_tests import Exercise
from judge_tests import JudgeTests

from mlopt_lessons.resources import exercise

EXERCISE = Exercise("02_resources", exercise, lambda judge: (judge.Month(),))
JUDGE = EXERCISE.judge
PARTIAL = {
    ("02-3", "kill-is-free"): [0, 1],
    ("02-3", "safety-at-any-price"): [0, 1],
    ("02-3", "kills-by-the-sample"): [0, 0],
    ("02-3", "peeks-at-the-future"): [0, 0],
    ("02-4", "packs-by-cpu"): [0, 0],
    ("02-4", "only-the-last-machine"): [2, 0],
    ("02-4", "packs-as-they-come"): [2, 0],
    ("02-4", "smallest-first"): [2, 0],
    ("02-4", "full-is-too-full"): [2, 0],
    ("02-4", "one-machine-each"): [0, 0],
    ("02-4", "left-out"): [0, 0],
}


def raw(function: Any) -> Any:
    """What a learner writes: the check puts Audited around it."""
    return getattr(function, "pack", function)


def right_pack(requests: list, machine: tuple) -> list[list[int]]:
    return raw(JUDGE.RIGHT["02-4"])(requests, machine)


class TestJudge02(JudgeTests):
    exercise = EXERCISE
    partial = PARTIAL

    def answer(self, task: str, function: Any) -> Any:
        return raw(super().answer(task, function))

    @pytest.mark.parametrize("method", ["linear", "inverted_cdf", "nearest"])
    @pytest.mark.parametrize("seed", range(10))
    def test_common_definitions_of_a_percentile_are_right(self, method: Any, seed: int) -> None:
        def request(cpu, percentile, margin):
            past, _ = np.split(cpu, 2)
            return np.quantile(past, percentile / 100, method=method) * (1 + margin / 100)

        assert self.earned("02-2", request, seed) == [2]

    @pytest.mark.parametrize("seed", range(20))
    def test_the_cheapest_margin_by_what_each_job_needs(self, seed: int) -> None:
        margins = np.arange(0, 101, 5)
        for memory, kill_price in JUDGE.fleets(np.random.default_rng(seed)):
            past, later = (half.max(axis=1) for half in np.split(memory, 2, axis=1))
            kills = (later / past - 1 > margins[:, None] / 100).sum(axis=1)
            hours = 12 * memory.shape[1]
            bills = 0.004 * hours * past.sum() * (1 + margins / 100) + kill_price * kills
            best = bills.argmin()
            assert JUDGE.Margins()(memory, kill_price) == (margins[best], kills[best])
            assert np.diff(np.sort(bills))[0] > 1e-6, "no answer hangs on a rounding error"

    @pytest.mark.parametrize("pair", [(100, 0), (0, 0), (100, 1), (50, 3), (1e9, 0), ("0", 0)])
    def test_a_margin_that_never_changes_earns_nothing(self, pair: tuple) -> None:
        assert self.earned("02-3", lambda *_: pair) == [0, 0]

    @pytest.mark.parametrize("seed", range(20))
    def test_no_packing_hangs_on_requests_of_equal_share(self, seed: int) -> None:
        for requests, machine in JUDGE.instances(np.random.default_rng(seed)):
            shares = np.divide(requests, machine).max(axis=1)
            assert len(set(shares)) == len(requests) <= 40
            assert shares.max() <= 1
            packed = right_pack(requests, machine)
            assert JUDGE.first_fit_decreasing(requests, machine) == len(packed)

    @pytest.mark.parametrize("sort", [np.argsort, lambda shares: np.lexsort((shares,))])
    def test_any_way_to_sort_packs_as_well(self, sort: Any) -> None:
        def pack(requests, machine):
            left, machines = np.empty((0, 2)), []
            for place in sort(np.divide(requests, machine).max(axis=1))[::-1]:
                room = np.flatnonzero((left >= requests[place]).all(axis=1))
                if not len(room):
                    left, room = np.vstack([left, machine]), [len(left)]
                    machines.append([])
                left[room[0]] -= requests[place]
                machines[room[0]].append(place)
            return [np.array(each) for each in machines]

        assert self.earned("02-4", pack) == [2, 2]

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda packed: [*packed, packed[0]],
            lambda packed: packed[1:],
            lambda packed: [[place + 0.25 for place in each] for each in packed],
            lambda packed: [[-1 - place for place in each] for each in packed],
            lambda packed: [[str(place) for place in each] for each in packed],
            lambda packed: [[place for each in packed for place in each]],
            lambda packed: {0: packed},
            lambda packed: np.zeros((len(packed), 0)),
        ],
    )
    def test_a_packing_that_is_none_earns_nothing(self, spoil: Any) -> None:
        assert self.earned("02-4", lambda *given: spoil(right_pack(*given))) == [0, 0]

    def test_empty_machines_cost_nothing(self) -> None:
        assert self.earned("02-4", lambda *given: [[], *right_pack(*given), []]) == [2, 2]

    def test_the_notebook_says_how_many_instances_there_are(self) -> None:
        asked = self.asked(self.hidden()["02-4"], 1)
        assert "packs 60 others with up to 40 requests" in self.markdown("task-4-check-text")
        assert len(asked) == 60
