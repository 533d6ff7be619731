"""The lab of lesson 2: sliders bound to a computation and a picture."""

import math
from collections.abc import Sequence
from typing import Any

from mlopt_lessons.course.controls import menu, slider
from mlopt_lessons.course.live import LiveFigure
from mlopt_lessons.resources.explore import MAX, MEMORY_RULES, SAME, Sizing, SizingView
from mlopt_lessons.resources.figures import SizingPicture
from mlopt_lessons.resources.score import FARGATE, Rates
from mlopt_lessons.resources.usage import Usage

PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0, 99.5)
MARGINS = (0.0, 0.1, 0.15, 0.3, 0.5, 1.0)
HALF_LIVES = (
    ("6 h", 6.0),
    ("1 day", 24.0),
    ("3 days", 72.0),
    ("a week", 168.0),
    ("none", math.inf),
)
KILL_PRICES = (0.0, 0.1, 1.0, 10.0, 100.0)
MOST_JOBS = 12  # in the menu


def sizing_lab(usages: Sequence[Usage], prices: Rates = FARGATE) -> LiveFigure:
    """Percentile, margin and half-life against cores, memory, kills and dollars; computed at each move.

    The rule learns from the first half of each record and is judged on the second. The menu shows the
    first 12 jobs, the frontier and the bill are of all.
    """
    sizing = Sizing(usages, prices)
    sizing.prepare([hours for _, hours in HALF_LIVES])

    def compute(
        job: str, percentile: float, margin: float, half_life: float, memory: str, kill: float
    ) -> SizingView:
        return sizing.view(job, percentile, margin, half_life, memory, kill)

    controls = {
        "job": menu(sizing.jobs[:MOST_JOBS], sizing.jobs[0], "job"),
        "percentile": slider(PERCENTILES, 95.0, "percentile"),
        "margin": slider([(f"{100 * each:.0f} %", each) for each in MARGINS], 0.15, "margin"),
        "half_life": slider(HALF_LIVES, math.inf, "half-life of a sample"),
        "memory": menu(MEMORY_RULES, SAME, "memory's rule"),
        "kill": menu([(f"${each:g}", each) for each in KILL_PRICES], 1.0, "a kill costs"),
    }
    calm = {"half_life": math.inf, "kill": 1.0}
    presets: dict[str, dict[str, Any]] = {
        "p95 + 15 % for both": {"percentile": 95.0, "margin": 0.15, "memory": SAME, **calm},
        "Memory's maximum + 15 %": {"percentile": 95.0, "margin": 0.15, "memory": MAX, **calm},
        "The median": {"percentile": 50.0, "margin": 0.0, "memory": SAME, **calm},
        "A kill costs $100": {"kill": 100.0},
    }
    longest = max(usage.hours for usage in usages)
    return LiveFigure(
        SizingPicture(longest), compute, controls, presets, title="How much to ask for"
    )
