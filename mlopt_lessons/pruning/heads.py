"""Structured pruning of a GPT: attention heads and neurons of each layer, taken out.

A head is `head_size` rows of query, key and value and as many columns of the output layer. What it
adds to the model passes through its value rows and then its output columns, so its importance is the
size of that product. The stream between the layers keeps its width: every layer adds to it.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mlopt_lessons.pruning.masks import check_weight, count_to_cut
from mlopt_lessons.workbench.language.model import Attention, Block, CharGPT


@dataclass(frozen=True, eq=False)
class PrunedGPT:
    """A smaller GPT, and the heads and neurons that each layer kept (indices of before)."""

    model: CharGPT
    heads: tuple[Tensor, ...]
    neurons: tuple[Tensor, ...]


def head_norms(attention: Attention) -> Tensor:
    """The Frobenius norm of W_out W_value for each head, shape (heads,)."""
    value = attention.value.weight.detach().unflatten(0, (-1, attention.head_size))
    out = attention.out.weight.detach().unflatten(1, (-1, attention.head_size))
    return (out.transpose(0, 1) @ value).flatten(1).norm(dim=1)


def neuron_norms(block: Block) -> Tensor:
    """The norm of each neuron's incoming row times that of its outgoing column: (neurons,)."""
    return block.up.weight.detach().norm(dim=1) * block.down.weight.detach().norm(dim=0)


def remove_heads(model: CharGPT, heads: float, neurons: float) -> PrunedGPT:
    """A copy without the least important part of each layer's heads and of its neurons.

    `heads` and `neurons` are parts from 0 to 1; the embeddings and the stream keep their width.
    Raises ValueError for a part out of range or that leaves a layer nothing, and for NaN weights.
    """
    result = copy.deepcopy(model)
    kept_heads, kept_neurons = [], []
    for index, block in enumerate(result.layers):
        for name, parameter in block.named_parameters():
            check_weight(parameter.detach(), f"blocks.{index}.{name}")
        kept_heads.append(_kept(head_norms(block.attention), heads, f"heads of layer {index}"))
        kept_neurons.append(_kept(neuron_norms(block), neurons, f"neurons of layer {index}"))
        _keep_heads(block.attention, kept_heads[-1])
        _keep_neurons(block, kept_neurons[-1])
    return PrunedGPT(result, tuple(kept_heads), tuple(kept_neurons))


def masked_heads(model: CharGPT, pruned: PrunedGPT) -> CharGPT:
    """A copy as large as before in which what `pruned` took out adds nothing.

    It answers what the smaller model answers, up to the rounding of sums.
    """
    result = copy.deepcopy(model)
    for block, heads, neurons in zip(result.layers, pruned.heads, pruned.neurons, strict=True):
        columns = _places(heads, block.attention.head_size)
        with torch.no_grad():
            _zero_other_columns(block.attention.out.weight, columns)
            _zero_other_columns(block.down.weight, neurons)
    return result


def _kept(importance: Tensor, amount: float, what: str) -> Tensor:
    keep = len(importance) - count_to_cut(len(importance), amount)
    if keep == 0:
        raise ValueError(
            f"Cutting {amount:g} of the {len(importance)} {what} leaves none; cut less."
        )
    return importance.topk(keep).indices.sort().values


def _keep_heads(attention: Attention, heads: Tensor) -> None:
    rows = _places(heads, attention.head_size)
    for layer in (attention.query, attention.key, attention.value):
        _keep_rows(layer, rows)
    _keep_columns(attention.out, rows)


def _keep_neurons(block: Block, neurons: Tensor) -> None:
    _keep_rows(block.up, neurons)
    _keep_columns(block.down, neurons)


def _places(heads: Tensor, size: int) -> Tensor:
    """The rows that belong to these heads."""
    return (heads[:, None] * size + torch.arange(size)).flatten()


def _keep_rows(layer: nn.Linear, rows: Tensor) -> None:
    layer.weight = nn.Parameter(layer.weight.detach()[rows].clone())
    layer.bias = nn.Parameter(layer.bias.detach()[rows].clone())
    layer.out_features = len(rows)


def _keep_columns(layer: nn.Linear, columns: Tensor) -> None:
    layer.weight = nn.Parameter(layer.weight.detach()[:, columns].clone())
    layer.in_features = len(columns)


def _zero_other_columns(weight: Tensor, columns: Tensor) -> None:
    others = torch.ones(weight.shape[1], dtype=torch.bool)
    others[columns] = False
    weight[:, others] = 0
