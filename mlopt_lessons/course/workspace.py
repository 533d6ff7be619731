"""The learner's workspace: copies of the notebooks and exercises, outputs cleared, never overwritten.

The manifest `.mlopt/manifest.json` holds the hash of each file as it was last written here, and while
it is being written the new one too. A file that still has such a hash is ours to update; any other is
the learner's and stays as it is.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

import nbformat

from mlopt_lessons.course.store import MARKER

Action = Literal["new", "updated", "restored", "kept", "kept beside"]
Manifest = dict[str, list[str]]  # a file's name → the hashes that it has from us
PACKAGE = Path(__file__).parent.parent
PARTS = ("notebooks", "exercises")


class WorkspaceError(OSError):
    """A folder that cannot be the workspace, or cannot be written now."""


@dataclass(frozen=True)
class Change:
    """What happened to one file: "new", "updated", "restored", "kept" (the learner's version stays)
    or "kept beside" (the learner's stays, the course's new version lies beside it at `path`)."""

    action: Action
    path: Path


def content_root() -> Path:
    """The folder that holds notebooks/ and exercises/: in the installed package, or the repository."""
    for root in (PACKAGE / "_content", PACKAGE.parent):
        if all((root / part).is_dir() for part in PARTS):
            return root
    raise WorkspaceError("The course's notebooks are missing; install mlopt-lessons again.")


def sync(folder: Path | str, content: Path | None = None) -> list[Change]:
    """Makes or updates the workspace `folder`; returns what changed, in the order of the files.

    A file that the learner changed (any byte) stays; where the course changed it too, the new
    version is written beside it as NAME.new.ipynb (NAME.new2.ipynb if they changed that one too). A
    deleted file comes back. Each file is written
    whole or not at all. Raises WorkspaceError with a sentence when the folder is a file, cannot be
    written, or the disk is full; files finished before that are complete and noted.
    """
    folder = Path(folder).expanduser().resolve()
    manifest: Manifest = {}
    try:
        (folder / MARKER).mkdir(parents=True, exist_ok=True)
        manifest = _read_manifest(folder)
        changes = [
            change
            for name, data in _shipped(content or content_root())
            if (change := _place(folder, name, data, manifest))
        ]
    except OSError as error:
        raise WorkspaceError(_sentence(folder, error)) from error
    return changes


def _shipped(content: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file that a learner gets, notebooks without outputs."""
    for part in PARTS:
        for path in sorted((content / part).rglob("*")):
            hidden = any(piece.startswith((".", "__")) for piece in path.relative_to(content).parts)
            if path.is_file() and not hidden:
                data = path.read_bytes()
                name = path.relative_to(content).as_posix()
                yield name, cleared(data) if path.suffix == ".ipynb" else data


def cleared(notebook: bytes) -> bytes:
    """A notebook without outputs, execution counts and widget states, so that nothing is seen too early."""
    parsed = nbformat.reads(notebook.decode("utf-8"), as_version=4)
    for cell in parsed.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    parsed.metadata.pop("widgets", None)
    return (nbformat.writes(parsed) + "\n").encode("utf-8")


def _place(folder: Path, name: str, data: bytes, manifest: Manifest) -> Change | None:
    target, new = folder / name, _hash(data)
    known = manifest.get(name, [])
    present = _hash(target.read_bytes()) if target.exists() else None
    if present == new:
        _note(folder, manifest, name, [new])
        return None
    if present is None:
        action: Action = "restored" if known else "new"
    elif present in known:
        action = "updated"
    elif known == [new]:
        return Change("kept", target)
    else:
        beside = _free_beside(folder, target, new, manifest)
        _write_noted(folder, beside, data, manifest)
        _note(folder, manifest, name, [new])
        return Change("kept beside", beside)
    _write_noted(folder, target, data, manifest)
    return Change(action, target)


def _free_beside(folder: Path, target: Path, new: str, manifest: Manifest) -> Path:
    """NAME.new.ipynb, or NAME.new2.ipynb and so on where the learner works in the one before."""
    for number in count(1):
        path = target.with_suffix(f".new{number if number > 1 else ''}{target.suffix}")
        ours = (new, *manifest.get(path.relative_to(folder).as_posix(), []))
        if not path.exists() or _hash(path.read_bytes()) in ours:
            break
    return path


def _write_noted(folder: Path, path: Path, data: bytes, manifest: Manifest) -> None:
    """Writes a file; killed at any moment, the file is still known as ours, the old one or the new."""
    name, new = path.relative_to(folder).as_posix(), _hash(data)
    _note(folder, manifest, name, [*manifest.get(name, []), new])
    _write(path, data)
    _note(folder, manifest, name, [new])


def _note(folder: Path, manifest: Manifest, name: str, hashes: list[str]) -> None:
    if manifest.get(name) != hashes:
        manifest[name] = hashes
        _write(folder / MARKER / "manifest.json", json.dumps(manifest, indent=1).encode())


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MARKER / "manifest.json"
    if not path.exists():
        return {}
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        return {name: list(hashes) for name, hashes in read.items()}
    except (ValueError, TypeError, AttributeError):
        return {}  # damaged: every file that differs then counts as the learner's


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".mlopt-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sentence(folder: Path, error: OSError) -> str:
    if isinstance(error, WorkspaceError):
        return str(error)
    if isinstance(error, NotADirectoryError | FileExistsError):
        return f"{folder} is a file or lies in one; name a folder for the workspace."
    if isinstance(error, PermissionError) or error.errno == 30:
        return f"{folder} cannot be written; name a folder of your own: mlopt lab FOLDER."
    if error.errno == 28:
        return f"The disk of {folder} is full; free some space and run the command again. Your files are safe."
    return f"{folder} cannot be used as the workspace ({error.strerror or error}); name another folder."
