"""Exercise 04: the visible checks as data, with a hint for each named wrong answer."""

from copy import deepcopy
from typing import Any

from mlopt_lessons.course.checking import Case, Task

Row = dict[str, Any]

TASK_1 = Task(
    id="04-1",
    title="Task 1, dollars per job",
    points=2,
    cases=(
        Case(
            args=(),
            right=19.11111111,
            wrong={
                "price-per-hour": 21.4453125,
                "ignores-memory": 18.05921053,
                "deadline-ignored": 16.03448276,
                "fastest-is-cheapest": 22.25195312,
                "utilisation-is-efficiency": 19.78125,
                "machine-for-its-gpu": 152.8888889,
            },
        ),
    ),
    hints={
        "price-per-hour": "$21.45 is the bill of the A100-80GB, whose hour is the cheapest of "
        "those that fit. It takes 6.25 of them. Compare dollars per job: hours times price.",
        "ignores-memory": "$18.06 is the bill of the A100-40GB. The training needs 44 GB: it "
        "stops with 'out of memory', and a part of the bill is paid for nothing.",
        "deadline-ignored": "$16.03 is the bill of the L40S. It takes 8.6 hours and the deadline "
        "is 8: leave out what is late, then take the cheapest.",
        "fastest-is-cheapest": "$22.25 is the bill of the B200, the fastest. 1.56 hours are "
        "within the deadline, but so are cheaper ones.",
        "utilisation-is-efficiency": "$19.78 is the bill of the H200, which shows 95 %. "
        "Utilisation says how often something runs on the GPU, not what comes out per dollar.",
        "machine-for-its-gpu": "You took the price of the whole machine. Other jobs run on its "
        "other GPUs: this one pays for one of eight.",
    },
    tolerance=5e-4,  # a cent more or less is rounding
)

TASK_2 = Task(
    id="04-2",
    title="Task 2, what a training holds in memory",
    points=2,
    cases=(
        Case(
            args=(110_000_000, 110_000_000, 150_000_000, 32, 0.5),
            right=7.06,
            wrong={
                "weights-are-the-memory": 0.44,
                "optimizer-forgotten": 6.18,
                "one-moment-of-adam": 6.62,
                "activations-of-one-sample": 2.41,
                "activations-forgotten": 2.26,
                "overhead-forgotten": 6.56,
                "gigabyte-is-gibibyte": 6.609476089,
            },
        ),
        Case(
            args=(1_500_000_000, 40_000_000, 600_000_000, 4, 1.0),
            right=9.88,
            wrong={
                "weights-are-the-memory": 6.0,
                "optimizer-forgotten": 9.56,
                "one-moment-of-adam": 9.72,
                "activations-of-one-sample": 8.08,
                "activations-forgotten": 7.48,
                "frozen-weights-learn": 27.4,
                "overhead-forgotten": 8.88,
                "gigabyte-is-gibibyte": 9.270144463,
            },
        ),
    ),
    hints={
        "weights-are-the-memory": "That is the weights alone. A training also holds gradients, "
        "two values of Adam for each weight that learns, activations, and the overhead.",
        "optimizer-forgotten": "Adam is missing. It keeps two averages for each weight that "
        "learns, in FP32: 8 bytes, twice the weight itself.",
        "one-moment-of-adam": "4 bytes for each weight that learns are missing. Adam keeps two "
        "averages (of the gradient and of its square), not one; and each has a gradient too.",
        "activations-of-one-sample": "Activations are counted once. Each sample of the batch has "
        "its own: multiply by batch.",
        "activations-forgotten": "Activations are missing. The backward pass needs what the "
        "forward pass computed, for each sample of the batch.",
        "frozen-weights-learn": "You counted a gradient and Adam's averages for all parameters. "
        "Weights that are frozen have neither: use `trained`.",
        "overhead-forgotten": "overhead_gb is missing. Driver context and libraries take memory "
        "before the first weight is there.",
        "gigabyte-is-gibibyte": "You divided by 2**30. That gives GiB; a GB has 10**9 bytes, and "
        "the table of GPUs has GB.",
    },
)

