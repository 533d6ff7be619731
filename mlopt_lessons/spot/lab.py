"""The labs of lesson 3: sliders bound to a computation and a picture."""

import math
from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
import numpy as np

from mlopt_lessons.course.controls import menu, slider
from mlopt_lessons.course.live import LiveFigure
from mlopt_lessons.spot.explore import (
    DEAREST,
    LONGEST,
    IntervalView,
    MarketView,
    interval_view,
    market_view,
)
from mlopt_lessons.spot.explore_policies import PolicyView, Replays
from mlopt_lessons.spot.figures import IntervalPicture, MarketPicture, PolicyPicture
from mlopt_lessons.spot.job import STORY_RATES, Job, Rates
from mlopt_lessons.spot.market import Checkpoints, Market
from mlopt_lessons.spot.policies import POLICIES
from mlopt_lessons.spot.trace import SECONDS_PER_HOUR, Trace

PREEMPTIONS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  # an hour
INTERVALS_MIN = (2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440)
MINUTES = (0, 1, 2, 5, 10, 15, 20, 30)
DEADLINES = [
    *((f"{hours} h", float(hours)) for hours in (105, 110, 120, 130, 150, 200)),
    ("none", math.inf),
]
DEADLINES_H = (26.0, 28.0, 30.0, 36.0, 48.0)
OVERHEADS_MIN = (2, 12, 30)


def market_lab(rates: Rates = STORY_RATES, work_h: float = 100.0) -> LiveFigure:
    """Lab (a): market, interval, overheads, notice and deadline against time, risk and the bill.

    All of it is simulated at each move: 2,000 runs with the same random numbers, only rescaled.
    """

    def compute(
        rate: float, interval: int, save: int, restart: int, outage: int, notice: int, deadline: float,
        fallback: bool,
    ) -> MarketView:  # fmt: skip
        market = Market(rate, outage / 60, restart / 60, notice)
        plan = Checkpoints(interval / 60, save / 60)
        return market_view(Job(work_h, deadline), market, plan, rates, fallback=fallback)

    controls = {
        "rate": slider(PREEMPTIONS, 0.1, "preemptions an hour"),
        "interval": slider(INTERVALS_MIN, 60, "checkpoint every (min)"),
        "save": slider(MINUTES, 5, "a checkpoint takes (min)"),
        "restart": menu(MINUTES, 10, "a restart takes (min)"),
        "outage": menu((0, 15, 30, 60, 120, 240), 60, "mean outage (min)"),
        "notice": menu((0, 30, 120), 0, "notice (s)"),
        "deadline": slider(DEADLINES, 150.0, "deadline"),
        "fallback": widgets.Checkbox(value=True, description="on demand when time runs out"),
    }
    calm = {"rate": 0.0, "save": 0, "restart": 0, "outage": 0, "notice": 0, "deadline": math.inf}
    presets: dict[str, dict[str, Any]] = {
        "The story: nothing happens": {**calm, "interval": 1440},
        "A preemption every 10 h": {
            "rate": 0.1, "interval": 60, "save": 5, "restart": 10, "outage": 60, "notice": 0,
            "deadline": 150.0, "fallback": True,
        },
        "Every hour, checkpoints every 8 h": {"rate": 1.0, "interval": 480},
        "A checkpoint every 2 minutes": {"rate": 0.1, "interval": 2},
    }  # fmt: skip
    return LiveFigure(
        MarketPicture(LONGEST * work_h, DEAREST * work_h * rates.on_demand),
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
        "rate": slider(PREEMPTIONS[1:], 0.1, "preemptions an hour"),
        "save": slider(MINUTES[1:], 5, "a checkpoint takes (min)"),
        "restart": menu(MINUTES, 10, "a restart takes (min)"),
        "interval": slider(INTERVALS_MIN, 60, "yours: every (min)"),
    }
    presets: dict[str, dict[str, Any]] = {
        "A preemption every 10 h": {"rate": 0.1, "save": 5, "restart": 10},
        "One every hour": {"rate": 1.0, "save": 5, "restart": 10},
        "As often as possible": {"interval": 2},
    }
    return LiveFigure(
        IntervalPicture(rates.ratio), compute, controls, presets, title="How often to save"
    )


def policy_lab(
    traces: Sequence[Trace], work_h: float = 24.0, rates: Rates = STORY_RATES
) -> LiveFigure:
    """Lab (c): policies and zones on traces against the optimum; replayed at each move.

    `traces` are up to three zones of the same time. The optima are computed once, at the start.
    """
    replays = Replays(traces, work_h, rates)
    starts = tuple(np.linspace(0, len(traces[0].available) - 6 * 72, 3).astype(int).tolist())
    replays.prepare(DEADLINES_H, [minutes / 60 for minutes in OVERHEADS_MIN], starts)

    def compute(policy: str, zones: int, deadline: float, overhead: int, start: int) -> PolicyView:
        return replays.view(policy, zones, deadline, overhead / 60, start)

    controls = {
        "policy": widgets.Dropdown(options=list(POLICIES), value="greedy", description="policy"),
        "zones": widgets.IntSlider(1, 1, len(traces), description="zones"),
        "deadline": slider(DEADLINES_H, 36.0, "deadline (h)"),
        "overhead": slider(OVERHEADS_MIN, 12, "a launch takes (min)"),
        "start": menu([(f"{s / 6:.0f} h", s) for s in starts], starts[0], "start in the trace"),
    }
    presets: dict[str, dict[str, Any]] = {
        "Late but cheap": {"policy": "spot only", "zones": 1, "deadline": 28.0},
        "Wait for spot": {"policy": "greedy", "zones": 1, "deadline": 36.0},
        "Keep an even pace": {"policy": "uniform progress", "zones": 1, "deadline": 36.0},
        "Three zones": {"policy": "greedy", "zones": len(traces)},
    }
    tick_h = traces[0].tick_s / SECONDS_PER_HOUR
    picture = PolicyPicture(max(DEADLINES_H), tick_h, 1.2 * work_h * rates.on_demand)
    return LiveFigure(picture, compute, controls, presets, title="Policies, zones, and the optimum")
