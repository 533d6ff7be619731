"""Scaling a measured run, by hand and on published runs: the shipped figures are made again from them."""

import pandas as pd
import pytest
from published_runs import demand, nvidia_file, timm_file

from mlopt_lessons.gpu.calibrate import (
    PUBLISHED_BAND,
    PUBLISHED_ERRORS,
    Measured,
    calibrated_seconds,
    check_band,
    fit_efficiency,
    own_machine,
    scale_seconds,
    scaling_errors,
)
from mlopt_lessons.gpu.published import nvidia_gpus, nvidia_runs, timm_gpus, timm_runs
from mlopt_lessons.gpu.roofline import FITTED, Range
from mlopt_lessons.workbench.hardware import gpu

T4, V100 = gpu("T4"), gpu("V100-SXM2-16GB")


@pytest.fixture(scope="module")
def timm():
    return timm_runs(timm_file())


def half(runs):
    """Every other network by name, so that no network is on both sides."""
    names = sorted(runs["model"].unique())
    return runs["model"].isin(names[::2])


def test_scaling_by_hand():
    """From a V100 to a T4: 900 / 320 by bandwidth, 125 / 65 by FP16 rate."""
    measured = Measured(0.1, V100, "by hand")
    assert scale_seconds(measured, T4, demand()) == pytest.approx(0.1 * 900 / 320)
    assert scale_seconds(measured, T4, demand(), "flops") == pytest.approx(0.1 * 125 / 65)
    bound = demand(1e15, 1e3), demand(1e3, 1e12)
    by_compute, by_memory = (scale_seconds(measured, T4, each, "roofline") for each in bound)
    assert by_compute == pytest.approx(0.1 * 125 / 65)
    assert by_memory == pytest.approx(0.1 * 900 / 320)


def test_the_band_is_the_published_spread():
    measured = Measured(0.1, V100, "by hand")
    spread = PUBLISHED_ERRORS["bandwidth"].spread
    assert calibrated_seconds(measured, T4, demand()) == spread.times(0.1 * 900 / 320)
    assert calibrated_seconds(measured, V100, demand()) == Range(0.1, 0.1, 0.1)


def test_own_machine_scales_too():
    laptop = own_machine("laptop", fp32_tflops=0.5, bandwidth_gb_s=40, memory_gb=16)
    measured = Measured(8, laptop, "my clock")
    assert scale_seconds(measured, T4, demand()) == pytest.approx(8 * 40 / 320)
    assert scale_seconds(measured, T4, demand(precision="fp32"), "flops") == pytest.approx(4 / 8.1)


def test_the_fitted_efficiencies_are_those_of_half_of_the_networks(timm):
    found = fit_efficiency(timm[half(timm)], timm_gpus(), "fp16", "again")
    for part in ("compute", "bandwidth"):
        ours, again = getattr(FITTED, part), getattr(found, part)
        for end in ("low", "middle", "high"):
            assert getattr(ours, end) == pytest.approx(getattr(again, end), abs=0.006)


def test_the_band_holds_on_the_other_half(timm):
    found = check_band(timm[~half(timm)], timm_gpus(), "fp16")
    for field in ("inside", "below", "above", "median", "p90"):
        assert getattr(PUBLISHED_BAND, field) == pytest.approx(getattr(found, field), abs=0.011)
    assert PUBLISHED_BAND.runs == found.runs


def test_the_band_holds_on_a_gpu_that_was_left_out(timm):
    """Worst is the RTX 4090, whose L2 cache spares it much of the traffic: it is quicker than the band."""
    inside = {}
    for name in ("RTX3090", "RTX4090", "RTX5090", "PRO6000MQ"):
        left_out = timm["run"].str.startswith(name)
        fitted = fit_efficiency(timm[~left_out], timm_gpus(), "fp16", name)
        inside[name] = check_band(timm[left_out], timm_gpus(), "fp16", fitted).inside
    assert min(inside, key=inside.get) == "RTX4090"
    assert min(inside.values()) > 0.6
    assert inside["RTX3090"] > 0.8
    assert inside["RTX5090"] > 0.8


def test_the_errors_of_scaling_are_those_of_the_published_runs(timm):
    for method, found in scaling_errors(timm, timm_gpus(), "fp16", "again").items():
        ours = PUBLISHED_ERRORS[method]
        for field in ("median", "p90"):
            assert getattr(ours, field) == pytest.approx(getattr(found, field), abs=0.006)
        for end in ("low", "middle", "high"):
            assert getattr(ours.spread, end) == pytest.approx(getattr(found.spread, end), abs=0.006)
        assert ours.predictions == found.predictions


def test_bandwidth_does_better_than_peak_flops_but_not_for_every_pair(timm):
    ours = PUBLISHED_ERRORS
    assert ours["bandwidth"].median < ours["flops"].median / 2
    assert ours["bandwidth"].p90 < ours["flops"].p90 / 2
    pair = timm[timm["run"].isin(["RTX4090_pt29", "RTX5090_pt29"])]
    found = scaling_errors(pair, timm_gpus(), "fp16", "one pair")
    assert found["flops"].median < found["bandwidth"].median


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_from_v100_to_t4_bandwidth_is_right_for_large_batches_only(precision):
    runs = nvidia_runs(nvidia_file())
    runs = runs[runs["precision"] == precision]
    large = scaling_errors(runs[runs["batch"] >= 64], nvidia_gpus(), precision, "large")
    assert large["bandwidth"].median < 0.1
    assert large["flops"].median > 0.35
    one = scaling_errors(runs[runs["batch"] == 1], nvidia_gpus(), precision, "batch 1")
    assert min(each.median for each in one.values()) > 0.5


def test_a_perfect_machine_is_fitted_as_perfect():
    """Runs that last exactly as long as their limit at 50 % of it."""
    rows = [
        {"model": f"net {k}", "size": 1, "run": "t", "batch": 1, "flops": f, "traffic_bytes": b}
        for k, (f, b) in enumerate([(65e12, 1), (130e12, 1), (1, 320e9), (1, 640e9)])
    ]
    runs = pd.DataFrame(rows).assign(seconds=[2.0, 4.0, 2.0, 4.0])
    found = fit_efficiency(runs, {"t": T4}, "fp16", "by hand")
    assert (found.compute.low, found.bandwidth.high) == (pytest.approx(0.5), pytest.approx(0.5))
    tested = check_band(runs, {"t": T4}, "fp16", found)
    assert tested.inside == pytest.approx(1)
    assert tested.p90 == pytest.approx(0)
    with pytest.raises(ValueError, match="some bound by compute"):
        fit_efficiency(runs.head(2), {"t": T4}, "fp16", "by hand")


def test_what_cannot_be():
    with pytest.raises(ValueError, match="more than 0 s"):
        Measured(0, T4, "by hand")
    with pytest.raises(ValueError, match="choose one of bandwidth, flops, roofline"):
        scale_seconds(Measured(1, T4, "by hand"), V100, demand(), "luck")
    with pytest.raises(ValueError, match="bandwidth_gb_s above 0"):
        own_machine("laptop", 1, 0, 16)
