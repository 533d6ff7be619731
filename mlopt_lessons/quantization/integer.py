"""A Linear layer in integers only, as a microcontroller or a mobile chip runs it.

With real values r = s · (q − z), the layer y = x Wᵀ + b becomes (Jacob et al. 2018,
arXiv:1712.05877, sections 2.2 to 2.4)

    q_y = z_y + M · (Σ q_x q_w  −  z_x Σ q_w  +  b / (s_x s_w)),      M = s_x s_w / s_y

The weights are symmetric (z_w = 0). The second and third terms do not depend on the input: they are
folded into one int32 bias before anything runs. M is the only real number left; it becomes an
int32 multiplier and a right shift. What remains is int8 × int8 → int32 sums, one multiplication,
one shift.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mlopt_lessons.quantization.affine import Grid, check_tensor, quantize

INT32_MAX = 2**31 - 1
MULTIPLIER_BITS = 31
MAX_SHIFT = 62


@dataclass(frozen=True, eq=False)
class IntegerLinear:
    """An integer-only Linear layer; call it with int8 (or uint8) inputs of shape (batch, inputs).

    `weight`: int8 (outputs, inputs). `bias`: int32 (outputs,), with the input's zero point folded
    in. `multiplier` and `shift`: int64 (outputs,), from `fixed_point`. The two grids say what the
    integers that go in and come out mean; nothing is computed with their scales.
    """

    weight: Tensor
    bias: Tensor
    multiplier: Tensor
    shift: Tensor
    input_grid: Grid
    output_grid: Grid

    def __call__(self, q: Tensor) -> Tensor:
        """Integers of the output grid, shape (batch, outputs)."""
        return requantize(self.accumulate(q), self.multiplier, self.shift, self.output_grid)

    def accumulate(self, q: Tensor) -> Tensor:
        """The int32 sums Σ q_x q_w + bias, (batch, outputs); raises for a wrong type or width."""
        expected = self.input_grid.dtype
        if not isinstance(q, Tensor) or q.dtype != expected:
            raise TypeError(f"The layer takes {expected} integers: quantize(x, layer.input_grid).")
        inputs = self.weight.shape[1]
        if q.dim() != 2 or q.shape[1] != inputs:
            raise ValueError(f"The layer takes shape (batch, {inputs}), got {tuple(q.shape)}.")
        return q.int() @ self.weight.int().T + self.bias


def integer_linear(
    linear: nn.Linear, weight_grid: Grid, input_grid: Grid, output_grid: Grid, name: str = "linear"
) -> IntegerLinear:
    """Makes the integer layer from a trained one and its three grids.

    `weight_grid` must be symmetric int8 or narrower, per tensor or per output channel (axis 0); the
    other two per tensor. Raises ValueError otherwise, or when a sum could leave int32.
    """
    _check_grids(weight_grid, input_grid, output_grid)
    weight = quantize(linear.weight, weight_grid, f"{name}.weight")
    outputs = weight.shape[0]
    sum_scale = input_grid.scale.double() * weight_grid.scale.double().expand(outputs)
    real_bias = torch.zeros(outputs) if linear.bias is None else linear.bias
    bias = torch.round(check_tensor(real_bias, f"{name}.bias").double() / sum_scale)
    folded = bias - input_grid.zero_point.double() * weight.double().sum(1)
    _check_sums(weight, folded, input_grid, name)
    pairs = [fixed_point(m) for m in (sum_scale / output_grid.scale.double()).tolist()]
    multiplier, shift = torch.tensor(pairs, dtype=torch.int64).T
    return IntegerLinear(weight, folded.int(), multiplier, shift, input_grid, output_grid)


def fixed_point(real: float) -> tuple[int, int]:
    """(multiplier, shift) with real ≈ multiplier / 2^shift and 2^30 ≤ multiplier < 2^31.

    The relative error is at most 2^-31 (Jacob et al. 2018, eq. 6). Raises ValueError unless
    2^-31 ≤ real < 2^30: outside, the product would leave 64 bits or the shift turn left.
    """
    if not (math.isfinite(real) and real > 0):
        raise ValueError(f"The multiplier must be a positive number, got {real}; check the scales.")
    fraction, exponent = math.frexp(real)  # real = fraction · 2^exponent, 0.5 ≤ fraction < 1
    multiplier, shift = round(fraction * 2**MULTIPLIER_BITS), MULTIPLIER_BITS - exponent
    if multiplier == 2**MULTIPLIER_BITS:
        multiplier, shift = multiplier // 2, shift - 1
    if not 1 <= shift <= MAX_SHIFT:
        raise ValueError(f"The multiplier {real:.3g} is out of range; check the three scales.")
    return multiplier, shift


def requantize(sums: Tensor, multiplier: Tensor, shift: Tensor, grid: Grid) -> Tensor:
    """int32 sums to integers of `grid`: multiply, shift right, add the zero point, clamp.

    Adding half of 2^shift before the shift rounds to nearest, halves up. The product is int64;
    nothing here is a real number.
    """
    half = torch.ones_like(shift) << (shift - 1)
    rounded = (sums.long() * multiplier + half) >> shift
    return (rounded + grid.zero_point).clamp(grid.qmin, grid.qmax).to(grid.dtype)


def _check_grids(weight_grid: Grid, input_grid: Grid, output_grid: Grid) -> None:
    if weight_grid.axis not in {None, 0} or weight_grid.group_size is not None:
        raise ValueError("The weight grid must be per tensor or per output channel (axis 0).")
    if weight_grid.qmin >= 0 or weight_grid.zero_point.any():
        raise ValueError('The weight grid must be symmetric: use scheme="symmetric".')
    if input_grid.axis is not None or output_grid.axis is not None:
        raise ValueError("The input and output grids must be per tensor.")


def _check_sums(weight: Tensor, bias: Tensor, input_grid: Grid, name: str) -> None:
    largest_input = max(-input_grid.qmin, input_grid.qmax)
    largest = (weight.double().abs().sum(1) * largest_input + bias.abs()).max().item()
    if largest > INT32_MAX:
        raise ValueError(
            f"The sums of {name} can reach {largest:.3g}, beyond int32; widen the scales."
        )
