"""The hidden half of exercise 06: every part rewards what it names, and no wrong answer slips through."""

from typing import Any

import numpy as np
import pytest
import torch
from exercise_tests import Exercise
from judge_tests import JudgeTests

from mlopt_lessons.pruning import exercise

EXERCISE = Exercise("06_pruning", exercise, lambda _: (100, 200, 6_000))
JUDGE = EXERCISE.judge
PARTIAL = {
    ("06-3", "mask-lost"): [1, 0, 0],
    ("06-3", "mask-before-only"): [1, 1, 0],
    ("06-3", "velocity-forgotten"): [0, 1, 0],
    ("06-3", "step-uphill"): [0, 0, 0],
    ("06-4", "next-layer-forgotten"): [1, 1, 0],
    ("06-4", "bias-forgotten"): [1, 0, 1],
    ("06-4", "zeros-instead-of-removal"): [0, 0, 0],
    ("06-4", "wrong-axis-pruned"): [0, 0, 0],
    ("06-4", "neurons-shuffled"): [0, 0, 0],
    ("06-5", "tuning-is-free"): [0, 0, 1],
    ("06-5", "speed-from-sparsity"): [0, 0, 1],
    ("06-5", "one-month-only"): [0, 0, 1],
    ("06-5", "ignores-accuracy"): [2, 0, 0],
    ("06-5", "point-estimate"): [2, 0, 0],
}


def torch_step(weight, mask, velocity, gradient, rate, momentum, decay):
    """A step of PyTorch's own optimizer in FP32, its result masked."""
    parameter = torch.nn.Parameter(torch.tensor(weight, dtype=torch.float32))
    optimizer = torch.optim.SGD([parameter], lr=rate, momentum=momentum, weight_decay=decay)
    gathered = torch.tensor(velocity, dtype=torch.float32)
    optimizer.state[parameter]["momentum_buffer"] = gathered
    parameter.grad = torch.tensor(gradient, dtype=torch.float32)
    optimizer.step()
    return parameter.detach() * torch.tensor(mask)


class TestJudge06(JudgeTests):
    exercise = EXERCISE
    partial = PARTIAL

    @pytest.mark.parametrize("seed", range(10))
    def test_the_masks_keep_the_largest_and_as_many_as_they_should(self, seed: int) -> None:
        for weights, amount in JUDGE.networks(np.random.default_rng(seed)):
            masks = JUDGE.by_rank(weights, amount)
            assert [mask.shape for mask in masks] == [weight.shape for weight in weights]
            sizes = np.concatenate([np.abs(weight).ravel() for weight in weights])
            flat = np.concatenate([mask.ravel() for mask in masks])
            assert (~flat).sum() == round(amount * sizes.size)
            assert sizes[flat].min() > sizes[~flat].max(initial=0)

    @pytest.mark.parametrize("seed", range(10))
    def test_a_step_of_pytorch_gets_every_point(self, seed: int) -> None:
        assert self.earned("06-3", torch_step, seed) == [1, 1, 1]

    def test_cut_weights_must_be_exactly_zero(self) -> None:
        def nearly(weight, mask, *rest):
            return JUDGE.masked_step(weight, mask, *rest) + 1e-12 * ~mask

        assert self.earned("06-3", nearly) == [1, 0, 0]

    @pytest.mark.parametrize("answer", [np.zeros_like, lambda weight: weight, np.ones_like])
    def test_no_step_at_all_earns_nothing(self, answer: Any) -> None:
        assert self.earned("06-3", lambda weight, *_: answer(weight)) == [0, 0, 0]
        assert self.earned("06-3", lambda weight, mask, *_: answer(weight) * mask) == [0, 0, 0]

    @pytest.mark.parametrize("seed", range(10))
    def test_what_was_removed_was_weaker_than_all_that_stays(self, seed: int) -> None:
        for W1, b1, W2, amount in JUDGE.hidden_layers(np.random.default_rng(seed)):
            made = JUDGE.strongest(W1, b1, W2, amount)
            places = [int(np.flatnonzero(b1 == each)[0]) for each in made["b1"]]
            gone = sorted(set(range(len(b1))) - set(places))
            norms = np.linalg.norm(W1, axis=1)
            assert places == sorted(places)
            assert len(gone) == round(amount * len(b1))
            assert norms[gone].max(initial=0) < norms[places].min()
            assert (made["W1"] == W1[places]).all()
            assert (made["W2"] == W2[:, places]).all()

    def test_a_network_left_as_it_is_earns_nothing(self) -> None:
        def as_it_is(W1, b1, W2, _):
            return {"W1": W1, "b1": b1, "W2": W2}

        assert self.earned("06-4", as_it_is) == [0, 0, 0]

    @pytest.mark.parametrize("seed", range(10))
    def test_the_choice_by_a_sorted_list_is_that_of_the_smallest(self, seed: int) -> None:
        for draw in (JUDGE._ALL, JUDGE._SOME, JUDGE._NONE):
            for variants, monthly, months, floor in draw(np.random.default_rng(seed)):
                answers = monthly * months
                usd = [
                    v["usd_tuning"] + answers * v["ms"] * v["usd_per_hour"] / 3.6e6
                    for v in variants
                ]
                will_do = [v["low"] >= floor for v in variants]
                best = np.where(will_do, usd, np.inf).argmin()
                wanted = variants[best]["name"] if any(will_do) else None
                assert JUDGE.first_that_will_do(variants, monthly, months, floor) == wanted

    @pytest.mark.parametrize("seed", range(3))
    def test_a_variant_that_will_just_do_is_among_the_right_ones(self, seed: int) -> None:
        def too_strict(variants, monthly, months, floor):
            return JUDGE.cheapest(variants, monthly, months, floor + 1e-9)

        assert self.earned("06-5", too_strict, seed)[1:] == [0, 0]

    @pytest.mark.parametrize("name", ["variant 0", "variant 5", None, "", False, 0])
    def test_a_name_that_never_changes_earns_nothing(self, name: Any) -> None:
        assert self.earned("06-5", lambda *_: name) == [0, 0, 0]
