"""The opening's lab: three sliders and the bakery's bill, as an area and as dollars."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as widgets
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from mlopt_lessons.course import look
from mlopt_lessons.course.live import LiveFigure
from mlopt_lessons.course.opening import DAYS, MOST_HOURS, MOST_OVENS, BakeryMonth

LEAST_USD, MOST_USD = 0.1, 1.0


class MonthPicture:
    """Left: ovens times hours, the area that is paid for. Right: the month's dollars."""

    @look.style()
    def __init__(self) -> None:
        rooms = [["day", "dollars"]]
        self.figure, axes = look.mosaic(rooms, width=9, height=3.6, width_ratios=(2, 1))
        day, dollars = axes["day"], axes["dollars"]
        self._on, self._baking = _area(day, look.VERMILION), _area(day, look.GREEN)
        day.set(xlim=(0, MOST_HOURS), ylim=(0, MOST_OVENS), xlabel="hours a day", ylabel="ovens")
        day.set_xticks(range(0, MOST_HOURS + 1, 4))
        self._wasted = dollars.bar([0], [0], color=look.VERMILION)[0]
        self._used = dollars.bar([0], [0], color=look.GREEN)[0]
        most = DAYS * MOST_OVENS * MOST_HOURS * MOST_USD
        dollars.set(xlim=(-0.8, 0.8), ylim=(0, most), xticks=[], ylabel="dollars a month")
        self._note, self._sum = day.set_title(""), dollars.set_title("", parse_math=False)
        areas, names = [self._baking, self._on], ["bakes", "warm and empty"]
        self.figure.legend(areas, names, loc="outside lower center", ncols=2)
        self.artists: Sequence[Artist] = (
            self._on, self._baking, self._wasted, self._used, self._note, self._sum,
        )  # fmt: skip

    def update(self, month: BakeryMonth) -> str:
        """Sets both areas and both bars; returns the month's finding."""
        for area, hours in ((self._on, month.hours), (self._baking, month.baking_hours)):
            area.set(width=hours, height=month.ovens)
        self._used.set_height(month.bill - month.wasted)
        self._wasted.set_height(month.bill)
        missing = f"{month.missing:g} batches missing" if month.missing > 0 else "same cakes"
        self._note.set_text(f"{100 * month.wasted_part:.0f} % bakes nothing, {missing}")
        self._sum.set_text(f"${month.bill:,.0f}, ${month.wasted:,.0f} wasted")
        return month.finding


def bakery_lab() -> LiveFigure:
    """Ovens, hours and price against the month's bill; computed at each move."""
    controls: dict[str, Any] = {
        "ovens": widgets.IntSlider(8, 1, MOST_OVENS, description="ovens that are on"),
        "hours": widgets.IntSlider(16, 1, MOST_HOURS, description="hours a day"),
        "usd_per_hour": widgets.FloatSlider(
            0.5, min=LEAST_USD, max=MOST_USD, step=0.05, description="$ an oven's hour"
        ),
    }
    presets = {
        "As it was": {"ovens": 8, "hours": 16},
        "Fewer ovens": {"ovens": 3, "hours": 16},
        "Turned off as well": {"ovens": 3, "hours": 6},
    }
    return LiveFigure(MonthPicture(), BakeryMonth, controls, presets, title="The bakery's month")


def _area(axis: Axes, colour: str) -> Rectangle:
    area = Rectangle((0, 0), 0, 0, color=colour)
    axis.add_patch(area)
    return area
