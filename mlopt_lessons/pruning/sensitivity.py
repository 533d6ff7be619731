"""Sensitivity: which layer suffers most when its weights go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from mlopt_lessons.pruning.apply import masked, weights_of
from mlopt_lessons.pruning.masks import magnitude_mask
from mlopt_lessons.workbench import scan_layers


@dataclass(frozen=True)
class LayerSensitivity:
    """What it costs to prune one layer alone.

    `score` is what `evaluate` returned with `amount` of this layer's weights at 0 and all others
    dense; `loss` is the score of the dense model minus that, in the unit of `evaluate`.
    """

    name: str
    amount: float
    score: float
    loss: float


def scan(
    model: nn.Module,
    evaluate: Callable[[nn.Module], float],
    amounts: Sequence[float] = (0.5, 0.7, 0.9),
) -> list[LayerSensitivity]:
    """Prunes one layer at a time by magnitude and scores the model (Li et al. 2017, section 3.2).

    `evaluate` takes a model and returns its score, higher is better. The result follows the model's
    order of layers, then `amounts`. It costs one evaluation a layer and amount, plus one. Layers
    interact: losses don't simply add up. Source: arXiv:1608.08710. Raises as `masked`.
    """
    weights = weights_of(model)

    def pruned(name: str, amount: float) -> nn.Module:
        return masked(model, {name: magnitude_mask(weights[name], amount, name)})

    found = scan_layers(model, weights, evaluate, amounts, pruned)
    return [LayerSensitivity(*row) for row in found]
