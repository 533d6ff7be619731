"""Exercise 03: the visible checks as data, with a hint for each named wrong answer."""

import numpy as np

from mlopt_lessons.course.checking import Case, Task

TASK_1 = Task(
    id="03-1",
    title="Task 1, the bill of a job on spot",
    points=2,
    cases=(
        Case(
            args=(),
            right=686.25,
            wrong={
                "discount-is-saving": 540.0,
                "lost-work-forgotten": 578.25,
                "lost-whole-interval": 794.25,
                "restart-forgotten": 666.0,
                "first-launch-forgotten": 684.0,
                "checkpoints-are-free": 668.25,
                "outage-is-billed": 830.25,
                "minutes-as-hundredths": 670.95,
            },
        ),
    ),
    hints={
        "discount-is-saving": "$540 is 70 % less than on demand for 60 hours without any "
        "interruption. Add the hours of the saves, the lost work and the launches.",
        "lost-work-forgotten": "Saves and launches are in, the lost work is not. Each of the 8 "
        "preemptions costs the work since the last checkpoint.",
        "lost-whole-interval": "You lost the whole 3 hours at each preemption. The job loses half "
        "an interval, 1.5 hours.",
        "restart-forgotten": "The launches are missing: each takes 15 minutes until work goes on, "
        "and they are paid.",
        "first-launch-forgotten": "You counted 8 launches, one after each preemption. The first one "
        "takes 15 minutes too: there are 9.",
        "checkpoints-are-free": "The saves are missing: 60 hours of work hold 20 of them, 6 minutes "
        "each.",
        "outage-is-billed": "You paid for the 16 hours of waiting. Nothing runs in them, so nothing "
        "is billed; the job only ends later.",
        "minutes-as-hundredths": "6 minutes are 0.1 hours, not 0.06, and 15 minutes are 0.25, not "
        "0.15: divide by 60.",
    },
)

TASK_2 = Task(
    id="03-2",
    title="Task 2, lost work",
    points=2,
    cases=(
        Case(
            args=(np.array([130, 45, 8, 275, 72]), 60, 10),
            right=62.0,
            wrong={
                "everything-is-lost": 482.0,
                "notice-is-guaranteed": 0.0,
                "average-is-each": 150.0,
                "kept-for-lost": 420.0,
                "checkpoints-by-the-clock": 72.0,
            },
        ),
        Case(
            args=(np.array([95, 205, 33]), 25, 5),
            right=18.0,
            wrong={
                "everything-is-lost": 318.0,
                "notice-is-guaranteed": 0.0,
                "average-is-each": 37.5,
                "kept-for-lost": 300.0,
                "checkpoints-by-the-clock": 48.0,
            },
        ),
    ),
    hints={
        "everything-is-lost": "You lost all work of every life. What the last checkpoint holds is "
        "kept: only the minutes since then are lost.",
        "notice-is-guaranteed": "You lost nothing, as if a notice always left time for a save. No "
        "notice is guaranteed: count the minutes since the last checkpoint.",
        "average-is-each": "You took half an interval for each preemption. That is the mean over "
        "very many; here the minutes of each life are known.",
        "kept-for-lost": "You added up the minutes that the checkpoints hold. Lost is the rest, "
        "what came after the last one.",
        "checkpoints-by-the-clock": "Your checkpoints go on counting through a preemption. Each "
        "life starts from a checkpoint, and its next one is due a whole interval later.",
    },
)

