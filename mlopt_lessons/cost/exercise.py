"""Exercise 01: the visible checks as data, with a hint for each named wrong answer."""

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.course.checking import Case, Task

Hours = NDArray[np.float64]
HOURS_A_WEEK = 168

TASK_1 = Task(
    id="01-1",
    title="Task 1, what April used",
    points=2,
    cases=(
        Case(
            args=(),
            right=1010.0,
            wrong={
                "list-is-paid": 2500.0,
                "contracted-is-paid": 2375.0,
                "billed-is-used": 1610.0,
                "credits-dropped": 1090.0,
                "credit-added": 1170.0,
                "untagged-dropped": 850.0,
                "unused-commitment-dropped": 920.0,
                "commitment-counted-twice": 2210.0,
            },
        ),
    ),
    hints={
        "list-is-paid": "$2,500 is ListCost, the price in the catalogue. Nobody paid it: discounts "
        "and the commitment are left out. Which column says what was used?",
        "contracted-is-paid": "$2,375 is ContractedCost: the negotiated price, as if there were no "
        "commitment. The machines on the commitment cost less.",
        "billed-is-used": "$1,610 is on April's invoice. $1,200 of it buys hours from May on, and "
        "the hours used from March's commitment stand in it with $0.",
        "credits-dropped": "The credit of $80 is missing. It is a row of the bill, and it is "
        "negative: add it as it stands.",
        "credit-added": "You added the credit as a charge. It is −$80: with its sign, the total is "
        "$160 lower.",
        "untagged-dropped": "$160 without a team are missing. groupby leaves rows without a team "
        "out: fill the team with 'unallocated' first.",
        "unused-commitment-dropped": "You left out the $90 of the commitment that nobody used. They "
        "are paid and belong to April: call them waste, but count them.",
        "commitment-counted-twice": "You added the purchase of $1,200 to the effective cost. Its "
        "hours will stand in EffectiveCost, month by month from May on: count them once.",
    },
)


def _week() -> tuple[Hours, Hours, Hours]:
    day, clock = np.divmod(np.arange(HOURS_A_WEEK), 24)
    utilisation = np.where((day < 5) & (clock >= 8) & (clock < 20), 60.0, 2.0)
    utilisation[np.isin(day, (0, 2)) & (clock >= 20)] = 95
    utilisation[np.isin(day, (1, 3)) & (clock < 6)] = 95
    utilisation[(day == 3) & (clock >= 10) & (clock < 16)] = 0
    utilisation[(day == 6) & (clock >= 6) & (clock < 18)] = 80
    utilisation[(day == 4) & (clock >= 9) & (clock < 12)] = np.nan
    seconds = np.full(HOURS_A_WEEK, 3600.0)
    seconds[7] = 1800
    off = (np.arange(HOURS_A_WEEK) < 7) | (day == 5)
    seconds[off], utilisation[off] = 0, np.nan
    return utilisation, seconds, np.where(day < 4, 10.0, 4.0)


# An hour each from Monday 0:00: mean utilisation in percent (NaN: not known), seconds billed,
# dollars an hour. Simulated: a GPU machine and its team.
WEEK = _week()
for _each in WEEK:
    _each.flags.writeable = False  # what a learner tries out must not change the check
_OTHER_WEEK = (
    np.roll(WEEK[0], 60),
    np.roll(WEEK[1], 60),
    np.where(np.arange(HOURS_A_WEEK) < 100, 24.0, 7.0),
)

