"""Exercise 07: every named wrong answer gets its own hint, and nothing of the solution gets out."""

import random
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from exercise_tests import Exercise, ExerciseTests
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from mlopt_lessons.combined import exercise
from mlopt_lessons.course.checking import judge

EXERCISE = Exercise("07_putting_it_together", exercise, lambda judge: (judge.BILL, judge.LEVERS))
RIGHT, WRONG = EXERCISE.judge.RIGHT, EXERCISE.judge.WRONG
SHARE = st.floats(0, 1)
LEVERS = st.dictionaries(
    st.sampled_from(["spot", "right-size", "scheduling", "commitment"]),
    st.tuples(SHARE, SHARE),
    min_size=1,
)


def names_of(cell: str) -> dict[str, Any]:
    """What a learner has after a cell of code."""
    names: dict[str, Any] = {"np": np, "pd": pd, "VARIANTS": exercise.VARIANTS}
    exec(EXERCISE.cells[cell].source, names)
    return names


class TestExercise07(ExerciseTests):
    exercise = EXERCISE
    secrets = ("12_722", "12722", "left * saving", "split[", "remains *=", "cheapest, months")

    def test_the_bill_is_a_product_by_hand(self) -> None:
        # 0.6 of 40 %, 0.3 of 75 % and 0.2 of 50 % are saved.
        assert judge(exercise.TASK_1, 24_000 * 0.76 * 0.775 * 0.9).passed
        assert judge(exercise.TASK_1, 12_722).passed
        assert not judge(exercise.TASK_1, 12_720).passed

    def test_the_story_s_waterfall_and_split_are_published_figures(self) -> None:
        # total-1 with its first row as a saving, and its Shapley values: whole dollars.
        rows = exercise.TASK_2.cases[0]
        assert rows.args[0] == 10_000
        assert rows.right == [(6_000, 4_000), (1_200, 2_800), (560, 2_240)]
        split = exercise.TASK_3.cases[0].right
        assert split == {"spot": 4_620, "right-size": 1_920, "scheduling": 1_220}
        assert sum(split.values()) == 7_760

    def test_a_split_is_the_mean_of_recounted_orders(self) -> None:
        for case in exercise.TASK_3.cases:
            bill, levers = case.args
            saved: dict[str, list[float]] = {name: [] for name in levers}
            for order in permutations(levers):
                left = bill
                for name in order:
                    after = left - left * levers[name][0] * levers[name][1]
                    saved[name].append(left - after)
                    left = after
            for name, amounts in saved.items():
                assert case.right[name] == pytest.approx(np.mean(amounts))

    @given(LEVERS, st.randoms(use_true_random=False))
    def test_order_moves_rows_and_neither_end_nor_split(
        self, levers: dict[str, tuple[float, float]], chance: random.Random
    ) -> None:
        order = list(levers)
        chance.shuffle(order)
        rows = RIGHT["07-2"](1_000, levers, order)
        left = RIGHT["07-1"](1_000, levers)
        assert rows[-1][1] == pytest.approx(left, abs=1e-9)
        assert sum(saved for saved, _ in rows) == pytest.approx(1_000 - left, abs=1e-9)
        split = RIGHT["07-3"](1_000, levers)
        again = RIGHT["07-3"](1_000, {name: levers[name] for name in order})
        assert split == pytest.approx(again)
        assert sum(split.values()) == pytest.approx(1_000 - left, abs=1e-9)

    def test_lower_ends_are_wilson_s(self) -> None:
        for row in exercise.VARIANTS:
            right = round(row["accuracy"] * 2_000)
            interval = binomtest(right, 2_000).proportion_ci(0.95, "wilson")
            assert row["accuracy"] == right / 2_000
            assert row["low"] == pytest.approx(interval.low, abs=5e-4)

    def test_one_by_one_costs_a_tenth_of_a_dollar_a_millisecond(self) -> None:
        alone = [row for row in exercise.VARIANTS if row["name"].split(", ")[-1] in ALONE]
        assert len(alone) == 6
        for row in alone:
            hours = row["ms"] / 1000 * 1e6 / 3600
            assert row["usd_million"] == pytest.approx(hours * 0.36)

    def test_what_is_tried_on_the_table_does_not_change_the_check(self) -> None:
        assert exercise.TASK_4.cases[0].args[0] == exercise.VARIANTS
        assert exercise.VARIANTS is not exercise.TASK_4.cases[0].args[0]
        assert exercise.VARIANTS[0] is not exercise.TASK_4.cases[0].args[0][0]

    def test_the_worked_example(self) -> None:
        table = names_of("task-1-worked")["levers"]
        assert table.story_saved.tolist() == pytest.approx([6_000, 1_200, 560])
        assert table.story_left.tolist() == pytest.approx([4_000, 2_800, 2_240])
        assert table.left.iloc[-1] == pytest.approx(5_000.8)
        assert "$5,001 are left: more than twice as much" in EXERCISE.text("task-1-question")

    def test_the_figures_of_the_text(self) -> None:
        alone = WRONG["07-3"]["alone-is-fair"](*exercise.TASK_3.cases[0].args)
        last = WRONG["07-3"]["last-is-fair"](*exercise.TASK_3.cases[0].args)
        assert f"spot is credited with ${alone['spot']:,.0f}" in EXERCISE.text("task-3-text")
        assert f"it would save ${last['spot']:,.0f}" in EXERCISE.text("task-3-text")
        names = names_of("task-4-variants")
        assert exercise.TASK_4.cases[0].args[1:] == (names["SERVICE"], names["LEVERS"])
        _, dollars = RIGHT["07-4"](exercise.VARIANTS, names["SERVICE"], names["LEVERS"])
        assert f"${dollars:.2f} a month are right" in EXERCISE.text("task-4-question")
        # By hand: 500 million at $0.80, of which 0.76 × 0.9 remain, and a twelfth of $600.
        assert dollars == pytest.approx(400 * 0.684 + 50)
        assert "at most 77.6 % are saved" in EXERCISE.text("written")

    def test_the_figures_of_the_hints(self) -> None:
        wrong, hints = exercise.TASK_1.cases[0].wrong, exercise.TASK_1.hints
        for mistake in ("savings-add-up", "eligibility-forgotten", "rest-forgotten"):
            assert f"${wrong[mistake]:,.2f}".removesuffix(".00") in hints[mistake]
        assert f"${wrong['remaining-for-saved']:,.2f} is" in hints["remaining-for-saved"]
        assert wrong["more-than-all-is-saved"] == pytest.approx(24_000 - 24_000 * 110 / 100)
        assert f"−${-wrong['more-than-all-is-saved']:,.0f}" in hints["more-than-all-is-saved"]
        assert f"${wrong['rounded-early'] - 12_722.4:.0f} too high" in hints["rounded-early"]
        story = exercise.TASK_3.cases[0].wrong
        for mistake in ("alone-is-fair", "last-is-fair", "first-and-last-are-all"):
            assert f"${sum(story[mistake].values()):,.0f}" in exercise.TASK_3.hints[mistake]


ALONE = ("FP32", "int8", "int4", "one scale")  # the last word of variants without batch or GPU