TASK_3 = Task(
    id="03-3",
    title="Task 3, the best interval",
    points=3,
    tolerance=0.01,
    cases=(
        Case(
            args=(0.1, 0.1, 0.25),
            right=1.348348,
            wrong={
                "young-is-exact": 1.414214,
                "interval-as-often-as-possible": 0.01,
                "lost-work-forgotten": 100.0,
                "lost-whole-interval": 1.0,
                "restart-at-each-checkpoint": 2.417747,
                "value-for-place": 1.185109,
            },
        ),
        Case(
            args=(0.25, 0.4, 0.0),
            right=1.532733,
            wrong={
                "young-is-exact": 1.788854,
                "interval-as-often-as-possible": 0.01,
                "lost-work-forgotten": 100.0,
                "lost-whole-interval": 1.264911,
                "value-for-place": 1.621227,
            },
        ),
        Case(
            args=(0.25, 0.4, 0.5),
            right=1.532733,
            wrong={
                "young-is-exact": 1.788854,
                "interval-as-often-as-possible": 0.01,
                "lost-work-forgotten": 100.0,
                "lost-whole-interval": 1.264911,
                "restart-at-each-checkpoint": 2.119920,
                "value-for-place": 1.837091,
            },
        ),
    ),
    hints={
        "young-is-exact": "That is Young's √(2C/λ). It is close only where λC is small; here it is "
        "5 to 17 % too long. Compare the bills of the candidates instead.",
        "interval-as-often-as-possible": "You chose the shortest candidate. Each save takes C: put "
        "τ + C into the exponent, and divide by λτ, so that the bill is that of an hour of work.",
        "lost-work-forgotten": "You chose the longest candidate, which saves seldom. 100 hours "
        "between saves hardly ever pass without a preemption: take the whole formula.",
        "lost-whole-interval": "Your interval is √(C/λ): it takes each preemption to cost a whole "
        "interval. On average it costs about half. The formula has that in it.",
        "restart-at-each-checkpoint": "Your interval grows with the restart. A restart comes with "
        "each launch, not with each save: R stands outside, as a factor.",
        "value-for-place": "That is the smallest bill, in hours for an hour of work. Return the "
        "candidate that has it: np.argmin gives its place.",
    },
)

# What can be had, what runs, steps left, work left.
_STATES: dict[str, tuple[bool, str, int, int]] = {
    "plenty of time, spot": (True, "wait", 100, 40),
    "plenty of time, no spot": (False, "wait", 100, 40),
    "last moment, no spot": (False, "wait", 41, 40),
    "last moment, spot": (True, "wait", 41, 40),
    "spot runs": (True, "spot", 41, 40),
    "on demand runs, spot is back": (True, "on-demand", 40, 40),
    "on demand runs, no spot": (False, "on-demand", 40, 40),
    "on demand runs, plenty of time": (True, "on-demand", 90, 40),
}
_RIGHT = dict(
    zip(
        _STATES,
        ("spot", "wait", "on-demand", "on-demand", "spot", "on-demand", "on-demand", "spot"),
        strict=True,
    )
)
_WRONG: dict[str, dict[str, str]] = {
    "spot-when-unavailable": dict.fromkeys(_STATES, "spot"),
    "late-but-cheap": {
        "last moment, no spot": "wait",
        "last moment, spot": "spot",
        "on demand runs, spot is back": "spot",
        "on demand runs, no spot": "wait",
    },
    "waits-too-long": {"last moment, no spot": "wait", "last moment, spot": "spot"},
    "last-minute-gamble": {"last moment, spot": "spot", "on demand runs, spot is back": "spot"},
    "net-ignores-running": {"spot runs": "on-demand"},
    "on-demand-too-early": {"plenty of time, no spot": "on-demand"},
    "stays-on-demand": {"on demand runs, plenty of time": "on-demand"},
}


def _case(state: str) -> Case:
    chosen = {mistake: each[state] for mistake, each in _WRONG.items() if state in each}
    wrong = {mistake: value for mistake, value in chosen.items() if value != _RIGHT[state]}
    return Case(args=_STATES[state], right=_RIGHT[state], wrong=wrong)


TASK_4 = Task(
    id="03-4",
    title="Task 4, cheap and in time",
    points=4,
    cases=tuple(_case(state) for state in _STATES),
    hints={
        "spot-when-unavailable": "You choose spot where there is none. Then nothing runs and the "
        "deadline comes nearer: look at available first.",
        "late-but-cheap": "Cheap, but late: 41 steps are left for 40 of work and a start, and you "
        "still count on spot. The last moment belongs to on demand.",
        "waits-too-long": "With 41 steps left for 40 of work you do not start on demand. The start "
        "takes a step too: in the next step it is too late.",
        "last-minute-gamble": "You keep the deadline only while there is no spot. A spot machine "
        "started at the last moment may be gone a step later, and its start was in vain.",
        "net-ignores-running": "Spot runs, 41 steps are left for 40 of work, and you leave it. If "
        "it goes after this step, 40 are left for 39 and a start: staying is safe and cheaper.",
        "on-demand-too-early": "Of 100 steps 60 are to spare, and you already pay $6 a step. "
        "Waiting is free: wait as long as the deadline allows.",
        "stays-on-demand": "On demand runs, spot is back, and 50 of 90 steps are to spare. 41 steps "
        "at $1.75 are $71.75; 40 at $6 are $240. Change over.",
    },
)
