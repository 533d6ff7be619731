"""The labs of lesson 3: sliders bound to a computation and a picture."""

import math
from typing import Any

import ipywidgets as widgets

from mlopt_lessons.course.live import LiveFigure
from mlopt_lessons.spot.explore import (
    DEAREST,
    IntervalView,
    MarketView,
    interval_view,
    market_view,
)
from mlopt_lessons.spot.figures import IntervalPicture, MarketPicture
from mlopt_lessons.spot.job import STORY_RATES, Job, Rates
from mlopt_lessons.spot.market import Checkpoints, Market

PREEMPTIONS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  # an hour
INTERVALS_MIN = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440)
MINUTES = (0, 1, 2, 5, 10, 15, 20, 30)
LONGEST_H = 200.0


def market_lab(rates: Rates = STORY_RATES, work_h: float = 100.0) -> LiveFigure:
    """Lab (a): market, interval, overheads, notice and deadline against time, risk and the bill.

    All of it is simulated at each move: 2,000 runs with the same random numbers, only rescaled.
    """

    def compute(
        rate: float, interval: int, save: int, restart: int, outage: int, notice: int, deadline: int,
        fallback: bool,
    ) -> MarketView:  # fmt: skip
        market = Market(rate, outage / 60, restart / 60, notice)
        until = math.inf if deadline > LONGEST_H else float(deadline)
        plan = Checkpoints(interval / 60, save / 60)
        return market_view(Job(work_h, until), market, plan, rates, fallback=fallback)

    controls = {
        "rate": _choice(PREEMPTIONS, 0.1, "preemptions an hour"),
        "interval": _choice(INTERVALS_MIN, 60, "checkpoint every (min)"),
        "save": _choice(MINUTES, 5, "a checkpoint takes (min)"),
        "restart": _choice(MINUTES, 10, "a restart takes (min)"),
        "outage": _choice((0, 15, 30, 60, 120, 240), 60, "mean outage (min)"),
        "notice": _choice((0, 30, 60, 120), 0, "notice (s)"),
        "deadline": _choice((105, 110, 120, 130, 150, 200, 201), 150, "deadline (h; 201: none)"),
        "fallback": widgets.Checkbox(value=True, description="on demand when time runs out"),
    }
    calm = {"rate": 0.0, "save": 0, "restart": 0, "outage": 0, "notice": 0, "deadline": 201}
    presets: dict[str, dict[str, Any]] = {
        "The story: nothing happens": {**calm, "interval": 1440},
        "A preemption every 10 h": {
            "rate": 0.1, "interval": 60, "save": 5, "restart": 10, "outage": 60, "notice": 0,
            "deadline": 150, "fallback": True,
        },
        "Every hour, checkpoints every 8 h": {"rate": 1.0, "interval": 480},
        "A checkpoint every 2 minutes": {"rate": 0.1, "interval": 2},
    }  # fmt: skip
    return LiveFigure(
        MarketPicture(LONGEST_H, DEAREST * work_h * rates.on_demand),
        compute,
        controls,
        presets,
        title="A job on the spot market",
    )


def interval_lab(rates: Rates = STORY_RATES) -> LiveFigure:
    """Lab (b): the bill of every checkpoint interval, with the exact optimum and Young's formula."""

    def compute(rate: float, save: int, restart: int, interval: int) -> IntervalView:
        return interval_view(Market(rate, 0.0, restart / 60), save / 60, interval / 60, rates)

    controls = {
        "rate": _choice(PREEMPTIONS[1:], 0.1, "preemptions an hour"),
        "save": _choice(MINUTES[1:], 5, "a checkpoint takes (min)"),
        "restart": _choice(MINUTES, 10, "a restart takes (min)"),
        "interval": _choice(INTERVALS_MIN, 60, "yours: every (min)"),
    }
    presets: dict[str, dict[str, Any]] = {
        "A preemption every 10 h": {"rate": 0.1, "save": 5, "restart": 10},
        "One every hour": {"rate": 1.0, "save": 5, "restart": 10},
        "As often as possible": {"interval": 2},
    }
    return LiveFigure(
        IntervalPicture(rates.ratio), compute, controls, presets, title="How often to save"
    )


def _choice(options: Any, value: Any, description: str) -> widgets.SelectionSlider:
    return widgets.SelectionSlider(options=options, value=value, description=description)
