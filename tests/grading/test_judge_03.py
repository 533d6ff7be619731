"""The hidden half of exercise 03: every part rewards what it names, and no wrong answer slips through."""

import math
from typing import Any

import numpy as np
import pytest
from exercise_tests import Exercise
from judge_tests import JudgeTests
from scipy.special import lambertw

from mlopt_lessons.spot import exercise

EXERCISE = Exercise("03_spot", exercise, lambda judge: (judge.Run(),))
JUDGE = EXERCISE.judge
PARTIAL = {
    ("03-3", "young-is-exact"): [1, 0],
    ("03-3", "lost-whole-interval"): [0, 0],
    ("03-4", "spot-when-unavailable"): [0, 0, 0],
    ("03-4", "late-but-cheap"): [0, 0, 0],
    ("03-4", "waits-too-long"): [0, 0, 0],
    ("03-4", "last-minute-gamble"): [0, 0, 0],
    ("03-4", "on-demand-too-early"): [2, 0, 0],
    ("03-4", "net-ignores-running"): [2, 1, 0],
    ("03-4", "stays-on-demand"): [2, 1, 0],
}


class TestJudge03(JudgeTests):
    exercise = EXERCISE
    partial = PARTIAL
    half_seeds = 10

    def test_whole_numbers_and_others_count_for_lost_minutes(self) -> None:
        for kind in (int, float):

            def lost(*given, kind=kind):
                return kind(JUDGE.lost_minutes(*given))

            assert self.earned("03-2", lost) == [2]

    def test_the_best_interval_by_lambert_s_function(self) -> None:
        def best(rate, cost, restart):
            return (1 + lambertw(-math.exp(-1 - rate * cost)).real) / rate

        assert self.earned("03-3", best) == [1, 2]

    @pytest.mark.parametrize("seed", range(10))
    def test_the_judge_s_replay_is_the_notebook_s(self, seed: int) -> None:
        names = self.names_of_the_solution()
        policies = [JUDGE.Policy(), *JUDGE.WRONG["03-4"].values()]
        traces = list(JUDGE.traces(np.random.default_rng(seed), (20, 75), (2, 16)))
        for choose in policies:
            for there, work in traces:
                trace = "".join("01"[int(each)] for each in there)
                bill, in_time = names["replay"](choose, trace, work)
                judged = JUDGE.replay(choose, there, work)
                assert judged == (pytest.approx(bill) if in_time else math.inf)

    @pytest.mark.parametrize("reserve", [2, 3, 5, 8])
    @pytest.mark.parametrize("seed", range(10))
    def test_a_little_more_care_costs_no_point_of_the_replay(self, reserve: int, seed: int) -> None:
        assert self.earned("03-4", JUDGE.Policy(reserve=reserve), seed)[:2] == [2, 1]

    @pytest.mark.parametrize(
        "word", ["on-demand", "spot", "wait", "", "on demand", None, 1, ["spot"]]
    )
    def test_a_choice_that_never_changes_earns_nothing(self, word: Any) -> None:
        assert self.earned("03-4", lambda *_: word) == [0, 0, 0]

    def test_no_call_tells_more_than_the_four_things_of_the_text(self) -> None:
        kinds = []

        def choose(*state: Any) -> str:
            kinds.append([type(each) for each in state])
            return JUDGE.Policy()(*state)

        assert self.earned("03-4", choose) == [2, 1, 1]
        assert all(each == [bool, str, int, int] for each in kinds)

    def test_the_notebook_says_how_many_traces_there_are_and_what_they_may_cost(self) -> None:
        text = self.markdown("task-4-question")
        kinds = [part.holds.keywords for part in JUDGE.HIDDEN["03-4"].parts[:2]]
        counts = [
            len(list(JUDGE.traces(np.random.default_rng(1), each["work"], each["down"])))
            for each in kinds
        ]
        assert f"on {sum(counts)} other traces" in text
        assert f"on the {counts[1]} with time to spare" in text
        assert f"at most {100 * kinds[1]['share']:.0f} % of what on demand costs" in text
