"""The pictures and the lab of lesson 1 show the numbers they are given."""

import numpy as np
import pandas as pd
import pytest

from mlopt_lessons.cost import figures, simulate_month, try_switches
from mlopt_lessons.cost.explore import BillSlice
from mlopt_lessons.cost.forecast import Forecast
from mlopt_lessons.cost.lab import bill_lab
from mlopt_lessons.cost.what_if import SWITCHES, Terms


@pytest.fixture(scope="module")
def bill():
    return simulate_month(0).bill


@pytest.fixture(scope="module")
def lab(bill):
    return bill_lab(bill)


def bars(axis):
    return {
        label.get_text(): bar
        for label, bar in zip(axis.get_yticklabels(), axis.patches, strict=True)
    }


def test_stacked_slices_reach_the_sums(bill):
    view = BillSlice(bill).view("team", "week")
    axis = figures.slices(view).axes[0]
    top = axis.patches[len(view.groups) - 1].get_data()
    np.testing.assert_allclose(top.values, view.amounts.sum(axis=0))
    assert [text.get_text() for text in axis.get_legend().get_texts()] == list(view.groups)


def test_wastes_are_drawn_in_dollars():
    axis = figures.wastes({"idle": 300.0, "cold storage": 100.0}, 1_000.0).axes[0]
    assert [bar.get_width() for bar in axis.patches] == [300, 100]
    assert axis.texts[0].get_text() == "$300, 30.0 %"


def test_recipes_stand_beside_their_accuracy():
    rows = [("lean", 1.0, 0.97, 0.95, 0.98), ("naive", 25.0, 0.98, 0.96, 0.99)]
    names = ["recipe", "times_lean", "accuracy", "low", "high"]
    times, accuracy = figures.recipes(pd.DataFrame(rows, columns=names)).axes
    assert [bar.get_width() for bar in times.patches] == [1, 25]
    np.testing.assert_allclose(np.asarray(accuracy.lines[0].get_xdata(), float), [97, 98])


def test_a_forecast_is_a_line_from_low_to_high():
    found = {"on the 10th": Forecast(900.0, 1_000.0, 1_100.0, 300.0, 0.8, 10, 20)}
    axis = figures.forecasts(found, 1_050.0).axes[0]
    assert [list(line.get_xdata()) for line in axis.lines[:4]] == [
        [900, 1_100], [1_000], [300], [1_050, 1_050],
    ]  # fmt: skip


def test_the_waterfall_falls_from_before_to_after(lab, bill):
    lab.set(**lab.presets["All switches"])
    found = try_switches(bill)
    drawn = bars(lab.picture.figure.axes[1])
    assert drawn["before"].get_width() == pytest.approx(found.before)
    assert drawn["after"].get_width() == pytest.approx(found.after)
    edge = found.before
    for switch in SWITCHES:
        assert drawn[switch].get_x() == pytest.approx(edge)
        assert drawn[switch].get_width() == pytest.approx(-found.saved[switch])
        edge -= found.saved[switch]


def test_switches_and_terms_reach_the_bill(lab, bill):
    lab.set(**lab.presets["The bill as it is"])
    assert "saved" not in lab.alt
    lab.set(spot=True, discount=0.3)
    saved = try_switches(bill, ["spot"], Terms(spot_discount=0.3)).saved["spot"]
    assert f"spot ${saved:,.0f}" in lab.alt


def test_a_slider_rests_while_its_switch_is_off(lab):
    lab.set(spot=False, commit=True)
    assert lab.controls["discount"].disabled
    assert not lab.controls["coverage"].disabled
    lab.set(spot=True)
    assert not lab.controls["discount"].disabled


def test_another_slice_draws_other_groups(lab):
    lab.set(by="service", period="day of the week", cost="ListCost")
    assert "by service" in lab.alt
    ticks = [text.get_text() for text in lab.picture.figure.axes[0].get_xticklabels()]
    assert ticks == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    lab.set(by="team", period="month", cost="EffectiveCost")
    assert lab.error == ""
