"""The layers of a model that can be compressed: those whose weights are most of its bytes."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from torch import nn
from torch.nn.utils import parametrize

WeightedLayer = nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d
Setting = TypeVar("Setting")


def weighted_layers(model: nn.Module) -> dict[str, WeightedLayer]:
    """The Linear and Conv layers, by name and in the model's order.

    Raises ValueError when there is none.
    """
    found = {
        name: layer for name, layer in model.named_modules() if isinstance(layer, WeightedLayer)
    }
    if not found:
        raise ValueError("The model has no Linear or Conv layer, so there is nothing to compress.")
    return found


def check_weights_stored(model: nn.Module) -> None:
    """Raises ValueError, by name, for a weight that is computed anew in each forward pass."""
    for name, layer in weighted_layers(model).items():
        if "weight" not in dict(layer.named_parameters(recurse=False)):
            raise ValueError(
                f"{name}.weight is computed from other tensors, so a change would not last; make it "
                "permanent first: prune.remove, or parametrize.remove_parametrizations."
            )


def make_permanent(model: nn.Module) -> nn.Module:
    """Keeps the weights as a parametrization computes them, and drops the parametrization; in place."""
    for layer in weighted_layers(model).values():
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    return model


def scan_layers(
    model: nn.Module,
    layers: Iterable[str],
    evaluate: Callable[[nn.Module], float],
    settings: Sequence[Setting],
    changed: Callable[[str, Setting], nn.Module],
) -> list[tuple[str, Setting, float, float]]:
    """Changes one layer at a time: (layer, setting, score, loss) for each layer and setting.

    `changed` gives the model with one layer in one setting; `loss` is the untouched model's score
    minus the changed one's. It costs one evaluation a layer and setting, plus one.
    """
    whole = evaluate(model)
    found = []
    for name in layers:
        for setting in settings:
            score = evaluate(changed(name, setting))
            found.append((name, setting, score, whole - score))
    return found
