"""Running a model on torch's meta device: shapes without data, so that 7 billion weights take no memory."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Input = torch.Tensor | Sequence[int]
Loss = Callable[[Any], torch.Tensor]


def to_meta(model: nn.Module) -> nn.Module:
    """A copy of the model whose parameters and buffers are shapes only; the model stays as it is.

    Raises TypeError for what is no module, ValueError for a module that cannot be copied.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"A model must be a torch.nn.Module, got {type(model).__name__}.")
    # deepcopy takes these in place of the originals, so that no weight is ever copied.
    memo: dict[int, Any] = {id(each): _shape_of(each) for each in model.parameters()}
    memo |= {id(each): _shape_of(each) for each in model.buffers()}
    try:
        return copy.deepcopy(model, memo)
    except Exception as error:
        raise ValueError(f"The model cannot be copied: {_first_line(error)}.") from error


def _shape_of(tensor: torch.Tensor) -> torch.Tensor:
    empty = torch.empty_like(tensor, device="meta", requires_grad=False)
    if not isinstance(tensor, nn.Parameter):
        return empty
    return nn.Parameter(empty, requires_grad=tensor.requires_grad)


def to_inputs(inputs: Sequence[Input]) -> tuple[torch.Tensor, ...]:
    """Meta tensors for tensors, or for shapes such as (8, 3, 224, 224), which become float32.

    Raises ValueError for a shape with a size below 1, TypeError for what is neither.
    """
    return tuple(_as_meta(each) for each in inputs)


def _as_meta(given: Input) -> torch.Tensor:
    if isinstance(given, torch.Tensor):
        shape = tuple(given.shape)
    elif isinstance(given, Sequence) and all(type(size) is int for size in given):
        shape = tuple(given)
    else:
        raise TypeError(f"An input is a tensor or a shape such as (8, 3, 224, 224), not {given!r}.")
    if not shape or min(shape) < 1:
        raise ValueError(f"Every size of an input must be 1 or more, the batch too; got {shape}.")
    dtype = given.dtype if isinstance(given, torch.Tensor) else torch.float32
    return torch.empty(shape, dtype=dtype, device="meta")


class AsOnGpu(TorchFunctionMode):
    """Attention and dropout as GPUs run them: fused.

    The meta device would take the plain formulas. Plain attention stores the seq × seq matrix, fused
    does not (Dao et al. 2022, arXiv:2205.14135); with a mask or with dropout inside, the plain formula
    stays: an upper bound then. Fused dropout keeps a byte for each number, plain dropout a float.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Swaps two functions for their fused forms and lets every other one pass."""
        kwargs, fused = kwargs or {}, None
        if func is F.scaled_dot_product_attention:
            fused = _attention(*args, **kwargs)
        elif func is F.dropout:
            fused = _dropout(*args, **kwargs)
        return func(*args, **kwargs) if fused is None else fused


def _dropout(
    x: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> torch.Tensor | None:
    if inplace or not training or not 0 < p < 1:
        return None
    return torch.native_dropout(x, p, True)[0]


def _attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor | None:
    if attn_mask is not None or dropout_p or query.dim() != 4 or query.device.type != "meta":
        return None
    if enable_gqa:
        groups = query.shape[1] // key.shape[1]
        key, value = (each.repeat_interleave(groups, 1) for each in (key, value))
    run = torch.ops.aten._scaled_dot_product_flash_attention
    return run(query, key, value, 0.0, is_causal, scale=scale)[0]


class Watch(TorchDispatchMode):
    """Remembers the operation that runs, so that a failure can name it."""

    last = "its first operation"

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Runs the operation, then hands it with its result to `seen`."""
        self.last = str(func)
        out = func(*args, **(kwargs or {}))
        self.seen(func, (args, kwargs or {}), out)
        return out

    def seen(self, func: Any, given: Any, out: Any) -> None:
        """Called after each operation; a subclass counts here."""


def run_on_meta(
    model: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    loss: Loss | None,
    modes: Sequence[Any] = (),
    watch: Watch | None = None,
) -> None:
    """Runs a meta model forward, without gradients if `loss` is None, else backward from it too.

    Inside `modes`. Raises ValueError with the operation at which a model stops that needs data.
    """
    watch = watch or Watch()
    try:
        with ExitStack() as stack:
            for mode in (AsOnGpu(), watch, *modes, torch.set_grad_enabled(loss is not None)):
                stack.enter_context(mode)
            out = model(*inputs)
            if loss is not None:
                loss(out).backward()
    except Exception as error:
        raise ValueError(
            f"The model did not run on the meta device, which has shapes and no data: it stopped at "
            f"{watch.last} ({_first_line(error)}). Check the shapes of the inputs; for a model that "
            "needs data, give its figures as a Spec."
        ) from error


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")[:150]


def total(output: Any) -> torch.Tensor:
    """The sum of all floating-point tensors in a model's output: a loss that stores nothing itself."""
    found = [each for each in tree_leaves(output) if isinstance(each, torch.Tensor)]
    found = [each for each in found if each.is_floating_point()]
    if not found:
        raise ValueError("the output holds no floating-point tensor")
    return torch.stack([each.sum() for each in found]).sum()


def cross_entropy(output: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of logits (…, classes) against class 0: shapes decide, not values."""
    logits = output.flatten(0, -2)
    return F.cross_entropy(logits, logits.new_zeros(len(logits), dtype=torch.int64))
