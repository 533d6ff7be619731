"""Means, waste and idle time against hand computation and the published percentiles."""

import math

import numpy as np
import pandas as pd
import pytest
from gpu_logs import log, quantiles
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.gpu.efficiency import (
    find_idle,
    gpu_hour_price,
    mean_efficiency,
    mfu,
    published_efficiency,
    utilisation_summary,
)

COLUMNS = {
    ("Seren", "utilisation"): "seren_gpu_util",
    ("Seren", "sm_active"): "seren_sm_active",
    ("Seren", "occupancy"): "seren_sm_occupancy",
    ("Seren", "memory"): "seren_gpu_mem",
    ("Seren", "power"): "seren_gpu_power_w",
    ("Kalos", "utilisation"): "kalos_gpu_util",
    ("Kalos", "sm_active"): "kalos_sm_active",
    ("Kalos", "occupancy"): "kalos_sm_occupancy",
    ("Kalos", "memory"): "kalos_gpu_mem",
    ("Kalos", "power"): "kalos_gpu_power_w",
    ("Philly", "utilisation"): "philly_gpu_util",
}


def test_three_definitions_of_waste_differ_on_one_log():
    found = mean_efficiency(log([100, 20], sm_active=[60, 10], occupancy=[16, 4]))
    assert found.wasted == {"utilisation": 40, "sm_active": 65, "occupancy": 90}


def test_means_weigh_the_time_that_a_reading_stands_for():
    found = mean_efficiency(
        log([100, 0, 0], time_s=[0, 30, 40], sm_active=[50, math.nan, math.nan])
    )
    assert found.utilisation == pytest.approx(100 * 30 / (30 + 10 + 20))
    assert found.sm_active == 50  # of the readings that tell it
    assert math.isnan(mean_efficiency(log([1], occupancy=[math.nan])).occupancy)


def test_several_logs_weigh_by_their_length():
    short, long = log([0] * 10), log([100] * 30)
    assert mean_efficiency([short, long]).utilisation == pytest.approx(75)
    with pytest.raises(ValueError, match="no log"):
        mean_efficiency([])


def test_the_claim_of_20_percent_is_80_wasted_only_by_its_own_definition():
    # At Seren's ratios, 42 and 13 % to 66 %, 20 % busy is 12.6 % of the SMs and 3.8 % of the warps.
    story = published_efficiency("Seren").at(20)
    assert story.wasted["utilisation"] == 80
    assert story.wasted["sm_active"] == pytest.approx(100 - 20 * 41.5 / 66.1)
    assert story.wasted["occupancy"] == pytest.approx(100 - 20 * 12.7 / 66.1)
    assert story.finding == "80 % by utilisation, 87 % by SM-active, 96 % by occupancy"
    with pytest.raises(ValueError, match="from 0 to 100 %"):
        story.at(101)
    with pytest.raises(ValueError, match="no ratio"):
        story.at(0).at(20)


def test_mfu_of_a_known_run():
    # 10¹² parameters on 3,072 A100: 502 PFLOP/s are 52 % of the peak (Narayanan et al. 2021, abstract).
    assert mfu(1.0, 502e15 / 3072, 312) == pytest.approx(52, abs=0.5)
    assert mfu(0, 1e12, 312) == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((-1, 1, 1), "steps_per_s is -1"),
        ((1, math.nan, 1), "flops_per_step is nan"),
        ((1, 1, 0), "peak_tflops is 0"),
        ((1, 320e12, 312), "103 % of the peak cannot be"),
    ],
)
def test_an_mfu_that_cannot_be_is_told(arguments, told):
    with pytest.raises(ValueError, match=told):
        mfu(*arguments)


def test_idle_spells_by_hand():
    #       minute 0  1  2  3  4   5  6  7   8  9
    found = log([0, 4, 50, 0, 0, 0, 5, 90, 1, 2])
    (idle,) = find_idle(found, below=5, minutes=2)
    assert (idle.spells_s / 60).tolist() == [[0, 2], [3, 6], [8, 10]]
    assert idle.hours == pytest.approx(7 / 60)
    assert (idle.share, idle.parked) == (pytest.approx(0.7), False)
    assert idle.usd_month(2.0) == pytest.approx(0.7 * 730 * 2)
    assert (find_idle(found, 5, 3)[0].spells_s / 60).tolist() == [[3, 6]]
    assert find_idle(found, 5, 3.1)[0].spells_s.shape == (0, 2)
    assert (find_idle(found, 100, 10)[0].spells_s / 60).tolist() == [[0, 10]]


