"""Profiles of models: everything that `memory.Profile` needs, counted on the meta device."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from mlopt_lessons.gpu.flops import counter
from mlopt_lessons.gpu.memory import Line, Profile
from mlopt_lessons.gpu.meta import Input, Loss, Watch, run_on_meta, to_inputs, to_meta, total
from mlopt_lessons.gpu.networks import NETWORKS, network
from mlopt_lessons.gpu.saved import SavedStorages

# Batch normalisation cannot train on a batch of 1, so that the line goes through 2 and 4.
BATCHES = (2, 4)


class Traffic(Watch):
    """Bytes that multiplications, convolutions and attention read and write, in fp32."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def seen(self, func: Any, given: Any, out: Any) -> None:
        """Adds the operands and the results of an operation that does FLOPs."""
        if func._overloadpacket in flop_registry:
            self.bytes += sum(each.nbytes for each in _tensors((given, out)))


class Live(Traffic):
    """The most bytes of activations that exist at once, `left_out` (weights) not counted."""

    def __init__(self, left_out: Sequence[torch.Tensor], inputs: Sequence[torch.Tensor]) -> None:
        super().__init__()
        self._left_out = {each.untyped_storage()._cdata: each for each in left_out}
        self._live: dict[int, tuple[StorageWeakRef, int]] = {}
        self.peak = 0
        self._add(inputs)

    def seen(self, func: Any, given: Any, out: Any) -> None:
        """Drops the storages that are gone, adds those of the result."""
        super().seen(func, given, out)
        self._live = {key: kept for key, kept in self._live.items() if not kept[0].expired()}
        self._add(out)

    def _add(self, values: Any) -> None:
        for each in _tensors(values):
            storage = each.untyped_storage()
            if storage._cdata not in self._left_out:
                self._live.setdefault(storage._cdata, (StorageWeakRef(storage), storage.nbytes()))
        self.peak = max(self.peak, sum(size for _, size in self._live.values()))


def _tensors(values: Any) -> Iterator[torch.Tensor]:
    return (each for each in tree_leaves(values) if isinstance(each, torch.Tensor))


def profile(
    model: str | nn.Module, *inputs: Input, seq_len: int | None = None, loss: Loss | None = None
) -> Profile:
    """The profile of a network by name (then at `seq_len`, if it reads tokens), or of a module.

    A module needs its `inputs`: tensors or shapes with the batch first, of any batch; `loss` takes its
    output (its sum where none is given). Counts batches of 2 and 4 on the meta device and takes the line
    through them. Names are counted once and kept. Raises ValueError, with the nearest name or the
    operation that needs data.
    """
    if isinstance(model, nn.Module):
        return _profile_module(type(model).__name__, model, to_inputs(inputs), loss or total)
    if inputs or loss is not None:
        raise TypeError("A network by name brings its inputs and its loss; leave them out.")
    return _profile_network(model, network(model).seq_len(seq_len))


@lru_cache(maxsize=128)
def _profile_network(name: str, seq_len: int | None) -> Profile:
    known = network(name)
    cache = known.cache.numbers(seq_len) if known.cache and seq_len else 0
    given = known.inputs(1, seq_len)
    return _profile_module(name, known.on_meta(), given, known.loss, cache)


def _profile_module(
    name: str, model: nn.Module, given: tuple[torch.Tensor, ...], loss: Loss, cache: int = 0
) -> Profile:
    if not given:
        raise ValueError("A module needs its inputs; give tensors or shapes with the batch first.")
    sizes = [each.numel() for each in model.parameters()]
    trained = sum(each.numel() for each in model.parameters() if each.requires_grad)
    infers = [_infer(to_meta(model), _with_batch(given, batch)) for batch in BATCHES]
    trains = [_train(to_meta(model), _with_batch(given, batch), loss) for batch in BATCHES]
    flops, live, traffic = map(_line, *infers)
    training_flops, saved, other, training_traffic = map(_line, *trains)
    return Profile(
        name=name,
        parameters=sum(sizes),
        trained=trained,
        flops=flops.per_sample,
        training_flops=training_flops.per_sample,
        saved=saved,
        saved_other=other,
        live=live,
        traffic=traffic,
        training_traffic=training_traffic,
        cache_numbers=cache,
    )


def _with_batch(inputs: tuple[torch.Tensor, ...], batch: int) -> tuple[torch.Tensor, ...]:
    return tuple(each.new_empty((batch, *each.shape[1:])) for each in inputs)


def _line(low: float, high: float) -> Line:
    first, second = BATCHES
    slope = (high - low) / (second - first)
    return Line(low - slope * first, slope)


def _infer(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[float, float, float]:
    """FLOPs, peak of live bytes, traffic."""
    flops, live = counter(), Live([*model.parameters(), *model.buffers()], inputs)
    run_on_meta(model.eval(), inputs, None, [flops], live)
    return flops.get_total_flops(), live.peak, live.bytes


def _train(
    model: nn.Module, inputs: tuple[torch.Tensor, ...], loss: Loss
) -> tuple[float, float, float, float]:
    """FLOPs, saved floats, saved others, traffic."""
    saved = SavedStorages([*model.parameters(), *model.buffers()])
    flops, traffic = counter(), Traffic()
    run_on_meta(model.train(), inputs, loss, [flops, saved.hooks()], traffic)
    return flops.get_total_flops(), saved.bytes(True), saved.bytes(False), traffic.bytes


def record(path: Path | None = None) -> None:
    """Counts every network at its usual length and writes the table that `known` reads."""
    table = [asdict(_profile_network(name, network(name).seq_len(None))) for name in NETWORKS]
    target = path or Path(__file__).with_name("data") / "profiles.json"
    target.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
