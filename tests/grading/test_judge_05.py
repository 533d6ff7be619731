"""The hidden half of exercise 05: every part rewards what it names, and no wrong answer slips through."""

from typing import Any

import numpy as np
import pytest
import torch
from exercise_tests import Exercise
from judge_tests import JudgeTests

from mlopt_lessons.quantization import exercise

EXERCISE = Exercise("05_quantization", exercise, lambda _: (0.5, -1.2, 3.9))
JUDGE = EXERCISE.judge
PARTIAL = {
    ("05-2", "no-clip"): [2, 0],
    ("05-2", "truncates"): [0, 0],
    ("05-2", "unsigned-range"): [0, 0],
    ("05-3", "wrong-axis"): [0, 0],
    ("05-3", "columns-as-channels"): [0, 0],
    ("05-3", "no-abs"): [0, 0],
    ("05-3", "per-tensor-scale"): [0, 0],
    ("05-4", "ignores-memory"): [2, 0, 0],
    ("05-4", "ignores-accuracy"): [2, 0, 0],
    ("05-4", "point-estimate"): [2, 0, 0],
    ("05-4", "price-per-hour"): [0, 0, 1],
}


class TestJudge05(JudgeTests):
    exercise = EXERCISE
    partial = PARTIAL

    @pytest.mark.parametrize("seed", range(5))
    def test_an_answer_in_torch_gets_every_point(self, seed: int) -> None:
        def quantize(x, scale, zero_point):
            levels = torch.round(torch.from_numpy(x) / scale) + zero_point
            return levels.clamp(-128, 127).to(torch.int8)

        assert self.earned("05-2", quantize, seed) == [2, 1]

    @pytest.mark.parametrize("kind", [np.int16, np.int64, list])
    def test_another_type_than_int8_costs_the_part_that_asks_for_it(self, kind: Any) -> None:
        def quantize(*given: Any) -> Any:
            levels = JUDGE.quantize(*given)
            return levels.tolist() if kind is list else levels.astype(kind)

        assert self.earned("05-2", quantize) == [2, 0]
        assert self.earned("05-2", lambda *given: JUDGE.quantize(*given).astype(float)) == [0, 0]

    @pytest.mark.parametrize("seed", range(10))
    def test_no_weight_is_farther_from_its_level_than_half_a_step(self, seed: int) -> None:
        for (weights,) in JUDGE.layers(np.random.default_rng(seed)):
            grid = JUDGE.row_by_row(weights)
            scales, integers = np.array(grid["scales"])[:, None], np.array(grid["integers"])
            assert (np.abs(integers).max(axis=1) == 127).all()
            assert (np.abs(integers * scales - weights) <= scales / 2 * (1 + 1e-9)).all()

    def test_right_scales_earn_their_part_without_the_integers(self) -> None:
        def cut_off(weights):
            grid = JUDGE.per_channel(weights)
            return grid | {"integers": (weights / grid["scales"][:, None]).astype(np.int8)}

        assert self.earned("05-3", cut_off) == [2, 0]

    def test_a_loop_over_the_wrong_dimension_is_seen(self) -> None:
        def square_only(weights):
            scales = [np.abs(weights[row]).max() / 127 for row in range(weights.shape[1])]
            integers = np.round(weights / np.array(scales)[:, None]).astype(np.int8)
            return {"scales": np.array(scales), "integers": integers}

        assert self.earned("05-3", square_only) == [0, 0]

    @pytest.mark.parametrize("seed", range(10))
    def test_the_choice_by_a_sorted_list_is_that_of_the_smallest(self, seed: int) -> None:
        for draw in (JUDGE._ALL, JUDGE._FEW, JUDGE._NONE):
            for variants, memory, floor in draw(np.random.default_rng(seed)):
                usd = [v["ms"] * v["usd_per_hour"] for v in variants]
                will_do = [v["mb"] <= memory and v["low"] >= floor for v in variants]
                best = np.where(will_do, usd, np.inf).argmin()
                wanted = variants[best]["name"] if any(will_do) else None
                assert JUDGE.first_that_will_do(variants, memory, floor) == wanted

    @pytest.mark.parametrize("seed", range(3))
    def test_a_variant_that_will_just_do_is_among_the_right_ones(self, seed: int) -> None:
        def too_strict(variants, memory_mb, floor):
            return JUDGE.cheapest(variants, memory_mb - 1e-9, floor + 1e-9)

        assert self.earned("05-4", too_strict, seed) == [0, 0, 0]

    @pytest.mark.parametrize("name", ["variant 0", "variant 5", None, "", False, 0])
    def test_a_name_that_never_changes_earns_nothing(self, name: Any) -> None:
        assert self.earned("05-4", lambda *_: name) == [0, 0, 0]
