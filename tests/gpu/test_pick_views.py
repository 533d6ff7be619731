"""Lab (a)'s views: memory against capacity, the pick, and the sentence."""

import pytest

from mlopt_lessons.gpu.explore_pick import OPERATORS, RightSize, Setting
from mlopt_lessons.gpu.known import known_profiles
from mlopt_lessons.gpu.networks import NETWORKS
from mlopt_lessons.gpu.operators import count_operators
from mlopt_lessons.gpu.published import NVIDIA_NETWORKS

LAB = RightSize()
IMAGENET = 1.28e6


def test_recorded_operators_are_counted_again():
    assert set(OPERATORS) == set(known_profiles()) == set(NETWORKS)
    for name in ("resnet18", "resnet50", "vgg16", "vit_b16", "gpt2"):
        inputs = NETWORKS[name].inputs(1)
        assert count_operators(NETWORKS[name].on_meta(), *inputs) == OPERATORS[name]


def test_counted_operators_are_those_by_hand():
    """ResNet-50: 53 convolutions and normalisations, 49 ReLUs, 16 additions, 2 pools, 1 classifier.

    ResNeXt-101 has the layers of ResNet-101.
    """
    assert (
        OPERATORS["resnet50"] == NVIDIA_NETWORKS["resnet50v1.5"].operators == 2 * 53 + 49 + 16 + 3
    )
    assert OPERATORS["resnet101"] == NVIDIA_NETWORKS["resnext101-32x4d"].operators
    # VGG-16: 13 convolutions, 15 ReLUs, 5 pools, 3 layers; its pool to 7 × 7 and dropout do nothing here.
    assert OPERATORS["vgg16"] == pytest.approx(13 + 15 + 5 + 3, abs=1)


def test_a_view_of_eight_gpus():
    view = LAB.view(Setting("resnet50", 1024, "fp32", 50, 10 * IMAGENET))
    assert len(view.names) == 8
    assert len(set(view.names)) == 8
    assert view.needs_gb == pytest.approx(sum(view.parts.values()))
    for line, full in zip(view.capacity_gb, view.out_of_memory, strict=True):
        assert full == (view.needs_gb > line)
    prices = [each.offer.usd_h for each in view.estimates]
    assert prices == sorted(prices)
    assert view.best.name == "H200-141GB"
    assert view.note.startswith("H200-141GB: $")
    assert "Out of memory: T4, L4, A10G, L40S, V100-16GB" in view.finding


def test_at_batch_1_launches_bind_and_the_cheapest_gpu_wins():
    view = LAB.view(Setting("resnet50", 1, "fp32", 24, IMAGENET, training=False))
    hours = [each.hours.middle for each in view.estimates]
    assert max(hours) == min(hours)
    assert view.best.name == "T4"
    assert "bound by launches" in view.note


def test_a_larger_batch_takes_fewer_steps_and_more_memory():
    small, large = (
        LAB.view(Setting("resnet50", batch, "fp16", 24, IMAGENET)) for batch in (16, 128)
    )
    assert small.setting.steps == 8 * large.setting.steps
    assert small.needs_gb < large.needs_gb
    assert small.best.hours.middle >= large.best.hours.middle


def test_no_pick_says_why():
    late = LAB.view(Setting("vgg16", 64, "fp32", 0.001, IMAGENET))
    assert (late.best, late.note) == (None, "no pick: deadline")
    assert "Too late: T4" in late.finding
    full = LAB.view(Setting("llama_7b", 8, "fp32", 1000, 1e6))
    assert full.note == "no pick: memory"


def test_what_cannot_be():
    with pytest.raises(ValueError, match="no network 'resnet'"):
        LAB.view(Setting("resnet", 1, "fp32", 1, 1))
    with pytest.raises(ValueError, match="at least one network"):
        RightSize({})
    with pytest.raises(ValueError, match="batch is a whole number"):
        LAB.view(Setting("resnet50", -1, "fp32", 1, 1))
