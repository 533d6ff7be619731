"""Checkpoints that a kill, a full disk or a damaged file cannot take away.

A file is a seal (a mark, the length and the SHA-256 of what follows) and the state. `save` writes it beside
the old one and puts it in place in one move, so that the name always leads to a whole file: the old one
or the new one. This part needs no torch; only states that are dicts do.
"""

import hashlib
import io
import os
import pickle
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

MARK = b"MLOPT-1\n"
SEAL_BYTES = len(MARK) + 8 + 32
KEPT = 2  # the newest, and one more should the newest turn out to be damaged
State = bytes | Mapping[str, Any]


class DamagedCheckpointError(ValueError):
    """A checkpoint that is not whole, or none at all."""


class CheckpointNotSavedError(OSError):
    """A checkpoint that could not be written; those saved before it are whole."""


def save(state: State, path: Path | str) -> Path:
    """Saves bytes, or a dict of tensors, numbers and text, so that it survives any kill; returns the path.

    When it returns, the checkpoint is on the disk and not only in the system's memory. One process at
    a time may save to a folder. Raises CheckpointNotSavedError when the disk is full or refuses.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.tmp")
    try:
        _write_through(unfinished, sealed(state))
        os.replace(unfinished, path)  # at once: nobody ever sees half a file under this name
        _flush_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise CheckpointNotSavedError(
            f"{path} was not saved ({error.strerror}); checkpoints saved before it are whole. "
            "Free some space or choose another folder, then run again."
        ) from error
    return path


def overwrite(state: State, path: Path | str) -> Path:
    """Saves as most scripts do, over the old file: a kill meanwhile leaves neither old nor new."""
    path = Path(path)
    path.write_bytes(sealed(state))
    return path


def keep(state: State, folder: Path | str, step: int) -> Path:
    """Saves the state after `step` in the folder, and removes all but this and the one before.

    Files of later steps go too: a run that is at this step found them damaged.
    """
    path = save(state, Path(folder) / f"step_{step:012d}.ckpt")
    files = _newest_first(path.parent)
    for old in {*files} - {*files[files.index(path) :][:KEPT]} | {*path.parent.glob("*.tmp")}:
        old.unlink(missing_ok=True)
    return path


def latest(folder: Path | str) -> Path | None:
    """The newest checkpoint in the folder that is whole, None where there is none."""
    return next((path for path in _newest_first(Path(folder)) if is_whole(path)), None)


def is_whole(path: Path | str) -> bool:
    """Whether the file is a checkpoint with all its bytes as they were saved."""
    try:
        read(path)
    except DamagedCheckpointError:
        return False
    return True


def load(path: Path | str) -> dict[str, Any]:
    """The dict that was saved; no code in the file is run.

    Raises DamagedCheckpointError for a file that is not whole or holds no such dict, FileNotFoundError
    where there is none.
    """
    import torch

    content = io.BytesIO(read(path))
    try:
        return torch.load(content, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise DamagedCheckpointError(
            f"{path} holds no state of a training; use `read` for plain bytes."
        ) from error


def read(path: Path | str) -> bytes:
    """The bytes that were saved. Raises as `load`."""
    data = Path(path).read_bytes()
    content = data[SEAL_BYTES:]
    if data[:SEAL_BYTES] != _seal(content):
        raise DamagedCheckpointError(
            f"{path} is damaged: its {len(data):,} bytes are not those that were saved. "
            "Start from an older checkpoint, as `latest` does."
        )
    return content


def sealed(state: State) -> bytes:
    """The bytes of a checkpoint file."""
    content = state if isinstance(state, bytes) else _packed(state)
    return _seal(content) + content


def _seal(content: bytes) -> bytes:
    return MARK + len(content).to_bytes(8, "little") + hashlib.sha256(content).digest()


def _packed(state: Mapping[str, Any]) -> bytes:
    import torch

    stream = io.BytesIO()
    torch.save(dict(state), stream)
    return stream.getvalue()


def _write_through(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())  # else a power cut could come before the bytes reach the disk


def _flush_folder(folder: Path) -> None:
    """Makes the new name durable too; Windows has no way to ask for that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ckpt"), reverse=True)
