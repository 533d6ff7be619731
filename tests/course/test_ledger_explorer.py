"""The ledger as a picture: what is near, what holds, what is drawn where."""

from math import inf, log2
from pathlib import Path

import numpy as np
import pytest
from ledger_story import PREDICTED, SPEEDS, half_way

from mlopt_lessons.course import ledger_lab, ledger_lines, measured, show_ledger, verdict
from mlopt_lessons.course.claims import CLAIMS
from mlopt_lessons.course.ledger_explorer import EVERY, TOPICS, ledger_view
from mlopt_lessons.course.store import open_store


@pytest.mark.usefixtures("no_workspace")
def test_an_empty_ledger_shows_where_each_claim_would_hold() -> None:
    view = ledger_view(ledger_lines())
    assert len(view.bars) == sum(len(claim.figures) for claim in CLAIMS.values())
    bars = {bar.name: bar for bar in view.bars}
    assert (bars["quant-3 speed"].low, bars["quant-3 speed"].high) == (
        pytest.approx(log2(0.9)),
        4.0,
    )
    assert (bars["spot-3 saving"].low, bars["spot-3 saving"].high) == (0.0, 7.0)
    assert all(bar.low <= 0 <= bar.high and bar.found == () for bar in view.bars)
    assert view.finding.startswith("Nothing measured here yet.")


def test_near_is_counted_as_numpy_counts_it(workspace: Path) -> None:
    half_way(open_store())
    ratios = np.array([*(speed / 4 for speed in SPEEDS.values()), 931 / 700])
    for factor in (1.1, 1.5, 2.0, 2.5, 8.0):
        near = int(np.sum(np.maximum(ratios, 1 / ratios) <= factor))
        told = ledger_view(ledger_lines(), EVERY, factor).finding
        assert f"Of 4 figures found, {near} are near the story" in told
        assert told.endswith("Holding by the claim's own rule: 1.")


def test_a_topic_shows_its_own_section_and_the_prediction(workspace: Path) -> None:
    half_way(open_store())
    view = ledger_view(ledger_lines(), "5 quantization")
    assert {bar.name.split()[0] for bar in view.bars} == {"quant-1", "quant-2", "quant-3"}
    speed = next(bar for bar in view.bars if bar.name == "quant-3 speed")
    assert speed.predicted == pytest.approx(log2(PREDICTED["quant-3/speed"][0] / 4))
    assert [holds for _, holds in speed.found] == [False, False, True]
    assert next(bar for bar in view.bars if bar.name == "quant-1 size").found == ()
    sections = {claim.section for claim in CLAIMS.values()}
    assert set(TOPICS.values()) == {0} | sections


@pytest.mark.usefixtures("no_workspace")
def test_a_loss_in_the_place_of_a_saving_is_drawn_and_never_near() -> None:
    verdict("spot-4", measured(-340.0, "$", "a test"), of="saving")
    view = ledger_view(ledger_lines(), "3 spot", factor=8.0)
    assert next(bar for bar in view.bars if bar.name == "spot-4 saving").found == ((-inf, False),)
    assert "Of 1 figures found, 0 are near" in view.finding
    assert show_ledger("3 spot").alt


@pytest.mark.usefixtures("no_workspace")
def test_every_control_changes_the_picture() -> None:
    lab = ledger_lab()
    seen = [lab.png]
    for values in ({"factor": 2.0}, {"points": 10.0}, {"topic": "4 GPU"}):
        lab.set(**values)
        assert not lab.error
        assert lab.png not in seen
        seen.append(lab.png)
    lab.set(topic=EVERY)
    assert lab.png == seen[2]  # nothing of the other topic is left in it
    for preset in lab.presets.values():
        lab.set(**preset)
    for topic in TOPICS:
        lab.set(topic=topic)
        assert not lab.error


@pytest.mark.usefixtures("no_workspace")
def test_the_still_picture_is_the_labs() -> None:
    lab = ledger_lab()
    lab.set(factor=2.0, points=10.0)
    assert show_ledger(factor=2, points=10).alt == lab.alt


@pytest.mark.parametrize(
    "values", [{"topic": "9 more"}, {"factor": 0.5}, {"factor": float("nan")}, {"points": -1.0}]
)
def test_bad_settings_get_a_sentence(no_workspace: Path, values: dict) -> None:
    with pytest.raises(ValueError, match=r"topic|factor is at least 1"):
        ledger_view(ledger_lines(), **values)
