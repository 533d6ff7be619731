"""The lab's frontier: picks by hand on made-up points, and the recorded table against itself and live files."""

import pytest

from mlopt_lessons.combined.explore_frontier import METRICS, Frontiers, shown
from mlopt_lessons.combined.recorded_frontier import Point
from mlopt_lessons.combined.steps import Plan
from mlopt_lessons.workbench import Accuracy, Price

PRICE = Price("x", 0.36, "by hand", "2026-11-25")


def point(steps: tuple[str, ...], correct: int, size: int, ms: float = 1.0) -> Point:
    return Point(
        "mlp", Plan(steps), Accuracy(correct, 1000), size, size // 2, 1, ms, ms, ms, 10, "here"
    )


DENSE = point((), 980, 4_000, 8.0)
INT8 = point(("int8",), 975, 1_000, 4.0)
CUT = point(("prune 50 %",), 985, 2_000, 3.0)
TINY = point(("prune 90 %", "int8"), 900, 100, 1.0)
WORSE = point(("4-bit",), 970, 1_500, 5.0)  # INT8 beats it on every scale
LAB = Frontiers([DENSE, INT8, CUT, TINY, WORSE], PRICE)


def test_the_frontier_of_five_points() -> None:
    view = LAB.view("mlp", "bytes on disk", 0.95)
    assert view.frontier == (TINY, INT8, CUT)
    assert view.frontier_x.tolist() == [100, 1_000, 2_000]
    assert view.frontier_y.tolist() == [0.9, 0.975, 0.985]
    assert sorted(view.x.tolist()) == [100, 1_000, 1_500, 2_000, 4_000]


@pytest.mark.parametrize(
    ("metric", "floor", "pick", "times"),
    [
        ("bytes on disk", 0.95, INT8, 4.0),
        ("bytes sent", 0.95, INT8, 4.0),
        ("bytes on disk", 0.9, TINY, 40.0),
        ("bytes on disk", 0.98, CUT, 2.0),
        ("ms a call", 0.95, CUT, 8 / 3),
        ("$ per million", 0.95, CUT, 8 / 3),
    ],
)
def test_the_pick_is_the_cheapest_above_the_floor(
    metric: str, floor: float, pick: Point, times: float
) -> None:
    view = LAB.view("mlp", metric, floor)  # type: ignore[arg-type]
    assert view.pick is pick
    assert view.times == pytest.approx(times)
    assert pick.plan.name in view.note
    assert pick.plan.name in view.finding


def test_a_sure_pick_has_its_whole_interval_above_the_floor() -> None:
    # Wilson's interval of 975 of 1,000 begins at 0.9634 and that of 985 at 0.9754.
    assert LAB.view("mlp", "bytes on disk", 0.97).pick is INT8
    assert "begins below the floor" in LAB.view("mlp", "bytes on disk", 0.97).finding
    sure = LAB.view("mlp", "bytes on disk", 0.97, sure=True)
    assert sure.pick is CUT
    assert "begins below" not in sure.finding


def test_a_floor_that_nothing_reaches() -> None:
    view = LAB.view("mlp", "bytes on disk", 0.99)
    assert view.pick is None
    assert view.times != view.times  # NaN: there is nothing to compare
    assert view.note == "nothing reaches 99.0 %"
    assert view.finding.endswith("None reach it: the best has 98.5 %. Lower the floor.")


def test_dollars_by_hand() -> None:
    # 1 ms for 10 predictions: 100 s a million, a thirty-sixth of an hour at $0.36.
    assert TINY.dollars(PRICE) == pytest.approx(0.01)
    assert LAB.view("mlp", "$ per million", 0.9).pick_x == pytest.approx(0.01)


def test_units() -> None:
    assert [shown(1234.0, metric) for metric in METRICS] == [
        "1.23 kB", "1.23 kB", "1.23e+03 ms", "$1,234.00 a million"
    ]  # fmt: skip
    assert shown(7.384e-5, "$ per million") == "$0.0000738 a million"


def test_errors_say_what_to_choose() -> None:
    with pytest.raises(ValueError, match="There is no model 'x'; choose mlp"):
        LAB.view("x", "bytes on disk", 0.9)
    with pytest.raises(ValueError, match="no metric 'watts'; choose one of bytes on disk"):
        LAB.view("mlp", "watts", 0.9)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"90 % is 0\.9; got 90"):
        LAB.view("mlp", "bytes on disk", 90)
    with pytest.raises(ValueError, match="at least one point"):
        Frontiers([])
    with pytest.raises(ValueError, match="no point without steps"):
        Frontiers([INT8])
