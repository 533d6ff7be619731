"""Bytes on disk: what a model really takes, counted by the file system."""

from pathlib import Path


def size_on_disk(path: Path | str) -> int:
    """Bytes of a file, or of all files in a folder (a model with external data).

    Raises FileNotFoundError with a sentence when there is nothing at `path`.
    """
    path = Path(path)
    if path.is_dir():
        return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
    if not path.exists():
        raise FileNotFoundError(f"There is no file at {path}; save the model first.")
    return path.stat().st_size


def format_bytes(count: float) -> str:
    """Bytes as people read them, in decimal units as disks are sold: 17.4 MB, 250 kB."""
    if count < 0:
        raise ValueError(f"A size cannot be negative, got {count}.")
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count:.0f} bytes"
