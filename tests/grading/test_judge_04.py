"""The hidden half of exercise 04: every part rewards what it names, and no wrong answer slips through."""

from typing import Any

import numpy as np
import pytest
from exercise_tests import Exercise
from judge_tests import ServiceTests

from mlopt_lessons.gpu import exercise

EXERCISE = Exercise("04_gpu", exercise, lambda judge: (judge.OFFERS,))
JUDGE = EXERCISE.judge
PARTIAL = {
    ("04-3", "times-add-up"): [0, 1],
    ("04-3", "sparse-headline"): [0, 0],
    ("04-3", "mac-is-one-flop"): [0, 0],
    ("04-3", "shorter-time-binds"): [0, 0],
    ("04-4", "deadline-ignored"): [2, 0, 0],
    ("04-4", "full-is-fine"): [0, 0, 0],
    ("04-4", "copies-are-split"): [0, 0, 1],
    ("04-4", "machine-for-its-gpu"): [0, 0, 1],
    ("04-4", "part-of-a-machine"): [2, 0, 1],
    ("04-4", "price-per-hour"): [2, 0, 1],
    ("04-4", "fastest-is-cheapest"): [2, 0, 1],
}


class TestJudge04(ServiceTests):
    exercise = EXERCISE
    partial = PARTIAL
    draws = (JUDGE._ONE_KIND, JUDGE._SEVERAL, JUDGE._SOME_NONE)

    @pytest.mark.parametrize("seed", range(10))
    def test_both_ways_to_reckon_agree_on_what_is_drawn(self, seed: int) -> None:
        for args in JUDGE.trainings(np.random.default_rng(seed)):
            assert JUDGE.added_up(*args) == pytest.approx(JUDGE.Memory()(*args))
        for args in JUDGE.steps(np.random.default_rng(seed)):
            seconds, limit = JUDGE.Roofline()(*args)
            assert JUDGE.longer(*args) == (pytest.approx(seconds), limit)
        for args in self.services(seed):
            assert JUDGE.one_by_one(*args) == JUDGE.Fleet()(*args)

    @pytest.mark.parametrize("seed", range(10))
    def test_both_limits_bind_and_neither_by_a_hair(self, seed: int) -> None:
        steps = list(JUDGE.steps(np.random.default_rng(seed)))
        assert sum(JUDGE.longer(*args)[1] == "compute" for args in steps) == len(steps) / 2
        for args in steps:
            summed, longest = JUDGE.Roofline(joined=sum)(*args)[0], JUDGE.longer(*args)[0]
            assert longest / (summed - longest) > 1.02

    @pytest.mark.parametrize("seed", range(10))
    def test_some_fleets_are_exactly_full_or_just_fast_enough(self, seed: int) -> None:
        drawn = self.services(seed)
        assert any(wanted["limit_s"] in [g["seconds"] for g in gpus] for gpus, wanted in drawn)
        assert any(g["memory_gb"] % w["memory_gb"] == 0 for gpus, w in drawn for g in gpus)

    @pytest.mark.parametrize("pair", [None, ("GPU 0", 1), (1e9, "GPU 0"), ("", 0), []])
    def test_a_fleet_that_never_changes_earns_nothing(self, pair: Any) -> None:
        assert self.earned("04-4", lambda *_: pair) == [0, 0, 0]

    @pytest.mark.parametrize("limit", ["compute", "bandwidth"])
    def test_a_limit_that_never_changes_earns_the_seconds_only(self, limit: str) -> None:
        assert self.earned("04-3", lambda *given: (JUDGE.longer(*given)[0], limit)) == [2, 0]

    def test_a_list_is_as_good_as_a_pair(self) -> None:
        assert self.earned("04-3", lambda *given: list(JUDGE.longer(*given))) == [2, 1]

    def test_cents_are_enough_for_the_dollars(self) -> None:
        assert self.earned("04-1", 19.11) == [2]
        assert self.earned("04-1", 19.0) == [0]
