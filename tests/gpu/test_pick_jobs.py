"""The cheapest GPU in memory and in time: the story, prices of July 2026, and a search by brute force."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_runs import demand

from mlopt_lessons.gpu.calibrate import Measured
from mlopt_lessons.gpu.gpu_offers import (
    Offer,
    find_gpu,
    offers,
    own_offer,
    part_of,
    slice_offer,
)
from mlopt_lessons.gpu.job_cost import Terms, estimate
from mlopt_lessons.gpu.picking import money, pick, span
from mlopt_lessons.gpu.published import T4_AGAINST_V100
from mlopt_lessons.gpu.roofline import Efficiency, Range
from mlopt_lessons.gpu.slowdown import break_even, story_job
from mlopt_lessons.gpu.work import Job
from mlopt_lessons.workbench.hardware import gpu
from mlopt_lessons.workbench.prices import gpu_prices

PERFECT = Efficiency(Range(1, 1, 1), Range(1, 1, 1), "by hand")


def at(name, usd_h, hardware="", rented_in=1.0):
    return Offer(
        name, gpu(hardware or name), usd_h, "here", "", "", rented_in, "2026-07-20", "by hand"
    )


def test_the_story_exactly():
    story = story_job()
    assert (story.fast_usd, story.cheap_usd, story.saved_usd) == (6.0, 1.5, 4.5)
    assert 1000 * story.saved_usd == 4500
    assert break_even(story.fast_usd_h, story.cheap_usd_h) == 6
    assert story.slowdown == 1.5


def test_with_prices_of_july_2026_the_t4_wins_up_to_5_8_times_slower():
    table = gpu_prices().query("date == '2026-07-20' and provider == 'AWS'").set_index("instance")
    v100, t4 = (table.loc[name, "on_demand_usd_h"] for name in ("p3.2xlarge", "g4dn.xlarge"))
    assert round(break_even(v100, t4), 1) == 5.8
    assert max(each.most for each in T4_AGAINST_V100) < break_even(v100, t4)


def test_break_even_needs_prices():
    with pytest.raises(ValueError, match="above 0"):
        break_even(3, 0)


def test_a_job_by_hand():
    """65 TFLOP a step on a T4 is 1 s; 7,200 steps are 2 h and $1.00 at $0.50."""
    found = estimate(Job(demand(65e12), 7200, 3), at("T4", 0.5), 1, Terms(PERFECT))
    assert found.hours == Range(2, 2, 2)
    assert found.usd == Range(1, 1, 1)
    assert (found.fits, found.in_time, found.memory_gb) == (True, True, 1)


def test_several_gpus_by_hand():
    """Four GPUs at 90 % do 3.6 times the work and cost 4 / 3.6 as much."""
    job = Job(demand(65e12), 7200)
    found = estimate(job, at("T4", 0.5), 4, Terms(PERFECT, parallel=0.9))
    assert found.hours.middle == pytest.approx(2 / 3.6)
    assert found.usd.middle == pytest.approx(4 / 3.6)
    assert found.name == "4 × T4"


def test_a_whole_machine_is_paid_whole():
    job = Job(demand(65e12), 7200)
    part, whole = (
        estimate(job, at("T4", 0.5, rented_in=8), 1, Terms(PERFECT, whole_machine=every))
        for every in (False, True)
    )
    assert (part.usd.middle, whole.usd.middle) == (1, 8)


def test_a_measured_step_takes_the_place_of_the_roofline():
    measured = Measured(1.0, gpu("T4"), "by hand")
    found = estimate(Job(demand(), 3600), at("T4", 0.5), 1, Terms(measured=measured))
    assert found.hours == Range(1, 1, 1)


def test_which_end_of_the_band_must_meet_the_deadline():
    half = Efficiency(Range(0.25, 0.5, 1), Range(1, 1, 1), "by hand")
    job = Job(demand(65e12), 3600, 2.5)  # 1 h, 2 h or 4 h
    in_time = {
        end: estimate(job, at("T4", 0.5), 1, Terms(half, by=end)).in_time
        for end in ("low", "middle", "high")
    }
    assert in_time == {"low": True, "middle": True, "high": False}


def test_offers_are_rows_of_the_price_table():
    rows = gpu_prices()
    for offer in offers():
        row = rows[
            (rows["instance"] == offer.instance)
            & (rows["provider"] == offer.provider)
            & (rows["date"] == offer.date)
        ].iloc[0]
        machine = offer.usd_h * max(offer.rented_in, 1)
        assert machine == pytest.approx(row["on_demand_usd_h"])
        assert offer.source == row["source"]
        assert offer.date >= "2026"
        assert offer.instance != "gpu add-on"
    assert {offer.provider for offer in offers(provider="AWS")} == {"AWS"}
    spot = {offer.gpu: offer.usd_h for offer in offers(spot=True)}
    assert spot["A100-80GB"] == pytest.approx(1.6)


def test_boards_are_those_of_the_machines():
    known = {(each.provider, each.instance): each.hardware.name for each in offers()}
    assert known[("AWS", "p3.2xlarge")] == "V100-SXM2-16GB"
    assert known[("AWS", "p5.48xlarge")] == "H100-SXM5-80GB"
    assert known[("Azure", "Standard_NC24ads_A100_v4")] == "A100-PCIe-80GB"
    assert known[("Azure", "Standard_NC6s_v3")] == "V100-PCIe-16GB"


def test_an_eighth_of_an_l4_is_an_eighth():
    part = next(each for each in offers() if each.instance == "g6f.large")
    assert (part.hardware.memory_gb, part.usd_h) == (3, 0.202)
    assert part.hardware.bandwidth_gb_s == 300 / 8
    assert part.hardware.fp16_tflops == 121 / 8


def test_a_mig_slice_pays_its_larger_part():
    """1g.10gb of an H100: 1/7 of the compute, 1/8 of the memory."""
    offer = slice_offer(at("H100", 7.0, "H100-SXM5-80GB"), "H100 1g.10gb", 1 / 8, 1 / 7)
    assert offer.usd_h == pytest.approx(1.0)
    assert offer.hardware.memory_gb == 10
    assert offer.hardware.bf16_tflops == pytest.approx(989 / 7)
    turns = part_of(gpu("T4"), memory=1, rate=0.5, bandwidth=0.5)
    assert (turns.memory_gb, turns.fp16_tflops, turns.bandwidth_gb_s) == (16, 32.5, 160)
    assert turns.bf16_tflops is None
    with pytest.raises(ValueError, match="part of the memory"):
        part_of(gpu("T4"), memory=2, rate=1)


def test_cheapest_an_hour_is_not_cheapest_a_job():
    """At 7.8 times the peak rate and 2 times the price, the dearer GPU is the cheaper one."""
    found = pick(Job(demand(1e15), 1000), [at("T4", 1), at("V100", 1.5, "V100-SXM2-16GB")])
    assert found.best.name == "V100"
    assert found.why.startswith("V100 is the cheapest that holds 1.0 GB and is in time: $")
    assert "it is also the fastest" in found.why


def test_a_machine_of_eight_is_named():
    job = Job(demand(1e15), 1000)
    shared = pick(job, [at("T4", 1, rented_in=8)])
    assert "rented in machines of 8" in shared.why
    assert (
        "rented in"
        not in pick(job, [at("T4", 1, rented_in=8)], terms=Terms(whole_machine=True)).why
    )


OFFERED = (at("T4", 0.5), at("L4", 0.8), at("A100-SXM4-80GB", 3.4), at("H200-SXM-141GB", 8))
jobs = st.builds(
    Job,
    st.builds(demand, st.floats(1e9, 1e15), st.floats(1e6, 1e13), st.floats(1e8, 3e11)),
    st.floats(1, 1e6),
    st.floats(0.01, 100),
)


@given(job=jobs, counts=st.sampled_from([(1,), (1, 2), (1, 4, 8)]))
def test_the_pick_is_what_a_search_finds(job, counts):
    found = pick(job, OFFERED, counts)
    able = []
    for offer in OFFERED:
        for count in counts:
            each = estimate(job, offer, count)
            fits = job.demand.memory_bytes <= offer.hardware.memory_gb * 1e9
            if fits and each.hours.high <= job.deadline_h:
                able.append(each.usd.middle)
    assert len(found.estimates) == len(found.table) == len(OFFERED) * len(counts)
    if able:
        assert found.best.usd.middle == min(able)
        assert found.best.fits
        assert found.best.in_time
        assert not found.missing
    else:
        assert found.best is None
        assert found.missing in ("memory", "deadline")


def test_nobody_holds_it():
    found = pick(Job(demand(memory=400e9), 10), OFFERED)
    assert (found.best, found.missing) == (None, "memory")
    assert "it needs 400.0 GB, and the largest, H200-SXM-141GB, has 141 GB" in found.why


def test_nobody_is_in_time_and_the_nearest_is_named():
    """The fastest GPU may be too small: the nearest is the fastest of those that hold the job."""
    job = Job(demand(1e15, memory=20e9), 1e5, 0.5)
    found = pick(job, OFFERED[:3])
    assert (found.best, found.missing) == (None, "deadline")
    assert "deadline of 30.0 min" in found.why
    assert "nearest is A100-SXM4-80GB, which takes at worst" in found.why
    assert pick(dataclasses.replace(job, deadline_h=1e4), OFFERED[:3]).best is not None


def test_the_table_keeps_where_a_price_is_from():
    table = pick(Job(demand(), 10)).table
    assert table["source"].str.len().min() > 0
    assert table["date"].str.startswith("2026").all()
    assert {"provider", "region", "instance", "rented_in", "usd_per_gpu_h"} <= set(table)


def test_gpus_by_a_part_of_their_name():
    assert find_gpu("t4").name == "T4"
    assert find_gpu("V100").name == "V100-PCIe-16GB"
    assert find_gpu("A100-80GB").name == "A100-PCIe-80GB"
    assert own_offer("H200", 2.5, "2026-11-25").hardware.name == "H200-SXM-141GB"
    with pytest.raises(ValueError, match="Did you mean T4"):
        find_gpu("T44")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"steps": 0}, "more than 0 steps"),
        ({"steps": float("inf")}, "more than 0 steps"),
        ({"deadline_h": 0}, "deadline must be above 0"),
    ],
)
def test_jobs_that_cannot_be(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        pick(dataclasses.replace(Job(demand(), 10), **change))


def test_arguments_that_cannot_be():
    job = Job(demand(), 10)
    with pytest.raises(ValueError, match="nothing to pick from"):
        pick(job, [])
    eighth = slice_offer(at("T4", 1), "T4 1/8", 1 / 8, 1 / 8)
    with pytest.raises(ValueError, match="nothing to pick from"):
        pick(job, [eighth], counts=(2,))
    with pytest.raises(ValueError, match="whole number of 1 or more"):
        pick(job, counts=(0,))
    with pytest.raises(ValueError, match="parallel efficiency"):
        Terms(parallel=1.1)
    with pytest.raises(ValueError, match="low, middle or high"):
        Terms(by="best")
    with pytest.raises(ValueError, match="price above 0"):
        at("T4", 0)


def test_how_dollars_and_times_read():
    assert [money(each) for each in (1234.5, 0.01, 0.0012)] == ["$1,234.50", "$0.01", "$0.0012"]
    assert [span(each) for each in (72, 47, 1, 0.5, 0.001)] == [
        *("3.0 days", "47.0 h", "1.0 h", "30.0 min", "3.6 s")
    ]
