"""The figures in the quiz of lesson 1, computed again from what each question gives."""

import math
from fractions import Fraction

from scipy.stats import t

from mlopt_lessons.course.questions import questions

MONTH_H, WEEK_H = 730, 168


def right(question: str) -> str:
    """The right option with its explanation."""
    (found,) = [each for each in questions("01_cost") if each.id == question]
    (option,) = [each for each in found.options if each.correct]
    return f"{option.text} {option.explanation}"


def told(question: str) -> str:
    """All options and explanations of a question."""
    (found,) = [each for each in questions("01_cost") if each.id == question]
    return " ".join(f"{each.text} {each.explanation}" for each in found.options)


def test_ten_questions_with_the_right_letter_in_every_place() -> None:
    found = questions("01_cost")
    letters = [option.id for each in found for option in each.options if option.correct]
    assert len(letters) == 10
    assert set(letters) == set("abcd")
    assert max(letters.count(letter) for letter in "abcd") <= 4


def test_what_the_flat_rate_hides() -> None:
    extra = 2 * 23 + 500 * 0.09
    assert f"${(100 + 30 + 240) * 10 + extra:,.0f}" in right("q01-flat")
    assert f"{1000 / (3700 + extra):.0%}".replace("%", " %") in right("q01-flat")
    for hours in (100 + 30, 100 + 240):
        assert f"${hours * 10 + extra:,.0f}" in told("q01-flat")


def test_a_twelfth_of_the_commitment() -> None:
    share = 12_000 / 12
    assert f"${share:,.0f}, a twelfth" in right("q01-commitment")
    for part in (0.8, 0.2):
        assert f"${share * part:.0f}" in right("q01-commitment")


def test_the_bill_that_fell() -> None:
    before, after = 4000 / 80, 3600 / 60
    more = f"{after / before - 1:.0%}".replace("%", " %")
    assert f"cost ${before:.0f} and now costs ${after:.0f}, {more} more" in right("q01-fell")
    assert f"Of the ${5000 - 3500:,} that are gone, only ${4000 - 3600} were use" in told(
        "q01-fell"
    )
    fewer, less = (f"{1 - part:.0%}".replace("%", " %") for part in (60 / 80, 3600 / 4000))
    assert f"{fewer} fewer runs came out for {less} less" in told("q01-fell")


def test_twenty_hours_on_a_dearer_machine() -> None:
    assert f"${1000 - 20 * 36}, if" in right("q01-story")
    assert f"{1 - 20 * 36 / 1000:.0%}".replace("%", " %") in right("q01-story")


def test_a_thousand_predictions() -> None:
    days = {"Monday": 900_000, "Sunday": 100_000}
    each = [90 / count * 1000 for count in days.values()]
    assert f"${180 / sum(days.values()) * 1000:.2f}," in right("q01-serve")
    assert f"${sum(each) / 2:.2f}, the mean of ${each[0]:.2f} and ${each[1]:.2f}" in told(
        "q01-serve"
    )


def test_idle_hours_of_a_machine_with_a_clock() -> None:
    kept, weekend = MONTH_H * 60 / WEEK_H, MONTH_H * 48 / WEEK_H
    text = told("q01-nights")
    assert (
        f"{kept:.0f} of 730; {kept - 160:.0f} of them are idle, ${(kept - 160) * 10:,.0f}" in text
    )
    assert f"it was ${(MONTH_H - 160) * 10:,}" in text
    assert f"{weekend:.0f} hours, ${weekend * 10:,.0f}" in text
    assert round((MONTH_H - 160 - weekend) * 10, -2) == 3600
    assert f"The nights of working days are {MONTH_H * 60 / WEEK_H:.0f} hours more" in text


def test_the_forecast_and_its_interval() -> None:
    middle = 400 + 30 * 60
    # 20 days to come, each with its own noise, and a mean known from 10 days only.
    half = t.ppf(0.975, 9) * 15 * math.sqrt(20 + 20**2 / 10)
    text = right("q01-forecast")
    assert f"± ${half:.0f}" in text
    ends = [round(middle + sign * half, -1) for sign in (-1, 1)]
    assert f"${middle:,}: ${ends[0]:,.0f} to ${ends[1]:,.0f}" in text
    assert f"± {half / middle:.0%}".replace("%", " %") in told("q01-forecast")


def test_energy_from_an_assumption() -> None:
    kwh = 10 * 10 / 1000
    assert f"are {kwh} kWh, about {kwh * 15:.1f} cents" in right("q01-energy")
    assert f"it would say {10 * 20 / 1000} kWh" in told("q01-energy")


def test_one_timing_each() -> None:
    assert f"{1 - 1 / 1.3:.0%}".replace("%", " %") in told("q01-timing")


def test_the_end_of_a_credit() -> None:
    paid = 4000 - 1000
    assert f"a third more than this month's ${paid:,}" in right("q01-credit")
    assert Fraction(4000, paid) == 1 + Fraction(1, 3)
