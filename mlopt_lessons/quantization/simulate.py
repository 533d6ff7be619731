"""Simulated quantization of a whole model: accuracy as with integers, size and speed as before.

The weights of Linear and Conv layers are rounded to the grid and stored as float32 again, so the
model computes what an integer model would, up to the rounding of sums. Biases and all other layers
stay in float32. `weight_bytes` says how many bytes a file with packed integers would need.
"""

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mlopt_lessons.quantization.affine import Grid, check_bits, fake_quantize
from mlopt_lessons.quantization.calibration import (
    Granularity,
    Method,
    Scheme,
    check_choice,
    grid_for,
    layout,
)
from mlopt_lessons.workbench import WeightedLayer, check_weights_stored, weighted_layers

Bits = int | Mapping[str, int]


def skipped(model: nn.Module) -> dict[str, str]:
    """The layers that hold parameters but stay in float32: name → type."""
    return {
        name: type(layer).__name__
        for name, layer in model.named_modules()
        if any(True for _ in layer.parameters(recurse=False))
        and not isinstance(layer, WeightedLayer)
    }


def fake_quantized(
    model: nn.Module,
    bits: Bits = 8,
    scheme: Scheme = "symmetric",
    granularity: Granularity = "channel",
    method: Method = "min-max",
    group_size: int = 64,
    *,
    percentile: float = 99.9,
) -> nn.Module:
    """A copy whose Linear and Conv weights lie on their grids; the original is untouched.

    `bits` is one number for all, or a dict of layer name → bits that leaves the layers it does not
    name in float32. A group holds at most `group_size` weights: see `group_for`. `skipped(model)`
    names what stays in float32. Errors of a layer's weights name the layer. Raises ValueError for a
    weight that is computed anew in each forward pass (pruned or parametrized).
    """
    check_weights_stored(model)
    result = copy.deepcopy(model)
    layers = weighted_layers(result)
    rounded = set()  # by identity: a weight that two layers share is rounded once
    for name, layer_bits in _bits_by_layer(layers, bits).items():
        weight, label = layers[name].weight, f"{name}.weight"
        if id(weight) in rounded:
            continue
        rounded.add(id(weight))
        how = (scheme, granularity, method, group_size, percentile, label)
        with torch.no_grad():
            weight.copy_(fake_quantize(weight, weight_grid(weight, layer_bits, *how), label))
    return result


def weight_grid(
    weight: Tensor,
    bits: int,
    scheme: Scheme = "symmetric",
    granularity: Granularity = "channel",
    method: Method = "min-max",
    group_size: int = 64,
    percentile: float = 99.9,
    name: str = "weight",
) -> Grid:
    """The grid that `fake_quantized` uses for one layer's weight (output channels along axis 0)."""
    if granularity == "group":
        group_size = group_for(weight[0].numel(), group_size, name)
    return grid_for(
        weight,
        bits,
        scheme,
        granularity,
        method,
        group_size=group_size,
        percentile=percentile,
        name=name,
    )


def group_for(length: int, group_size: int, name: str = "weight") -> int:
    """The largest group of at most `group_size` that divides a channel's `length` weights.

    A model's layers have channels of many lengths, so that one group size rarely divides all.
    Raises ValueError when the best divisor is under a quarter of what was asked, as scales would
    then outweigh the weights.
    """
    if isinstance(group_size, bool) or not isinstance(group_size, int) or group_size < 1:
        raise ValueError(f"group_size must be a whole number of at least 1, got {group_size!r}.")
    wanted = min(length, group_size)
    best = max(size for size in range(1, wanted + 1) if length % size == 0)
    if best * 4 < wanted:
        raise ValueError(
            f"No group near {group_size} divides the {length} values of each channel of {name}; "
            'choose another group_size, or granularity="channel".'
        )
    return best


def weight_bytes(
    model: nn.Module,
    bits: Bits = 8,
    scheme: Scheme = "symmetric",
    granularity: Granularity = "channel",
    group_size: int = 64,
) -> int:
    """Bytes that the model's parameters and buffers need with packed weights.

    Each quantized weight takes `bits` bits, rounded up to whole bytes a layer; each part that
    shares a scale adds 4 bytes, and 1 byte for its zero point when asymmetric. All the rest counts
    as it is stored now. This is arithmetic, not a file: for a file, measure it on disk.
    """
    check_choice("scheme", scheme, Scheme)
    layers = weighted_layers(model)
    per_scale = 4 if scheme == "symmetric" else 5
    packed = {}  # by identity: a weight that two layers share is stored once
    for name, layer_bits in _bits_by_layer(layers, bits).items():
        weight = layers[name].weight
        group = group_for(weight[0].numel(), group_size, name) if granularity == "group" else 1
        scales = len(layout(weight, granularity, group_size=group))
        packed[id(weight)] = math.ceil(weight.numel() * layer_bits / 8) + scales * per_scale
    rest = [t for t in (*model.parameters(), *model.buffers()) if id(t) not in packed]
    return sum(packed.values()) + sum(t.numel() * t.element_size() for t in rest)


def with_fake_quantized_activations(
    model: nn.Module, calibration: Tensor, bits: int = 8, method: Method = "min-max"
) -> nn.Module:
    """A copy of the model that rounds the input of each Linear and Conv layer while it computes.

    Each input gets one asymmetric unsigned grid for the whole tensor, calibrated once on what the
    layer sees for `calibration` (a batch of inputs), as in static quantization (Krishnamoorthi
    2018, arXiv:1806.08342). Apply it to a `fake_quantized` model to simulate both.
    """
    result = copy.deepcopy(model).eval()
    for name, seen in _layer_inputs(result, calibration).items():
        grid = grid_for(
            seen, bits, "asymmetric", method=method, signed=False, name=f"input of {name}"
        )
        result.get_submodule(name).register_forward_pre_hook(_Rounder(grid, name))
    return result


class _Rounder:
    """A forward pre-hook that rounds a layer's input; a class, so that the model can be pickled."""

    def __init__(self, grid: Grid, name: str) -> None:
        self.grid, self.name = grid, name

    def __call__(self, layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (fake_quantize(inputs[0], self.grid, self.name), *inputs[1:])


def _layer_inputs(model: nn.Module, batch: Tensor) -> dict[str, Tensor]:
    """What each quantizable layer is given while the model computes `batch`."""
    if len(batch) == 0:
        raise ValueError("There is no calibration data; pass at least one input.")
    seen: dict[str, list[Tensor]] = {}
    hooks = [
        layer.register_forward_pre_hook(
            lambda _, inputs, name=name: seen.setdefault(name, []).append(inputs[0].flatten())
        )
        for name, layer in weighted_layers(model).items()
    ]
    try:
        with torch.no_grad():
            model(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: torch.cat(parts) for name, parts in seen.items()}


def _bits_by_layer(layers: Mapping[str, WeightedLayer], bits: Bits) -> dict[str, int]:
    if not isinstance(bits, Mapping):
        return dict.fromkeys(layers, check_bits(bits))
    unknown = sorted(set(bits) - set(layers))
    if unknown:
        raise ValueError(f"The model has no layer {unknown[0]!r}; choose from {', '.join(layers)}.")
    return {name: check_bits(layer_bits) for name, layer_bits in bits.items()}
