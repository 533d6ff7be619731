"""What the labs and pictures of lesson 3 show agrees with the simulation and the closed forms."""

import math

import numpy as np
import pytest

from mlopt_lessons.spot import discounts, figures, generate
from mlopt_lessons.spot.closed_forms import best_interval, inflation, young
from mlopt_lessons.spot.explore import RUNS, interval_view, market_view
from mlopt_lessons.spot.job import STORY_JOB, STORY_RATES, Job
from mlopt_lessons.spot.lab import interval_lab, market_lab
from mlopt_lessons.spot.market import Checkpoints, Market
from mlopt_lessons.spot.runs import costs, simulate

MARKET = Market(0.1, 1.0, 1 / 6)
PLAN = Checkpoints(1.0, 1 / 12)


def test_the_view_is_the_mean_of_the_runs():
    shown = market_view(STORY_JOB, MARKET, PLAN, STORY_RATES)
    runs = simulate(STORY_JOB, MARKET, PLAN, runs=RUNS, seed=0)
    dollars = costs(runs, STORY_RATES)
    assert shown.cost == pytest.approx(dollars.mean())
    assert shown.saved == pytest.approx(1 - dollars.mean() / 2_400)
    assert shown.wall_h == pytest.approx(np.quantile(runs.wall, (0.5, 0.95)))
    for values, most, drawn in ((dollars, 3_600, shown.costs), (runs.wall, 200, shown.ends)):
        counts, _ = np.histogram(np.minimum(values, most), drawn.edges)
        np.testing.assert_allclose(drawn.heights, counts / counts.max())
        assert (drawn.edges[0], drawn.edges[-1]) == (0, most)
    assert f"${dollars.mean():,.0f}" in shown.finding
    assert shown.segments[-1].end_h == pytest.approx(runs.wall[0])


def test_the_story_s_figures_come_out_when_nothing_happens():
    shown = market_view(STORY_JOB, Market(0.0), Checkpoints(math.inf), STORY_RATES)
    assert (shown.cost, shown.on_demand) == (700.0, 2_400.0)
    assert shown.saved == pytest.approx(17 / 24)
    assert "late" not in shown.finish_note


def test_a_deadline_shows_who_is_late():
    job = Job(100.0, 110.0)
    stays = market_view(job, MARKET, PLAN, STORY_RATES, fallback=False)
    assert stays.missed > 0.9
    assert f"late in {100 * stays.missed:.1f} %" in stays.finding
    assert market_view(job, MARKET, PLAN, STORY_RATES).missed == 0


def test_the_curve_is_lowest_at_the_best_interval():
    shown = interval_view(MARKET, 1 / 12, 2.0, STORY_RATES)
    lowest = shown.intervals_h[shown.inflation.argmin()]
    assert lowest == pytest.approx(best_interval(MARKET, 1 / 12), rel=0.08)  # a step of the grid
    assert shown.best == pytest.approx(
        (best_interval(MARKET, 1 / 12), inflation(MARKET, 1 / 12)), rel=1e-4
    )
    assert shown.young[0] == young(MARKET, 1 / 12)
    assert shown.best[1] <= min(shown.young[1], shown.here[1], shown.inflation.min())


def test_labs_follow_their_sliders_and_say_what_cannot_be():
    lab = market_lab()
    calm = lab.presets["The story: nothing happens"]
    lab.set(**calm)
    assert lab.alt.startswith("mean $700, 71 % saved")
    lab.set(rate=1.0, interval=480, deadline=math.inf)
    assert "hardly ever end" in lab.error
    lab.set(deadline=150.0)
    assert lab.error == ""
    assert "late in 0.0 %" in lab.alt
    curve = interval_lab()
    for preset in curve.presets:
        curve.set(**curve.presets[preset])
        assert curve.error == ""
    assert "yours, 2 min" in curve.alt


def test_pictures_show_what_they_are_given():
    table = discounts()
    picture = figures.discounts(table)
    drawn = sum(len(line.get_xdata()) for line in picture.axes[0].lines)
    assert drawn == len(table)
    zones = generate(48.0, seed=1)
    rows = figures.traces([t.available for t in zones], [t.zone for t in zones], 1 / 6)
    assert len(rows.axes[0].images) == 3
    assert rows.axes[0].images[0].get_array().sum() == zones[0].available.sum()
