"""Exercise 07: the visible checks as data, with a hint for each named wrong answer."""

from copy import deepcopy
from typing import Any

from mlopt_lessons.course.checking import Case, Task

Row = dict[str, Any]
Levers = dict[str, tuple[float, float]]  # saving and eligible share of each


TASK_1 = Task(
    id="07-1",
    title="Task 1, what is left of the bill",
    points=2,
    cases=(
        Case(
            args=(),
            right=12722.4,
            wrong={
                "savings-add-up": 10440.0,
                "more-than-all-is-saved": -2400.0,
                "eligibility-forgotten": 5376.0,
                "remaining-for-saved": 11277.6,
                "savings-multiplied": 129.6,
                "rest-forgotten": 806.4,
                "rounded-early": 12804.48,
            },
        ),
    ),
    hints={
        "savings-add-up": "$10,440 comes from adding: 24 + 22.5 + 10 = 56.5 % off. Right-sizing "
        "cannot save a dollar that spot has saved already: multiply what remains of each.",
        "more-than-all-is-saved": "−$2,400: you took 60 + 30 + 20 = 110 % off the whole bill. Each "
        "lever acts on its share only, and on what the others left: multiply what remains.",
        "eligibility-forgotten": "$5,376 is 24,000 × 0.4 × 0.7 × 0.8: each lever on the whole "
        "bill. Spot can act on 40 % of it only: 0.6 of 40 % are saved, and 0.76 remains.",
        "remaining-for-saved": "$11,277.60 is what is saved. Asked is what is left to pay.",
        "savings-multiplied": "You multiplied what each lever saves: 0.24 × 0.225 × 0.1. Multiply "
        "what each leaves: 1 less that.",
        "rest-forgotten": "$806.40 is what remains of the parts that are eligible. The rest of "
        "the bill, 60 % where spot is concerned, is paid as before.",
        "rounded-early": "Right-sizing leaves 0.775, not 0.78: $82 too high. Round at the end.",
    },
    tolerance=5e-5,  # to the dollar
)

_STORY: Levers = {"spot": (0.6, 1), "right-size": (0.3, 1), "scheduling": (0.2, 1)}
_BAKERY: Levers = {"spot": (0.6, 0.4), "right-size": (0.3, 0.75), "scheduling": (0.2, 0.5)}
_FOUR: Levers = {
    "spot": (0.7, 0.5),
    "right-size": (0.4, 0.9),
    "scheduling": (0.1, 0.6),
    "commitment": (0.25, 0.8),
}

TASK_2 = Task(
    id="07-2",
    title="Task 2, the rows of a waterfall",
    points=2,
    cases=(
        Case(
            args=(10_000, _STORY, ["spot", "right-size", "scheduling"]),
            right=[(6000.0, 4000.0), (1200.0, 2800.0), (560.0, 2240.0)],
            wrong={
                "savings-add-up": [(6000.0, 4000.0), (3000.0, 1000.0), (2000.0, -1000.0)],
                "order-changes-total": [(6000.0, 4000.0), (0.0, 4000.0), (0.0, 4000.0)],
                "remaining-for-saved": [(4000.0, 4000.0), (2800.0, 2800.0), (2240.0, 2240.0)],
            },
        ),
        Case(
            args=(97.5, _BAKERY, ["scheduling", "spot", "right-size"]),
            right=[(9.75, 87.75), (21.06, 66.69), (15.00525, 51.68475)],
            wrong={
                "savings-add-up": [(9.75, 87.75), (23.4, 64.35), (21.9375, 42.4125)],
                "order-changes-total": [(9.75, 87.75), (11.7, 76.05), (6.58125, 69.46875)],
                "eligibility-forgotten": [(19.5, 78.0), (46.8, 31.2), (9.36, 21.84)],
                "remaining-for-saved": [(87.75, 87.75), (66.69, 66.69), (51.68475, 51.68475)],
                "rest-forgotten": [(9.75, 39.0), (9.36, 6.24), (1.404, 3.276)],
                "order-ignored": [(23.4, 74.1), (16.6725, 57.4275), (5.74275, 51.68475)],
                "rounded-early": [(10.0, 88.0), (21.0, 67.0), (15.0, 52.0)],
            },
        ),
    ),
    hints={
        "savings-add-up": "Each of your rows takes its saving from the whole bill; in the story "
        "that leaves −$1,000. A lever acts on what the rows before it left.",
        "order-changes-total": "You give each dollar to one lever only, so that later levers find "
        "less to act on and the last `left` depends on the order. The share `eligible` is of all "
        "that is left: a dollar that spot has made smaller is scheduled as well.",
        "eligibility-forgotten": "`eligible` is not used: each lever acts on all that is left. A "
        "saving counts only on the share where the lever can act.",
        "remaining-for-saved": "The first of each pair holds what is left. So does the first row "
        "of the story: spot −60 % is given as $4,000, where $6,000 are saved.",
        "rest-forgotten": "`left` holds the eligible part only. What a lever cannot reach is "
        "still to be paid: take what is saved from all that was left.",
        "order-ignored": "Your pairs come as the levers are written in the dict. Go through "
        "`order`.",
        "rounded-early": "You rounded to dollars between the rows. Each row carries the error on: "
        "leave the numbers as they are.",
    },
    tolerance=2e-5,
)


