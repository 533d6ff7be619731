"""The lab of lesson 1: switches and menus bound to a bill and a picture."""

from typing import Any

import ipywidgets as widgets

from mlopt_lessons.cost.bill import Bill
from mlopt_lessons.cost.explore import PERIODS, BillSlice, BillView
from mlopt_lessons.cost.figures import BillPicture
from mlopt_lessons.cost.focus import COSTS
from mlopt_lessons.cost.what_if import SWITCHES, Terms
from mlopt_lessons.course.controls import menu, slider
from mlopt_lessons.course.live import LiveFigure

GROUPS = ("team", "service", "resource", "region", "tag:workload", "pricing", "charge")
PERCENTS = [(f"{percent} %", percent / 100) for percent in range(0, 101, 10)]


def bill_lab(bill: Bill) -> LiveFigure:
    """A bill by group and period, and what it would be with switches thrown; computed at each move.

    The switches are thrown in the order in which they stand, each on what the others left.
    """
    slices = BillSlice(bill)
    slices.prepare(GROUPS)
    costs = [cost for cost in COSTS if bill.has(cost)]

    def compute(
        by: str, period: str, cost: str, discount: float, coverage: float, **on: bool
    ) -> BillView:
        thrown = [name for name, place in zip(SWITCHES, on, strict=True) if on[place]]
        terms = Terms(coverage=coverage, spot_discount=discount)
        return slices.view(by, period, cost, thrown, terms)

    controls: dict[str, Any] = {
        "by": menu(GROUPS, GROUPS[0], "by"),
        "period": menu(PERIODS, PERIODS[0], "over"),
        "cost": menu(costs, "EffectiveCost" if "EffectiveCost" in costs else costs[0], "cost"),
        **{_name(switch): widgets.Checkbox(value=True, description=switch) for switch in SWITCHES},
        "discount": slider(PERCENTS, 0.7, "spot discount"),
        "coverage": slider(PERCENTS, 1.0, "committed part"),
    }
    for switch, place in (("spot", "discount"), ("commit", "coverage")):
        _only_with(controls[switch], controls[place])
    places = {_name(switch): False for switch in SWITCHES}
    presets: dict[str, dict[str, Any]] = {
        "The bill as it is": places,
        "Turn off what is not needed": places | {
            "nights_and_weekends_off": True, "delete_idle": True, "cold_storage_deleted": True,
        },
        "All switches": dict.fromkeys(places, True),
    }  # fmt: skip
    most = max(float(bill.costs(cost).sum()) for cost in costs)
    return LiveFigure(BillPicture(most), compute, controls, presets, title="A month's bill")


def _name(switch: str) -> str:
    return switch.replace(" ", "_")


def _only_with(switch: widgets.Checkbox, moved: widgets.SelectionSlider) -> None:
    """A slider that has no say while its switch is off cannot be moved."""
    switch.observe(lambda change: setattr(moved, "disabled", not change["new"]), names="value")
