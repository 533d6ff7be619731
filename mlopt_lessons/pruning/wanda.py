"""Wanda on a whole model: one pass over calibration data, then one mask a layer, no training.

For each Linear layer the 2-norm of each of its inputs over all calibration rows is collected, and
`wanda_mask` weighs |w| with it (Sun et al. 2023, arXiv:2306.11695). Convolutions are pruned the
same way: a filter is a Linear layer on the patches that `unfold` cuts from the image.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlopt_lessons.pruning.apply import weights_of
from mlopt_lessons.pruning.masks import check_weight, wanda_mask
from mlopt_lessons.workbench import weighted_layers


def wanda_masks(model: nn.Module, calibration: Tensor, amount: float) -> dict[str, Tensor]:
    """A mask for each Linear and 2-D Conv layer from what it is given for `calibration`.

    `calibration` is a batch of the model's inputs, rows first: real ones. Each output loses the same
    `amount` of its weights. Raises ValueError without calibration rows, for NaN and Inf in them, for a
    layer that is never reached, and as `wanda_mask`.
    """
    check_weight(calibration, "The calibration data")
    norms = input_norms(model, calibration)
    masks = {}
    for name, weight in weights_of(model).items():
        if name not in norms:
            raise ValueError(f"The calibration data never reaches {name}; Wanda cannot weigh it.")
        flat = wanda_mask(weight.flatten(1), norms[name], amount, name)
        masks[name] = flat.reshape(weight.shape)
    return masks


def input_norms(model: nn.Module, calibration: Tensor) -> dict[str, Tensor]:
    """The 2-norm of what each weight of an output meets, by layer: shape (inputs per output,)."""
    squares: dict[str, Tensor] = {}

    def add(name: str, layer: nn.Module, given: Tensor) -> None:
        seen = _met(layer, given, name).square().sum(0)
        squares[name] = squares.get(name, torch.zeros_like(seen)) + seen

    layers = weighted_layers(model)
    hooks = [
        layer.register_forward_pre_hook(lambda layer, given, name=name: add(name, layer, given[0]))
        for name, layer in layers.items()
    ]
    try:
        with torch.inference_mode():
            model(calibration)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: total.sqrt() for name, total in squares.items()}


def _met(layer: nn.Module, given: Tensor, name: str) -> Tensor:
    """What the weights of one output are multiplied with: shape (times, inputs per output)."""
    if isinstance(layer, nn.Linear):
        return given.reshape(-1, layer.in_features)
    if not isinstance(layer, nn.Conv2d) or layer.groups > 1 or layer.padding_mode != "zeros":
        raise ValueError(
            f"Wanda is for Linear layers and plain 2-D convolutions, {name} is a "
            f"{type(layer).__name__} with groups or of another kind: prune it by magnitude."
        )
    if isinstance(layer.padding, str):
        raise ValueError(f"{name} has the padding {layer.padding!r}; give it as a number.")
    patches = functional.unfold(
        given, layer.kernel_size, layer.dilation, layer.padding, layer.stride
    )
    return patches.movedim(1, -1).flatten(0, 1)
