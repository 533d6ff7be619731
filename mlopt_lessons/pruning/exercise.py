"""Exercise 06: the visible checks as data, with a hint for each named wrong answer."""

import numpy as np

from mlopt_lessons.course.checking import Case, Task

TASK_1 = Task(
    id="06-1",
    title="Task 1, bytes with a bitmask",
    points=2,
    cases=(
        Case(
            args=(),
            right=26_500,
            wrong={
                "zeros-are-free": 24_000,
                "mask-bit-is-a-byte": 44_000,
                "mask-skips-zeros": 24_750,
                "amount-is-kept": 58_500,
                "layouts-are-alike": 80_000,
            },
        ),
    ),
    hints={
        "zeros-are-free": "That is the kept values alone, 6,000 × 4 bytes. To read them back, the "
        "file must also say where they stand: add the mask.",
        "mask-bit-is-a-byte": "The mask came out at a byte a weight. It takes a bit, and 8 bits are "
        "one byte.",
        "mask-skips-zeros": "Your mask has a bit for each of the 6,000 kept weights only. All 20,000 "
        "weights need one, or nobody knows which were cut.",
        "amount-is-kept": "You stored 14,000 values. 70 % is the part that is zero; 30 % of 20,000 "
        "weights stay.",
        "layouts-are-alike": "80,000 bytes is the dense file, which stores each zero in 4 bytes. "
        "Here the zeros are left out: count the mask and the kept values.",
    },
)

TASK_2 = Task(
    id="06-2",
    title="Task 2, one threshold for all layers",
    points=2,
    cases=(
        Case(
            args=(
                [
                    np.array([[0.9, -0.8, 0.3], [-0.2, 0.5, 0.7]]),
                    np.array([[0.04, -0.03], [0.4, -0.01]]),
                ],
                0.4,
            ),
            right=[[[True, True, True], [False, True, True]], [[False, False], [True, False]]],
            wrong={
                "threshold-per-layer": [
                    [[True, True, False], [False, True, True]],
                    [[True, False], [True, False]],
                ],
                "signed-order": [
                    [[True, False, True], [False, True, True]],
                    [[True, False], [True, False]],
                ],
                "negatives-cut": [
                    [[True, False, True], [False, True, True]],
                    [[False, False], [True, False]],
                ],
                "mask-inverted": [
                    [[False, False, False], [True, False, False]],
                    [[True, True], [False, True]],
                ],
                "threshold-cut-too": [
                    [[True, True, False], [False, True, True]],
                    [[False, False], [True, False]],
                ],
            },
        ),
        Case(
            args=(
                [
                    np.array([0.1, -0.2, 0.3]),
                    np.array([[-4.0, 5.0], [6.0, -7.0]]),
                    np.array([0.05, -0.06, 0.08, -0.07]),
                ],
                0.7,
            ),
            right=[[False] * 3, [[False, True], [True, True]], [False] * 4],
            wrong={
                "threshold-per-layer": [
                    [False, False, True],
                    [[False, False], [False, True]],
                    [False, False, True, False],
                ],
                "signed-order": [
                    [False, False, True],
                    [[False, True], [True, False]],
                    [False] * 4,
                ],
                "negatives-cut": [[False] * 3, [[False, True], [True, False]], [False] * 4],
                "mask-inverted": [[True] * 3, [[True, False], [False, False]], [True] * 4],
                "threshold-cut-too": [[False] * 3, [[False, False], [True, True]], [False] * 4],
            },
        ),
    ),
    hints={
        "threshold-per-layer": "Each layer lost the same part, so 0.04 stays in one layer while 0.3 "
        "goes in the other. Sort the weights of all layers together and take one threshold.",
        "signed-order": "The most negative weights went first: −0.8 was cut and 0.04 stayed. Sort and "
        "compare the absolute values.",
        "negatives-cut": "The threshold is right, but all negative weights are gone: −0.8 is below any "
        "positive threshold. Compare its absolute value.",
        "mask-inverted": "The right weights, the wrong way round: True stands for a weight that stays.",
        "threshold-cut-too": "One weight too many went: of 10 weights 5, not round(0.4 × 10) = 4. The "
        "threshold is the smallest size that stays, so compare with >=.",
    },
)

