"""How a pruned model is stored, in real files that are read back: what do zeros save?

A dense file holds a zero in as many bytes as any other number. To save bytes, the file must say
where the zeros are and leave them out; each layout says it in another way, and each costs something:

- dense: safetensors as always, 4 bytes a weight;
- gzip, zstd: the dense file compressed by a general method, dense again once read;
- CSR: each non-zero value with its column (8 bytes with int64, torch's default; 4 with int32);
- bitmask: one bit a weight says zero or not, then the non-zero values.

The layout is for the prunable weights; biases and all else are stored dense. −0.0 is a zero.
"""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
import zstandard
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from mlopt_lessons.pruning.apply import weights_of
from mlopt_lessons.workbench import WeightsError, size_on_disk

Layout = Literal["dense", "gzip", "zstd", "csr int64", "csr int32", "bitmask"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
Parts = dict[str, Tensor]
_UNREADABLE = (
    SafetensorError, zstandard.ZstdError, LookupError, RuntimeError, ValueError, EOFError, OSError
)  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """One file: its layout, and its bytes as the file system counts them."""

    layout: Layout
    bytes: int


def store(model: nn.Module, path: Path | str, layout: Layout) -> Stored:
    """Writes the model's weights in one layout; `restore` reads the same values back.

    gzip and zstd compress at their libraries' default levels (9 for gzip, 3 for zstd). Raises
    ValueError for an unknown layout and as `weights_of`.
    """
    _check_layout(layout)
    pruned = {f"{name}.weight".lstrip(".") for name in weights_of(model)}
    split = _SPLIT.get(layout, _whole)
    parts: Parts = {}
    for name, value in model.state_dict().items():
        made = split(value.detach()) if name in pruned else _whole(value.detach())
        parts |= {f"{name}{suffix}": part.contiguous() for suffix, part in made.items()}
    path = Path(path)
    path.write_bytes(_compressed(save(parts), layout))
    return Stored(layout, size_on_disk(path))


def restore(model: nn.Module, path: Path | str, layout: Layout) -> nn.Module:
    """Reads a file of `store` into a model of the same shape, and returns it.

    Raises WeightsError when the file is damaged, of another layout or of another model; the model
    then keeps the weights it had. Raises FileNotFoundError when there is no file.
    """
    _check_layout(layout)
    data = Path(path).read_bytes()
    try:
        parts = load(_expanded(data, layout))
        state = {
            name: _joined(parts, name, tuple(value.shape))
            for name, value in model.state_dict().items()
        }
    except _UNREADABLE as error:
        raise WeightsError(
            f"{path} cannot be read as {layout} weights of {type(model).__name__}; "
            "store the model again, and name the layout it was stored in."
        ) from error
    model.load_state_dict(state)
    return model


def sizes(
    model: nn.Module, folder: Path | str, layouts: Sequence[Layout] = LAYOUTS
) -> list[Stored]:
    """Stores the model in each of the layouts, one file each in `folder`, in their order."""
    return [store(model, Path(folder) / layout.replace(" ", "_"), layout) for layout in layouts]


def _check_layout(layout: str) -> None:
    if layout not in LAYOUTS:
        raise ValueError(f"There is no layout {layout!r}; choose one of {', '.join(LAYOUTS)}.")


def _whole(value: Tensor) -> Parts:
    return {"": value}


def _csr(value: Tensor, index: torch.dtype) -> Parts:
    rows = value.reshape(len(value), -1)
    kept = rows != 0
    starts = torch.cat([torch.zeros(1, dtype=torch.int64), kept.sum(1).cumsum(0)])
    columns = kept.nonzero()[:, 1]
    return {"/rows": starts.to(index), "/columns": columns.to(index), "/values": rows[kept]}


def _bitmask(value: Tensor) -> Parts:
    kept = value != 0
    bits = torch.from_numpy(np.packbits(kept.numpy()))
    return {"/bits": bits, "/values": value[kept]}


_SPLIT: dict[Layout, Callable[[Tensor], Parts]] = {
    "csr int64": lambda value: _csr(value, torch.int64),
    "csr int32": lambda value: _csr(value, torch.int32),
    "bitmask": _bitmask,
}


def _joined(parts: Parts, name: str, shape: tuple[int, ...]) -> Tensor:
    if name in parts:
        if tuple(parts[name].shape) != shape:
            raise ValueError(f"{name} has the shape {tuple(parts[name].shape)}")
        return parts[name]
    values = parts[f"{name}/values"]
    dense = torch.zeros(shape, dtype=values.dtype)
    dense[_kept(parts, name, shape)] = values
    return dense


def _kept(parts: Parts, name: str, shape: tuple[int, ...]) -> Tensor:
    """Where the non-zero values stand, as a bool tensor of `shape`."""
    if f"{name}/bits" in parts:
        bits = np.unpackbits(parts[f"{name}/bits"].numpy(), count=int(np.prod(shape)))
        return torch.from_numpy(bits.astype(bool)).reshape(shape)
    starts, columns = parts[f"{name}/rows"].long(), parts[f"{name}/columns"].long()
    kept = torch.zeros(shape[0], int(np.prod(shape[1:])), dtype=torch.bool)
    kept[torch.arange(shape[0]).repeat_interleave(starts.diff()), columns] = True
    return kept.reshape(shape)


def _compressed(data: bytes, layout: Layout) -> bytes:
    if layout == "gzip":
        return gzip.compress(data, mtime=0)
    return zstandard.compress(data) if layout == "zstd" else data


def _expanded(data: bytes, layout: Layout) -> bytes:
    if layout == "gzip":
        return gzip.decompress(data)
    return zstandard.decompress(data) if layout == "zstd" else data
