"""The pictures and the lab of lesson 2 show the numbers they are given."""

import math

import numpy as np
import pandas as pd
import pytest

from mlopt_lessons.resources import Request, figures, first_fit_decreasing, generate
from mlopt_lessons.resources.explore import MAX, Sizing
from mlopt_lessons.resources.lab import sizing_lab

JOBS = generate(12, 14, 0)


@pytest.fixture(scope="module")
def lab():
    return sizing_lab(JOBS)


def test_requests_are_lines_over_the_use():
    asked = {"mean": Request(1.0, 2.0), "peak": Request(3.0, 4.0)}
    cpu, memory = figures.usage_and_requests(JOBS[0], asked).axes
    np.testing.assert_array_equal(cpu.lines[0].get_ydata(), JOBS[0].cpu)
    assert [line.get_ydata()[0] for line in cpu.lines[1:]] == [1.0, 3.0]
    assert [line.get_ydata()[0] for line in memory.lines[1:]] == [2.0, 4.0]


def test_rules_are_bars_in_percent():
    table = pd.DataFrame({"saved_gib_share": [0.4, 0.8], "killed": [0.25, 1.0]}, index=["a", "b"])
    saved, killed = figures.rules(table).axes
    assert [bar.get_width() for bar in saved.patches] == [40, 80]
    assert [bar.get_width() for bar in killed.patches] == [25, 100]


def test_packed_machines_hold_what_they_were_given():
    items = [Request(8, 16), Request(8, 32), Request(4, 64)]
    packing = first_fit_decreasing(items, Request(16, 64))
    axis = figures.packed({"two": packing}).axes[0]
    assert axis.get_title(loc="left") == "two: 2 machines"
    heights = sorted(bar.get_height() for bar in axis.patches)
    assert heights == [25, 25, 50, 50, 50, 100]


def test_the_lab_draws_requests_kills_and_the_frontier(lab):
    lab.set(job="job-03", percentile=95.0, margin=0.15, half_life=math.inf, memory="same as CPU")
    view = Sizing(JOBS).view("job-03", 95.0, 0.15)
    cpu = lab.picture.figure.axes[0]
    memory = next(
        a for a in lab.picture.figure.axes if a.get_title(loc="left").startswith("memory")
    )
    frontier = next(a for a in lab.picture.figure.axes if a.get_xlabel().startswith("saved"))
    assert f"killed {len(view.kills)}×" in memory.get_title(loc="left")
    crosses = next(line for line in memory.lines if line.get_marker() == "X")
    np.testing.assert_allclose(crosses.get_xdata(), view.usage.hours_at[view.kills])
    here = next(line for line in frontier.lines if line.get_marker() == "D")
    assert here.get_xdata()[0] == pytest.approx(100 * view.outcome.saved)
    assert here.get_ydata()[0] == pytest.approx(100 * view.outcome.killed)
    request = 100 * view.request.cpu / view.old.cpu
    assert any(line.get_ydata()[0] == pytest.approx(request) for line in cpu.lines[1:])


def test_every_control_moves_the_lab(lab):
    lab.set(**lab.presets["p95 + 15 % for both"])
    seen = {lab.alt}
    for change in ({"percentile": 50.0}, {"margin": 1.0}, {"half_life": 6.0}, {"memory": MAX},
                   {"job": "job-05"}, {"kill": 100.0}):  # fmt: skip
        lab.set(**change)
        assert lab.error == ""
        assert lab.alt not in seen
        seen.add(lab.alt)
