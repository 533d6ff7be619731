"""FLOPs of one step of a model, counted on the meta device: 1 MAC = 2 FLOPs."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from mlopt_lessons.gpu.meta import Input, Loss, run_on_meta, to_inputs, to_meta, total

FLOPS_PER_MAC = 2


def count_flops(
    model: nn.Module, *inputs: Input, training: bool = False, loss: Loss | None = None
) -> float:
    """FLOPs of matrix multiplications, convolutions and attention on a batch, 1 MAC = 2 FLOPs.

    `inputs` are tensors or shapes with the batch first. In training mode backward counts too, from
    `loss` of the output (its sum where none is given). Normalisation, activations and pooling are not
    counted, as in published GMACs: they cost bytes rather than FLOPs. Causal attention counts all of
    the seq × seq products, also those that are masked. Raises ValueError, naming the operation, for a
    model that cannot run without data.
    """
    counted = counter()
    copied = to_meta(model).train(training)
    run_on_meta(copied, to_inputs(inputs), (loss or total) if training else None, [counted])
    return float(counted.get_total_flops())


def counter() -> FlopCounterMode:
    """torch's counter, with the backward of grouped convolutions put right."""
    mapping: dict[Any, Any] = {torch.ops.aten.convolution_backward: _backward_of_convolution}
    return FlopCounterMode(display=False, custom_mapping=mapping)


def _backward_of_convolution(
    grad: list[int], inputs: list[int], weight: list[int], *rest: Any, **_: Any
) -> int:
    # torch 2.13 takes the gradient of the weights of a grouped convolution as that of a full one,
    # `groups` times too many. Either gradient costs as much as forward.
    transposed, mask = rest[4], rest[7]
    forward = conv_flop_count(inputs, weight, grad, transposed=transposed)
    return forward * (bool(mask[0]) + bool(mask[1]))
