"""Calibration: which range of values a grid should cover.

Covering every value (min-max) clips nothing but makes each step as coarse as the largest outlier
demands. Covering less makes the steps finer and clips the outliers. Percentile calibration clips a
fixed share; mean-squared-error calibration searches for the range with the smallest error
(Banner et al. 2019, arXiv:1810.05723; Nagel et al. 2021, arXiv:2106.08295, section 3.1).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

import torch
from torch import Tensor

from mlopt_lessons.quantization.affine import (
    SMALLEST_SCALE,
    Grid,
    check_bits,
    check_tensor,
    make_grid,
    round_rows,
    to_rows,
)

Method = Literal["min-max", "percentile", "mse"]
Granularity = Literal["tensor", "channel", "group"]
Scheme = Literal["symmetric", "asymmetric"]

# Shares of the full range that the search tries: 1, 0.89, 0.79, … 0.01. With finer steps the error
# falls by a few per cent at most.
CLIP_RATIOS = tuple(2 ** (-k / 6) for k in range(41))
SEARCH_VALUES = 2**17
SEARCH_VALUES_PER_ROW = 256


def ranges(
    x: Tensor,
    method: Method = "min-max",
    granularity: Granularity = "tensor",
    *,
    axis: int = 0,
    group_size: int = 64,
    bits: int = 8,
    symmetric: bool = True,
    percentile: float = 99.9,
    narrow: bool = False,
    name: str = "tensor",
) -> tuple[Tensor, Tensor]:
    """(low, high) of each part of x that shares a scale, float32.

    Shape () for "tensor", (channels,) for "channel", (channels, groups) for "group".

    - "min-max": the smallest and largest value.
    - "percentile": the values that `percentile` % do not exceed, by nearest rank, so each end is a
      value of x: of |x| when symmetric, otherwise of each tail.
    - "mse": min-max times the share in CLIP_RATIOS with the least mean squared error for these
      `bits`, `symmetric` and `narrow`. Large parts are thinned evenly, to about 131,072 values in
      all and at least 256 a part. The error found is then up to a tenth above the full search's,
      a fifth with a few far outliers.

    Raises ValueError or TypeError for a method, axis, group size or percentile that does not exist
    and for NaN, Inf, wrong type or no values in x (the message names x by `name`).
    """
    check_choice("method", method, Method)
    rows = layout(check_tensor(x, name), granularity, axis, group_size, name)
    if method == "percentile":
        low, high = _percentile(rows, percentile, symmetric)
    else:
        low, high = rows.amin(1), rows.amax(1)
    if method == "mse":
        grid_of = partial(make_grid, bits=bits, symmetric=symmetric, narrow=narrow, axis=0)
        share = _best_share(rows, low, high, grid_of)
        low, high = low * share, high * share
    shape = _scale_shape(x, granularity, axis)
    return low.reshape(shape), high.reshape(shape)


def grid_for(
    x: Tensor,
    bits: int = 8,
    scheme: Scheme = "symmetric",
    granularity: Granularity = "tensor",
    method: Method = "min-max",
    *,
    axis: int = 0,
    group_size: int = 64,
    percentile: float = 99.9,
    signed: bool = True,
    narrow: bool = False,
    name: str = "tensor",
) -> Grid:
    """Calibrates on x and makes its grid: `make_grid(*ranges(x, …), …)` in one step."""
    check_choice("scheme", scheme, Scheme)
    symmetric = scheme == "symmetric"
    low, high = ranges(
        x,
        method,
        granularity,
        axis=axis,
        group_size=group_size,
        bits=check_bits(bits),
        symmetric=symmetric,
        percentile=percentile,
        narrow=narrow,
        name=name,
    )
    return make_grid(
        low,
        high,
        bits,
        symmetric=symmetric,
        signed=signed,
        narrow=narrow,
        axis=None if granularity == "tensor" else axis,
        group_size=group_size if granularity == "group" else None,
        name=name,
    )


def layout(
    x: Tensor, granularity: Granularity, axis: int = 0, group_size: int = 64, name: str = "tensor"
) -> Tensor:
    """`to_rows` by the name of the granularity: rows that each share one scale."""
    check_choice("granularity", granularity, Granularity)
    if granularity == "tensor":
        return to_rows(x, name=name)
    return to_rows(x, axis, group_size if granularity == "group" else None, name)


def check_choice(what: str, value: str, options: object) -> None:
    """Raises ValueError when value is not one of the strings of the Literal `options`."""
    if value not in get_args(options):
        choices = ", ".join(repr(option) for option in get_args(options))
        raise ValueError(f"{what} must be one of {choices}, got {value!r}.")


def _scale_shape(x: Tensor, granularity: Granularity, axis: int) -> tuple[int, ...]:
    if granularity == "tensor":
        return ()
    return (x.shape[axis],) if granularity == "channel" else (x.shape[axis], -1)


def _percentile(rows: Tensor, percentile: float, symmetric: bool) -> tuple[Tensor, Tensor]:
    if isinstance(percentile, bool) or not isinstance(percentile, int | float):
        raise TypeError(f"percentile must be a number above 50, up to 100, got {percentile!r}.")
    if not 50 < percentile <= 100:
        raise ValueError(f"percentile must be above 50 and at most 100, got {percentile}.")
    count = rows.shape[1]
    rank = math.ceil(percentile * count / 100)
    if symmetric:
        high = rows.abs().kthvalue(rank, dim=1).values
        return -high, high
    low = rows.kthvalue(count + 1 - rank, dim=1).values
    return low, rows.kthvalue(rank, dim=1).values


def _best_share(
    rows: Tensor, low: Tensor, high: Tensor, grid_of: Callable[[Tensor, Tensor], Grid]
) -> Tensor:
    # Errors are compared, not reported, so that the rows may be scaled: squares stay in float32.
    peak = torch.maximum(-low, high).abs().clamp_min(SMALLEST_SCALE)
    low, high = low / peak, high / peak
    sample, weights = _thinned(rows / peak[:, None], low, high)
    best_error = torch.full_like(low, torch.inf)
    best_share = torch.ones_like(low)
    for share in CLIP_RATIOS:
        rounded = round_rows(sample, grid_of(low * share, high * share))
        error = rounded.sub_(sample).square_().mul_(weights).sum(1)
        better = error < best_error
        best_error = torch.where(better, error, best_error)
        best_share = torch.where(better, share, best_share)
    return best_share


def _thinned(rows: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Every k-th value of each row, then its ends; and how many values each stands for."""
    count = rows.shape[1]
    keep = max(SEARCH_VALUES_PER_ROW, SEARCH_VALUES // rows.shape[0])
    step = math.ceil(count / keep)
    if step == 1:
        return rows, torch.ones_like(rows)
    ends = torch.stack([low, high], dim=1)
    sample = rows[:, ::step]
    # An end that was sampled must not count step times: one outlier would look like many.
    is_end = (sample[:, :, None] == ends[:, None, :]).any(2)
    weights = torch.where(is_end, 0.0, float(step))
    return torch.cat([sample, ends], dim=1), torch.cat([weights, torch.ones_like(ends)], dim=1)
