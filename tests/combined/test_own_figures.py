"""The learner's figures as levers: from a ledger made by hand, else the story's, by hand in dollars."""

from pathlib import Path

import pytest

from mlopt_lessons.combined.levers import Lever, total
from mlopt_lessons.combined.own_figures import PARTS, SOURCES, own_bill, own_levers
from mlopt_lessons.cost.keys import tag_values
from mlopt_lessons.cost.month import simulate_month
from mlopt_lessons.course.claims import claim
from mlopt_lessons.course.provenance import Figure, measured, simulated
from mlopt_lessons.course.store import Store
from mlopt_lessons.gpu.slowdown import story_job
from mlopt_lessons.resources.usage import STORY_REQUEST
from mlopt_lessons.spot.job import STORY_JOB, STORY_RATES


def note(store: Store, id: str, of: str, figure: Figure, case: str = "") -> None:
    """Records a verdict as `course.verdict` does."""
    low, high = figure.interval or (None, None)
    where = figure.provenance
    store.record_verdict(
        {
            "claim": id, "of": of, "case_name": case, "value": figure.value, "unit": figure.unit,
            "low": low, "high": high, "kind": where.kind, "detail": where.detail,
            "date": where.date, "machine": where.machine, "seed": where.seed,
        }
    )  # fmt: skip


def by_name(store: Store) -> dict[str, Lever]:
    return {lever.name: lever for lever in own_levers(store)}


class TestAnEmptyLedger:
    def test_every_lever_is_quoted_from_the_story(self) -> None:
        levers = own_levers(Store(None))
        assert {lever.kind for lever in levers} == {"quoted"}
        assert {lever.source for lever in levers} == {f"the story, {s.claim}" for s in SOURCES}
        assert all(lever.low is lever.high is None for lever in levers)

    def test_what_the_story_saves_by_hand(self) -> None:
        saves = {name: lever.saves for name, lever in by_name(Store(None)).items()}
        assert saves == pytest.approx(
            {
                "train less": 800 / 1000,
                "spot": 1700 / 2400,
                "right-size": 4.50 / 6.00,
                "share GPUs": 1 / 2,
                "ask for less": 3 / 4,  # both a quarter of before, so at any prices
                "quantize": 30 / 40,
                "prune": 1 / 2,
            }
        )

    def test_the_bill_by_hand(self) -> None:
        after = {row.part: row.after for row in own_bill(Store(None))}
        assert after == pytest.approx(
            {
                "training": 3300 * 0.2 * (700 / 2400) * 0.25,
                "serving": 3200 * 0.25 * 0.5,
                "notebooks": 1800 * 0.5,
                "rest": 1700 * 0.25,
            }
        )
        assert not any(row.measured for row in own_bill(Store(None)))

    def test_the_bill_is_what_the_levers_leave(self) -> None:
        left = sum(row.after for row in own_bill(Store(None)))
        assert total(10_000, own_levers(Store(None))).after == pytest.approx(left)


def test_the_story_figures_are_those_of_the_claims() -> None:
    for source in SOURCES:
        stated = {figure.name: figure.value for figure in claim(source.claim).figures}
        assert {name: stated[name] for name in source.story} == source.story
        assert {*source.story, *source.also} == stated.keys()
    assert STORY_JOB.work_h * STORY_RATES.on_demand == 2400
    assert story_job().fast_usd == 6
    assert (STORY_REQUEST.cpu, STORY_REQUEST.memory_gib) == (16, 64)


def test_the_parts_are_those_of_the_month_of_lesson_1() -> None:
    bill = simulate_month(0).bill
    costs = bill.costs("EffectiveCost").fillna(0.0)
    shares = costs.groupby(tag_values(bill, "workload").fillna("none")).sum() / costs.sum()
    assert PARTS["training"] == pytest.approx(shares["training"], abs=0.005)
    assert PARTS["serving"] == pytest.approx(shares["serving"], abs=0.005)
    assert PARTS["notebooks"] == pytest.approx(shares["notebook"], abs=0.005)
    assert sum(PARTS.values()) == pytest.approx(1)


class TestAMeasuredFigure:
    def test_takes_the_place_of_the_storys(self) -> None:
        store = Store(None)
        note(store, "spot-4", "cost", simulated(816, "$", "closed form", 0), "saved every hour")
        note(store, "spot-4", "cost", simulated(813, "$", "closed form", 0), "best interval")
        note(store, "spot-4", "cost", simulated(700, "$", "closed form", 0), "nothing happens")
        lever = by_name(store)["spot"]
        assert lever.saves == pytest.approx(1 - 813 / 2400)
        assert lever.range == pytest.approx((1 - 816 / 2400, 1 - 700 / 2400))
        assert lever.kind == "simulated"
        assert lever.source.startswith("spot-4, best interval, closed form, 20")
        assert by_name(store)["prune"].kind == "quoted"

    def test_needs_every_figure_of_its_case(self) -> None:
        store = Store(None)
        note(store, "resources-2", "cpu", simulated(8, "CPUs", "a rule", 0), "twice the mean")
        assert by_name(store)["ask for less"].kind == "quoted"
        note(store, "resources-2", "memory", simulated(32, "GB", "a rule", 0), "twice the mean")
        assert by_name(store)["ask for less"].saves == pytest.approx(0.5)

    def test_of_cases_that_are_not_named_the_one_that_saves_least_counts(self) -> None:
        store = Store(None)
        for case, speed in (("a", 3.0), ("b", 2.0), ("c", 5.0)):
            note(store, "quant-3", "speed", measured(speed, "×", "latency"), case)
        lever = by_name(store)["quantize"]
        assert (lever.saves, lever.range) == (0.5, pytest.approx((0.5, 0.8)))

    def test_carries_its_interval(self) -> None:
        store = Store(None)
        note(store, "quant-3", "speed", measured(2.0, "×", "latency", interval=(1.6, 2.5)), "mine")
        assert by_name(store)["quantize"].range == pytest.approx((1 - 1 / 1.6, 1 - 1 / 2.5))

    def test_that_makes_it_dearer_saves_nothing(self) -> None:
        store = Store(None)
        note(store, "quant-3", "speed", measured(0.8, "×", "latency"), "glyph CNN")
        lever = by_name(store)["quantize"]
        assert (lever.saves, lever.range) == (0.0, (pytest.approx(-0.25), 0.0))
        assert {row.part: row.after for row in own_bill(store)}["serving"] == pytest.approx(1600)

    def test_counts_in_a_workspace_once_its_claim_is_predicted(self, tmp_path: Path) -> None:
        store = Store(tmp_path / "progress.sqlite")
        note(store, "gpu-1", "saving", measured(3.0, "$", "published times"), "batch 32")
        assert by_name(store)["right-size"].kind == "quoted"
        store.save_prediction("gpu-1/slowdown", 2.0, "×")
        assert by_name(store)["right-size"].saves == pytest.approx(0.5)
        store.close()


def test_own_parts_of_a_bill() -> None:
    parts = {"serving": 1.0, "training": 0.0, "notebooks": 0.0, "rest": 0.0}
    assert sum(row.after for row in own_bill(Store(None), 800, parts)) == pytest.approx(100)
    with pytest.raises(ValueError, match=r"needs the part\(s\) notebooks, rest, training"):
        own_levers(Store(None), {"serving": 1.0})
    with pytest.raises(ValueError, match=r"add up to 1, not 0\.5"):
        own_levers(Store(None), parts | {"serving": 0.5})
    with pytest.raises(ValueError, match="0 dollars or more"):
        own_bill(Store(None), -1)
