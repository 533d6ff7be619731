"""Simulated quantization of whole models."""

import copy
import pickle

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from mlopt_lessons.quantization.affine import fake_quantize
from mlopt_lessons.quantization.calibration import grid_for
from mlopt_lessons.quantization.packing import pack
from mlopt_lessons.quantization.qat import prepare
from mlopt_lessons.quantization.simulate import (
    fake_quantized,
    group_for,
    skipped,
    weight_bytes,
    weight_grid,
    with_fake_quantized_activations,
)
from mlopt_lessons.workbench import weighted_layers


def small_cnn() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10)
    ).eval()


def images(count: int = 6) -> torch.Tensor:
    return torch.randn(count, 1, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("granularity", ["tensor", "channel", "group"])
@pytest.mark.parametrize("scheme", ["symmetric", "asymmetric"])
def test_weights_lie_on_torch_s_grid_and_the_rest_is_untouched(scheme: str, granularity: str):
    model = small_cnn()
    before = copy.deepcopy(model.state_dict())
    rounded = fake_quantized(model, 4, scheme, granularity, group_size=36)
    for name, value in rounded.state_dict().items():
        if name not in {"0.weight", "4.weight"}:
            assert torch.equal(value, before[name])
            continue
        grid = grid_for(value, 4, scheme, granularity, group_size=9 if name[0] == "0" else 36)
        parts = value.reshape(grid.scale.numel(), -1)
        assert max(len(part.unique()) for part in parts) <= 16
        assert not torch.equal(value, before[name])
    assert all(torch.equal(v, before[n]) for n, v in model.state_dict().items())
    assert rounded(images()).shape == (6, 10)


def test_per_channel_weights_equal_torch_fake_quantize():
    model = small_cnn()
    weight = model[4].weight
    scale = weight.detach().abs().amax(1) / 7
    expected = torch.fake_quantize_per_channel_affine(
        weight, scale, torch.zeros(10, dtype=torch.int32), 0, -8, 7
    )
    assert torch.allclose(fake_quantized(model, 4)[4].weight, expected, rtol=1e-6)


def test_a_dict_of_bits_leaves_the_others_alone():
    model = small_cnn()
    rounded = fake_quantized(model, {"4": 2})
    assert torch.equal(rounded[0].weight, model[0].weight)
    assert max(len(row.unique()) for row in rounded[4].weight) <= 4


def test_names_what_is_rounded_and_what_is_skipped():
    model = nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 4), nn.LayerNorm(4), nn.ReLU())
    assert list(weighted_layers(model)) == ["1"]
    assert skipped(model) == {"0": "Embedding", "2": "LayerNorm"}


def test_a_model_that_is_one_layer():
    assert list(weighted_layers(nn.Linear(4, 4))) == [""]
    assert skipped(nn.Linear(4, 4)) == {}


@pytest.mark.parametrize(
    ("length", "group_size", "expected"), [(128, 64, 64), (288, 64, 48), (9, 64, 9), (27, 9, 9)]
)
def test_groups_divide_each_layer(length: int, group_size: int, expected: int):
    assert group_for(length, group_size) == expected


def test_a_length_without_a_near_divisor_is_refused():
    with pytest.raises(ValueError, match=r"No group near 64 divides the 127 .* of fc\.weight"):
        fake_quantized(nn.ModuleDict({"fc": nn.Linear(127, 2)}), granularity="group")
    for group_size in (0, 2.0, "4", True):
        with pytest.raises(ValueError, match="whole number of at least 1"):
            group_for(128, group_size)


@pytest.mark.parametrize("bits", [2, 4])
def test_bytes_are_those_of_packed_integers(bits: int):
    model = small_cnn()
    packed = sum(
        pack(torch.zeros_like(layer.weight).to(torch.int8), bits).numel()
        for layer in weighted_layers(model).values()
    )
    # Scales 4 + 10; biases 4 + 10; BatchNorm 2 x 4 parameters, 2 x 4 statistics; an int64 counter.
    assert weight_bytes(model, bits) == packed + 4 * (14 + 14 + 8 + 8) + 8