TASK_2 = Task(
    id="01-2",
    title="Task 2, the dollars of idle hours",
    points=2,
    cases=(
        Case(
            args=WEEK,
            right=361.0,
            wrong={
                "nights-are-idle": 549.0,
                "weekend-only": 96.0,
                "unknown-is-idle": 373.0,
                "unused-share-is-idle": 556.98,
                "percent-as-fraction": 60.0,
                "idle-hours-for-dollars": 51,
                "mean-price": 375.142857,
                "busy-for-idle": 704.0,
                "whole-bill-is-idle": 1077.0,
            },
        ),
        Case(
            args=_OTHER_WEEK,
            right=668.0,
            wrong={
                "nights-are-idle": 1352.0,
                "weekend-only": 336.0,
                "unknown-is-idle": 689.0,
                "unused-share-is-idle": 1061.78,
                "percent-as-fraction": 42.0,
                "idle-hours-for-dollars": 51,
                "mean-price": 864.511905,
                "busy-for-idle": 1431.0,
                "whole-bill-is-idle": 2120.0,
            },
        ),
    ),
    hints={
        "nights-are-idle": "You took nights and weekends. In this week two nights and Sunday were "
        "busy, and six hours of Thursday were not: let utilisation decide.",
        "weekend-only": "You took Saturday and Sunday. Saturday the machine was off, and most of "
        "Sunday it worked. Idle hours lie in the nights and on Thursday.",
        "unknown-is-idle": "You took the hours without a value for idle. NaN says that nobody "
        "measured: an unknown is not a zero, so leave these hours out.",
        "unused-share-is-idle": "You added the unused part of every hour. An hour at 60 % is at "
        "work: idle are whole hours below 5 %.",
        "percent-as-fraction": "Utilisation is in percent: 5 % is 5, not 0.05. You found only the "
        "hours at exactly 0.",
        "idle-hours-for-dollars": "51 is the number of idle hours. Add up their dollars: an hour "
        "costs $10 on Monday and $4 on Friday.",
        "mean-price": "You took the mean price for each idle hour. The price changes within the "
        "week: add the dollars of the hours that were idle.",
        "busy-for-idle": "That is what the busy hours cost. Idle are the hours below 5 %.",
        "whole-bill-is-idle": "That is the bill of the whole week. Most of its hours were at work: "
        "add only the hours whose utilisation is below 5 %.",
    },
)

_WEEKS = {
    "done_s": np.array([180_000, 144_000, 36_000, 216_000]),
    "failed_s": np.array([36_000, 0, 72_000, 18_000]),
    "idle_s": np.array([72_000, 108_000, 252_000, 36_000]),
    "storage": np.array([25.0, 25.0, 30.0, 30.0]),
    "started": np.array([12, 8, 6, 13]),
    "succeeded": np.array([10, 8, 2, 12]),
}
_FORTNIGHT = {
    "done_s": np.array([90_000, 27_000]),
    "failed_s": np.array([5_400, 18_000]),
    "idle_s": np.array([36_000, 72_000]),
    "storage": np.array([40.0, 44.0]),
    "started": np.array([9, 8]),
    "succeeded": np.array([8, 3]),
}

TASK_3 = Task(
    id="01-3",
    title="Task 3, what a run costs",
    points=3,
    cases=(
        Case(
            args=(_WEEKS, 10.0),
            right=105.0,
            wrong={
                "flat-rate-only": 50.0,
                "failed-runs-are-free": 94.0625,
                "idle-hours-forgotten": 64.375,
                "storage-forgotten": 101.5625,
                "attempts-counted": 86.153846,
                "average-of-ratios": 188.28125,
                "seconds-as-hours": 185_678.4375,
                "total-for-unit": 3360.0,
            },
        ),
        Case(
            args=(_FORTNIGHT, 2.5),
            right=23.318182,
            wrong={
                "flat-rate-only": 7.386364,
                "failed-runs-are-free": 21.840909,
                "idle-hours-forgotten": 16.5,
                "storage-forgotten": 15.681818,
                "attempts-counted": 15.088235,
                "average-of-ratios": 29.078125,
                "seconds-as-hours": 29_878.659091,
                "total-for-unit": 256.5,
            },
        ),
    ),
    hints={
        "flat-rate-only": "You took the hours of the runs that succeeded and nothing else: $50 a "
        "run. Failed runs, idle time and storage are on the same bill.",
        "failed-runs-are-free": "The seconds of failed runs are missing. They are billed like any "
        "others, and only the runs that succeeded can carry them.",
        "idle-hours-forgotten": "The idle seconds are missing. The machine was on, so it was billed: "
        "130 hours of $10 in the first case.",
        "storage-forgotten": "Storage is missing: $110 in the first case. Data must lie somewhere "
        "for a run to succeed.",
        "attempts-counted": "You divided by all runs that were started. A failed run gives no "
        "model: divide by those that succeeded.",
        "average-of-ratios": "You took the mean of what a run cost in each week. A week with 2 runs "
        "then counts as much as one with 12: divide all dollars by all runs.",
        "seconds-as-hours": "Some seconds are taken for hours. The price is for an hour: divide "
        "failed_s and idle_s by 3600 too.",
        "total-for-unit": "That is the bill of all weeks. Divide it by the runs that succeeded.",
    },
)

