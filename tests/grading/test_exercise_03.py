"""Exercise 03: every named wrong answer gets its own hint, and nothing of the solution gets out."""

import math
from typing import Any

import numpy as np
import pytest
from exercise_tests import Exercise, ExerciseTests
from scipy.optimize import minimize_scalar
from scipy.special import lambertw

from mlopt_lessons.course.checking import judge
from mlopt_lessons.spot import exercise
from mlopt_lessons.spot.job import Job, Rates
from mlopt_lessons.spot.policies import IDLE, NO_NET, ON_DEMAND, SPOT
from mlopt_lessons.spot.replay import Zones, run_ticks, terms_of
from mlopt_lessons.spot.trace import Trace

CODES = {"wait": IDLE, "spot": SPOT, "on-demand": ON_DEMAND}
NAMES = {code: name for name, code in CODES.items()}
STEP_S = 900.0
EXERCISE = Exercise("03_spot", exercise, lambda judge: (judge.Run(),))


def played() -> dict[str, Any]:
    """What a learner has after the cell with `replay`."""
    names: dict[str, Any] = {"np": np}
    exec(EXERCISE.cells["task-4-replay"].source, names)
    return names


class TestExercise03(ExerciseTests):
    exercise = EXERCISE
    secrets = (
        "686.25",
        "% interval",
        "expm1",
        "argmin",
        "steps_left - 1",
        "uniform(",
    )

    def test_the_bill_of_task_1_is_a_sum_by_hand(self) -> None:
        assert 60 + 2 + 12 + 2.25 == 76.25
        assert judge(exercise.TASK_1, 76.25 * 9).passed

    def test_the_lost_minutes_are_counted_one_by_one(self) -> None:
        def by_counting(lives, interval, restart):
            lost = 0
            for life in lives:
                since = [minute % interval for minute in range(1, int(life) - restart + 1)]
                lost += since[-1] if since else 0
            return lost

        assert judge(exercise.TASK_2, by_counting).passed

    @pytest.mark.parametrize("case", EXERCISE.tasks[2].cases)
    def test_the_best_interval_is_that_of_lamberts_function(self, case: Any) -> None:
        rate, cost, restart = case.args
        best = 1 + lambertw(-math.exp(-1 - rate * cost)).real
        assert case.right == pytest.approx(best / rate, rel=1e-6)
        least = math.exp(rate * restart) / (1 - best)
        assert case.wrong["value-for-place"] == pytest.approx(least, rel=1e-6)

    def test_a_library_s_minimum_passes_too(self) -> None:
        def search(rate, cost, restart):
            found = minimize_scalar(
                lambda interval: math.expm1(rate * (interval + cost)) / interval,
                bounds=(0.01, 50),
                method="bounded",
            )
            return found.x

        assert judge(exercise.TASK_3, search).passed

    def test_daly_s_formula_is_near_enough(self) -> None:
        def daly(rate, cost, restart):
            small = rate * cost
            young = math.sqrt(2 * cost / rate)
            return young * (1 + math.sqrt(small / 2) / 3 + small / 18) - cost

        assert judge(exercise.TASK_3, daly).passed

    def test_the_bill_that_the_text_calls_good_is_that_of_the_right_policy(self) -> None:
        names = played()
        bill, in_time = names["replay"](self.exercise.judge.RIGHT["03-4"], names["TRACE"], 30)
        assert in_time
        text = EXERCISE.text("task-4-question")
        assert f"${bill:.2f}, in time" in text

    @pytest.mark.parametrize("seed", range(20))
    def test_the_notebook_s_replay_is_that_of_the_lesson(self, seed: int) -> None:
        choose = self.exercise.judge.RIGHT["03-4"]
        generator = np.random.default_rng(seed)
        there = np.repeat(generator.random(24) < 0.5, 4)
        work = int(generator.integers(20, 80))
        trace = "".join("01"[int(each)] for each in there)
        bill, in_time = played()["replay"](choose, trace, work)
        assert (bill, in_time) == by_the_lesson(choose, there, work)


def by_the_lesson(choose: Any, there: np.ndarray, work: int) -> tuple[float, bool]:
    """The same policy in the lesson's replay: dollars, and whether it was in time."""
    job = Job(work / 4, len(there) / 4, 0.25)
    zones = Zones.of([Trace(there, STEP_S, "here", "simulated: by hand")])

    def policy(now: Any, terms: Any, pick: Any) -> int:
        left = round((terms.deadline - now.passed) / STEP_S)
        to_do = round((terms.work - now.done) / STEP_S)
        return CODES[choose(bool(now.available), NAMES[now.running], left, to_do)]

    terms = terms_of(job, STEP_S, Rates(7, 24))
    (spot, on_demand, *_, finish, _), _ = run_ticks(zones, terms, policy, NO_NET, 0)
    return 1.75 * spot + 6 * on_demand, 0 <= finish <= len(there)
