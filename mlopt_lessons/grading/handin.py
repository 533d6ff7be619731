"""What was handed in: read from the disk without following a link, and parsed within bounds."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import Any

from mlopt_lessons.grading.handin_json import wanted
from mlopt_lessons.grading.handin_merge import HandedCell, Merged, MergedCell, merge
from mlopt_lessons.grading.records import HandinProblem

__all__ = ["HandedCell", "Merged", "MergedCell", "merge", "parse", "read_bytes"]

MOST_CELLS = 1000
MOST_NAME = 200  # characters of a grade_id
TYPES = ("code", "markdown", "raw")
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_CHUNK = 1 << 20
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")  # Python reads no source with these
# All that is taken of a notebook, see `wanted`.
NOTEBOOK = {
    "nbformat": {},
    "worksheets": {},
    "cells": [
        {"cell_type": {}, "source": [{}], "metadata": {"nbgrader": {"grade_id": {}}}},
    ],
}


def read_bytes(path: Path, limit_mb: float, below: Path | None = None) -> bytes:
    """The bytes of a plain file of at most so many megabytes (10⁶ bytes).

    The file may be no link, and with `below` no folder between that one and the file may be one.
    Raises HandinProblem with a sentence on the file, and OSError only where the disk fails.
    """
    try:
        handle = _opened(path, below)
    except OSError as error:
        raise HandinProblem(_refusal(path.name, error)) from error
    try:
        return _content(handle, path.name, limit_mb)
    finally:
        os.close(handle)


def parse(raw: bytes) -> list[HandedCell]:
    """The cells of a notebook; outputs, attachments and all other metadata are left where they are.

    Raises HandinProblem, with a sentence, where it is no notebook of format 4 or holds too much.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HandinProblem(
            "It is not a notebook, nor text in UTF-8; ask for the file that Jupyter saved."
        ) from error
    content = wanted(text, NOTEBOOK)
    _check_format(content)
    cells = content["cells"]
    if len(cells) > MOST_CELLS:
        raise HandinProblem(f"It has more than {MOST_CELLS:,} cells; ask for the exercise alone.")
    return [_handed(cell, number) for number, cell in enumerate(cells, start=1)]


def _opened(path: Path, below: Path | None) -> int:
    """A file descriptor of a plain file, each folder on the way opened from the one above it."""
    top = path.parent if below is None else below
    folder = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in path.parent.relative_to(top).parts:
            inner = os.open(part, READ | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        seen = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
        _check_plain(seen.st_mode, path.name)  # to open a device can already do something
        return os.open(path.name, READ, dir_fd=folder)
    finally:
        os.close(folder)


def _content(handle: int, name: str, limit_mb: float) -> bytes:
    """All that is in a file; its size is looked at first, and counted while it is read."""
    seen = os.fstat(handle)
    _check_plain(seen.st_mode, name)
    most = int(limit_mb * 1e6)
    content = bytearray()
    while seen.st_size <= most and len(content) <= most:
        chunk = os.read(handle, min(_CHUNK, most + 1 - len(content)))
        if not chunk:
            return bytes(content)
        content += chunk
    raise HandinProblem(f"{_shown(name)} is over {limit_mb:g} MB; ask for a smaller one.")


def _check_plain(mode: int, name: str) -> None:
    if stat.S_ISLNK(mode):
        raise HandinProblem(f"{_shown(name)} is a link; ask for the file itself.")
    if not stat.S_ISREG(mode):
        raise HandinProblem(f"{_shown(name)} is not a plain file; ask for the file itself.")


def _refusal(name: str, error: OSError) -> str:
    """Why a file cannot be opened. Raises the error where that is not for the learner to mend."""
    if error.errno in (errno.ENOENT, errno.ENAMETOOLONG):
        return f"There is no {_shown(name)}; ask for it."
    if error.errno in (errno.ELOOP, errno.ENOTDIR):  # Linux says ENOTDIR of a link to a folder
        return f"{_shown(name)} lies behind a link or a file, not in a folder; ask for it again."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{_shown(name)} may not be read; change its permissions."
    if error.errno == errno.ENXIO:
        return f"{_shown(name)} is not a plain file; ask for the file itself."
    raise error


def _shown(name: str) -> str:
    """A stranger's file name for a line on the screen."""
    return name if name.isprintable() else ascii(name)


def _check_format(content: Any) -> None:
    if not isinstance(content, dict) or not content:
        raise HandinProblem("It is JSON and not a notebook; ask for the file that Jupyter saved.")
    number = content.get("nbformat", 4)
    if "worksheets" in content or (isinstance(number, int) and number < 4):
        raise HandinProblem(
            "It is saved in an old format of notebooks; open it in Jupyter and save it again."
        )
    if number != 4 or not isinstance(content.get("cells"), list):
        raise HandinProblem("It is no notebook of format 4; open it in Jupyter and save it again.")


def _handed(cell: Any, number: int) -> HandedCell:
    """A cell. Raises HandinProblem where it is none that Jupyter writes."""
    kind = cell.get("cell_type") if isinstance(cell, dict) else None
    source = _source(cell.get("source")) if isinstance(cell, dict) else None
    if kind not in TYPES or source is None:
        raise HandinProblem(
            f"Cell {number} is broken, without type or text; open it in Jupyter and save it again."
        )
    name = _part(_part(cell.get("metadata"), "nbgrader"), "grade_id")
    usable = isinstance(name, str) and name.isprintable() and len(name) <= MOST_NAME
    return HandedCell(kind, source, name if usable else "")


def _source(value: Any) -> str | None:
    """A source, which is text or a list of lines, or None."""
    lines = [value] if isinstance(value, str) else value
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        return None
    return _UNUSABLE.sub("\ufffd", "".join(lines))


def _part(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
