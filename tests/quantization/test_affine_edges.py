"""Edge cases: unusual values get the right answer, bad input gets a sentence."""

import re

import pytest
import torch

from mlopt_lessons.quantization.affine import (
    SMALLEST_SCALE,
    Grid,
    dequantize,
    fake_quantize,
    make_grid,
    quantize,
)
from mlopt_lessons.quantization.calibration import grid_for

SCHEMES = pytest.mark.parametrize("scheme", ["symmetric", "asymmetric"])
METHODS = pytest.mark.parametrize("method", ["min-max", "percentile", "mse"])
EVERY_BITS = pytest.mark.parametrize("bits", range(2, 9))


@SCHEMES
@METHODS
@EVERY_BITS
def test_all_zeros_stay_zeros_with_scale_one(scheme: str, method: str, bits: int):
    x = torch.zeros(3, 4)
    grid = grid_for(x, bits, scheme, method=method)
    assert grid.scale.item() == 1.0
    assert torch.equal(fake_quantize(x, grid), x)


@SCHEMES
@EVERY_BITS
@pytest.mark.parametrize("value", [7.3, -7.3, 1e-30])
def test_a_constant_is_kept(scheme: str, bits: int, value: float):
    x = torch.full((5,), value)
    assert torch.allclose(fake_quantize(x, grid_for(x, bits, scheme)), x, rtol=1e-6)


@SCHEMES
@EVERY_BITS
def test_negative_only_values_use_a_range_that_ends_at_zero(scheme: str, bits: int):
    x = torch.tensor([-5.0, -4.0, -3.0])
    grid = grid_for(x, bits, scheme)
    steps = 2**bits - 1 if scheme == "asymmetric" else 2 ** (bits - 1) - 1
    assert grid.scale.item() == pytest.approx(5.0 / steps)
    assert fake_quantize(x, grid)[0].item() == pytest.approx(-5.0)


def test_one_outlier_makes_every_step_coarse_and_mse_clips_it():
    x = torch.randn(10_000, generator=torch.Generator().manual_seed(0))
    x[0] = 100.0
    coarse, fine = grid_for(x, 4), grid_for(x, 4, method="mse")
    assert coarse.scale.item() == pytest.approx(100 / 7)
    assert fine.scale.item() < coarse.scale.item() / 2
    assert fake_quantize(x, coarse)[1:].count_nonzero() == 0


@SCHEMES
@METHODS
def test_denormals_are_rounded_within_the_smallest_step(scheme: str, method: str):
    x = torch.tensor([1e-45, -1e-42, 1e-40])
    grid = grid_for(x, 8, scheme, method=method)
    assert grid.scale.item() == pytest.approx(SMALLEST_SCALE)
    assert ((fake_quantize(x, grid) - x).abs() <= grid.scale / 2).all()


@SCHEMES
@METHODS
def test_huge_values_neither_overflow_nor_vanish(scheme: str, method: str):
    x = torch.tensor([3e38, -3e38, 1e38, 0.0])
    grid = grid_for(x, 8, scheme, method=method)
    error = (fake_quantize(x, grid).double() - x.double()).abs()
    assert (error <= grid.scale.double() * 0.501).all()


def test_levels_beyond_float32_are_refused():
    with pytest.raises(ValueError, match="range of w is too wide for float32"):
        grid_for(torch.tensor([3.3e38, -3.3e38]), 2, "asymmetric", name="w")


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_nan_and_inf_name_the_tensor(bad: float):
    x, grid = torch.tensor([[1.0, bad], [2.0, 3.0]]), make_grid(-1.0, 1.0)
    expected = re.escape("fc1.weight has 1 NaN or Inf values of 4")
    for call in (
        lambda: quantize(x, grid, "fc1.weight"),
        lambda: fake_quantize(x, grid, name="fc1.weight"),
        lambda: grid_for(x, name="fc1.weight"),
        lambda: grid_for(x, method="mse", granularity="channel", name="fc1.weight"),
    ):
        with pytest.raises(ValueError, match=expected):
            call()


def test_empty_tensors_name_the_tensor():
    with pytest.raises(ValueError, match=re.escape("w has no values (shape (0, 4))")):
        grid_for(torch.empty(0, 4), name="w")
    with pytest.raises(ValueError, match="w has no values"):
        quantize(torch.empty(0), make_grid(-1.0, 1.0), "w")


