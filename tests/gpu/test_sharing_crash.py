"""A crash in one process and in processes of their own: real children of this one."""

import pytest

from mlopt_lessons.gpu.crash import crash_apart, crash_together


def test_crash_takes_the_process_with_it_and_no_other():
    jobs = ["a", "b", "c", "d"]
    together, apart = crash_together(jobs, "b"), crash_apart(jobs, "b")
    assert together.finished == ()
    assert together.lost == ("a", "b", "c", "d")
    assert apart.finished == ("a", "c", "d")
    assert apart.lost == ("b",)
    with pytest.raises(ValueError, match="There is no job 'x'"):
        crash_apart(jobs, "x")
    with pytest.raises(ValueError, match="single words"):
        crash_together(["a b", "c"], "c")
