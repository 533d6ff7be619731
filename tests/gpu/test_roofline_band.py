"""The roofline against hand computation, NVIDIA's documentation and published measurements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_runs import demand, nvidia_file, timm_file

from mlopt_lessons.gpu.known import known_profiles
from mlopt_lessons.gpu.published import (
    NVIDIA_NETWORKS,
    nvidia_gpus,
    nvidia_runs,
    timm_gpus,
    timm_runs,
)
from mlopt_lessons.gpu.roofline import (
    EAGER,
    LAUNCH_S,
    Efficiency,
    Range,
    bus_bytes,
    check_precision,
    launch_floor,
    rate,
    ridge,
    step_time,
)
from mlopt_lessons.gpu.work import BYTES, Demand
from mlopt_lessons.workbench.hardware import gpu, gpus

PERFECT = Efficiency(Range(1, 1, 1), Range(1, 1, 1), "by hand")
amounts = st.floats(1e3, 1e18)


def test_a_step_by_hand():
    """65 TFLOP at a T4's 65 TFLOPS is 1 s; 640 GB of weights at its 320 GB/s is 2 s."""
    t4 = gpu("T4")
    compute = step_time(demand(65e12, 1e9), t4, PERFECT, passes=1)
    assert compute.seconds == Range(1, 1, 1)
    assert (compute.limit, compute.ideal_s) == ("compute", 1)
    moved = step_time(demand(65e12, 640e9, weights=640e9), t4, PERFECT)
    assert moved.seconds == Range(2, 2, 2)
    assert moved.limit == "bandwidth"


def test_the_ends_of_the_band_take_the_ends_of_the_efficiencies():
    part = Efficiency(Range(0.2, 0.4, 0.5), Range(0.5, 0.6, 0.9), "by hand")
    band = step_time(demand(65e12, 1e9), gpu("T4"), part)
    assert band.seconds == Range(2, 2.5, 5)


@pytest.mark.parametrize(
    ("name", "asked", "used", "tera"),
    [
        ("T4", "bf16", "fp32", 8.1),
        ("T4", "tf32", "fp32", 8.1),
        ("V100-SXM2-16GB", "tf32", "fp32", 15.7),
        ("V100-SXM2-16GB", "int8", "fp16", 125),
        ("A10G", "int8", "fp16", 70),
        ("A100-SXM4-40GB", "fp8", "bf16", 312),
        ("T4", "fp8", "fp16", 65),
    ],
)
def test_what_a_gpu_lacks_falls_back_and_says_so(name, asked, used, tera):
    found = rate(gpu(name), asked)
    assert (found.per_s, found.precision) == (pytest.approx(tera * 1e12), used)
    assert asked.upper() in found.note
    assert used.upper() in found.note


def test_every_gpu_has_a_rate_for_every_precision():
    for name in gpus()["name"]:
        for precision in BYTES:
            found = rate(gpu(name), precision)
            assert found.per_s > 0
            assert bool(found.note) == (found.precision != precision)


def test_ridge_of_a_v100_is_nvidias():
    """NVIDIA's guide Matrix Multiplication Background gives 138.9 FLOPS:B for a V100."""
    assert ridge(gpu("V100-SXM2-16GB"), "fp16") == pytest.approx(138.9, abs=0.05)


@pytest.mark.parametrize(
    ("precision", "parts", "expected"),
    [
        # fp32 with AdamW: weights read twice, read and written (16), gradients (8), two moments (16).
        ("fp32", {"weights": 4, "gradients": 4, "optimizer": 8}, 40),
        # mixed: weights read twice and written (6), gradients (4), moments and master (24).
        ("fp16", {"weights": 2, "gradients": 2, "optimizer": 12}, 34),
    ],
)
def test_weights_cross_the_bus_once_and_activations_three_times(precision, parts, expected):
    given_ = demand(traffic=expected + 100, precision=precision, training=True, **parts)
    assert bus_bytes(given_) == expected + 100 * EAGER
    assert bus_bytes(given_, passes=1) == given_.traffic_bytes