TASK_4 = Task(
    id="01-4",
    title="Task 4, when to stop",
    points=4,
    cases=(
        Case(
            args=(
                np.array([0.5, 0.7, 0.8, 0.78, 0.84, 0.83, 0.84, 0.82, 0.83, 0.81, 0.8, 0.9]),
                np.array([0.52, 0.69, 0.79, 0.8, 0.81, 0.82, 0.83, 0.84, 0.85, 0.85, 0.86, 0.87]),
                3,
            ),
            right=(8, 5),
            wrong={
                "best-known-afterwards": (12, 12),
                "stops-on-the-test-set": (12, 12),
                "last-model-kept": (8, 8),
                "patience-off-by-one": (9, 5),
                "best-epoch-is-waiting": (7, 5),
                "first-dip-stops": (4, 3),
                "compared-with-last-epoch": (12, 12),
                "waiting-adds-up": (7, 5),
                "tie-is-better": (10, 7),
                "counted-from-zero": (7, 4),
                "whole-run-billed": (12, 5),
            },
        ),
        Case(
            args=(
                np.array([0.4, 0.62, 0.61, 0.6, 0.7, 0.69, 0.74, 0.73, 0.72, 0.71, 0.76, 0.75]),
                np.array([0.41, 0.6, 0.63, 0.62, 0.61, 0.6, 0.59, 0.72, 0.71, 0.73, 0.74, 0.74]),
                4,
            ),
            right=(12, 11),
            wrong={
                "best-known-afterwards": (11, 11),
                "stops-on-the-test-set": (7, 3),
                "last-model-kept": (12, 12),
                "best-epoch-is-waiting": (10, 7),
                "first-dip-stops": (3, 2),
                "waiting-adds-up": (8, 7),
                "counted-from-zero": (11, 10),
            },
        ),
        Case(
            args=(
                np.array([0.61, 0.72, 0.8, 0.83, 0.82, 0.81, 0.79, 0.78, 0.78]),
                np.array([0.6, 0.71, 0.78, 0.8, 0.82, 0.83, 0.82, 0.8, 0.8]),
                2,
            ),
            right=(6, 4),
            wrong={
                "best-known-afterwards": (4, 4),
                "stops-on-the-test-set": (8, 6),
                "last-model-kept": (6, 6),
                "patience-off-by-one": (7, 4),
                "best-epoch-is-waiting": (5, 4),
                "first-dip-stops": (5, 4),
                "counted-from-zero": (5, 3),
                "whole-run-billed": (9, 4),
            },
        ),
    ),
    hints={
        "best-known-afterwards": "You stop at the best epoch of the whole curve. In that epoch "
        "nobody knows that no better one follows: look only at epochs that are paid for.",
        "stops-on-the-test-set": "You watch the test set. Then its accuracy is chosen, no longer "
        "measured, and comes out too high: stop on validation.",
        "last-model-kept": "You keep the model of the last epoch. Its checkpoint is there, and so is "
        "the best one's: keep the best one.",
        "patience-off-by-one": "You pay one epoch too many. With patience 3, stop in the third epoch "
        "in a row that brings nothing better.",
        "best-epoch-is-waiting": "You stop one epoch early: the best epoch itself does not wait. The "
        "first one after it that is not better is the first of `patience`.",
        "first-dip-stops": "You stop at the first epoch that is not better. Accuracy also moves by "
        "chance: wait for `patience` of them in a row.",
        "compared-with-last-epoch": "You compare with the epoch before. Up after down is no progress: "
        "compare with the best so far.",
        "waiting-adds-up": "You count all epochs without a new best. Each new best starts the count "
        "again from 0.",
        "tie-is-better": "0.84 again is not better than 0.84. Only a higher accuracy starts the count "
        "again and is kept.",
        "counted-from-zero": "Both numbers are one too low. The first epoch is 1: it is paid for.",
        "whole-run-billed": "You pay for all epochs and keep the right one. Then nothing is saved: "
        "after `patience` epochs without a better one, stop paying.",
    },
)