TASK_3 = Task(
    id="06-3",
    title="Task 3, a step with the mask held",
    points=3,
    cases=(
        Case(
            args=(
                np.array([[0.5, -0.3, 0.0], [0.8, 0.0, -0.6]]),
                np.array([[True, True, False], [True, False, True]]),
                np.array([[0.1, -0.2, 0.4], [0.0, -0.3, 0.5]]),
                np.array([[0.2, 0.1, -0.5], [0.3, 0.6, -0.4]]),
                0.1,
                0.9,
                0.01,
            ),
            right=[[0.4705, -0.2917, 0.0], [0.7692, 0.0, -0.6044]],
            wrong={
                "mask-lost": [[0.4705, -0.2917, 0.014], [0.7692, -0.033, -0.6044]],
                "mask-before-only": [[0.4705, -0.2917, -0.036], [0.7692, 0.027, -0.6044]],
                "velocity-forgotten": [[0.4795, -0.3097, 0.0], [0.7692, 0.0, -0.5594]],
                "step-uphill": [[0.5295, -0.3083, 0.0], [0.8308, 0.0, -0.5956]],
            },
        ),
    ),
    hints={
        "mask-lost": "The two cut weights came back as 0.014 and −0.033: after this step no weight is "
        "zero any more. Apply the mask to the new weight.",
        "mask-before-only": "The gradients of cut weights are 0 now, but the velocity that they had "
        "before still moves them, to −0.036 and 0.027. Apply the mask to the new weight.",
        "velocity-forgotten": "The mask is held, but the step follows the pull alone. The new velocity "
        "is momentum × the old velocity + pull, and the step is rate × the new velocity.",
        "step-uphill": "The mask is held, but the step goes the wrong way, from 0.5 up to 0.5295. The "
        "gradient points uphill: subtract the step.",
    },
)

_W1 = np.array(
    [[3.0, 0.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0], [0.0, 4.0, 2.0, 3.0], [-1.0, 0.0, 0.0, 2.0]]
)
_B1 = np.array([0.1, 0.2, 0.3, 0.4])
_W2 = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
# The row [1, 0, 1, 0] is the weakest; neuron 1 goes.
_WITHOUT_1 = {
    "W1": [[3, 0, 0, 1], [0, 4, 2, 3], [-1, 0, 0, 2]],
    "b1": [0.1, 0.3, 0.4],
    "W2": [[1, 3, 4], [5, 7, 8]],
}

TASK_4 = Task(
    id="06-4",
    title="Task 4, neurons removed",
    points=3,
    cases=(
        Case(
            args=(_W1, _B1, _W2, 0.25),
            right={key: np.array(value, dtype=float) for key, value in _WITHOUT_1.items()},
            wrong={
                "next-layer-forgotten": _WITHOUT_1 | {"W2": _W2},
                "bias-forgotten": _WITHOUT_1 | {"b1": _B1},
                "zeros-instead-of-removal": {
                    "W1": [[3, 0, 0, 1], [0, 0, 0, 0], [0, 4, 2, 3], [-1, 0, 0, 2]],
                    "b1": [0.1, 0, 0.3, 0.4],
                    "W2": [[1, 0, 3, 4], [5, 0, 7, 8]],
                },
                "wrong-axis-pruned": {
                    "W1": [[3, 0, 0, 1], [1, 0, 1, 0], [-1, 0, 0, 2]],
                    "b1": [0.1, 0.2, 0.4],
                    "W2": [[1, 2, 4], [5, 6, 8]],
                },
                "neurons-shuffled": {
                    "W1": [[-1, 0, 0, 2], [3, 0, 0, 1], [0, 4, 2, 3]],
                    "b1": [0.4, 0.1, 0.3],
                    "W2": [[4, 1, 3], [8, 5, 7]],
                },
            },
        ),
    ),
    hints={
        "next-layer-forgotten": "W1 and b1 are right. W2 still has 4 columns for 3 neurons, so the "
        "layers no longer fit: cut the same columns.",
        "bias-forgotten": "W1 and W2 are right. b1 still has 4 values for 3 neurons: keep the same "
        "ones.",
        "zeros-instead-of-removal": "The right neuron is 0 now, but it is still there: the arrays have "
        "as many bytes and as many products as before. Take its row, bias and column out.",
        "wrong-axis-pruned": "You took the norms of the columns, which rank the inputs. A neuron is a "
        "row of W1: take the norm over axis 1.",
        "neurons-shuffled": "The right neurons, in the order of their strength. The network would "
        "answer the same, but the old order is asked: sort the indices before you use them.",
    },
)


