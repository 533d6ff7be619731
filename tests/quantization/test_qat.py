"""Quantization-aware training: torch's gradient as oracle, and what it gains on digits."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from mlopt_lessons.quantization.affine import Grid, make_grid
from mlopt_lessons.quantization.qat import StraightThrough, prepare, train_qat
from mlopt_lessons.quantization.simulate import fake_quantized
from mlopt_lessons.workbench import Dataset, accuracy, digits, make_permanent, train


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**16), bits=st.integers(2, 8), limit=st.floats(0.25, 4.0, width=32))
def test_gradient_equals_torch_fake_quantize(seed: int, bits: int, limit: float):
    generator = torch.Generator().manual_seed(seed)
    grid = make_grid(-limit, limit / 2, bits)
    upstream = torch.randn(3, 20, generator=generator)
    ours = (torch.randn(3, 20, generator=generator) * 2).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    StraightThrough.apply(ours, grid).backward(upstream)
    torch.fake_quantize_per_tensor_affine(
        theirs, grid.scale.item(), grid.zero_point.item(), grid.qmin, grid.qmax
    ).backward(upstream)
    assert torch.equal(ours.grad, theirs.grad)


def test_gradient_equals_torch_fake_quantize_per_channel():
    x = torch.randn(3, 20, generator=torch.Generator().manual_seed(0)).requires_grad_()
    y = x.detach().clone().requires_grad_()
    grid = Grid(torch.tensor([0.1, 0.5, 1.0]), torch.zeros(3, dtype=torch.int32), -2, 1, 0)
    StraightThrough.apply(x, grid).square().sum().backward()
    torch.fake_quantize_per_channel_affine(
        y, grid.scale, grid.zero_point, 0, -2, 1
    ).square().sum().backward()
    assert torch.equal(x.grad, y.grad)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits()


@pytest.fixture(scope="module")
def trained(data: Dataset) -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    train(model, data, epochs=20, seed=0, learning_rate=1e-2)
    return model


def score(model: nn.Module, data: Dataset) -> float:
    return accuracy(model, data.test_x, data.test_y).value


@pytest.mark.parametrize("bits", [2, 3])
def test_beats_rounding_after_training(trained: nn.Module, data: Dataset, bits: int):
    aware = train_qat(trained, data, bits, epochs=8, learning_rate=3e-3)
    assert score(aware, data) > score(fake_quantized(trained, bits), data)


def test_at_2_bits_it_beats_as_much_more_training_without_rounding(
    trained: nn.Module, data: Dataset
):
    longer = copy.deepcopy(trained)
    train(longer, data, epochs=8, seed=0, learning_rate=3e-3)
    aware = train_qat(trained, data, 2, epochs=8, learning_rate=3e-3)
    assert score(aware, data) > score(fake_quantized(longer, 2), data) + 0.02


def test_result_is_a_plain_model_on_the_grid_and_the_original_is_untouched(
    trained: nn.Module, data: Dataset
):
    before = copy.deepcopy(trained.state_dict())
    result = train_qat(trained, data, 2, epochs=1)
    assert result.state_dict().keys() == before.keys()
    assert type(result[0]) is nn.Linear
    assert all(len(row.unique()) <= 4 for layer in (result[0], result[2]) for row in layer.weight)
    assert all(torch.equal(v, before[n]) for n, v in trained.state_dict().items())


def test_same_seed_same_weights(trained: nn.Module, data: Dataset):
    first, second, other = (
        train_qat(trained, data, 3, epochs=1, seed=seed)[0].weight for seed in (1, 1, 2)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_prepared_and_finished_without_training_is_fake_quantized():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 3))
    for method in ("min-max", "mse"):
        ours = make_permanent(prepare(model, 3, method=method)).state_dict()
        theirs = fake_quantized(model, 3, method=method).state_dict()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("bits", [1, 9, 33])
def test_bits_out_of_range_are_refused(bits: int):
    with pytest.raises(ValueError, match="bits must be from 2 to 8"):
        prepare(nn.Linear(2, 2), bits)


def test_no_epochs_are_refused(trained: nn.Module, data: Dataset):
    with pytest.raises(ValueError, match="epochs must be at least 1"):
        train_qat(trained, data, 4, epochs=0)