_T4 = {"headline_tflops": 65, "with_sparsity": False, "bandwidth_gb_s": 320}
_H100 = {"headline_tflops": 1_979, "with_sparsity": True, "bandwidth_gb_s": 3_350}
_RESNET = {"gmacs": 4.09, "parameters": 25_600_000, "activation_bytes": 44_000_000}
_VIT = {"gmacs": 17.6, "parameters": 86_000_000, "activation_bytes": 60_000_000}
_LANGUAGE = {"gmacs": 7.0, "parameters": 7_000_000_000, "activation_bytes": 2_000_000}

TASK_3 = Task(
    id="04-3",
    title="Task 3, how long a step takes at least",
    points=3,
    cases=(
        Case(
            args=(_T4, _RESNET, 1),
            right=(0.0002975, "bandwidth"),
            wrong={
                "bandwidth-ignored": (0.0001258461538, "compute"),
                "bandwidth-in-bits": (0.00238, "bandwidth"),
                "times-add-up": (0.0004233461538, "bandwidth"),
                "shorter-time-binds": (0.0001258461538, "compute"),
                "fp32-bytes": (0.0004575, "bandwidth"),
            },
        ),
        Case(
            args=(_T4, _VIT, 32),
            right=(0.01732923077, "compute"),
            wrong={
                "mac-is-one-flop": (0.008664615385, "compute"),
                "bandwidth-only": (0.0065375, "bandwidth"),
                "bandwidth-in-bits": (0.0523, "bandwidth"),
                "times-add-up": (0.02386673077, "compute"),
                "shorter-time-binds": (0.0065375, "bandwidth"),
                "weights-for-each-sample": (0.0232, "bandwidth"),
                "batch-forgotten": (0.000725, "bandwidth"),
            },
        ),
        Case(
            args=(_H100, _LANGUAGE, 512),
            right=(0.007244062658, "compute"),
            wrong={
                "sparse-headline": (0.004484776119, "bandwidth"),
                "mac-is-one-flop": (0.004484776119, "bandwidth"),
                "bandwidth-only": (0.004484776119, "bandwidth"),
                "bandwidth-in-bits": (0.03587820896, "bandwidth"),
                "times-add-up": (0.01172883878, "compute"),
                "shorter-time-binds": (0.004484776119, "bandwidth"),
                "weights-for-each-sample": (2.140007164, "bandwidth"),
                "fp32-bytes": (0.008663880597, "bandwidth"),
                "batch-forgotten": (0.004179701493, "bandwidth"),
            },
        ),
    ),
    hints={
        "sparse-headline": "You took the headline rate of a GPU with `with_sparsity`. It holds "
        "for weights of which half are zeros in a pattern of 2:4; a usual model runs at the dense "
        "rate, half of it.",
        "mac-is-one-flop": "A MAC is a multiplication and an addition: 2 FLOPs. Your compute time "
        "is half of what it should be.",
        "bandwidth-ignored": "You counted FLOPs only. At batch 1 the T4 of the first case waits "
        "for its memory: 95.2 MB at 320 GB/s take longer than the arithmetic.",
        "bandwidth-only": "You counted bytes only. With a large batch, weights are read once for "
        "many samples and the arithmetic takes longer.",
        "bandwidth-in-bits": "GB/s are gigabytes, not gigabits, a second: nothing is to be "
        "multiplied by 8.",
        "times-add-up": "You added the two times. A GPU computes while it reads: the longer of "
        "the two is the least time of the step.",
        "shorter-time-binds": "You took the shorter of the two times. Both must be over before "
        "the step is: the longer one binds.",
        "weights-for-each-sample": "You read the weights once for each sample. In a batch they "
        "are read once for all: that is what a batch is for.",
        "fp32-bytes": "You took 4 bytes for a weight. The models run in FP16: 2 bytes.",
        "batch-forgotten": "`batch` is missing: gmacs and activation_bytes are of one sample, and "
        "the step has `batch` of them.",
    },
)

# Machines in us-east-1 in July 2026, prices rounded to cents, and the simulated seconds that a
# request takes on one of their GPUs.
_GPUS: list[Row] = [
    {"name": "T4", "usd_h": 3.91, "gpus": 4, "memory_gb": 16, "seconds": 0.06},
    {"name": "L4", "usd_h": 0.8, "gpus": 1, "memory_gb": 24, "seconds": 0.048},
    {"name": "A10G", "usd_h": 5.67, "gpus": 4, "memory_gb": 24, "seconds": 0.034},
    {"name": "A100-40GB", "usd_h": 21.96, "gpus": 8, "memory_gb": 40, "seconds": 0.013},
]
_OTHER_GPUS: list[Row] = [
    {"name": "V100-16GB", "usd_h": 12.24, "gpus": 4, "memory_gb": 16, "seconds": 0.02},
    {"name": "L40S", "usd_h": 10.49, "gpus": 4, "memory_gb": 48, "seconds": 0.022},
    {"name": "H100-80GB", "usd_h": 55.04, "gpus": 8, "memory_gb": 80, "seconds": 0.006},
]
GPUS = deepcopy(_GPUS)  # what a learner tries out must not change the check

