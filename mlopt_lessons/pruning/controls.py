"""The control that pruning must beat: the same small network, trained from scratch.

A pruned network is worth its trouble only if the small network alone would not have learnt as much
(Liu et al. 2019, arXiv:1810.05270: often it does).
"""

import copy

import torch
from torch import nn

from mlopt_lessons.workbench import Dataset, train


def from_scratch(
    model: nn.Module,
    data: Dataset,
    *,
    epochs: int,
    seed: int = 0,
    learning_rate: float = 1e-3,
    batch: int = 128,
    weight_decay: float = 1e-4,
) -> nn.Module:
    """A copy of the (pruned) model with new random weights in all layers, trained from the start.

    Raises ValueError for a layer with weights that cannot be started anew, and as `train`.
    """
    result = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name, layer in result.named_modules():
            _restart(name, layer)
    train(
        result,
        data,
        epochs=epochs,
        seed=seed,
        learning_rate=learning_rate,
        batch=batch,
        weight_decay=weight_decay,
    )
    return result


def _restart(name: str, layer: nn.Module) -> None:
    restart = getattr(layer, "reset_parameters", None)
    if restart is not None:
        restart()
    elif next(layer.parameters(recurse=False), None) is not None:
        raise ValueError(
            f"{name or type(layer).__name__} has no reset_parameters, so it cannot start anew; "
            "build the small model again instead."
        )
