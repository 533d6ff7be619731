"""Exercise 06: every named wrong answer gets its own hint, and nothing of the solution gets out."""

import numpy as np
import torch
from exercise_tests import Exercise, ExerciseTests

from mlopt_lessons.course.checking import judge
from mlopt_lessons.pruning import exercise


class TestExercise06(ExerciseTests):
    exercise = Exercise("06_pruning", exercise, lambda _: (100, 200, 6_000))
    secrets = (
        "26500",
        "26_500",
        "26,500",
        "np.sort(np.abs(everything))",
        "* mask",
        "new_velocity",
        "linalg",
        "W2[:",
        "3_600_000",
        'v["low"]',
    )

    def test_zeros_and_ones_where_truth_values_are_due_are_told(self) -> None:
        masks = self.exercise.judge.global_masks
        outcome = judge(exercise.TASK_2, lambda *a: [mask.astype(int) for mask in masks(*a)])
        assert not outcome.passed
        assert "True" in outcome.message

    def test_a_masked_velocity_holds_the_mask_too(self) -> None:
        step = self.exercise.judge.masked_step

        def masks_the_velocity(weight, mask, velocity, gradient, rate, momentum, decay):
            pull = gradient + decay * weight
            return weight - rate * (momentum * velocity + pull) * mask

        assert judge(exercise.TASK_3, masks_the_velocity).passed
        arguments = exercise.TASK_3.cases[0].args
        assert np.allclose(masks_the_velocity(*arguments), step(*arguments))

    def test_the_step_is_that_of_pytorch(self) -> None:
        weight, mask, velocity, gradient, rate, momentum, decay = exercise.TASK_3.cases[0].args
        parameter = torch.nn.Parameter(torch.tensor(weight))
        options = {"lr": rate, "momentum": momentum, "weight_decay": decay}
        optimizer = torch.optim.SGD([parameter], **options)
        optimizer.state[parameter]["momentum_buffer"] = torch.tensor(velocity)
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
        assert judge(exercise.TASK_3, lambda *_: parameter.detach() * torch.tensor(mask)).passed

    def test_a_choice_by_rank_is_as_right_as_one_by_threshold(self) -> None:
        def by_rank(weights, amount):
            sizes = np.abs(np.concatenate([weight.ravel() for weight in weights]))
            flat = np.ones(sizes.size, bool)
            flat[np.argsort(sizes)[: round(amount * sizes.size)]] = False
            parts = np.split(flat, np.cumsum([weight.size for weight in weights])[:-1])
            return tuple(p.reshape(w.shape) for p, w in zip(parts, weights, strict=True))

        assert judge(exercise.TASK_2, by_rank).passed
