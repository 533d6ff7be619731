"""What autograd keeps between forward and backward: the activations that fill a GPU in training."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from mlopt_lessons.gpu.meta import Input, Loss, run_on_meta, to_inputs, to_meta, total


class SavedStorages:
    """Bytes of the storages that autograd saves inside its `hooks()`, each counted once.

    Views share a storage, and so do in-place results. What is in `left_out` (weights, buffers) does
    not count. Keeps every storage alive, so that no address is used twice.
    """

    def __init__(self, left_out: Iterable[torch.Tensor] = ()) -> None:
        self._left_out = {_key(each): each for each in left_out}
        self._found: dict[int, torch.Tensor] = {}

    def hooks(self) -> torch.autograd.graph.saved_tensors_hooks:
        """A context in which every saved tensor is noted."""
        return torch.autograd.graph.saved_tensors_hooks(self._note, lambda tensor: tensor)

    def _note(self, tensor: torch.Tensor) -> torch.Tensor:
        key = _key(tensor)
        if key not in self._left_out:
            self._found.setdefault(key, tensor.detach())
        return tensor

    def bytes(self, floating: bool) -> int:
        """Bytes of the floating-point storages, or of all others (indices, masks)."""
        kept = (each for each in self._found.values() if each.is_floating_point() == floating)
        return sum(each.untyped_storage().nbytes() for each in kept)


def _key(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata


def saved_bytes(model: nn.Module, *inputs: Input, loss: Loss | None = None) -> int:
    """Bytes that autograd keeps for the backward pass of a batch, counted on the meta device.

    `inputs` are tensors or shapes with the batch first; they count where autograd keeps them, weights
    and buffers never do. `loss` takes the output (its sum where none is given, which keeps nothing).
    Equal to what real tensors keep. Attention and dropout count as GPUs run them: fused attention keeps
    query, key, value, output and one number a row, dropout a mask of one byte a number. GPU
    libraries keep small workspaces besides. Raises ValueError, naming the operation, for a model that
    cannot run without data.
    """
    found = saved_storages(to_meta(model), to_inputs(inputs), loss)
    return found.bytes(floating=True) + found.bytes(floating=False)


def saved_storages(
    model: nn.Module, inputs: tuple[torch.Tensor, ...], loss: Loss | None = None
) -> SavedStorages:
    """The same for a model that is on the meta device already, with floats and others apart."""
    found = SavedStorages([*model.parameters(), *model.buffers()])
    run_on_meta(model.train(), inputs, loss or total, [found.hooks()])
    return found