def _split(levers: Levers, *dollars: float) -> dict[str, float]:
    return dict(zip(levers, dollars, strict=True))


TASK_3 = Task(
    id="07-3",
    title="Task 3, a split that does not depend on order",
    points=3,
    cases=(
        Case(
            args=(10_000, _STORY),
            right=_split(_STORY, 4620.0, 1920.0, 1220.0),
            wrong={
                "alone-is-fair": _split(_STORY, 6000.0, 3000.0, 2000.0),
                "last-is-fair": _split(_STORY, 3360.0, 960.0, 560.0),
                "first-and-last-are-all": _split(_STORY, 4680.0, 1980.0, 1280.0),
                "one-order-is-fair": _split(_STORY, 6000.0, 1200.0, 560.0),
                "percentages-share-the-saving": _split(
                    _STORY, 4232.727273, 2116.363636, 1410.909091
                ),
                "sum-for-mean": _split(_STORY, 27720.0, 11520.0, 7320.0),
            },
        ),
        Case(
            args=(24_000, _BAKERY),
            right=_split(_STORY, 4867.2, 4525.2, 1885.2),
            wrong={
                "alone-is-fair": _split(_STORY, 5760.0, 5400.0, 2400.0),
                "last-is-fair": _split(_STORY, 4017.6, 3693.6, 1413.6),
                "first-and-last-are-all": _split(_STORY, 4888.8, 4546.8, 1906.8),
                "one-order-is-fair": _split(_STORY, 5760.0, 4104.0, 1413.6),
                "percentages-share-the-saving": _split(
                    _STORY, 4790.484956, 4491.079646, 1996.035398
                ),
                "sum-for-mean": _split(_STORY, 29203.2, 27151.2, 11311.2),
                "eligibility-forgotten": _split(_STORY, 11088.0, 4608.0, 2928.0),
            },
        ),
        Case(
            args=(5_000, _FOUR),
            right=_split(_FOUR, 1267.21, 1310.91, 188.41, 669.31),
            wrong={
                "alone-is-fair": _split(_FOUR, 1750.0, 1800.0, 300.0, 1000.0),
                "last-is-fair": _split(_FOUR, 842.24, 879.84, 99.84, 391.04),
                "first-and-last-are-all": _split(_FOUR, 1296.12, 1339.92, 199.92, 695.52),
                "one-order-is-fair": _split(_FOUR, 1750.0, 1170.0, 124.8, 391.04),
                "percentages-share-the-saving": _split(
                    _FOUR, 1239.736082, 1275.157113, 212.5261856, 708.4206186
                ),
                "sum-for-mean": _split(_FOUR, 30413.04, 31461.84, 4521.84, 16063.44),
                "eligibility-forgotten": _split(_FOUR, 2371.25, 1121.25, 246.25, 653.75),
            },
        ),
    ),
    hints={
        "alone-is-fair": "That is what each lever saves alone, or first: in the story $6,000, "
        "$3,000 and $2,000. They sum to $11,000 of a bill of $10,000. Take the mean over all "
        "orders.",
        "last-is-fair": "That is what each lever adds when it comes last. In the story that sums "
        "to $4,880, while $7,760 are saved. Take the mean over all orders.",
        "first-and-last-are-all": "You took the mean of first and last. That holds for two "
        "levers; with three there are orders in which a lever is in the middle. In the story "
        "your shares sum to $7,940, not $7,760.",
        "one-order-is-fair": "That is the waterfall in the order in which the levers are written: "
        "the first gets most. Repeat it for each order and take the mean.",
        "percentages-share-the-saving": "You shared out the total by the percentages. The sum is "
        "right, but a percentage does not say what a lever adds to the others: go through the "
        "orders.",
        "sum-for-mean": "You summed over the orders and did not divide by their number: 6 for "
        "three levers, 24 for four.",
        "eligibility-forgotten": "`eligible` is not used: each lever acts on all that is left.",
    },
    tolerance=1e-5,
)

_NAMES = ("name", "mb", "ms", "accuracy", "low", "usd_million", "once_usd")
# Simulated. `low` is the lower end of the 95 % Wilson interval of 2,000 test images; the variants
# that run one by one on a machine at $0.36 an hour cost a tenth of a dollar for each millisecond.
_VARIANTS: list[Row] = [
    dict(zip(_NAMES, row, strict=True))
    for row in (
        ("FP32", 400, 24, 0.972, 0.964, 2.4, 0),
        ("int8", 102, 11, 0.969, 0.96, 1.1, 0),
        ("int8, one scale", 101, 10, 0.943, 0.932, 1.0, 0),
        ("int4", 56, 14, 0.965, 0.956, 1.4, 0),
        ("pruned 50 %, int8", 60, 8, 0.967, 0.958, 0.8, 600),
        ("pruned 70 %, int8", 38, 6, 0.957, 0.947, 0.6, 900),
        ("int8, batch of 32", 190, 70, 0.969, 0.96, 0.45, 0),
        ("FP16, on a GPU", 900, 4, 0.972, 0.964, 0.5, 0),
    )
]
VARIANTS = deepcopy(_VARIANTS)  # what a learner tries out must not change the check
# A service that answers in real time cannot run on spot: eligible is nothing.
_SERVING: Levers = {"spot": (0.6, 0.0), "right-size": (0.3, 0.8), "scheduling": (0.25, 0.4)}
_OTHER: Levers = {"spot": (0.6, 0.5), "right-size": (0.2, 0.9)}


