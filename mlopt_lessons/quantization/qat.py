"""Quantization-aware training: the network learns with the rounding that it will live with.

In the forward pass each weight is rounded to its grid. Rounding is flat almost everywhere, so its
true gradient is zero and nothing would be learnt. The straight-through estimator (Bengio et al.
2013, arXiv:1308.3432; for this use Jacob et al. 2018, arXiv:1712.05877, section 3) passes the
gradient on as if nothing had been rounded, and stops it where the weight was clipped. The
optimizer keeps full-precision weights behind the rounded ones; small steps add up there until a
weight moves to the next level.
"""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from mlopt_lessons.quantization.affine import Grid, check_bits, clipped, fake_quantize
from mlopt_lessons.quantization.calibration import Granularity, Method
from mlopt_lessons.quantization.simulate import weight_grid
from mlopt_lessons.workbench import Dataset, make_permanent, train, weighted_layers


class StraightThrough(torch.autograd.Function):
    """`fake_quantize` with the straight-through gradient: 1 inside the grid's range, 0 outside."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, grid: Grid) -> Tensor:
        """x rounded to the grid; remembers which values were not clipped."""
        ctx.save_for_backward(~clipped(x, grid))
        return fake_quantize(x, grid)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        """Hands the gradient on where nothing was clipped; the grid has none."""
        (inside,) = ctx.saved_tensors
        return grad_outputs[0] * inside, None


class RoundedWeight(nn.Module):
    """Rounds a weight whenever it is used, on a grid calibrated anew on its present values."""

    def __init__(self, bits: int, granularity: Granularity, method: Method, name: str) -> None:
        super().__init__()
        self.bits, self.granularity, self.method = check_bits(bits), granularity, method
        self.name = name

    def forward(self, weight: Tensor) -> Tensor:
        """The weight rounded, same shape, with the straight-through gradient."""
        grid = weight_grid(
            weight,
            self.bits,
            granularity=self.granularity,
            method=self.method,
            name=self.name,
        )
        return StraightThrough.apply(weight, grid)


def prepare(
    model: nn.Module, bits: int, granularity: Granularity = "channel", method: Method = "min-max"
) -> nn.Module:
    """A copy of the model whose Linear and Conv weights are rounded in each forward pass."""
    result = copy.deepcopy(model)
    for name, layer in weighted_layers(result).items():
        rounding = RoundedWeight(bits, granularity, method, f"{name}.weight")
        parametrize.register_parametrization(layer, "weight", rounding)
    return result


def train_qat(
    model: nn.Module,
    data: Dataset,
    bits: int,
    *,
    epochs: int = 3,
    seed: int = 0,
    learning_rate: float = 1e-3,
    batch: int = 128,
    granularity: Granularity = "channel",
    method: Method = "min-max",
) -> nn.Module:
    """Trains a copy of the model with rounded weights; its final weights lie on the grid.

    Start from a trained model (Krishnamoorthi 2018, arXiv:1806.08342, section 3.2). The result
    stores float32 values on a `bits`-bit grid, as `fake_quantized` does. Raises as `train` does.
    """
    result = prepare(model, bits, granularity, method)
    train(result, data, epochs=epochs, seed=seed, learning_rate=learning_rate, batch=batch)
    return make_permanent(result)