TASK_4 = Task(
    id="04-4",
    title="Task 4, the cheapest fleet",
    points=4,
    cases=(
        Case(
            args=(
                _GPUS,
                {"copies": 50, "memory_gb": 6, "requests_s": 8, "limit_s": 0.04, "most_busy": 0.8},
            ),
            right=("A10G", 7),
            wrong={
                "memory-is-shared-too": ("A100-40GB", 1),
                "busy-does-not-add": ("A10G", 4),
                "deadline-ignored": ("L4", 25),
                "full-is-fine": ("A10G", 5),
                "one-job-a-gpu": ("A10G", 13),
                "copies-are-split": ("A100-40GB", 1),
                "part-of-a-machine": ("A100-40GB", 2),
                "machine-for-its-gpu": ("A10G", 25),
                "fastest-is-cheapest": ("A100-40GB", 2),
            },
        ),
        Case(
            args=(
                _OTHER_GPUS,
                {"copies": 30, "memory_gb": 5, "requests_s": 8, "limit_s": 0.03, "most_busy": 0.5},
            ),
            right=("V100-16GB", 3),
            wrong={
                "busy-does-not-add": ("L40S", 1),
                "full-is-fine": ("L40S", 2),
                "one-job-a-gpu": ("L40S", 8),
                "copies-are-split": ("L40S", 3),
                "part-of-a-machine": ("H100-80GB", 1),
                "machine-for-its-gpu": ("V100-16GB", 10),
                "price-per-hour": ("L40S", 4),
                "fastest-is-cheapest": ("H100-80GB", 1),
            },
        ),
        Case(
            args=(
                _GPUS,
                {"copies": 11, "memory_gb": 4, "requests_s": 5, "limit_s": 0.1, "most_busy": 0.7},
            ),
            right=("L4", 6),
            wrong={
                "busy-does-not-add": ("L4", 2),
                "full-is-fine": ("L4", 3),
                "one-job-a-gpu": ("L4", 11),
                "copies-are-split": ("L4", 4),
                "part-of-a-machine": ("A10G", 1),
                "fastest-is-cheapest": ("A100-40GB", 1),
            },
        ),
        Case(
            args=(
                _GPUS,
                {"copies": 12, "memory_gb": 6, "requests_s": 4, "limit_s": 0.01, "most_busy": 0.7},
            ),
            right=None,
            wrong={
                "deadline-ignored": ("L4", 4),
            },
        ),
    ),
    hints={
        "memory-is-shared-too": "You shared by time alone. Memory adds up: each copy keeps its "
        "own weights there, also while another one computes.",
        "busy-does-not-add": "You shared by memory alone. Busy time adds up too: copies × "
        "requests_s × seconds must not exceed most_busy.",
        "deadline-ignored": "You left out limit_s. A GPU on which a request takes longer than "
        "that is too slow, however cheap it is.",
        "full-is-fine": "You filled each GPU's time to 100 %. Beyond most_busy requests wait for "
        "one another: use it in place of 1.",
        "one-job-a-gpu": "You gave each copy a GPU of its own. Copies share one as long as both "
        "memory and time last.",
        "copies-are-split": "You divided the totals. A copy cannot lie half on one GPU and half "
        "on the next: round down the copies on a GPU first.",
        "part-of-a-machine": "You compared prices for parts of machines. Here machines are rented "
        "whole: round up their number before you multiply by usd_h.",
        "machine-for-its-gpu": "You took a machine for each GPU. It has `gpus` of them: divide, "
        "then round up.",
        "price-per-hour": "You took the GPU whose hour is cheapest. What counts is the bill of "
        "the fleet: fewer dear ones may do.",
        "fastest-is-cheapest": "You took the fastest GPU. limit_s is met by others, and one of "
        "them is cheaper.",
    },
)
