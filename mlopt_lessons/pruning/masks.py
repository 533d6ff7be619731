"""Which weights go: masks by magnitude, at random, N:M, and by what the layer is given (Wanda).

A mask is a bool tensor of the weight's shape; True keeps. Every mask here cuts the `count` lowest
scores of a flat list; the methods differ in the score and in who competes with whom:

- magnitude, per layer: |w|, all weights of one layer (Han et al. 2015, arXiv:1506.02626);
- magnitude, global: |w|, all weights of all layers;
- N:M: |w|, each M neighbours along the inputs (Mishra et al. 2021, arXiv:2104.08378);
- Wanda: |w| times the size of the input it meets, the weights of one output (Sun et al. 2023,
  arXiv:2306.11695);
- random: the control. A method that is no better than chance has found nothing.

Amounts and counts are those of `torch.nn.utils.prune`: round(amount × weights), halves to even.
Ties are broken as `torch.topk` breaks them, as it does there: in no stated order, but always the
same for the same tensor, and always exactly `count` weights.
"""

from collections.abc import Mapping
from numbers import Real

import torch
from torch import Tensor


def magnitude_mask(weight: Tensor, amount: float, name: str = "weight") -> Tensor:
    """Cuts the smallest `amount` (0 to 1) of a weight tensor of any shape, by absolute value.

    Raises ValueError for an amount out of range, and for an empty weight, NaN or Inf by its name.
    """
    check_weight(weight, name)
    return _without_lowest(weight.detach().abs(), amount)


def global_masks(weights: Mapping[str, Tensor], amount: float) -> dict[str, Tensor]:
    """Cuts the smallest `amount` of all tensors taken together; one mask for each name.

    A layer of small weights may lose nearly all of them: see `emptied`. Raises ValueError as
    `magnitude_mask`, and when there is no tensor at all.
    """
    if not weights:
        raise ValueError("There are no weights to prune; pass at least one layer.")
    for name, weight in weights.items():
        check_weight(weight, name)
    flat = torch.cat([weight.detach().abs().flatten() for weight in weights.values()])
    parts = _without_lowest(flat, amount).split([weight.numel() for weight in weights.values()])
    return {
        name: part.reshape(weight.shape)
        for (name, weight), part in zip(weights.items(), parts, strict=True)
    }


def random_mask(weight: Tensor, amount: float, seed: int, name: str = "weight") -> Tensor:
    """Cuts `amount` of the weights by lot, the control for every other method.

    The same seed gives the same mask. Raises ValueError as `magnitude_mask`.
    """
    check_weight(weight, name)
    lots = torch.rand(weight.shape, generator=torch.Generator().manual_seed(seed))
    return _without_lowest(lots, amount)


def n_m_mask(weight: Tensor, keep: int = 2, of: int = 4, name: str = "weight") -> Tensor:
    """Keeps the `keep` largest of each `of` neighbours along the inputs (axis 1): 2:4 by default.

    NVIDIA's sparse tensor cores take 2:4 (arXiv:2104.08378); no CPU kernel does. A convolution's
    neighbours are input channels at the same place of the filter. Raises ValueError when the inputs
    cannot be divided into groups of `of`, and as `magnitude_mask`.
    """
    check_weight(weight, name)
    if not 1 <= keep <= of:
        raise ValueError(f"N:M keeps N of M with 1 ≤ N ≤ M, got {keep}:{of}.")
    if weight.dim() < 2 or weight.shape[1] % of:
        raise ValueError(
            f"{name} has the shape {tuple(weight.shape)}: {keep}:{of} needs a number of inputs "
            f"(axis 1) that {of} divides. Leave this layer dense."
        )
    by_inputs = weight.detach().abs().movedim(1, -1)
    groups = by_inputs.reshape(-1, of)
    mask = _lowest_of_each_row(groups, of - keep).logical_not()
    return mask.reshape(by_inputs.shape).movedim(-1, 1).contiguous()


def wanda_mask(weight: Tensor, input_norms: Tensor, amount: float, name: str = "weight") -> Tensor:
    """Cuts `amount` of each output's weights with the lowest |w| × norm of the input it meets.

    `weight` has shape (outputs, inputs), `input_norms` (inputs,): the 2-norm of each input over the
    calibration data. A small weight on a large input does more than a large one on an input that is
    always 0 (Sun et al. 2023, arXiv:2306.11695, equation 1). Raises ValueError for other shapes,
    negative norms, and as `magnitude_mask`.
    """
    check_weight(weight, name)
    check_weight(input_norms, f"The input norms of {name}")
    if weight.dim() != 2 or input_norms.shape != weight.shape[1:]:
        raise ValueError(
            f"{name} has the shape {tuple(weight.shape)} and {input_norms.numel()} input norms: "
            "Wanda needs (outputs, inputs) and one norm for each input."
        )
    if (input_norms < 0).any():
        raise ValueError(f"The input norms of {name} hold negative values; a norm has none.")
    scores = weight.detach().abs() * input_norms
    return _lowest_of_each_row(scores, count_to_cut(weight.shape[1], amount)).logical_not()


def count_to_cut(size: int, amount: float) -> int:
    """How many of `size` weights an amount from 0 to 1 cuts: rounded, halves to even, as torch does.

    Raises ValueError for an amount that is no number from 0 to 1.
    """
    if isinstance(amount, bool) or not isinstance(amount, Real) or not 0 <= amount <= 1:
        raise ValueError(
            f"The amount is the part of the weights to cut, a number from 0 to 1; got {amount!r}."
        )
    return round(amount * size)


def sparsity(masks: Mapping[str, Tensor]) -> float:
    """The part of all weights that the masks cut, from 0 to 1. Raises ValueError without masks."""
    total = sum(mask.numel() for mask in masks.values())
    if total == 0:
        raise ValueError("There are no masks, so there is no sparsity.")
    return 1 - sum(int(mask.count_nonzero()) for mask in masks.values()) / total


def emptied(masks: Mapping[str, Tensor]) -> list[str]:
    """Names of the layers that have no weight left: behind one, a model answers a constant."""
    return [name for name, mask in masks.items() if not mask.any()]


def check_weight(weight: Tensor, name: str) -> None:
    """Raises ValueError, by name, for an empty tensor, one that is no float, NaN and Inf."""
    if weight.numel() == 0:
        raise ValueError(f"{name} is empty, so there is nothing to prune.")
    if not weight.is_floating_point():
        raise ValueError(f"{name} is {weight.dtype}; pruning needs floating-point weights.")
    bad = int((~torch.isfinite(weight)).sum())
    if bad:
        raise ValueError(
            f"{name} holds {bad} NaN or infinite values: repair the model before pruning it."
        )


def _without_lowest(scores: Tensor, amount: float) -> Tensor:
    flat = scores.reshape(1, -1)
    return (
        _lowest_of_each_row(flat, count_to_cut(flat.numel(), amount))
        .logical_not()
        .reshape(scores.shape)
    )


def _lowest_of_each_row(scores: Tensor, count: int) -> Tensor:
    lowest = torch.topk(scores, count, dim=1, largest=False).indices
    return torch.zeros_like(scores, dtype=torch.bool).scatter_(1, lowest, True)
