"""Exercise 05: the visible checks as data, with a hint for each named wrong answer."""

import numpy as np

from mlopt_lessons.course.checking import Case, Task

TASK_1 = Task(
    id="05-1",
    title="Task 1, the integer for 0.5 kg",
    points=2,
    cases=(
        Case(
            args=(),
            right=-43,
            wrong={"zero-point-sign": 93, "zero-point-forgotten": 25, "unsigned-range": 85},
        ),
    ),
    hints={
        "zero-point-sign": "The zero point has the wrong sign. It is qmin − round(low / scale): "
        "with low = −1.2 that is −128 + 60.",
        "zero-point-forgotten": "You divided by the scale and stopped there. 0 stands at the zero "
        "point, not at 0: add it.",
        "unsigned-range": "You started to count at 0. Signed 8 bits start at qmin = −128.",
    },
)

TASK_2 = Task(
    id="05-2",
    title="Task 2, quantize",
    points=3,
    cases=(
        Case(
            args=(np.array([-10.0, -0.99, 0.0, 0.52, 0.99, 10.0]), 0.05, 10),
            right=[-128, -10, 10, 20, 30, 127],
            wrong={
                "no-clip": [66, -10, 10, 20, 30, -46],
                "truncates": [-128, -9, 10, 20, 29, 127],
                "unsigned-range": [0, 0, 10, 20, 30, 210],
            },
        ),
        Case(
            args=(np.array([3.2, -3.2, 0.017]), 0.01, -5),
            right=[127, -128, -3],
            wrong={
                "no-clip": [59, -69, -3],
                "unsigned-range": [255, 0, 0],
            },
        ),
    ),
    hints={
        "no-clip": "Large values wrapped around: 210 does not fit into int8 and became −46. "
        "Clip to −128 … 127 before you change the type.",
        "truncates": "The fraction was cut off: 19.8 became 19. Round to the nearest integer first; "
        "a cast does not round.",
        "unsigned-range": "You clipped to 0 … 255. That is the unsigned range; int8 holds −128 … 127.",
    },
)

TASK_3 = Task(
    id="05-3",
    title="Task 3, one scale per channel",
    points=3,
    cases=(
        Case(
            args=(np.array([[0.5, -1.27, 0.1], [2.54, 0.2, -0.3], [-0.05, 0.0127, 0.02]]),),
            right={
                "scales": [0.01, 0.02, 0.05 / 127],
                "integers": [[50, -127, 10], [127, 10, -15], [-127, 32, 51]],
            },
            wrong={
                "wrong-axis": {
                    "scales": [0.02, 0.01, 0.3 / 127],
                    "integers": [[25, -64, 5], [127, 20, -30], [-21, 5, 8]],
                },
                "columns-as-channels": {
                    "scales": [0.02, 0.01, 0.3 / 127],
                    "integers": [[25, -127, 42], [127, 20, -127], [-2, 1, 8]],
                },
                "no-abs": {
                    "scales": [0.5 / 127, 0.02, 0.02 / 127],
                    "integers": [[127, -127, 25], [127, 10, -15], [-127, 81, 127]],
                },
                "per-tensor-scale": {
                    "scales": [0.02, 0.02, 0.02],
                    "integers": [[25, -64, 5], [127, 10, -15], [-2, 1, 1]],
                },
            },
        ),
    ),
    hints={
        "wrong-axis": "The maximum runs down the columns. A channel is a row of (outputs, inputs): "
        "take the maximum over axis 1.",
        "columns-as-channels": "Each column got a scale of its own. A channel is a row of (outputs, inputs): "
        "take the maximum over axis 1, and divide each row by its own scale.",
        "no-abs": "The most negative weight counts too. Take the maximum of the absolute values.",
        "per-tensor-scale": "All channels got the scale of the widest one, and the last channel was "
        "rounded to −2, 1, 1. Give each row its own.",
    },
)

_VARIANTS = [
    {
        "name": "FP32",
        "mb": 1740,
        "accuracy": 95.0,
        "low": 94.4,
        "ms": 0.80,
        "usd_per_hour": 0.08925,
    },
    {"name": "int8", "mb": 442, "accuracy": 94.6, "low": 94.0, "ms": 0.30, "usd_per_hour": 0.08925},
    {
        "name": "4-bit",
        "mb": 273,
        "accuracy": 93.2,
        "low": 92.6,
        "ms": 0.18,
        "usd_per_hour": 0.08925,
    },
    {
        "name": "int8 on Arm",
        "mb": 442,
        "accuracy": 94.2,
        "low": 93.4,
        "ms": 0.36,
        "usd_per_hour": 0.0725,
    },
    {
        "name": "FP16 on a GPU",
        "mb": 870,
        "accuracy": 95.0,
        "low": 94.4,
        "ms": 0.02,
        "usd_per_hour": 0.526,
    },
    {
        "name": "int8, old machine",
        "mb": 442,
        "accuracy": 94.6,
        "low": 94.0,
        "ms": 0.6,
        "usd_per_hour": 0.0765,
    },
]

TASK_4 = Task(
    id="05-4",
    title="Task 4, the cheapest variant that will do",
    points=4,
    cases=(
        Case(
            args=(_VARIANTS, 600, 93.8),
            right="int8",
            wrong={
                "ignores-memory": "FP16 on a GPU",
                "ignores-accuracy": "4-bit",
                "point-estimate": "int8 on Arm",
                "price-per-hour": "int8, old machine",
            },
        ),
        Case(args=(_VARIANTS, 300, 90.0), right="4-bit", wrong={"ignores-memory": "FP16 on a GPU"}),
        Case(args=(_VARIANTS, 2000, 99.0), right=None, wrong={"ignores-accuracy": "FP16 on a GPU"}),
    ),
    hints={
        "ignores-memory": "Your choice does not fit: look at mb and memory_mb.",
        "ignores-accuracy": "Your choice is below the floor: it is not the same cake.",
        "point-estimate": "You compared the middle of the interval with the floor. Only its low end "
        "can promise that the floor holds.",
        "price-per-hour": "You took the cheapest hour. What counts is a prediction: milliseconds "
        "times the price of an hour.",
    },
)
