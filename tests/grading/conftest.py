"""Assertions of the shared exercise tests tell their values, as those in test files do."""

import pytest

pytest.register_assert_rewrite("exercise_tests", "judge_tests")
