"""The pictures and the labs of lesson 7 show the numbers they are given."""

import numpy as np
import pytest

from mlopt_lessons.combined import Frontiers, all_orders, figures, levers_view, shapley_split, story
from mlopt_lessons.combined.lab import frontier_lab, levers_lab

STORY = {"spot": 1.0, "right-size": 1.0, "scheduling": 1.0}


def widths(axis):
    return [bar.get_width() for bar in axis.patches]


def test_the_waterfall_is_the_story_s():
    view = levers_view(eligibility=STORY)
    axis = figures.levers_waterfall(view).axes[0]
    np.testing.assert_allclose(widths(axis), [10_000, 6_000, 1_200, 560, 2_240])
    np.testing.assert_allclose([bar.get_x() for bar in axis.patches], [0, 4_000, 2_800, 2_240, 0])
    assert list(axis.lines[0].get_xdata()) == [view.interval.low, view.interval.high]


def test_swings_run_from_low_to_high():
    view = levers_view()
    axis = figures.levers_swings(view).axes[0]
    for swing, line in zip(view.swings, axis.lines[::3], strict=False):
        assert list(line.get_xdata()) == [swing.at_low, swing.at_high]


def test_orders_hold_every_row_and_the_fair_share():
    rows = {lever.name: [] for lever in story()}
    for steps in all_orders(10_000, story()):
        for step in steps:
            rows[step.lever].append(step.saved)
    axis = figures.levers_orders(rows, shapley_split(10_000, story())).axes[0]
    diamonds = [line.get_xdata()[0] for line in axis.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(diamonds, [4_620, 1_920, 1_220])
    assert sorted(axis.lines[0].get_xdata()) == pytest.approx(
        [3_360, 3_360, 4_200, 4_800, 6_000, 6_000]
    )


def test_the_lab_of_levers_follows_order_share_and_interaction():
    lab = levers_lab()
    lab.set(**lab.presets["Scheduling first"])
    fall = lab.picture.figure.axes[0]
    np.testing.assert_allclose(widths(fall), [10_000, 2_000, 2_400, 3_360, 2_240])
    lab.set(**lab.presets["50, 80 and 30 % of the bill"])
    assert "$5,001 is left" in lab.alt
    lab.set(interact=True)
    assert "$5,053 is left" in lab.alt
    seen = {lab.alt}
    for name in ("spot", "right", "scheduling", "saves"):
        lab.set(**{name: 0.2})
        assert lab.error == ""
        assert lab.alt not in seen
        seen.add(lab.alt)


def test_the_lab_of_the_frontier_shows_floor_and_pick():
    lab, frontiers = frontier_lab(), Frontiers()
    lab.set(model="glyph CNN", metric="bytes sent", floor=0.9, sure=True)
    view = frontiers.view("glyph_cnn", "bytes sent", 0.9, True)
    axis = lab.picture.figure.axes[0]
    pick = next(line for line in axis.lines if line.get_marker() == "D")
    assert pick.get_xdata()[0] == view.pick_x
    assert pick.get_ydata()[0] == pytest.approx(100 * view.pick.accuracy.value)
    assert lab.alt == view.finding
    lab.set(model="wide MLP", metric="ms a call")
    assert axis.get_xlabel() == "wide MLP: ms a call"
    lab.set(model="glyph CNN", floor=0.99)
    assert "None reach" in lab.alt
    assert len(pick.get_xdata()) == 0