def _service(floor: float, memory_mb: int, limit_ms: int, millions: int, months: int) -> Row:
    return {
        "floor": floor,
        "memory_mb": memory_mb,
        "limit_ms": limit_ms,
        "millions": millions,
        "months": months,
    }


TASK_4 = Task(
    id="07-4",
    title="Task 4, the cheapest month that is good enough",
    points=4,
    cases=(
        Case(
            args=(_VARIANTS, _service(0.95, 512, 20, 500, 12), _SERVING),
            right=("pruned 50 %, int8", 323.6),
            wrong={
                "ignores-accuracy": ("pruned 70 %, int8", 280.2),
                "point-estimate": ("pruned 70 %, int8", 280.2),
                "ignores-memory": ("FP16, on a GPU", 171.0),
                "deadline-ignored": ("int8, batch of 32", 153.9),
                "unit-for-month": ("int8", 0.7524),
                "savings-add-up": ("pruned 50 %, int8", 314.0),
                "eligibility-forgotten": ("int8", 115.5),
                "levers-forgotten": ("pruned 50 %, int8", 450.0),
                "levers-on-everything": ("pruned 50 %, int8", 307.8),
                "tuning-is-free": ("pruned 50 %, int8", 273.6),
                "one-month-only": ("int8", 376.2),
                "smaller-is-cheaper": ("int4", 478.8),
            },
        ),
        Case(
            args=(_VARIANTS, _service(0.955, 512, 20, 100, 12), _SERVING),
            right=("int8", 75.24),
            wrong={
                "ignores-accuracy": ("int8, one scale", 68.4),
                "ignores-memory": ("FP16, on a GPU", 34.2),
                "deadline-ignored": ("int8, batch of 32", 30.78),
                "unit-for-month": ("int8", 0.7524),
                "savings-add-up": ("int8", 72.6),
                "eligibility-forgotten": ("int8", 23.1),
                "levers-forgotten": ("int8", 110.0),
                "tuning-is-free": ("pruned 50 %, int8", 54.72),
                "unit-price-decides": ("pruned 50 %, int8", 104.72),
                "smaller-is-cheaper": ("int4", 95.76),
            },
        ),
        Case(
            args=(_VARIANTS, _service(0.96, 1024, 100, 1500, 6), _OTHER),
            right=("int8, batch of 32", 387.45),
            wrong={
                "unit-for-month": ("int8, batch of 32", 0.2583),
                "savings-add-up": ("int8, batch of 32", 351.0),
                "eligibility-forgotten": ("int8, batch of 32", 216.0),
                "levers-forgotten": ("int8, batch of 32", 675.0),
                "smaller-is-cheaper": ("int8", 947.1),
            },
        ),
        Case(
            args=(_VARIANTS, _service(0.985, 512, 20, 500, 12), _SERVING),
            right=None,
            wrong={
                "ignores-accuracy": ("pruned 70 %, int8", 280.2),
            },
        ),
    ),
    hints={
        "ignores-accuracy": "The accuracy floor is missing: you chose a cheaper model that "
        "answers worse. Same results come first, then less money.",
        "point-estimate": "You compared `accuracy` with the floor. It comes from 2,000 images: "
        "only if `low`, the lower end of its interval, reaches the floor is the variant good "
        "enough.",
        "ignores-memory": "The variant you chose is larger than `memory_mb`: it does not start.",
        "deadline-ignored": "The variant you chose takes longer than `limit_ms`. A batch of 32 is "
        "cheap because requests wait for it.",
        "unit-for-month": "`millions` is missing: you priced one million predictions, the service "
        "has many in a month. That can change the choice too.",
        "savings-add-up": "You added the savings of the levers. Multiply what each one leaves.",
        "eligibility-forgotten": "You applied each lever to the whole serving bill. Spot's "
        "eligible share may even be 0: a service that answers in real time cannot run on it.",
        "levers-forgotten": "Your bill is the one before the levers. Multiply the serving bill by "
        "what each of them leaves.",
        "levers-on-everything": "You applied the levers to `once_usd` too. They act on serving; "
        "fine-tuning is paid in full.",
        "tuning-is-free": "`once_usd` is missing: what fine-tuning costs is paid once and spread "
        "over `months`.",
        "one-month-only": "You put all of `once_usd` on one month. It is paid once for `months` "
        "of use: divide.",
        "unit-price-decides": "You chose by `usd_million`. With few predictions, what is paid "
        "once decides: compare the dollars of the month.",
        "smaller-is-cheaper": "You chose the smallest file. Bytes must fit, dollars are what is "
        "compared: int4 is small and slow here.",
    },
    tolerance=2e-5,
)
