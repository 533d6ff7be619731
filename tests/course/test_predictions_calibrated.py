"""How far predictions were off, against numpy, scipy, and figures worked out by hand."""

from math import inf, isclose
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_story import half_way
from scipy.stats import fisher_exact

from mlopt_lessons.course.calibration import (
    NOTHING,
    Calibration,
    Outcome,
    at_least_by_chance,
    calibrate,
    lesson_of,
    off_by,
)
from mlopt_lessons.course.claims import CLAIMS
from mlopt_lessons.course.provenance import measured
from mlopt_lessons.course.store import Prediction, open_store
from mlopt_lessons.course.verdicts import verdict

positive = st.floats(1e-6, 1e6)


def outcome(off: float, high: int = 1, measure: str = "factor", lesson: int = 1) -> Outcome:
    said = Prediction("cost-1/run", 1.0, "$", "")
    return Outcome(said, lesson, "$1", measure, off, high)  # type: ignore[arg-type]


@given(positive, positive)
def test_a_factor_is_that_of_the_larger_over_the_smaller(predicted: float, found: float) -> None:
    measure, off = off_by(predicted, found, "$")
    assert measure == "factor"
    assert isclose(off, max(predicted, found) / min(predicted, found), rel_tol=1e-9)
    assert off == off_by(found, predicted, "$")[1]


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_percentages_and_points_are_compared_by_their_difference(a: float, b: float) -> None:
    for unit in ("%", "points", "% off by bandwidth"):
        assert off_by(a, b, unit) == ("points", float(np.abs(np.subtract(a, b))))


@pytest.mark.parametrize(
    ("predicted", "found", "off"), [(0, 0, 1.0), (0, 3, inf), (30, 0, inf), (-1, 1, inf)]
)
def test_without_a_ratio_only_the_same_is_close(predicted: float, found: float, off: float) -> None:
    assert off_by(predicted, found, "s") == ("factor", off)


@given(st.lists(st.booleans(), min_size=1, max_size=15), st.lists(st.booleans(), min_size=1))
def test_chance_is_that_of_fishers_exact_test(early: list[bool], late: list[bool]) -> None:
    table = [[sum(late), len(late) - sum(late)], [sum(early), len(early) - sum(early)]]
    expected = fisher_exact(table, alternative="greater").pvalue
    assert isclose(at_least_by_chance(early, late), expected, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("given_", "text", "close"),
    [
        (outcome(2.0), "2 times too high", True),
        (outcome(2.01, -1), "2.01 times too low", False),
        (outcome(10.0, -1, "points"), "10 points too low", True),
        (outcome(10.1, 1, "points"), "10.1 points too high", False),
        (outcome(1.0, 0), "exact", True),
        (outcome(inf, 1), "too high, no factor (one of them is 0 or below)", False),
        (outcome(0.0, 0, "choice"), "right", True),
        (outcome(1.0, 0, "choice"), "wrong", False),
    ],
)
def test_an_outcome_in_words(given_: Outcome, text: str, close: bool) -> None:
    assert (given_.text, given_.close) == (text, close)


def test_half_way_through_the_course(workspace: Path) -> None:
    half_way(open_store())
    found = calibrate()
    # quant-3: 3 against the first case, 1.7; spot-4: 900 against 931; outlier: 200 against 12.5; T4 is wrong.
    off = {each.prediction.id: each.off for each in found.outcomes}
    assert off == pytest.approx(
        {
            "quant-3/speed": 3 / 1.7,
            "spot-4/cost": 931 / 900,
            "quant-2/outlier": 16.0,
            "gpu-1/pick": 1.0,
        }
    )
    assert (found.close, found.share, found.waiting) == (
        2,
        50.0,
        1,
    )  # prune-1/loss has no result yet
    lessons = {each.lesson: each for each in found.by_lesson()}
    assert list(lessons) == [3, 4, 5]
    assert lessons[5].factor == pytest.approx(np.median([3 / 1.7, 16.0]))
    assert (lessons[5].compared, lessons[5].close, lessons[5].high, lessons[5].low) == (2, 1, 2, 0)
    assert (lessons[4].factor, lessons[4].points) == (None, None)
    told = " ".join(found.sentences())
    assert "2 of 4 predictions were close" in told
    assert "2 were too high, 1 too low." in told
    assert "1 locked waits for a result" in told


def test_what_is_shown_goes_before_the_ledgers_first_case(workspace: Path) -> None:
    store = open_store()
    store.save_prediction("quant-1", 4.0, "×")
    verdict("quant-1", measured(3.0, "×", "a test"), case="first")
    assert calibrate().outcomes[0].found == "3×"
    store.save_note("reveal/quant-1", '{"value": 2.0, "unit": "×", "where": "here", "right": null}')
    assert calibrate().outcomes[0].found == "2×"


def test_another_unit_and_a_choice_without_a_right_answer_wait(workspace: Path) -> None:
    store = open_store()
    store.save_prediction("gpu-1/memory", 4.0, "MB")
    store.save_prediction("gpu-1/scaling", "price")
    store.save_prediction(
        "ledger/close", 50.0, "%"
    )  # about the ledger, and so no prediction of a lesson
    for id in ("gpu-1/memory", "gpu-1/scaling", "ledger/close"):
        text = '{"value": 2.0, "unit": "GB", "where": "here", "right": null}'
        store.save_note(f"reveal/{id}", text)
    assert calibrate() == Calibration((), 2)


def test_nothing_to_say_without_predictions(no_workspace: Path) -> None:
    found = calibrate()
    assert (found.share, found.by_lesson(), found.sentences()) == (None, [], [NOTHING])


@pytest.mark.parametrize(
    ("early", "late", "end"),
    [
        (0, 4, "You got closer."),
        (2, 3, "Chance alone can make such a difference."),
        (3, 2, "last 4, 2."),
    ],
)
def test_a_trend_is_told_with_its_doubt(early: int, late: int, end: str) -> None:
    offs = [1.1] * early + [9.0] * (4 - early) + [1.1] * late + [9.0] * (4 - late)
    told = Calibration(tuple(outcome(off) for off in offs)).sentences()
    assert told[-1].endswith(end)
    assert told[-1].startswith(f"Of the first 4, {early} were close; of the last 4, {late}.")
    assert len(Calibration(tuple(outcome(off) for off in offs[:7])).sentences()) == 2


def test_a_predictions_lesson_is_its_claims_section() -> None:
    assert {id: lesson_of(f"{id}/anything") for id in CLAIMS} == {
        id: claim.section for id, claim in CLAIMS.items()
    }
    assert lesson_of("opening/epochs") == 0
