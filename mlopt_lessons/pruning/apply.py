"""Masks put on a model: weights at zero, and kept there while the model is trained further.

An optimizer knows nothing of masks. Momentum and weight decay move a weight that was cut, and after
one step the zeros are gone. So the mask is part of the weight while the model is trained: the layer
computes with weight × mask, gradients of cut weights are 0, and the product is what is kept in the end.
"""

import copy
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from mlopt_lessons.pruning.masks import emptied, global_masks, magnitude_mask, random_mask
from mlopt_lessons.pruning.schedule import cubic
from mlopt_lessons.workbench import (
    Dataset,
    check_weights_stored,
    make_permanent,
    train,
    weighted_layers,
)

Masks = Mapping[str, Tensor]


class MaskedWeight(nn.Module):
    """Sets cut weights to 0 whenever the weight is used."""

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", mask)

    def forward(self, weight: Tensor) -> Tensor:
        """The weight where the mask keeps it, 0 elsewhere; same shape."""
        return weight * self.mask


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """The weights that can be pruned, by the name of their layer; a shared weight stands once.

    Raises ValueError for a model without Linear or Conv layers, and for computed weights.
    """
    check_weights_stored(model)
    found: dict[int, tuple[str, Tensor]] = {}  # by identity, so that a tied weight counts once
    for name, layer in weighted_layers(model).items():
        found.setdefault(id(layer.weight), (name, layer.weight.detach()))
    return dict(found.values())


def magnitude_masks(model: nn.Module, amount: float, *, together: bool = True) -> dict[str, Tensor]:
    """Masks by magnitude for all layers `together` (global), or each layer by itself."""
    weights = weights_of(model)
    if together:
        return global_masks(weights, amount)
    return {name: magnitude_mask(weight, amount, name) for name, weight in weights.items()}


def random_masks(model: nn.Module, amount: float, seed: int) -> dict[str, Tensor]:
    """Masks by lot for each layer, the control; each layer draws with a seed of its own."""
    return {
        name: random_mask(weight, amount, seed + index, name)
        for index, (name, weight) in enumerate(weights_of(model).items())
    }


def masked(model: nn.Module, masks: Masks) -> nn.Module:
    """A copy whose cut weights are 0; the original is untouched.

    The file stays as large and the layers compute as much as before: only zeros were gained.
    Raises ValueError for an unknown layer, a mask of another shape, and a layer with no weight left.
    """
    return make_permanent(prepare(model, masks))


def prepare(model: nn.Module, masks: Masks) -> nn.Module:
    """A copy of the model that applies the masks in each forward pass; raises as `masked`."""
    result = copy.deepcopy(model)
    check_weights_stored(result)
    layers = weighted_layers(result)
    for name, mask in masks.items():
        _check_mask(layers, name, mask)
        shared = [each for each in layers.values() if each.weight is layers[name].weight]
        if len(shared) > 1:
            raise ValueError(
                f"{name} shares its weight with another layer; untie them before pruning."
            )
        parametrize.register_parametrization(layers[name], "weight", MaskedWeight(mask))
    return result


def fine_tune(
    model: nn.Module,
    masks: Masks,
    data: Dataset,
    *,
    epochs: int = 1,
    seed: int = 0,
    learning_rate: float = 1e-3,
    batch: int = 128,
) -> nn.Module:
    """Trains a copy with the masks held: what was cut stays 0. Raises as `masked` and `train`."""
    result = prepare(model, masks)
    train(result, data, epochs=epochs, seed=seed, learning_rate=learning_rate, batch=batch)
    return make_permanent(result)


def gradually(
    model: nn.Module,
    choose: Callable[[nn.Module, float], Masks],
    amount: float,
    data: Dataset,
    *,
    rounds: int = 3,
    seed: int = 0,
    learning_rate: float = 1e-3,
) -> nn.Module:
    """Cuts up to `amount` in rounds along the cubic schedule, with an epoch after each.

    `choose(model, amount)` returns the masks of a round, for example `magnitude_masks`. What was
    cut is 0, so that magnitude cuts it again. Raises as `fine_tune` and `cubic`.
    """
    for done in range(1, rounds + 1):
        masks = choose(model, cubic(done, rounds, amount))
        model = fine_tune(model, masks, data, seed=seed + done, learning_rate=learning_rate)
    return model


def zeros(model: nn.Module) -> float:
    """The part of the prunable weights that is exactly 0, from 0 to 1."""
    weights = weights_of(model).values()
    return sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights)


def _check_mask(layers: Mapping[str, nn.Module], name: str, mask: Tensor) -> None:
    if name not in layers:
        raise ValueError(f"The model has no layer {name!r}; choose from {', '.join(layers)}.")
    shape = tuple(layers[name].get_parameter("weight").shape)
    if mask.dtype != torch.bool or tuple(mask.shape) != shape:
        raise ValueError(
            f"The mask of {name} is {mask.dtype} of shape {tuple(mask.shape)}; "
            f"it must be torch.bool of shape {shape}, True where a weight stays."
        )
    if emptied({name: mask}):
        raise ValueError(
            f"Nothing is left of {name}: the model would answer a constant. Cut less, or prune "
            "layer by layer."
        )
