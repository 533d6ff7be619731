"""Structured pruning: neurons and channels that are gone, in smaller layers.

A mask leaves a matrix as large as it was. Here the rows of a layer are taken out, with the columns
of the layers that took them, so that the file shrinks and every runtime multiplies smaller
matrices, with no kernel of its own (Li et al. 2017, arXiv:1608.08710, section 3).
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mlopt_lessons.pruning.masks import check_weight, count_to_cut
from mlopt_lessons.pruning.wiring import Link, Wiring, is_depthwise, wiring
from mlopt_lessons.workbench import check_weights_stored, weighted_layers

Importance = Callable[[Tensor], Tensor]
Amounts = float | Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Structured:
    """A smaller model, the outputs that each layer kept (indices of before), and what was fixed."""

    model: nn.Module
    kept: dict[str, Tensor]
    fixed: dict[str, str]


def norms(weight: Tensor) -> Tensor:
    """The importance of each output: the 2-norm of its weights, shape (outputs,)."""
    return weight.flatten(1).norm(dim=1)


def remove_outputs(model: nn.Module, amount: Amounts, importance: Importance = norms) -> Structured:
    """A copy without the `amount` of least important outputs of each layer that allows it.

    `amount` is a part from 0 to 1 of each layer's outputs, or a dict of layer name → part that
    leaves the layers it does not name alone. `importance` takes a layer's weight, outputs first,
    and returns a figure for each output. Half of the outputs is about three quarters of the weights,
    as rows and columns go. `Structured.fixed` names the layers that had to stay, and why.

    Raises ValueError for an amount out of range or that leaves nothing, NaN weights, computed weights,
    and layers that do not exist or cannot be pruned; WiringError when the model cannot be traced.
    """
    check_weights_stored(model)
    wires = wiring(model)
    layers = weighted_layers(model)
    kept = {
        name: _kept(name, layers[name].weight.detach(), part, importance)
        for name, part in _amounts(amount, wires).items()
    }
    return Structured(without(model, kept, wires), kept, wires.fixed)


def without(model: nn.Module, kept: Mapping[str, Tensor], wires: Wiring) -> nn.Module:
    """A copy of the model whose layers keep only the outputs with these indices (sorted int64)."""
    result = copy.deepcopy(model)
    for name, index in kept.items():
        _cut(result, wires.links[name], index)
    return result


def masked_outputs(model: nn.Module, kept: Mapping[str, Tensor], wires: Wiring) -> nn.Module:
    """A copy as large as before in which the outputs that are not kept are 0.

    It answers what `without` answers, up to the rounding of sums.
    """
    result = copy.deepcopy(model)
    for name, index in kept.items():
        link = wires.links[name]
        for part in (link.producer, *link.followers):
            module = result.get_submodule(part)
            gone = torch.ones(len(module.get_parameter("weight")), dtype=torch.bool)
            gone[index] = False
            with torch.no_grad():
                for parameter in module.parameters(recurse=False):
                    parameter[gone] = 0
    return result


def _amounts(amount: Amounts, wires: Wiring) -> dict[str, float]:
    if isinstance(amount, Mapping):
        for name in amount:
            if name not in wires.links:
                why = wires.fixed.get(
                    name, f"the model has no such layer; choose from {_list(wires)}"
                )
                raise ValueError(f"The outputs of {name} cannot be removed: {why}.")
        return dict(amount)
    if not wires.links:
        told = "; ".join(f"{name}: {why}" for name, why in wires.fixed.items())
        raise ValueError(f"No layer's outputs can be removed ({told}).")
    return dict.fromkeys(wires.links, amount)


def _list(wires: Wiring) -> str:
    return ", ".join(wires.links) or "none"


def _kept(name: str, weight: Tensor, amount: float, importance: Importance) -> Tensor:
    check_weight(weight, name)
    keep = len(weight) - count_to_cut(len(weight), amount)
    if keep == 0:
        raise ValueError(
            f"Cutting {amount:g} of the {len(weight)} outputs of {name} leaves none; cut less."
        )
    return importance(weight).topk(keep).indices.sort().values


def _cut(model: nn.Module, link: Link, kept: Tensor) -> None:
    for name in (link.producer, *link.followers):
        _keep_outputs(model.get_submodule(name), kept)
    for name, columns in link.consumers.items():
        layer = model.get_submodule(name)
        index = (kept[:, None] * columns + torch.arange(columns)).flatten()
        layer.weight = _parameter(layer.get_parameter("weight")[:, index])
        _resize(layer, ("in_features", "in_channels"), len(index))


def _keep_outputs(module: nn.Module, kept: Tensor) -> None:
    """Keeps these entries of everything a module holds for each of its outputs."""
    for name, parameter in list(module.named_parameters(recurse=False)):
        setattr(module, name, _parameter(parameter[kept]))
    for name, buffer in list(module.named_buffers(recurse=False)):
        if buffer.dim():  # not the counter of batches
            setattr(module, name, buffer[kept].clone())
    own = ("in_channels", "groups") if is_depthwise(module) else ()
    _resize(module, ("out_features", "out_channels", "num_features", *own), len(kept))


def _parameter(value: Tensor) -> nn.Parameter:
    return nn.Parameter(value.detach().clone())


def _resize(module: nn.Module, names: tuple[str, ...], size: int) -> None:
    for name in names:
        if hasattr(module, name):
            setattr(module, name, size)