@pytest.mark.parametrize("x", [torch.ones(3, dtype=torch.float64), torch.ones(3).half()])
def test_other_float_types_are_refused_with_the_way_out(x: torch.Tensor):
    with pytest.raises(TypeError, match=r"w must be float32, got torch\.float.*\.float\(\)"):
        grid_for(x, name="w")


@pytest.mark.parametrize("x", [[1.0, 2.0], "1.0", None, 3.0])
def test_what_is_no_tensor_is_refused(x: object):
    with pytest.raises(TypeError, match="must be a torch tensor"):
        quantize(x, make_grid(-1.0, 1.0))


@pytest.mark.parametrize("bits", [0, 1, 9, 33, -8])
def test_bits_out_of_range_are_refused(bits: int):
    with pytest.raises(ValueError, match=f"bits must be from 2 to 8, got {bits}"):
        make_grid(-1.0, 1.0, bits)


@pytest.mark.parametrize("bits", [8.0, "8", None, True])
def test_bits_of_another_type_are_refused(bits: object):
    with pytest.raises(TypeError, match=f"bits must be an integer from 2 to 8, got {bits!r}"):
        grid_for(torch.ones(2), bits)


@pytest.mark.parametrize("axis", [2, -3, 7])
def test_wrong_axis_is_refused(axis: int):
    with pytest.raises(ValueError, match=f"has no axis {axis}"):
        grid_for(torch.ones(2, 3), granularity="channel", axis=axis)


def test_a_group_size_that_does_not_divide_says_what_would():
    with pytest.raises(ValueError, match=r"group_size 4 does not divide the 6 values .* of w; cho"):
        grid_for(torch.ones(2, 6), granularity="group", group_size=4, name="w")
    for group_size in (0, -1, 2.0, "2", True):
        with pytest.raises(ValueError, match="whole number of at least 1"):
            grid_for(torch.ones(2, 6), granularity="group", group_size=group_size)


def test_a_grid_made_for_another_shape_is_refused():
    grid = grid_for(torch.ones(2, 6), granularity="channel")
    with pytest.raises(ValueError, match="make the grid from this tensor"):
        fake_quantize(torch.ones(3, 6), grid)
    groups = grid_for(torch.ones(2, 6), granularity="group", group_size=3)
    with pytest.raises(ValueError, match="make the grid from this tensor"):
        fake_quantize(torch.ones(4, 3), groups)


def test_groups_without_an_axis_are_refused():
    grid = Grid(torch.ones(2, 2), torch.zeros(2, 2, dtype=torch.int32), -8, 7, 0, 2)
    assert fake_quantize(torch.ones(2, 4), grid).shape == (2, 4)
    with pytest.raises(ValueError, match="pass axis=0"):
        make_grid(torch.tensor(0.0), torch.tensor(1.0), group_size=2)


@pytest.mark.parametrize(
    ("low", "high", "error", "message"),
    [
        (1.0, -1.0, ValueError, "low end above its high end"),
        (float("nan"), 1.0, ValueError, "NaN or Inf"),
        (0.0, float("inf"), ValueError, "NaN or Inf"),
        ("0", 1.0, TypeError, "must be numbers"),
        (None, 1.0, TypeError, "must be numbers"),
        (torch.zeros(2), torch.ones(3), ValueError, "same shape"),
    ],
)
def test_impossible_ranges_are_refused(
    low: object, high: object, error: type[Exception], message: str
):
    with pytest.raises(error, match=message):
        make_grid(low, high)


def test_symmetric_unsigned_is_refused():
    with pytest.raises(ValueError, match="needs signed integers"):
        make_grid(-1.0, 1.0, symmetric=True, signed=False)


def test_dequantize_refuses_what_is_not_on_the_grid():
    grid = make_grid(-1.0, 1.0, bits=4)
    with pytest.raises(ValueError, match="outside -8 to 7"):
        dequantize(torch.tensor([8], dtype=torch.int8), grid)
    unsigned = torch.tensor([7], dtype=torch.uint8)  # compared with -8 as Python integers
    assert dequantize(unsigned, grid).item() == pytest.approx(1.0, abs=0.1)
    for wrong in (torch.tensor([1.0]), torch.tensor([True]), [1]):
        with pytest.raises(TypeError, match="tensor of integers"):
            dequantize(wrong, grid)