def test_bytes_by_hand():
    layer = nn.Linear(64, 10)
    assert weight_bytes(layer, 8) == 640 + 4 * 10 + 4 * 10
    assert weight_bytes(layer, 8, "asymmetric") == 640 + 5 * 10 + 4 * 10
    assert weight_bytes(layer, 8, granularity="tensor") == 640 + 4 + 4 * 10
    assert weight_bytes(layer, 4, granularity="group", group_size=32) == 320 + 4 * 20 + 4 * 10
    assert weight_bytes(layer, 3) == 240 + 80
    assert weight_bytes(nn.ModuleDict({"a": layer, "b": nn.Linear(2, 2)}), {"a": 8}) == 720 + 24


def test_a_shared_weight_is_counted_once():
    tied = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False))
    tied[1].weight = tied[0].weight
    assert weight_bytes(tied, 8) == 64 + 4 * 8


def test_a_shared_weight_is_rounded_once():
    tied = nn.Sequential(nn.Linear(64, 8, bias=False), nn.Linear(64, 8, bias=False))
    alone = fake_quantized(nn.Sequential(tied[0]), 2, method="mse")
    tied[1].weight = tied[0].weight
    rounded = fake_quantized(tied, 2, method="mse")
    assert rounded[0].weight is rounded[1].weight
    assert torch.equal(rounded[0].weight, alone[0].weight)


def test_weights_that_are_computed_are_refused():
    pruned = nn.Sequential(nn.Linear(4, 4))
    prune.l1_unstructured(pruned[0], "weight", 0.5)
    with pytest.raises(ValueError, match=r"0\.weight is computed .* prune\.remove"):
        fake_quantized(pruned)
    prune.remove(pruned[0], "weight")
    assert (fake_quantized(pruned)[0].weight == 0).sum() >= 8
    with pytest.raises(ValueError, match="remove_parametrizations"):
        fake_quantized(prepare(small_cnn(), 4))


def test_activations_are_rounded_to_the_calibrated_grid():
    model, x = small_cnn(), images()
    simulated = with_fake_quantized_activations(model, x, bits=4)
    grid = grid_for(x, 4, "asymmetric", signed=False)
    after_first = nn.Sequential(*list(model)[:4])(fake_quantize(x, grid))
    hidden = grid_for(nn.Sequential(*list(model)[:4])(x).detach(), 4, "asymmetric", signed=False)
    expected = model[4](fake_quantize(after_first, hidden))
    assert torch.equal(simulated(x), expected)
    assert not torch.equal(model(x), expected)


def test_more_bits_for_activations_come_closer():
    model, x = small_cnn(), images()
    errors = [
        (with_fake_quantized_activations(model, x, bits)(x) - model(x)).abs().mean()
        for bits in (2, 4, 8)
    ]
    assert errors == sorted(errors, reverse=True)


def test_simulated_models_can_be_copied_and_pickled():
    simulated = with_fake_quantized_activations(fake_quantized(small_cnn()), images())
    for again in (copy.deepcopy(simulated), pickle.loads(pickle.dumps(simulated))):
        assert torch.equal(again(images()), simulated(images()))


def test_bad_input_names_the_layer():
    model = small_cnn()
    with torch.no_grad():
        model[4].weight[0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"4\.weight has 1 NaN"):
        fake_quantized(model)
    with pytest.raises(ValueError, match="input of 0 has 384 NaN"):
        with_fake_quantized_activations(small_cnn(), images() * torch.nan)
    with pytest.raises(ValueError, match="no calibration data"):
        with_fake_quantized_activations(small_cnn(), images(0))
    with pytest.raises(ValueError, match="no layer 'head'; choose from 0, 4"):
        fake_quantized(model, {"head": 4})
    with pytest.raises(ValueError, match="no Linear or Conv layer"):
        fake_quantized(nn.ReLU())
    with pytest.raises(TypeError, match="bits must be an integer"):
        fake_quantized(small_cnn(), "8")
    with pytest.raises(ValueError, match="bits must be from 2 to 8"):
        weight_bytes(small_cnn(), 33)


def test_weight_grid_is_the_grid_in_use():
    layer = nn.Linear(64, 8)
    grid = weight_grid(layer.weight, 3, "asymmetric", "group", "mse", 16)
    rounded = fake_quantized(layer, 3, "asymmetric", "group", "mse", 16)
    assert torch.equal(rounded.weight, fake_quantize(layer.weight, grid))