def test_weights_are_what_profiles_count_for_them():
    """A network's traffic at batch 0 is that of its weights, so that none of it is multiplied."""
    profile = known_profiles()["vgg16"]
    one, two = (profile.demand(batch, "fp32", True) for batch in (1, 2))
    fixed = 2 * one.traffic_bytes - two.traffic_bytes
    activations = one.traffic_bytes - fixed
    assert bus_bytes(one) == pytest.approx(fixed + EAGER * activations, rel=1e-3)


@given(flops=amounts, traffic=amounts, name=st.sampled_from(sorted(gpus()["name"])))
def test_the_band_is_ordered_and_never_beats_the_ideal(flops, traffic, name):
    band = step_time(demand(flops, traffic), gpu(name))
    assert band.ideal_s <= band.seconds.low <= band.seconds.middle <= band.seconds.high
    more = step_time(demand(2 * flops, 2 * traffic), gpu(name))
    assert more.seconds.middle == pytest.approx(2 * band.seconds.middle)


def test_launches_are_a_floor():
    floor = launch_floor(1000)
    assert floor == LAUNCH_S.times(1000)
    assert launch_floor(1000, training=True) == LAUNCH_S.times(3000)
    band = step_time(demand(1e6, 1e3), gpu("T4"), floor=floor)
    assert (band.limit, band.seconds.middle) == ("launches", floor.middle)


def test_launch_seconds_are_the_published_latencies_at_batch_1():
    runs = nvidia_runs(nvidia_file())
    first = runs[runs["batch"] == 1]
    each = first["seconds"] / first["operators"]
    assert each.min() >= 46e-6
    assert each.max() <= LAUNCH_S.high
    assert each.median() == pytest.approx(LAUNCH_S.middle, abs=1e-6)


def test_the_band_holds_on_other_gpus_than_it_was_fitted_on():
    """NVIDIA's T4 and V100 tables, every batch and precision: at least 85 % of 108 inside."""
    inside = []
    for row in nvidia_runs(nvidia_file(), passes=2).itertuples():
        weights = NVIDIA_NETWORKS[row.model].parameters * 1e6 * BYTES[row.precision]
        step = Demand(
            *(row.model, row.batch, row.flops, row.traffic_bytes, 1.0, {"weights": weights}),
            precision=row.precision,
            training=False,
        )
        band = step_time(step, nvidia_gpus()[row.run], floor=launch_floor(row.operators))
        inside.append(row.seconds in band.seconds)
    assert len(inside) == 108
    assert sum(inside) >= 0.85 * 108


TIMM_NAMES = {
    **{f"resnet{depth}": f"resnet{depth}" for depth in (18, 34, 50, 101, 152)},
    "vgg16": "vgg16",
    "mobilenet_v2": "mobilenetv2_100",
    "vit_b16": "vit_base_patch16_224",
    "vit_l16": "vit_large_patch16_224",
}


def test_profiles_predict_published_throughput():
    """The course's own counts of nine networks, with no figure of timm's: 80 % of 45 inside, median error 20 %."""
    runs = timm_runs(timm_file())
    runs = runs[runs["size"] == 224].set_index(["model", "run"])
    inside, off = [], []
    for name, published in TIMM_NAMES.items():
        for run, hardware in timm_gpus().items():
            row = runs.loc[(published, run)]
            step = known_profiles()[name].demand(int(row["batch"]), "fp16", False)
            seconds = step_time(step, hardware).seconds
            inside.append(row["seconds"] in seconds)
            off.append(abs(seconds.middle / row["seconds"] - 1))
    assert len(inside) == 45
    assert sum(inside) >= 36
    assert sorted(off)[22] < 0.2


def test_what_cannot_be():
    with pytest.raises(ValueError, match="Did you mean bf16"):
        check_precision("bf-16")
    with pytest.raises(ValueError, match="flops above 0"):
        step_time(demand(flops=0), gpu("T4"))
    with pytest.raises(ValueError, match="traffic_bytes above 0"):
        step_time(demand(traffic=float("nan")), gpu("T4"))
    with pytest.raises(ValueError, match="rises from low to high"):
        Range(2, 1, 3)
    with pytest.raises(ValueError, match="efficiency must be above 0"):
        Efficiency(Range(0, 1, 1), Range(1, 1, 1), "by hand")
    with pytest.raises(ValueError, match="operators must be 0 or more"):
        launch_floor(-1)
    with pytest.raises(ValueError, match="at least once"):
        bus_bytes(demand(), passes=0.5)