def _variant(
    name: str, weights_left: float, mb: float, accuracy: float, low: float, ms: float, tuning: float
) -> dict[str, object]:
    # All run on one machine: the price of an hour must not decide.
    return {
        "name": name,
        "weights_left": weights_left,
        "mb": mb,
        "accuracy": accuracy,
        "low": low,
        "ms": ms,
        "usd_per_hour": 0.08925,
        "usd_tuning": tuning,
    }


_VARIANTS = [
    _variant("dense", 1.0, 348, 98.0, 97.6, 20.0, 0),
    _variant("90 % zeros", 0.10, 348, 97.9, 97.5, 20.0, 40),
    _variant("half the neurons", 0.26, 90, 97.8, 97.4, 6.0, 40),
    _variant("40 % of the neurons, at once", 0.17, 59, 97.2, 96.8, 5.0, 40),
    _variant("40 % of the neurons, in rounds", 0.17, 59, 97.6, 97.2, 5.0, 120),
    _variant("a quarter of the neurons", 0.07, 24, 94.0, 93.4, 2.0, 40),
]

TASK_5 = Task(
    id="06-5",
    title="Task 5, the cheapest variant in all",
    points=4,
    cases=(
        Case(
            args=(_VARIANTS, 100_000_000, 12, 97.0),
            right="half the neurons",
            wrong={
                "tuning-is-free": "40 % of the neurons, in rounds",
                "ignores-accuracy": "a quarter of the neurons",
                "point-estimate": "40 % of the neurons, at once",
                "speed-from-sparsity": "90 % zeros",
                "one-month-only": "dense",
            },
        ),
        Case(
            args=(_VARIANTS, 100_000_000, 1, 97.0),
            right="dense",
            wrong={
                "tuning-is-free": "40 % of the neurons, in rounds",
                "ignores-accuracy": "a quarter of the neurons",
                "speed-from-sparsity": "90 % zeros",
            },
        ),
        Case(args=(_VARIANTS, 100_000_000, 12, 93.0), right="a quarter of the neurons", wrong={}),
        Case(
            args=(_VARIANTS, 100_000_000, 12, 99.0),
            right=None,
            wrong={"ignores-accuracy": "a quarter of the neurons"},
        ),
    ),
    hints={
        "tuning-is-free": "You took the cheapest serving, and its $120 of fine-tuning do not pay here. "
        "Add usd_tuning once, and check your units: an hour has 3,600,000 ms.",
        "ignores-accuracy": "Your choice is below the floor: it is not the same cake.",
        "point-estimate": "You compared the middle of the interval with the floor. Only its low end "
        "can promise that the floor holds.",
        "speed-from-sparsity": "You took time to shrink with the weights. The variant with 90 % zeros "
        "was measured: 20 ms, as long as dense. Use ms.",
        "one-month-only": "Fine-tuning weighs too much in your sum. It is paid once for all months, "
        "serving is paid every month: multiply the serving, and only that, by months.",
    },
)
