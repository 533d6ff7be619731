"""What lab (b) shows: a model, a scale and a floor; the frontier, and the cheapest plan above the floor."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mlopt_lessons.combined.frontier import cheapest, pareto
from mlopt_lessons.combined.recorded_frontier import Point, recorded_points
from mlopt_lessons.workbench import Price, format_bytes, price

Metric = Literal["bytes on disk", "bytes sent", "ms a call", "$ per million"]
METRICS: tuple[Metric, ...] = get_args(Metric)
MACHINE = "c7i.large"
MODEL_NAMES = {"glyph_cnn": "glyph CNN", "mlp": "wide MLP"}


@dataclass(frozen=True, eq=False)
class FrontierView:
    """One model on one scale, with a floor of accuracy (0 to 1).

    `x` and `y` hold every point, shape (points,): the metric and the accuracy; `frontier_x` and
    `frontier_y` the points that nothing beats, by rising metric. `dense` is the model as trained. `pick` is
    the cheapest point whose accuracy, or where `sure` the lower end of its 95 % interval, reaches
    the floor; None where none does.
    """

    model: str
    metric: Metric
    floor: float
    sure: bool
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    frontier: tuple[Point, ...]
    frontier_x: NDArray[np.float64]
    frontier_y: NDArray[np.float64]
    dense: Point
    dense_x: float
    pick: Point | None
    pick_x: float

    @property
    def times(self) -> float:
        """How many times less of the metric the pick takes than the model as trained; NaN without one."""
        return self.dense_x / self.pick_x

    @property
    def note(self) -> str:
        """The pick in a few words."""
        if self.pick is None:
            return f"nothing reaches {100 * self.floor:.1f} %"
        return f"{self.pick.plan.name}: {shown(self.pick_x, self.metric)}, {self.times:.3g}× less"

    @property
    def finding(self) -> str:
        """The picture's finding in a sentence, its alternative text."""
        reach = "reach it for certain" if self.sure else "reach it"
        head = (
            f"{MODEL_NAMES.get(self.model, self.model)}, floor {100 * self.floor:.1f} %: "
            f"{len(self.frontier)} of {len(self.x)} points are on the frontier."
        )
        if self.pick is None:
            best = 100 * float(self.y.max())
            return f"{head} None {reach}: the best has {best:.1f} %. Lower the floor."
        low = self.pick.accuracy.interval[0]
        doubt = "" if low >= self.floor else " Its interval begins below the floor."
        return (
            f"{head} The cheapest to {reach} is {self.pick.plan.name}: accuracy "
            f"{self.pick.accuracy}, {shown(self.pick_x, self.metric)} instead of "
            f"{shown(self.dense_x, self.metric)} as trained, {self.times:.3g}× less.{doubt}"
        )


def shown(value: float, metric: Metric) -> str:
    """A value of the metric with its unit."""
    if metric.startswith("bytes"):
        return format_bytes(value)
    if metric == "ms a call":
        return f"{value:.3g} ms"
    places = max(2, 2 - math.floor(math.log10(value)))  # three digits, and no exponent
    return f"${value:,.{places}f} a million"


class Frontiers:
    """Points of one or more models, and what each scale says of them, computed once.

    Without arguments the recorded points and AWS c7i.large. Raises ValueError for no point, and for a model
    without a point that is "as trained".
    """

    def __init__(self, points: Iterable[Point] | None = None, at: Price | None = None) -> None:
        self.price = at or price(MACHINE)
        self.points: dict[str, tuple[Point, ...]] = {}
        for point in recorded_points() if points is None else points:
            self.points[point.model] = (*self.points.get(point.model, ()), point)
        if not self.points:
            raise ValueError("The lab needs at least one point; run a plan first.")
        self._dense = {name: _as_trained(name, each) for name, each in self.points.items()}
        self._fixed = {
            (name, metric): self._measure(each, metric)
            for name, each in self.points.items()
            for metric in METRICS
        }

    def scale(self, metric: Metric) -> Callable[[Point], float]:
        """What a point takes on that scale. Raises ValueError for a metric that is not one of METRICS."""
        scales: Mapping[Metric, Callable[[Point], float]] = {
            "bytes on disk": lambda point: float(point.size_bytes),
            "bytes sent": lambda point: float(point.zstd_bytes),
            "ms a call": lambda point: point.ms,
            "$ per million": lambda point: point.dollars(self.price),
        }
        if metric not in scales:
            raise ValueError(f"There is no metric {metric!r}; choose one of {', '.join(METRICS)}.")
        return scales[metric]

    def view(self, model: str, metric: Metric, floor: float, sure: bool = False) -> FrontierView:
        """The frontier of `model` on a scale, and the pick above the floor of accuracy, 0 to 1.

        Raises ValueError for a model without points, a metric that is none, and a floor out of range.
        """
        if model not in self.points:
            raise ValueError(f"There is no model {model!r}; choose {', '.join(self.points)}.")
        if not 0 <= floor <= 1:
            raise ValueError(f"The floor is a part from 0 to 1, so 90 % is 0.9; got {floor:g}.")
        x = self.scale(metric)
        every, ends, front, front_ends = self._fixed[model, metric]
        quality = surely if sure else accurate
        pick = cheapest(self.points[model], x, quality, floor)
        return FrontierView(
            model, metric, floor, sure, every, ends, front, *front_ends,
            dense=self._dense[model], dense_x=x(self._dense[model]),
            pick=pick, pick_x=x(pick) if pick else float("nan"),
        )  # fmt: skip

    def _measure(self, points: tuple[Point, ...], metric: Metric) -> "_Fixed":
        x = self.scale(metric)
        front = tuple(pareto(points, x, accurate))
        every, some = (
            (np.array([x(p) for p in group]), np.array([accurate(p) for p in group]))
            for group in (points, front)
        )
        return *every, front, some


_Fixed = tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    tuple[Point, ...],
    tuple[NDArray[np.float64], NDArray[np.float64]],
]


def accurate(point: Point) -> float:
    """The part of right answers."""
    return point.accuracy.value


def surely(point: Point) -> float:
    """The lower end of the 95 % interval of the part of right answers."""
    return point.accuracy.interval[0]


def _as_trained(name: str, points: tuple[Point, ...]) -> Point:
    for point in points:
        if not point.plan.steps:
            return point
    raise ValueError(f"{name} has no point without steps to compare with; add Plan().")
