"""The hidden half of exercise 07: every part rewards what it names, and no wrong answer slips through."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from exercise_tests import Exercise
from judge_tests import ServiceTests

from mlopt_lessons.combined import exercise
from mlopt_lessons.grading.marking import mark

EXERCISE = Exercise("07_putting_it_together", exercise, lambda judge: (judge.BILL, judge.LEVERS))
JUDGE = EXERCISE.judge
PARTIAL = {
    ("07-3", "first-and-last-are-all"): [1, 0],
    ("07-3", "alone-is-fair"): [0, 0],
    ("07-3", "percentages-share-the-saving"): [0, 0],
    ("07-4", "ignores-accuracy"): [2, 0, 0],
    ("07-4", "point-estimate"): [2, 0, 0],
    ("07-4", "ignores-memory"): [2, 0, 0],
    ("07-4", "deadline-ignored"): [2, 0, 0],
    ("07-4", "savings-add-up"): [0, 0, 1],
    ("07-4", "levers-on-everything"): [0, 0, 1],
    ("07-4", "one-month-only"): [0, 0, 1],
    ("07-4", "unit-price-decides"): [2, 0, 1],
    ("07-4", "smaller-is-cheaper"): [2, 0, 1],
}


def by_table(variants: list[dict], service: dict, levers: dict) -> tuple[str, float] | None:
    """Task 4 with pandas."""
    table = pd.DataFrame(variants)
    left = np.prod([1 - saving * share for saving, share in levers.values()])
    table["usd"] = table.usd_million * service["millions"] * left
    table["usd"] += table.once_usd / service["months"]
    good = table[
        table.mb.le(service["memory_mb"])
        & table.ms.le(service["limit_ms"])
        & table.low.ge(service["floor"])
    ].sort_values("usd")
    return None if good.empty else (good.name.iloc[0], good.usd.iloc[0])


class TestJudge07(ServiceTests):
    exercise = EXERCISE
    partial = PARTIAL
    draws = (JUDGE._ONE, JUDGE._SEVERAL, JUDGE._NONE)

    def test_nothing_written_gets_nothing(self, task: str) -> None:
        if task != "07-2":
            return super().test_nothing_written_gets_nothing(task)
        # What is given for task 2 returns its rows already: none as yet.
        marked = mark(JUDGE.HIDDEN[task], self.blank(JUDGE.HIDDEN[task]), 1)
        assert marked.earned == 0
        assert "yours is (0,)" in marked.message
        return None

    @pytest.mark.parametrize("seed", range(10))
    def test_both_ways_to_reckon_agree_on_what_is_drawn(self, seed: int) -> None:
        for args in JUDGE.orders(np.random.default_rng(seed)):
            assert np.allclose(JUDGE.stairs(*args), JUDGE.Waterfall()(*args), rtol=1e-12)
        for args in JUDGE.bills(np.random.default_rng(seed), (1, 2, 3, 4, 5, 6)):
            assert JUDGE.at_a_moment(*args) == pytest.approx(JUDGE.Split()(*args), rel=1e-12)
        for args in self.services(seed):
            found, right = JUDGE.by_the_month(*args), JUDGE.Plan()(*args)
            assert (found and found[0]) == (right and right[0])
            assert (found and found[1]) == pytest.approx(right and right[1])

    @pytest.mark.parametrize("seed", range(5))
    def test_a_table_gets_every_point(self, seed: int) -> None:
        assert self.earned("07-4", by_table, seed) == [2, 1, 1]

    @pytest.mark.parametrize("seed", range(5))
    def test_no_two_months_cost_the_same(self, seed: int) -> None:
        for variants, service, levers in self.services(seed):
            usd = sorted(JUDGE.Plan().usd(each, service, levers) for each in variants)
            assert (np.diff(usd) / usd[1:] > 1e-9).all()

    @pytest.mark.parametrize("seed", range(3))
    def test_a_variant_that_will_just_do_is_among_the_right_ones(self, seed: int) -> None:
        def too_strict(variants, service, levers):
            tighter = {"floor": service["floor"] + 1e-9, "limit_ms": service["limit_ms"] - 1e-9}
            tighter["memory_mb"] = service["memory_mb"] - 1e-9
            return JUDGE.Plan()(variants, service | tighter, levers)

        assert self.earned("07-4", too_strict, seed) == [0, 0, 0]

    @pytest.mark.parametrize("plan", [None, ("variant 0", 1.0), [], (1, 2, 3), ("", 0)])
    def test_a_plan_that_never_changes_earns_nothing(self, plan: Any) -> None:
        assert self.earned("07-4", lambda *_: plan) == [0, 0, 0]

    def test_the_right_name_with_a_wrong_bill_earns_no_more_than_the_none(self) -> None:
        def ten_per_cent_more(*given):
            name_and_usd = JUDGE.by_the_month(*given)
            return name_and_usd and (name_and_usd[0], 1.1 * name_and_usd[1])

        assert self.earned("07-4", ten_per_cent_more) == [0, 0, 1]

    def test_pairs_may_come_as_rows_of_an_array(self) -> None:
        assert self.earned("07-2", lambda *given: np.array(JUDGE.stairs(*given))) == [2]

    def test_the_dollar_is_enough_for_the_bill(self) -> None:
        assert self.earned("07-1", 12_722) == [2]
        assert self.earned("07-1", 12_720) == [0]
