"""Exercise 04: every named wrong answer gets its own hint, and nothing of the solution gets out."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from exercise_tests import Exercise, ExerciseTests
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.course.checking import judge
from mlopt_lessons.gpu import exercise
from mlopt_lessons.workbench.hardware import gpus
from mlopt_lessons.workbench.prices import gpu_prices

EXERCISE = Exercise("04_gpu", exercise, lambda judge: (judge.OFFERS,))
MONTH_H = 730


def names_of(cell: str) -> dict[str, Any]:
    """What a learner has after a cell of code."""
    names: dict[str, Any] = {"np": np, "pd": pd, "math": math, "GPUS": exercise.GPUS}
    exec(EXERCISE.cells[cell].source, names)
    return names


def listed(gpu: str, machine_gpus: int) -> list[float]:
    """Dollars an hour of AWS machines in us-east-1 with so many of these GPUs, to the cent."""
    table = gpu_prices()
    rows = table[table.gpu.eq(gpu) & table.gpus.eq(machine_gpus) & table.region.eq("us-east-1")]
    assert set(rows.provider) <= {"AWS"}
    assert set(rows.date) <= {"2026-07-20"}
    return [round(price, 2) for price in rows.on_demand_usd_h]


class TestExercise04(ExerciseTests):
    exercise = EXERCISE
    secrets = ("19.11", "* trained +", "2 * 4", "compute_s", "by_memory", "choice")

    def test_the_judge_and_the_notebook_have_the_same_offers(self) -> None:
        table = names_of("task-1-offers")["offers"]
        columns = ("gpu", "usd_h", "gpus", "memory_gb", "steps_s", "utilisation")
        assert list(table.columns) == list(columns)
        for row, offer in zip(table.to_dict("records"), EXERCISE.judge.OFFERS, strict=True):
            assert row == {name: getattr(offer, name) for name in columns}

    def test_the_prices_and_memories_are_those_of_the_course_s_tables(self) -> None:
        rows = names_of("task-1-offers")["offers"].rename(columns={"gpu": "name"})
        memory = gpus().set_index("name").memory_gb
        for row in [*rows.to_dict("records"), *exercise.GPUS]:
            assert row["usd_h"] in listed(row["name"], row["gpus"])
            known = {value for name, value in memory.items() if row["name"] in _readings(str(name))}
            assert known == {row["memory_gb"]}

    def test_the_training_is_a_product_by_hand(self) -> None:
        # 90,000 steps at 9 a second are 10,000 s; an eighth of $55.04 is $6.88 an hour.
        assert judge(exercise.TASK_1, 10_000 / 3600 * 6.88).passed
        assert judge(exercise.TASK_1, 19.11).passed
        assert not judge(exercise.TASK_1, 19.2).passed

    def test_the_first_memory_is_a_sum_by_hand(self) -> None:
        # 16 bytes for each of 110 M weights, 150 MB for each of 32 samples, 0.5 GB.
        assert exercise.TASK_2.cases[0].right == pytest.approx(1.76 + 4.8 + 0.5)
        # 4 bytes for each of 1,500 M, 12 more for each of 40 M.
        assert exercise.TASK_2.cases[1].right == pytest.approx(6 + 0.48 + 2.4 + 1)

    def test_the_rates_are_those_of_the_course_s_table(self) -> None:
        table = gpus().set_index("name")
        for name, case in (("T4", 0), ("H100-SXM5-80GB", 2)):
            row = exercise.TASK_3.cases[case].args[0]
            dense = row["headline_tflops"] / (2 if row["with_sparsity"] else 1)
            assert dense == pytest.approx(table.fp16_tflops[name], rel=1e-3)
            assert row["bandwidth_gb_s"] == table.bandwidth_gb_s[name]

    def test_the_first_step_is_a_quotient_by_hand(self) -> None:
        assert exercise.TASK_3.cases[0].right == (95.2e6 / 320e9, "bandwidth")
        assert "95.2 MB at 320 GB/s" in exercise.TASK_3.hints["bandwidth-ignored"]

    def test_the_hints_of_task_1_name_their_dollars_and_hours(self) -> None:
        wrong = exercise.TASK_1.cases[0].wrong
        for mistake in wrong.keys() - {"machine-for-its-gpu"}:
            assert f"${wrong[mistake]:.2f} is" in exercise.TASK_1.hints[mistake]
        hours = {offer.gpu: offer.hours() for offer in EXERCISE.judge.OFFERS}
        assert f"{hours['L40S']:.1f} hours" in exercise.TASK_1.hints["deadline-ignored"]
        assert f"{hours['B200']:.2f} hours" in exercise.TASK_1.hints["fastest-is-cheapest"]
        assert f"{hours['A100-80GB']:.2f} of them" in exercise.TASK_1.hints["price-per-hour"]

    def test_what_is_tried_on_the_table_does_not_change_the_check(self) -> None:
        assert exercise.TASK_4.cases[0].args[0] == exercise.GPUS
        assert exercise.GPUS is not exercise.TASK_4.cases[0].args[0]
        assert exercise.GPUS[0] is not exercise.TASK_4.cases[0].args[0][0]

    @given(
        st.lists(st.tuples(st.integers(1, 9), st.integers(8, 80), st.integers(3, 60)), max_size=4),
        st.integers(1, 60),
        st.integers(1, 30),
    )
    def test_a_fleet_holds_all_copies_and_a_machine_less_does_not(
        self, rows: list[tuple[int, int, int]], copies: int, memory_gb: int
    ) -> None:
        offered: list[dict[str, Any]] = [
            {"name": str(place), "usd_h": 1.0 + place, "gpus": count, "memory_gb": gb,
             "seconds": ms / 1000}
            for place, (count, gb, ms) in enumerate(rows)
        ]  # fmt: skip
        service: dict[str, Any] = {"copies": copies, "memory_gb": memory_gb, "requests_s": 3}
        service |= {"limit_s": 0.05, "most_busy": 0.7001}
        found = EXERCISE.judge.Fleet()(offered, service)
        fit = [row for row in offered if row["memory_gb"] >= memory_gb and row["seconds"] <= 0.05]
        assert (found is None) == (not fit)
        if found:
            (row,) = [each for each in offered if each["name"] == found[0]]
            most = min(row["memory_gb"] // memory_gb, int(0.7001 / (3 * row["seconds"])))
            assert (found[1] - 1) * row["gpus"] * most < copies <= found[1] * row["gpus"] * most

    def test_the_figures_of_the_shops(self) -> None:
        names = names_of("task-4-gpus")
        assert names["SHOPS"] == exercise.TASK_4.cases[0].args[1]
        found = EXERCISE.judge.Fleet()(exercise.GPUS, names["SHOPS"])
        alone = EXERCISE.judge.Fleet(shared=False)(exercise.GPUS, names["SHOPS"])
        assert alone == ("A10G", 13)
        assert "$39.69 an hour" in names["bill"](*found)
        assert "$39.69 an hour are right, 46 % less" in EXERCISE.text("task-4-question")
        assert f"{1 - found[1] / alone[1]:.0%}" == "46%"
        assert "46 % less in Task 4" in EXERCISE.text("written")

    def test_the_figures_of_the_story(self) -> None:
        story = names_of("task-1-worked")["story"]
        assert story.usd_job.tolist() == [6.0, 1.5]
        assert story.fits.tolist() == [True, True]
        assert "wins by $4.50" in EXERCISE.text("task-1-question")
        assert 0.5 * 2 * 6 == 3.0 * 2

    def test_the_price_of_eight_more(self) -> None:
        assert 21.96 in listed("A100-40GB", 8)
        assert f"${21.96 * MONTH_H:,.0f} in a month of 730 hours" in EXERCISE.text("written")
        assert gpus().set_index("name").tdp_w["A100-SXM4-40GB"] == 400


def _readings(name: str) -> set[str]:
    """The short names that the exercise may use for a row of the hardware table."""
    first, *rest = name.split("-")
    return {name, first, f"{first}-{rest[-1]}" if rest else first}
