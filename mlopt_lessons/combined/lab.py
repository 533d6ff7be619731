"""The labs of lesson 7: sliders bound to a computation and a picture."""

from itertools import permutations
from typing import Any

import ipywidgets as widgets

from mlopt_lessons.combined.explore_frontier import (
    METRICS,
    MODEL_NAMES,
    Frontiers,
    FrontierView,
    Metric,
)
from mlopt_lessons.combined.explore_levers import LeversView, levers_view
from mlopt_lessons.combined.lab_figures import FrontierPicture, LeversPicture
from mlopt_lessons.combined.levers import STORY_SPEND
from mlopt_lessons.combined.levers_data import RIGHT_SIZE, SCHEDULING, SPOT, cautious
from mlopt_lessons.course.controls import menu, slider
from mlopt_lessons.course.live import LiveFigure

NAMES = (SPOT, RIGHT_SIZE, SCHEDULING)
PERCENTS = [(f"{percent} %", percent / 100) for percent in range(10, 101, 10)]
FLOORS = [(f"{percent} %", percent / 100) for percent in range(80, 100)]
ORDERS = {" → ".join(order): order for order in permutations(NAMES)}


def levers_lab(spend: float = STORY_SPEND) -> LiveFigure:
    """Lab (a): the story's levers with order, part of the bill and interaction; computed at each move."""

    def compute(
        order: str, spot: float, right: float, scheduling: float, saves: float, interact: bool
    ) -> LeversView:
        touched = dict(zip(NAMES, (spot, right, scheduling), strict=True))
        return levers_view(ORDERS[order], touched, {SPOT: saves}, interact, spend=spend)

    shares = {lever.name: lever.eligibility for lever in cautious()}
    first = next(iter(ORDERS))
    controls = {
        "order": menu(list(ORDERS), first, "order"),
        "spot": slider(PERCENTS, shares[SPOT], "spot touches"),
        "right": slider(PERCENTS, shares[RIGHT_SIZE], "right-size touches"),
        "scheduling": slider(PERCENTS, shares[SCHEDULING], "scheduling touches"),
        "saves": slider(PERCENTS[:9], 0.6, "spot saves"),
        "interact": widgets.Checkbox(value=False, description="levers interact"),
    }
    whole = {"spot": 1.0, "right": 1.0, "scheduling": 1.0, "saves": 0.6, "interact": False}
    presets: dict[str, dict[str, Any]] = {
        "The story: each lever on the whole bill": {**whole, "order": first},
        "Scheduling first": {**whole, "order": list(ORDERS)[-1]},
        "50, 80 and 30 % of the bill": {**whole, "spot": 0.5, "right": 0.8, "scheduling": 0.3},
    }
    picture = LeversPicture(NAMES, spend)
    return LiveFigure(picture, compute, controls, presets, title="Savings that multiply")


def frontier_lab(frontiers: Frontiers | None = None) -> LiveFigure:
    """Lab (b): the cheapest combination above a floor of accuracy, on the scale that is chosen."""
    frontiers = frontiers or Frontiers()
    names = {MODEL_NAMES.get(name, name): name for name in frontiers.points}

    def compute(model: str, metric: Metric, floor: float, sure: bool) -> FrontierView:
        return frontiers.view(names[model], metric, floor, sure)

    controls = {
        "model": menu(list(names), next(iter(names)), "model"),
        "metric": menu(METRICS, METRICS[0], "as small as can be"),
        "floor": slider(FLOORS, 0.9, "at least so many right"),
        "sure": widgets.Checkbox(value=False, description="for certain (95 %)"),
    }
    presets: dict[str, dict[str, Any]] = {
        "Small enough to send": {"metric": "bytes sent", "floor": 0.9},
        "Fast enough to serve": {"metric": "ms a call", "floor": 0.9},
        "Nothing may be lost": {"floor": 0.93, "sure": True},
    }
    return LiveFigure(
        FrontierPicture(), compute, controls, presets, title="The cheapest that is good enough"
    )
