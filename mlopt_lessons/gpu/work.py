"""What a GPU job asks for: the demand of one step, and how often the step is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

#: Bytes of one stored number in each precision. TF32 is how the multipliers read an fp32 number, so
#: it is stored in 4 bytes.
BYTES = {"fp32": 4, "tf32": 4, "fp16": 2, "bf16": 2, "int8": 1, "fp8": 1}


@dataclass(frozen=True)
class Demand:
    """What one step (a batch) of a job needs from a GPU.

    ``flops`` counts forward only for inference; forward, backward and update for training
    (1 MAC = 2 FLOPs). ``traffic_bytes`` is the least that must cross the memory bus in one step.
    ``memory_bytes`` is the peak on the GPU, overhead included; ``parts`` splits it by name:
    weights, gradients, optimizer, activations, kv cache, overhead.
    """

    name: str
    batch: int
    flops: float
    traffic_bytes: float
    memory_bytes: float
    parts: Mapping[str, float]
    precision: str
    training: bool

    @property
    def intensity(self) -> float:
        """FLOPs done for each byte moved: the horizontal axis of a roofline."""
        return self.flops / self.traffic_bytes


@dataclass(frozen=True)
class Job:
    """A step, how often it is run, and the hours it may take."""

    demand: Demand
    steps: float
    deadline_h: float = inf
