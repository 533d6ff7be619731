"""The formulas of affine quantization: worked by hand, and as properties of all inputs."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from mlopt_lessons.quantization.affine import (
    Grid,
    clipped,
    dequantize,
    fake_quantize,
    integer_range,
    levels,
    make_grid,
    quantize,
)
from mlopt_lessons.quantization.calibration import grid_for

SCHEMES = ("symmetric", "asymmetric")
VALUES = st.floats(-1e6, 1e6, width=32)
MATRICES = hnp.arrays(np.float32, (4, 6), elements=VALUES).map(torch.tensor)
BITS = st.integers(2, 8)


def test_asymmetric_grid_worked_by_hand():
    grid = make_grid(-1.0, 2.0, bits=2, signed=False)
    assert (grid.scale.item(), grid.zero_point.item(), grid.qmin, grid.qmax) == (1.0, 1, 0, 3)
    x = torch.tensor([-9.0, -1.0, -0.4, 0.0, 0.6, 2.0, 9.0])
    assert quantize(x, grid).tolist() == [0, 0, 1, 1, 2, 3, 3]
    assert fake_quantize(x, grid).tolist() == [-1.0, -1.0, 0.0, 0.0, 1.0, 2.0, 2.0]


def test_symmetric_grid_worked_by_hand():
    grid = make_grid(-3.5, 1.0, bits=4, symmetric=True)
    assert (grid.scale.item(), grid.zero_point.item(), grid.qmin, grid.qmax) == (0.5, 0, -8, 7)
    assert quantize(torch.tensor([-3.5, 1.0, 0.3]), grid).tolist() == [-7, 2, 1]


def test_halves_round_to_the_even_neighbour():
    grid = make_grid(-127.0, 127.0, symmetric=True)
    halves = torch.tensor([0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5])
    assert quantize(halves, grid).tolist() == [0, 2, 2, 4, 0, -2, -2]


@pytest.mark.parametrize(
    ("bits", "signed", "narrow", "expected"),
    [
        (8, True, False, (-128, 127)),
        (8, True, True, (-127, 127)),
        (8, False, False, (0, 255)),
        (4, True, False, (-8, 7)),
        (2, True, True, (-1, 1)),
        (3, False, False, (0, 7)),
    ],
)
def test_integer_range(bits: int, signed: bool, narrow: bool, expected: tuple[int, int]):
    assert integer_range(bits, signed, narrow) == expected


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("signed", [True, False])
def test_a_grid_knows_its_bits_type_and_levels(bits: int, signed: bool):
    grid = make_grid(-1.0, 1.0, bits, signed=signed)
    values = levels(grid)
    assert grid.bits == bits
    assert grid.dtype == (torch.int8 if signed else torch.uint8)
    assert len(values) == 2**bits
    assert (values.diff() > 0).all()
    assert 0.0 in values


@settings(deadline=None, max_examples=100)
@given(x=MATRICES, bits=BITS, scheme=st.sampled_from(SCHEMES))
@pytest.mark.parametrize("granularity", ["tensor", "channel", "group"])
def test_min_max_error_is_at_most_half_a_step(granularity: str, x: Tensor, bits: int, scheme: str):
    grid = grid_for(x, bits, scheme, granularity, group_size=3)
    parts = {"tensor": x.reshape(1, -1), "channel": x, "group": x.reshape(8, 3)}[granularity]
    error = (fake_quantize(x, grid) - x).abs().reshape(parts.shape)
    # float32 arithmetic on values up to the largest of the part adds its own rounding.
    slack = 2**-22 * parts.abs().amax(1, keepdim=True)
    assert (error <= grid.scale.reshape(-1, 1) / 2 + slack).all()


@settings(deadline=None, max_examples=100)
@given(x=MATRICES, bits=BITS, scheme=st.sampled_from(SCHEMES))
def test_rounding_again_changes_nothing_and_zero_stays_zero(x: Tensor, bits: int, scheme: str):
    grid = grid_for(x, bits, scheme)
    once = fake_quantize(x, grid)
    assert torch.equal(fake_quantize(once, grid), once)
    assert fake_quantize(torch.zeros(1), grid).item() == 0.0


@settings(deadline=None, max_examples=100)
@given(x=MATRICES, bits=BITS, signed=st.booleans())
def test_integers_and_levels_tell_the_same_as_fake_quantize(x: Tensor, bits: int, signed: bool):
    grid = grid_for(x, bits, "asymmetric", signed=signed)
    q = quantize(x, grid)
    assert q.dtype == grid.dtype
    assert grid.qmin <= q.min() <= q.max() <= grid.qmax
    assert torch.equal(dequantize(q, grid), fake_quantize(x, grid))
    assert torch.equal(levels(grid)[q.long() - grid.qmin], fake_quantize(x, grid))


@settings(deadline=None, max_examples=50)
@given(x=MATRICES, bits=BITS, scheme=st.sampled_from(SCHEMES))
def test_channels_and_groups_are_tensors_of_their_own(x: Tensor, bits: int, scheme: str):
    def alone(part: Tensor) -> Tensor:
        return fake_quantize(part, grid_for(part, bits, scheme))

    rows = fake_quantize(x, grid_for(x, bits, scheme, "channel"))
    columns = fake_quantize(x, grid_for(x, bits, scheme, "channel", axis=1))
    groups = fake_quantize(x, grid_for(x, bits, scheme, "group", group_size=2))
    assert torch.equal(rows, torch.stack([alone(row) for row in x]))
    assert torch.equal(columns, torch.stack([alone(column) for column in x.T], dim=1))
    assert torch.equal(groups, torch.stack([alone(g) for g in x.reshape(-1, 2)]).reshape(4, 6))


@pytest.mark.parametrize("axis", [0, 1, 2, 3, -1, -2])
def test_convolution_weights_keep_their_shape_on_every_axis(axis: int):
    x = torch.randn(2, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    channel = grid_for(x, granularity="channel", axis=axis)
    group = grid_for(x, granularity="group", axis=axis, group_size=4)
    assert channel.scale.shape == (x.shape[axis],)
    assert group.scale.shape == (x.shape[axis], 144 // x.shape[axis] // 4)
    for grid in (channel, group):
        assert fake_quantize(x, grid).shape == x.shape
        assert torch.allclose(fake_quantize(x, grid), x, atol=grid.scale.max().item() / 2 + 1e-6)


def test_non_contiguous_input_gives_what_its_copy_gives():
    x = torch.randn(8, 6, generator=torch.Generator().manual_seed(0)).T[::2]
    assert not x.is_contiguous()
    for granularity in ("tensor", "channel", "group"):
        grid = grid_for(x, 4, granularity=granularity, group_size=4)
        copied = grid_for(x.contiguous(), 4, granularity=granularity, group_size=4)
        assert torch.equal(fake_quantize(x, grid), fake_quantize(x.contiguous(), copied))


def test_input_is_not_changed_and_needs_no_gradient():
    x = torch.randn(5, requires_grad=True)
    before = x.detach().clone()
    result = fake_quantize(x, grid_for(x))
    assert torch.equal(x, before)
    assert not result.requires_grad


def test_clipped_marks_what_lies_outside():
    grid = make_grid(-1.0, 1.0, symmetric=True, narrow=True)
    x = torch.tensor([-1.1, -1.0, 0.0, 1.0, 1.003, 1.01])
    assert clipped(x, grid).tolist() == [True, False, False, False, False, True]


def test_grid_refuses_parts_that_do_not_fit():
    one, zero = torch.tensor(1.0), torch.tensor(0, dtype=torch.int32)
    with pytest.raises(TypeError, match="float32 scale"):
        Grid(one.double(), zero, -128, 127)
    with pytest.raises(ValueError, match="1 dimensions"):
        Grid(one, zero, -128, 127, axis=0)
    with pytest.raises(ValueError, match="scale must be finite"):
        Grid(one * 0, zero, -128, 127)
    with pytest.raises(ValueError, match="scale must be finite"):
        Grid(one * torch.nan, zero, -128, 127)
    with pytest.raises(ValueError, match="from -8 to 7"):
        Grid(one, zero + 9, -8, 7)
