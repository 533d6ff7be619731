"""The layers of a model that can be compressed: those whose weights are most of its bytes."""

from torch import nn

WeightedLayer = nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d


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
