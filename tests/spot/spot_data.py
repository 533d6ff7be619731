"""Recorded AWS traces and the results of a public simulator on them; both absent on a learner's machine."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlopt_lessons.spot.job import Rates
from mlopt_lessons.spot.trace import Trace, load_trace

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "spot"
REFERENCE_RATES = Rates(spot=0.9731, on_demand=3.06)
WORK_H = 48.0
NAMES = {
    "greedy": "greedy",
    "on_demand": "on demand",
    "spot_only": "spot only",
    "time_sliced_8": "time-sliced",
    "up": "uniform progress",
    "up_next_spot": "uniform progress, known life",
    "up_plain": "uniform progress, plain",
}


def reference() -> pd.DataFrame:
    file = FOLDER / "reference-2022.csv"
    if not file.exists():
        pytest.skip("The recorded results are not beside this checkout.")
    return pd.read_csv(file)


def recorded(zone: str) -> Trace:
    file = FOLDER / "aws-10-26-2022" / f"{zone}.json"
    if not file.exists():
        pytest.skip("The recorded traces are not beside this checkout.")
    return load_trace(file)


def trace(ticks: str, tick_s: float = 600.0, zone: str = "here") -> Trace:
    """A trace written as "1100…", 1 = available."""
    return Trace(np.array([each == "1" for each in ticks]), tick_s, zone, "simulated: by hand")
