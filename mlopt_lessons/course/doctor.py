"""What is missing on this machine, and how to mend it. Works when packages are missing."""

import importlib.metadata
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["ok", "warning", "missing"]
OLDEST_PYTHON = (3, 11)
DISK_GIB, MEMORY_GIB = 1.0, 2.0
GIB = 2**30
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox", "msedge", "open", "wslview")


@dataclass(frozen=True)
class Finding:
    """One thing looked at: its state, and how to mend it where it is not ok."""

    level: Level
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.level:8} {self.what}" + (f"\n         → {self.mend}" if self.mend else "")


def examine(folder: Path) -> Iterator[Finding]:
    """Looks at Python, packages, processor, memory, disk, folder, browser and GPU."""
    yield python_version(sys.version_info[:2])
    yield from packages()
    yield processor()
    yield memory()
    yield disk(folder)
    yield writable(folder)
    yield browser()
    yield gpu()


def python_version(version: tuple[int, ...]) -> Finding:
    """Whether Python is new enough."""
    shown = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return Finding(
            "missing",
            f"Python {shown}",
            "install Python 3.11 or newer and make the environment again",
        )
    return Finding("ok", f"Python {shown}")


def packages(distribution: str = "mlopt-lessons") -> Iterator[Finding]:
    """Each package that the course needs, present and new enough."""
    try:
        needed = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("missing", distribution, "pip install mlopt-lessons")
        return
    for requirement in needed:
        if "extra ==" not in requirement:
            yield package(requirement)


def package(requirement: str) -> Finding:
    """One requirement, "name>=version", against what is installed."""
    match = re.match(r"\s*([A-Za-z0-9._-]+)\s*(?:>=\s*([0-9][0-9.]*))?", requirement)
    if match is None:
        raise ValueError(f"{requirement!r} is not a requirement; write it as name>=version.")
    name, oldest = match[1], match[2] or "0"
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding("missing", name, f"pip install '{name}>={oldest}'")
    if numbers(found) < numbers(oldest):
        return Finding(
            "missing", f"{name} {found}, {oldest} needed", f"pip install -U '{name}>={oldest}'"
        )
    return Finding("ok", f"{name} {found}")


def numbers(version: str) -> tuple[int, ...]:
    """The release numbers of a version, without zeros at the end: "2.13.0+cpu" gives (2, 13)."""
    found = [int(part) for part in re.match(r"[0-9.]*", version)[0].split(".") if part]  # type: ignore[index]
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)


def processor() -> Finding:
    """Whether the processor has the instructions that make int8 fast and exact."""
    try:
        from mlopt_lessons.course.machine import describe
    except ImportError:
        return Finding("warning", f"processor {platform.machine()}, not examined", "install psutil")
    found = describe()
    if found.has_vnni:
        return Finding("ok", f"processor {found.summary()}")
    return Finding(
        "warning",
        f"processor {found.summary()}: no int8 dot product (VNNI)",
        "nothing to mend: int8 still makes models smaller, but may not make them faster here",
    )


def memory() -> Finding:
    """Whether enough memory is free for a lesson's kernel and the browser."""
    try:
        import psutil
    except ImportError:
        return Finding("warning", "memory, not examined", "install psutil")
    free = psutil.virtual_memory().available / GIB
    if free < MEMORY_GIB:
        return Finding(
            "warning",
            f"{free:.1f} GiB of memory free",
            "close other programs: a lesson needs 2 GiB",
        )
    return Finding("ok", f"{free:.1f} GiB of memory free")


def disk(folder: Path) -> Finding:
    """Whether the workspace's disk has room."""
    free = shutil.disk_usage(_existing(folder)).free / GIB
    if free < DISK_GIB:
        return Finding(
            "warning", f"{free:.1f} GiB free on the disk of {folder}", "free at least 1 GiB"
        )
    return Finding("ok", f"{free:.1f} GiB free on the disk of {folder}")


def writable(folder: Path) -> Finding:
    """Whether files can be made in the folder."""
    try:
        with tempfile.NamedTemporaryFile(dir=_existing(folder)):
            pass
    except OSError as error:
        mend = "choose a folder of your own: mlopt lab FOLDER"
        return Finding("missing", f"{folder} cannot be written ({error.strerror})", mend)
    return Finding("ok", f"{folder} can be written")


def browser() -> Finding:
    """Whether a browser can be opened from here; the address works without one."""
    if os.name == "nt" or any(shutil.which(name) for name in BROWSERS):
        return Finding("ok", "a browser")
    return Finding(
        "warning",
        "no browser found",
        "open the address that mlopt lab prints, on any machine that reaches it",
    )


def gpu() -> Finding:
    """Whether an NVIDIA GPU is there; no lesson needs one."""
    if shutil.which("nvidia-smi"):
        return Finding("ok", "an NVIDIA GPU (lesson 4 can measure it with the extra [gpu])")
    return Finding("ok", "no GPU, none needed")


def _existing(folder: Path) -> Path:
    folder = folder.resolve()
    return next(each for each in (folder, *folder.parents) if each.exists())
