"""The hidden half of exercise 01: every part rewards what it names, and no wrong answer slips through."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from exercise_tests import Exercise
from judge_tests import JudgeTests

from mlopt_lessons.cost import exercise
from mlopt_lessons.grading.marking import mark

EXERCISE = Exercise("01_cost", exercise, lambda judge: (judge.APRIL,))
JUDGE = EXERCISE.judge
PARTIAL = {
    ("01-3", "attempts-counted"): [2, 0],
    ("01-3", "average-of-ratios"): [2, 0],
    ("01-3", "total-for-unit"): [2, 0],
    ("01-3", "storage-forgotten"): [0, 0],
    ("01-4", "last-model-kept"): [2, 0, 1],
    ("01-4", "whole-run-billed"): [0, 1, 0],
    ("01-4", "counted-from-zero"): [0, 0, 0],
    ("01-4", "best-known-afterwards"): [0, 0, 0],
}


def peeks(validation: np.ndarray, test: np.ndarray, patience: int) -> tuple[int, int]:
    """Waits as it should, but goes on where it sees that a far better epoch comes."""
    epoch, kept = JUDGE.stop(validation, test, patience)
    if (validation[epoch:] > 0.95).any():
        return len(validation), int(np.argmax(validation)) + 1
    return epoch, kept


class TestJudge01(JudgeTests):
    exercise = EXERCISE
    partial = PARTIAL

    def test_a_look_at_what_comes_later_loses_the_part_for_it(self) -> None:
        assert mark(JUDGE.HIDDEN["01-4"], peeks, 1).mistake is None
        assert self.earned("01-4", peeks) == [2, 1, 0]

    @pytest.mark.parametrize("pair", [(1, 1), (80, 80), (80, 1)])
    def test_a_decision_that_never_changes_earns_nothing(self, pair: tuple[int, int]) -> None:
        assert self.earned("01-4", lambda *_: pair) == [0, 0, 0]

    @pytest.mark.parametrize("kind", [list, tuple, np.array])
    def test_a_pair_may_come_as_any_kind_of_list(self, kind: Any) -> None:
        assert self.earned("01-4", lambda *curves: kind(JUDGE.stop(*curves))) == [2, 1, 1]

    def test_idle_dollars_by_a_table(self) -> None:
        def by_table(utilisation, seconds, price):
            table = pd.DataFrame({"u": utilisation, "usd": seconds * price / 3600})
            return table.query("u < 5")["usd"].sum()

        assert self.earned("01-2", by_table) == [2]

    def test_a_run_s_cost_by_a_table(self) -> None:
        def by_table(weeks, price):
            total = pd.DataFrame(weeks).sum()
            seconds = total[["done_s", "failed_s", "idle_s"]].sum()
            return (seconds / 3600 * price + total["storage"]) / total["succeeded"]

        assert self.earned("01-3", by_table) == [2, 1]

    def test_the_notebook_says_how_many_trainings_there_are(self) -> None:
        text = self.markdown("task-4-question")
        assert "60 others, and on 20 of them once more" in text
        assert len(self.asked(self.hidden()["01-4"], 1)) == 60 + 20