def test_a_gap_in_the_log_is_not_idle_time():
    (idle,) = find_idle(log([0] * 4, time_s=[0, 60, 6000, 6060]), 5, 0)
    assert idle.spells_s.tolist() == [[0, 240], [6000, 6120]]  # 3 usual intervals at most
    assert idle.parked


@given(
    st.lists(st.sampled_from([0.0, 4.9, 5.0, 80.0]), min_size=1, max_size=40),
    st.integers(0, 8),
)
def test_idle_spells_are_what_a_plain_loop_finds(values, minutes):
    spells, start = [], None
    for minute, value in enumerate([*values, 100.0]):
        if value < 5 and start is None:
            start = minute
        elif value >= 5 and start is not None:
            spells += [[start, minute]] if minute - start >= minutes else []
            start = None
    time_s = np.arange(len(values)) * 60.0
    (idle,) = find_idle(log(values, time_s=time_s), 5, minutes)
    if len(values) > 1:  # one reading stands for a second, not for a minute
        assert (idle.spells_s / 60).tolist() == spells


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((0, 1), "below is 0"),
        ((101, 1), "below is 101"),
        ((math.nan, 1), "below is nan"),
        ((5, -1), "minutes is -1"),
    ],
)
def test_rules_that_cannot_be_are_told(arguments, told):
    with pytest.raises(ValueError, match=told):
        find_idle(log([1]), *arguments)


@pytest.mark.parametrize(
    ("name", "dollars", "date"),
    [
        # g4dn.xlarge, not the cheaper "gpu add-on" without a machine
        ("Tesla T4", 0.526, "2026-07-20"),
        ("gpu3 NVIDIA L40S", 1.861, "2026-07-20"),
        ("NVIDIA H200", 63.296 / 8, "2026-07-20"),
        ("L4 1/8", 0.202, "2026-07-20"),
    ],
)
def test_a_gpu_hour_is_priced_from_the_table(name, dollars, date):
    found = gpu_hour_price(name)
    assert found.usd_per_hour == pytest.approx(dollars, abs=0.0005)
    assert found.date == date
    assert found.source


def test_memory_tells_two_gpus_of_one_chip_apart():
    assert gpu_hour_price("NVIDIA A100-SXM4-40GB").name.startswith("A100-40GB")
    assert gpu_hour_price("NVIDIA A100-SXM4-80GB").name.startswith("A100-80GB")
    for name in ("NVIDIA A100", "NVIDIA GeForce RTX 4090"):
        with pytest.raises(ValueError, match="There is no price"):
            gpu_hour_price(name)


def test_own_prices_are_divided_by_the_gpus():
    table = pd.DataFrame({"provider": ["me"], "instance": ["box"], "gpu": ["T4"], "gpus": [4],
                          "on_demand_usd_h": [2.0], "date": ["2026-01-01"], "source": ["invoice"]})  # fmt: skip
    assert gpu_hour_price("T4", table).usd_per_hour == 0.5


def test_the_shipped_figures_are_those_of_the_recorded_percentiles():
    recorded, shipped = quantiles(), utilisation_summary().set_index(["cluster", "measure"])
    for key, column in COLUMNS.items():
        values = recorded[column].to_numpy()
        assert shipped.loc[key, "mean"] == pytest.approx(np.trapezoid(values, dx=0.01), abs=0.06), (
            key
        )
        for percent in (25, 30, 35, 40, 50, 60, 65, 70, 75, 90, 95, 99, 100):
            # Within the rounding to one decimal.
            assert abs(shipped.loc[key, f"p{percent}"] - values[percent]) < 0.0501, key


def test_the_means_are_those_of_the_papers_data():
    means = utilisation_summary().set_index(["cluster", "measure"])["mean"].round()
    assert means["Seren"].to_dict() == {
        "utilisation": 66,
        "sm_active": 42,
        "occupancy": 13,
        "memory": 39,
        "power": 169,
    }
    assert (means["Philly", "utilisation"], means["PAI", "utilisation"]) == (47, 16)
    assert set(utilisation_summary()["licence"]) == {"CC BY 4.0"}
    assert math.isnan(published_efficiency("PAI").sm_active)
    with pytest.raises(ValueError, match="choose one of Seren, Kalos, Philly, PAI"):
        published_efficiency("Helios")
