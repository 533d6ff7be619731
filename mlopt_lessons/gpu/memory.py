"""Memory, FLOPs and traffic of one step, for any batch and precision, from a network's profile.

Needs no torch for a network by name, whose profile is recorded, nor for a `Spec`; `profiling.py` counts
other models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Any

from mlopt_lessons.gpu.work import BYTES, Demand

if TYPE_CHECKING:
    from torch import nn

    from mlopt_lessons.gpu.spec import Spec

#: Bytes of optimizer state for each trained parameter, besides master weights: AdamW keeps two fp32
#: moments, SGD with momentum one.
STATE_BYTES = {"adamw": 8, "sgd": 0, "sgd momentum": 4}

#: FLOPs of the update for each trained parameter, counted by hand in torch's formulas: AdamW scales the
#: weight (1), makes the moments (3 + 4), the denominator (3) and the step (3).
UPDATE_FLOPS = {"adamw": 14, "sgd": 2, "sgd momentum": 4}

#: Bytes of a CUDA context with PyTorch's kernels: 781 MB in pytorch/pytorch issue 34323. It depends on
#: GPU and version, 0.5 to 1 GB.
CONTEXT_BYTES = 0.8e9

#: What the caching allocator holds beyond the tensors, as a part of them: an assumption. Blocks are
#: rounded up and space between them is lost; 15 % on average, up to 33 %, where sizes change all the
#: time (Guo et al. 2024, GMLake, arXiv:2401.08156).
ALLOCATOR_PART = 0.1

TRAINS_IN = ("fp32", "tf32", "fp16", "bf16")
FP32_BYTES = 4
PARTS = ("weights", "gradients", "optimizer", "activations", "kv cache", "overhead")


@dataclass(frozen=True)
class Line:
    """Bytes that grow with the batch: `fixed` + `per_sample` × batch."""

    fixed: float
    per_sample: float

    def at(self, batch: int) -> float:
        """The bytes of a batch."""
        return self.fixed + self.per_sample * batch


@dataclass(frozen=True)
class Profile:
    """What a network needs for each sample, counted once; `demand` scales it to a batch and a precision.

    `flops` and `training_flops` (forward + backward) are for one sample, 1 MAC = 2 FLOPs. Bytes are for
    fp32: `saved` floats that autograd keeps, `saved_other` indices and masks, which no precision
    shrinks; `live` the activations that are there at once in inference; `traffic` what matrix
    multiplications, convolutions and attention read and write, weights included, in inference and
    `training_traffic` in forward + backward. `cache_numbers` is the length of one sample's KV cache.
    Buffers are left out: below 1 % of the weights in the networks here.
    """

    name: str
    parameters: int
    trained: int
    flops: float
    training_flops: float
    saved: Line
    saved_other: Line
    live: Line
    traffic: Line
    training_traffic: Line
    cache_numbers: int = 0

    def demand(
        self,
        batch: int,
        precision: str = "fp32",
        training: bool = True,
        optimizer: str = "adamw",
        *,
        context_bytes: float = CONTEXT_BYTES,
        allocator_part: float = ALLOCATOR_PART,
    ) -> Demand:
        """What a step on `batch` samples needs.

        Training in fp16 or bf16 is mixed precision: weights and gradients in 2 bytes, master weights
        and optimizer states in fp32, 16 bytes a parameter for AdamW (Rajbhandari et al. 2020, ZeRO,
        arXiv:1910.02054, section 3.1); in fp32 it is 16 too, 4 + 4 + 8. All floating-point
        activations take the precision's bytes; torch's autocast keeps some in fp32, so that
        transformers need more. Inference holds weights, the activations that are live at once, and
        the KV cache of language models at full length. Traffic is a lower bound: everything between
        two matrix multiplications or convolutions is taken as fused, and each reads its operands and
        writes its result once. Training in int8 or fp8, an unknown name and a batch below 1 raise
        ValueError.
        """
        check_choices(batch, precision, training, optimizer)
        check_overhead(context_bytes, allocator_part)
        if training:
            parts = self._training_parts(batch, precision, optimizer)
        else:
            parts = self._inference_parts(batch, precision)
        parts = {name: parts.get(name, 0.0) for name in PARTS}
        parts["overhead"] = context_bytes + allocator_part * sum(parts.values())
        flops = self._flops(batch, optimizer if training else None)
        traffic = self._traffic(batch, precision, optimizer if training else None)
        memory = sum(parts.values())
        return Demand(self.name, batch, flops, traffic, memory, parts, precision, training)

    def _training_parts(self, batch: int, precision: str, optimizer: str) -> dict[str, float]:
        size = BYTES[precision]
        master = FP32_BYTES if size < FP32_BYTES else 0
        floats = self.saved.at(batch) * size / FP32_BYTES
        return {
            "weights": float(self.parameters * size),
            "gradients": float(self.trained * size),
            "optimizer": float(self.trained * (STATE_BYTES[optimizer] + master)),
            "activations": floats + self.saved_other.at(batch),
        }

    def _inference_parts(self, batch: int, precision: str) -> dict[str, float]:
        size = BYTES[precision]
        return {
            "weights": float(self.parameters * size),
            "activations": self.live.at(batch) * size / FP32_BYTES,
            "kv cache": float(self.cache_numbers * batch * size),
        }

    def _flops(self, batch: int, optimizer: str | None) -> float:
        if optimizer is None:
            return self.flops * batch
        return self.training_flops * batch + UPDATE_FLOPS[optimizer] * self.trained

    def _traffic(self, batch: int, precision: str, optimizer: str | None) -> float:
        size = BYTES[precision]
        if optimizer is None:
            return self.traffic.at(batch) * size / FP32_BYTES
        update = self.trained * update_bytes(size, optimizer)
        return self.training_traffic.at(batch) * size / FP32_BYTES + update


def demand(
    model: str | nn.Module | Spec | Profile,
    batch: int,
    precision: str = "fp32",
    training: bool = True,
    optimizer: str = "adamw",
    *,
    inputs: Iterable[Any] = (),
    seq_len: int | None = None,
    **overhead: float,
) -> Demand:
    """What a step of a network (by name), a module with its `inputs`, a Spec or a Profile needs.

    See `profiling.profile` for `inputs` and `seq_len`, `Profile.demand` for `overhead` (context_bytes,
    allocator_part), what is counted and what raises. Many calls for one module: take its profile once.
    """
    from mlopt_lessons.gpu.known import as_profile

    found = as_profile(model, tuple(inputs), seq_len)
    return found.demand(batch, precision, training, optimizer, **overhead)


def update_bytes(size: int, optimizer: str) -> int:
    """Bytes that an update moves for each parameter of `size` bytes.

    The gradient is read, the fp32 weight and the states are read and written, and in mixed precision
    the 2-byte copy of the weight is written: 28 bytes for AdamW.
    """
    copy = size if size < FP32_BYTES else 0
    return size + 2 * (FP32_BYTES + STATE_BYTES[optimizer]) + copy


def check_choices(batch: int, precision: str, training: bool, optimizer: str) -> None:
    """Raises ValueError for a batch, precision or optimizer that cannot be, with the nearest name."""
    if type(batch) is not int or batch < 1:
        raise ValueError(f"A batch is a whole number of 1 or more, not {batch!r}.")
    check_name("precision", precision, BYTES)
    if not training:
        return
    check_name("optimizer", optimizer, STATE_BYTES)
    if precision not in TRAINS_IN:
        raise ValueError(
            f"{precision} is for inference here; train in one of {', '.join(TRAINS_IN)}."
        )


def check_name(what: str, given: object, known: Iterable[str]) -> None:
    """Raises ValueError for a name that is not known, with the nearest ones."""
    names = list(known)
    if given in names:
        return
    close = get_close_matches(str(given).casefold(), names, n=2, cutoff=0.5) or names
    raise ValueError(f"There is no {what} {given!r}; choose one of {', '.join(close)}.")


def check_overhead(context_bytes: float, allocator_part: float) -> None:
    """Raises ValueError unless both are numbers of 0 or more."""
    given: Mapping[str, float] = {"context_bytes": context_bytes, "allocator_part": allocator_part}
    for name, value in given.items():
        if not isfinite(value) or value < 0:
            raise ValueError(f"{name} must be 0 or more, got {value!r}.")
