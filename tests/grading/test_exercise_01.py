"""Exercise 01: every named wrong answer gets its own hint, and nothing of the solution gets out."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from exercise_tests import Exercise, ExerciseTests
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.cost import exercise
from mlopt_lessons.course.checking import judge

EXERCISE = Exercise("01_cost", exercise, lambda judge: (judge.APRIL,))


def names_of(cell: str) -> dict[str, Any]:
    """What a learner has after a cell of code."""
    names: dict[str, Any] = {"np": np, "pd": pd}
    exec(EXERCISE.cells[cell].source, names)
    return names


class TestExercise01(ExerciseTests):
    exercise = EXERCISE
    secrets = (
        "1010",
        "utilisation < 5",
        'weeks["failed_s"].sum()',
        'weeks["succeeded"]',
        "epoch - kept",
        "-np.inf",
    )

    def test_the_judge_and_the_notebook_have_the_same_bill(self) -> None:
        table = names_of("task-1-worked")["april"]
        rows = EXERCISE.judge.APRIL
        assert [each.team for each in rows] == table["team"].fillna("").tolist()
        assert [each.category for each in rows] == table["ChargeCategory"].tolist()
        costs = [[row.listed, row.contracted, row.billed, row.effective] for row in rows]
        assert costs == table[names_of("task-1-worked")["COSTS"]].to_numpy().tolist()

    def test_april_is_a_sum_by_hand(self) -> None:
        april = names_of("task-1-worked")["april"]
        assert april["EffectiveCost"].sum() == 360 + 510 + 90 + 60 - 80 + 70
        assert judge(exercise.TASK_1, april["EffectiveCost"].sum().astype(float)).passed

    def test_the_commitment_is_spread_over_three_months(self) -> None:
        for month in ("march", "april"):
            table = names_of("task-1-worked")[month]
            held = table[table["charge"].str.contains("on the commitment|not used")]
            assert held["EffectiveCost"].sum() == 1800 / 3

    def test_the_week_has_what_its_text_says(self) -> None:
        utilisation, seconds, price = exercise.WEEK
        assert len(utilisation) == len(seconds) == len(price) == 7 * 24
        table = pd.DataFrame({"u": utilisation, "s": seconds, "p": price})
        table["day"] = table.index // 24
        idle = table[table.u.lt(5)]
        assert (idle.p * idle.s / 3600).sum() == exercise.TASK_2.cases[0].right
        assert len(idle) == 51
        assert set(table[table.day.eq(0)].p) == {10} != set(table[table.day.eq(4)].p) == {4}
        assert table[table.day.eq(3) & table.u.eq(0)].index.tolist() == list(range(82, 88))
        assert table[table.s.eq(0)].day.value_counts().to_dict() == {5: 24, 0: 7}

    def test_a_machine_that_is_off_costs_nothing_however_it_is_counted(self) -> None:
        utilisation, seconds, price = exercise.WEEK
        assert np.isnan(utilisation[seconds == 0]).all()
        assert EXERCISE.judge.idle_dollars(np.zeros(168), np.zeros(168), price) == 0

    def test_nobody_can_change_the_week_of_the_check(self) -> None:
        for each in exercise.WEEK:
            with pytest.raises(ValueError, match="read-only"):
                each[0] = 1

    def test_the_first_cost_of_a_run_is_a_sum_by_hand(self) -> None:
        by_hand = ((160 + 35 + 130) * 10 + 110) / 32
        assert exercise.TASK_3.cases[0].right == by_hand == 105

    @given(st.lists(st.integers(0, 8), min_size=1, max_size=30), st.integers(1, 6), st.data())
    def test_two_ways_to_write_early_stopping_agree_and_look_back_only(
        self, curve: list[int], patience: int, data: st.DataObject
    ) -> None:
        validation = np.array(curve) / 8
        paid, kept = EXERCISE.judge.stop(validation, validation, patience)
        assert EXERCISE.judge.Stop()(validation, validation, patience) == (paid, kept)
        assert validation[kept - 1] == validation[:paid].max()
        assert paid == len(curve) or paid - kept == patience
        later = data.draw(st.lists(st.integers(0, 9), min_size=len(curve), max_size=len(curve)))
        changed = np.array([*curve[:paid], *later[paid:]]) / 8
        assert EXERCISE.judge.stop(changed, changed, patience) == (paid, kept)

    def test_the_figures_of_the_story_s_training(self) -> None:
        names = names_of("task-4-bill")
        found = EXERCISE.judge.stop(names["VALIDATION"], names["TEST"], 5)
        assert found == (20, 15)
        assert names["bill"](*found) == "20 epochs, $200, 80% saved; epoch 15 kept: 91.3% right"
        assert "20 epochs for $200 are right" in EXERCISE.text("task-4-question")
        assert "with 91.3 % right" in EXERCISE.text("task-4-question")
        assert int(np.argmax(names["VALIDATION"])) + 1 == 32

    def test_the_figures_of_the_marking_guide(self) -> None:
        names = names_of("task-1-worked")
        march, april = names["march"], names["april"]
        used = [month["EffectiveCost"].sum() for month in (march, april)]
        plain = [
            month.loc[month["ChargeCategory"].ne("Credit"), "EffectiveCost"].sum()
            for month in (march, april)
        ]
        told = EXERCISE.text("written")
        assert april["BilledCost"].sum() / march["BilledCost"].sum() == pytest.approx(0.7)
        for figure in (
            f"from ${used[0]:,} to ${used[1]:,}, {100 - 100 * used[1] / used[0]:.1f} %",
            f"from ${plain[0]:,} to ${plain[1]:,}, {100 - 100 * plain[1] / plain[0]:.1f} %",
            f"44 runs fell to 40, {100 - 100 * 40 / 44:.1f} %",
            f"${used[0] / 44:.2f} in March and ${used[1] / 40:.2f} in April",
            f"${plain[0] / 44:.2f} and ${plain[1] / 40:.2f}, "
            f"{100 * plain[1] / 40 / (plain[0] / 44) - 100:.1f} % more",
        ):
            assert figure in told
        assert round(100 * 30 / used[0]) == 3
