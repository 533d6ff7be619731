"""The opening's bakery: bills by hand, sums that must hold, and a lab that shows what it computes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.course.opening import BATCHES, BakeryMonth
from mlopt_lessons.course.opening_lab import bakery_lab

months = st.builds(
    BakeryMonth,
    ovens=st.integers(1, 8),
    hours=st.integers(1, 24),
    usd_per_hour=st.floats(0.01, 100),
    batches=st.integers(1, 300),
)


def test_a_month_by_hand() -> None:
    month = BakeryMonth(ovens=8, hours=16, usd_per_hour=0.5)
    assert month.bill == 1920  # 8 ovens × 16 h × 30 days × $0.50
    assert month.bill - month.wasted == 270  # 18 batches × 1 h × 30 days × $0.50
    assert month.wasted_part == pytest.approx(1650 / 1920)
    assert month.usd_per_batch == pytest.approx(1920 / 540)
    assert month.missing == 0
    assert month.finding == (
        "8 ovens on for 16 h a day: $1,920 a month, of which $1,650 (86 %) bakes nothing; "
        "$3.56 a batch; every cake is baked."
    )


def test_nothing_is_wasted_where_the_ovens_are_on_for_as_long_as_they_bake() -> None:
    month = BakeryMonth(ovens=3, hours=6, usd_per_hour=0.5)
    assert (month.oven_hours, month.wasted, month.missing) == (BATCHES, 0, 0)
    assert month.usd_per_batch == 0.5


def test_too_few_ovens_are_cheap_and_leave_customers_without_cake() -> None:
    month = BakeryMonth(ovens=1, hours=6, usd_per_hour=0.5)
    assert month.missing == 12
    assert month.finding.startswith("1 oven on for 6 h a day: $90 a month")
    assert month.finding.endswith("12 batches a day are missing: not the same cakes.")


@given(months)
def test_what_is_paid_bakes_or_is_wasted(month: BakeryMonth) -> None:
    baking = 30 * month.ovens * month.baking_hours * month.usd_per_hour
    assert baking + month.wasted == pytest.approx(month.bill)
    assert month.wasted == pytest.approx(month.wasted_part * month.bill, abs=1e-9 * month.bill)
    assert month.missing == 0 or month.wasted == 0


@given(months, st.floats(0.5, 2))
def test_the_price_changes_the_bill_and_not_the_wasted_part(
    month: BakeryMonth, factor: float
) -> None:
    dearer = BakeryMonth(month.ovens, month.hours, factor * month.usd_per_hour, month.batches)
    assert dearer.bill == pytest.approx(factor * month.bill)
    assert dearer.wasted_part == month.wasted_part


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0, 6, 0.5), "1 oven or more"),
        ((3, 0, 0.5), "0 to 24 hours"),
        ((3, 25, 0.5), "0 to 24 hours"),
        ((3, 6, 0.0), "costs more than"),
        ((3, 6, 0.5, 0), "1 batch or more"),
        ((3, float("nan"), 0.5), "0 to 24 hours"),
    ],
)
def test_a_bakery_that_cannot_be(values: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BakeryMonth(*values)


def test_the_lab_draws_what_it_computes() -> None:
    lab = bakery_lab()
    assert lab.alt == BakeryMonth(8, 16, 0.5).finding
    for values in lab.presets.values():
        lab.set(**values)
        assert lab.error == ""
        assert lab.alt == BakeryMonth(**values, usd_per_hour=0.5).finding
    drawn = {text.get_text() for axes in lab.picture.figure.axes for text in [axes.title]}
    drawn |= {axes.get_title(loc="left") for axes in lab.picture.figure.axes}
    assert {"0 % bakes nothing, same cakes", "$270, $0 wasted"} <= drawn


def test_each_slider_end_draws_another_picture() -> None:
    lab = bakery_lab()
    lab.set(ovens=5, hours=10)
    pictures = {lab.png}
    for name, slider in lab.controls.items():
        for end in (slider.min, slider.max):
            lab.set(**{name: end})
            pictures.add(lab.png)
    assert len(pictures) == 7
