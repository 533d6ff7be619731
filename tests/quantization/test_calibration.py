"""Calibration against NumPy, brute force, and the closed form for Gaussian weights."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from mlopt_lessons.quantization.affine import fake_quantize, make_grid
from mlopt_lessons.quantization.calibration import CLIP_RATIOS, grid_for, ranges

MATRICES = hnp.arrays(np.float32, (3, 8), elements=st.floats(-1e6, 1e6, width=32))


def gaussian(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def error_of(x: Tensor, low: Tensor, high: Tensor, bits: int, symmetric: bool) -> float:
    rounded = fake_quantize(x, make_grid(low, high, bits, symmetric=symmetric))
    return (rounded - x).double().square().mean().item()


@settings(deadline=None, max_examples=50)
@given(x=MATRICES)
def test_min_max_is_numpy_s(x: np.ndarray):
    for granularity, parts in (
        ("tensor", x.reshape(-1)),
        ("channel", x),
        ("group", x.reshape(3, 2, 4)),
    ):
        low, high = ranges(torch.tensor(x), "min-max", granularity, group_size=4)
        assert np.array_equal(low.numpy(), parts.min(-1))
        assert np.array_equal(high.numpy(), parts.max(-1))


@settings(deadline=None, max_examples=50)
@given(x=MATRICES, percentile=st.floats(50.01, 100))
def test_percentile_is_numpy_s_nearest_rank(x: np.ndarray, percentile: float):
    one, both = torch.tensor(x), {"percentile": percentile, "granularity": "channel"}
    low, high = ranges(one, "percentile", symmetric=True, **both)
    expected = np.percentile(np.abs(x), percentile, axis=1, method="inverted_cdf")
    assert np.array_equal(high.numpy(), expected)
    assert np.array_equal(low.numpy(), -expected)
    low, high = ranges(one, "percentile", symmetric=False, **both)
    upper = np.percentile(x, percentile, axis=1, method="inverted_cdf")
    mirrored = -np.percentile(-x, percentile, axis=1, method="inverted_cdf")
    assert np.array_equal(high.numpy(), upper)
    assert np.array_equal(low.numpy(), mirrored)


def test_percentile_100_is_min_max():
    x = gaussian(5, 7)
    for mine, theirs in zip(
        ranges(x, "percentile", symmetric=False, percentile=100), ranges(x), strict=True
    ):
        assert torch.equal(mine, theirs)


@settings(deadline=None, max_examples=50)
@given(x=MATRICES.map(torch.tensor), bits=st.integers(2, 8), symmetric=st.booleans())
def test_mse_is_the_best_of_the_shares_it_tries(x: Tensor, bits: int, symmetric: bool):
    low, high = ranges(x, "mse", bits=bits, symmetric=symmetric)
    brute = [
        error_of(x, x.min() * share, x.max() * share, bits, symmetric) for share in CLIP_RATIOS
    ]
    # The search runs on scaled values in float32, so ties may fall on a neighbour.
    assert error_of(x, low, high, bits, symmetric) <= min(brute) * (1 + 1e-4) + 1e-12


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("outlier", [1.0, 60.0])
def test_mse_is_near_a_fine_brute_force_search(bits: int, symmetric: bool, outlier: float):
    x = gaussian(4000)
    x[0] = outlier
    fine = np.linspace(0.002, 1.0, 1500)
    best = min(error_of(x, x.min() * s, x.max() * s, bits, symmetric) for s in fine)
    found = error_of(x, *ranges(x, "mse", bits=bits, symmetric=symmetric), bits, symmetric)
    assert found <= best * 1.05


@pytest.mark.parametrize("bits", [3, 8])
@pytest.mark.parametrize(
    ("granularity", "shape"),
    [("tensor", (1024, 1024)), ("channel", (512, 2048)), ("channel", (16, 50_000))],
)
def test_thinning_a_large_tensor_costs_little(granularity: str, shape: tuple[int, int], bits: int):
    x = gaussian(*shape)
    x[0, 0] = 40.0
    thinned = fake_quantize(x, grid_for(x, bits, granularity=granularity, method="mse"))
    rows = x if granularity == "channel" else x.reshape(1, -1)
    assert (thinned - x).square().mean() <= _full_search(rows, bits) * 1.25


def _full_search(rows: Tensor, bits: int) -> Tensor:
    low, high = rows.amin(1), rows.amax(1)
    errors = [
        (fake_quantize(rows, make_grid(low * s, high * s, bits, symmetric=True, axis=0)) - rows)
        .square()
        .mean(1)
        for s in CLIP_RATIOS
    ]
    return torch.stack(errors).amin(0).mean()


@pytest.mark.parametrize("bits", [4, 6, 8])
def test_gaussian_error_is_near_the_closed_form(bits: int):
    """Uniform noise s²/12 inside the range (Bennett 1948) when nothing is clipped."""
    x = gaussian(200_000)
    grid = grid_for(x, bits)
    noise = (fake_quantize(x, grid) - x).square().mean().item()
    assert noise == pytest.approx(grid.scale.item() ** 2 / 12, rel=0.03)


@settings(deadline=None, max_examples=50)
@given(x=MATRICES.map(torch.tensor), bits=st.integers(2, 8), symmetric=st.booleans())
def test_mse_is_never_worse_than_min_max(x: Tensor, bits: int, symmetric: bool):
    both = [
        error_of(x, *ranges(x, method, bits=bits, symmetric=symmetric), bits, symmetric)
        for method in ("mse", "min-max")
    ]
    assert both[0] <= both[1] * (1 + 1e-4)


@settings(deadline=None, max_examples=50)
@given(x=MATRICES.map(torch.tensor), bits=st.integers(2, 8))
def test_finer_granularity_never_has_a_larger_step(x: Tensor, bits: int):
    tensor, channel, group = (
        grid_for(x, bits, granularity=granularity, group_size=4).scale.max()
        for granularity in ("tensor", "channel", "group")
    )
    if x.any(dim=1).all():  # a row of zeros has scale 1
        assert tensor >= channel
        assert channel >= group or not x.reshape(6, 4).any(dim=1).all()


def test_shapes_of_ranges():
    x = gaussian(6, 4, 5)
    assert ranges(x)[0].shape == ()
    assert ranges(x, granularity="channel", axis=1)[0].shape == (4,)
    assert ranges(x, granularity="group", group_size=10)[0].shape == (6, 2)


def test_same_input_same_grid():
    x = gaussian(2048, 128)
    first, second = (grid_for(x, 4, granularity="channel", method="mse") for _ in range(2))
    assert torch.equal(first.scale, second.scale)


@pytest.mark.parametrize("percentile", [50, 0, -1, 100.1, float("nan")])
def test_percentiles_out_of_range_are_refused(percentile: float):
    with pytest.raises(ValueError, match="above 50 and at most 100"):
        ranges(torch.ones(3), "percentile", percentile=percentile)


@pytest.mark.parametrize("percentile", ["99", None, True])
def test_percentiles_of_another_type_are_refused(percentile: object):
    with pytest.raises(TypeError, match="percentile must be a number"):
        ranges(torch.ones(3), "percentile", percentile=percentile)


def test_unknown_choices_list_the_known_ones():
    with pytest.raises(ValueError, match="method must be one of 'min-max', 'percentile', 'mse'"):
        ranges(torch.ones(3), "entropy")
    with pytest.raises(ValueError, match="granularity must be one of 'tensor', 'channel', 'group'"):
        grid_for(torch.ones(3), granularity="row")
    with pytest.raises(ValueError, match="scheme must be one of 'symmetric', 'asymmetric'"):
        grid_for(torch.ones(3), scheme="affine")


@pytest.mark.parametrize("bits", [0, 33, 1])
def test_bits_are_checked_where_they_matter(bits: int):
    with pytest.raises(ValueError, match="bits must be from 2 to 8"):
        ranges(torch.ones(3), "mse", bits=bits)
