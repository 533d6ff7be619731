"""Exercise 05: every named wrong answer gets its own hint, and nothing of the solution gets out."""

from exercise_tests import Exercise, ExerciseTests
from release import ROOT

from mlopt_lessons.course.checking import judge
from mlopt_lessons.quantization import exercise


class TestExercise05(ExerciseTests):
    exercise = Exercise("05_quantization", exercise, lambda _: (0.5, -1.2, 3.9))
    secrets = ("-43", "np.clip", ".max(axis=1)", "lambda v")

    def test_floats_where_integers_are_due_are_told(self) -> None:
        quantize = self.exercise.judge.quantize
        outcome = judge(exercise.TASK_2, lambda *a: quantize(*a).astype(float))
        assert not outcome.passed
        assert "whole numbers" in outcome.message


def test_the_exercises_hold_notebooks_only() -> None:
    files = [path for path in (ROOT / "exercises").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".ipynb"}
