"""The shipped table is complete, agrees with itself, and with files that are made again here."""

import pytest

from mlopt_lessons.combined.explore_frontier import METRICS, Frontiers
from mlopt_lessons.combined.pipeline import Result, run_all
from mlopt_lessons.combined.recorded_frontier import (
    FRONTIER_MODELS,
    Point,
    frontier_plans,
    recorded_on,
    recorded_points,
)
from mlopt_lessons.combined.steps import Plan
from mlopt_lessons.pruning import sweep
from mlopt_lessons.workbench.serving.saturation import saturates

POINTS = {(point.model, point.plan): point for point in recorded_points()}
AGAIN = {
    "glyph_cnn": [
        Plan(), Plan(("int8",)), Plan(("zero 50 %", "4-bit")), Plan(("int8", "prune 50 %")),
    ],
    "mlp": [Plan(("prune 70 %", "fine-tune 3", "int8"))],
}  # fmt: skip


def test_every_plan_is_there_once_for_each_model() -> None:
    assert len(recorded_points()) == len(POINTS)
    assert POINTS.keys() == {(name, plan) for name in FRONTIER_MODELS for plan in frontier_plans()}
    assert recorded_on().startswith("20")


@pytest.fixture(scope="module", params=FRONTIER_MODELS)
def again(request: pytest.FixtureRequest) -> list[tuple[Point, Result]]:
    name = request.param
    results = run_all(AGAIN[name], name=name, repeats=30)
    return [(POINTS[name, result.plan], result) for result in results]


def test_files_made_again_have_the_recorded_bytes(again: list[tuple[Point, Result]]) -> None:
    for point, result in again:
        # Exporters of other versions name nodes in other words: some hundreds of bytes.
        assert result.size_bytes == pytest.approx(point.size_bytes, rel=0.01, abs=500)
        # Training is not the same to the last bit on every processor, and so are the weights left.
        assert result.file.weights_left == pytest.approx(point.weights_left, rel=0.01)


def test_files_made_again_answer_as_recorded(again: list[tuple[Point, Result]]) -> None:
    for point, result in again:
        if point.plan.precision == "int8" and saturates():
            continue  # this processor's kernels need 7-bit weights: another file
        low, high = point.accuracy.interval
        assert low <= result.accuracy.value <= high


def test_lesson_6_recorded_the_same_cuts() -> None:
    """The same cut without a file: 32-bit answers differ by a handful, in another program."""
    lesson = sweep.recorded()
    for name in FRONTIER_MODELS:
        for percent in (30, 50, 70):
            point = POINTS[name, Plan((f"prune {percent} %",))]
            other = lesson[name, sweep.Setting("removed", percent / 100, False)]
            assert point.weights_left == other.weights_left
            assert abs(point.accuracy.correct - other.accuracy.correct) <= 3


def test_what_rounding_and_cutting_do_to_bytes() -> None:
    for name in FRONTIER_MODELS:
        whole, rounded = POINTS[name, Plan()], POINTS[name, Plan(("int8",))]
        assert 3.5 < whole.size_bytes / rounded.size_bytes < 4
        zeroed = POINTS[name, Plan(("zero 90 %",))]
        assert zeroed.size_bytes == pytest.approx(whole.size_bytes, rel=0.001)
        assert zeroed.zstd_bytes < 0.3 * whole.zstd_bytes


def test_training_after_the_cut_wins_over_rounding_first() -> None:
    for percent in (50, 70, 90):
        first = POINTS["glyph_cnn", Plan(("int8", f"prune {percent} %"))]
        last = POINTS["glyph_cnn", Plan((f"prune {percent} %", "fine-tune 3", "int8"))]
        assert first.size_bytes == pytest.approx(last.size_bytes, rel=0.001)
        assert first.accuracy.interval[1] < last.accuracy.interval[0]


@pytest.mark.parametrize("name", FRONTIER_MODELS)
@pytest.mark.parametrize("metric", METRICS)
def test_the_lab_picks_on_the_recorded_table(name: str, metric: str) -> None:
    lab = Frontiers()
    floor = POINTS[name, Plan()].accuracy.value - 0.03
    view = lab.view(name, metric, floor)  # type: ignore[arg-type]
    scale = lab.scale(metric)  # type: ignore[arg-type]
    enough = [p for (m, _), p in POINTS.items() if m == name and p.accuracy.value >= floor]
    assert view.pick is not None
    assert scale(view.pick) == min(map(scale, enough))
    assert view.times > 1
