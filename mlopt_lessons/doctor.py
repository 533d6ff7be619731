"""What is missing on this machine, and how to mend it.

It needs only the standard library, so that it works where packages are missing; that is why it
lies outside `course`, which needs one to be imported.
"""

import importlib.metadata
import importlib.util
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["ok", "warning", "missing"]
OLDEST_PYTHON = (3, 11)
DISK_GIB, MEMORY_GIB = 1.0, 2.0
GIB = 2**30
# Packages with compiled parts that can be installed and still not load.
COMPILED = ("torch", "onnxruntime")
LOADING_SECONDS = 120
MENDS = {
    "torch": "install its CPU build as PyTorch's install page says; PyPI's build for Linux is for"
    " NVIDIA GPUs, which works too but takes several GB",
}


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
    yield sqlite()
    yield from packages()
    yield from (loads(name) for name in COMPILED if importlib.util.find_spec(name))
    yield processor()
    yield memory()
    yield disk(folder)
    yield writable(folder)
    yield browser()
    yield gpu()


def python_version(version: tuple[int, ...]) -> Finding:
    """Whether Python is new enough."""
    shown = f"Python {'.'.join(map(str, version))}"
    if version >= OLDEST_PYTHON:
        return Finding("ok", shown)
    mend = "install Python 3.11 or newer and make the environment again"
    return Finding("missing", shown, mend)


def sqlite() -> Finding:
    """Whether this Python can keep progress; one built by hand may have been built without SQLite."""
    if importlib.util.find_spec("_sqlite3"):
        return Finding("ok", "SQLite, which keeps your progress")
    mend = "install SQLite's headers (on Debian: libsqlite3-dev) and build Python again"
    return Finding("missing", "SQLite in this Python", mend)


def packages(distribution: str = "mlopt-lessons") -> Iterator[Finding]:
    """Each package that the course needs, present and new enough."""
    try:
        needed = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        mend = (
            f"pip install {distribution}, or in the repository: pip install -e . -c constraints.txt"
        )
        yield Finding("missing", distribution, mend)
        return
    for requirement in needed:
        if "extra ==" not in requirement:
            yield package(requirement)


def package(requirement: str) -> Finding:
    """One requirement, "name" or "name>=version", against what is installed.

    Raises ValueError for anything else.
    """
    match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:>=([0-9][0-9.]*))?", requirement.replace(" ", ""))
    if match is None:
        raise ValueError(f"{requirement!r} is not a requirement; write it as name>=version.")
    name, oldest = match[1], match[2] or "0"
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding("missing", name, MENDS.get(name, f"pip install '{name}>={oldest}'"))
    if numbers(found) >= numbers(oldest):
        return Finding("ok", f"{name} {found}")
    mend = f"pip install --upgrade '{name}>={oldest}'"
    return Finding("missing", f"{name} {found}, {oldest} needed", mend)


def numbers(version: str) -> tuple[int, ...]:
    """The release numbers of a version, without zeros at the end: "2.13.0+cpu" gives (2, 13)."""
    found = [int(part) for part in re.split(r"[^0-9.]", version)[0].split(".") if part]
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)


def loads(name: str) -> Finding:
    """Whether an installed package loads, in a Python of its own: a broken one may take it down."""
    command = [sys.executable, "-c", f"import {name}"]
    mend = f"pip install --force-reinstall --no-deps {name}, then run mlopt doctor again"
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=LOADING_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Finding("warning", f"{name} did not load in {LOADING_SECONDS} s", mend)
    if done.returncode == 0:
        return Finding("ok", f"{name} loads")
    reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    return Finding("missing", f"{name} is installed but does not load ({reason})", mend)


def processor() -> Finding:
    """Whether the processor has the instructions that make int8 fast and exact."""
    try:
        from mlopt_lessons.course.machine import describe
    except ImportError as error:
        mend = f"install {error.name}"
        return Finding("warning", f"processor {platform.machine()}, not examined", mend)
    found = describe()
    return speed_of_int8(found.summary(), found.flags, found.has_vnni)


def speed_of_int8(summary: str, flags: tuple[str, ...], has_vnni: bool) -> Finding:
    """What follows from the processor's instruction sets for the speed of int8."""
    if has_vnni:
        return Finding("ok", f"processor {summary}: int8 dot products in one instruction")
    if not flags:
        return Finding("ok", f"processor {summary}: lesson 5 measures how fast int8 is here")
    mend = (
        "nothing to mend: int8 makes models smaller here, but perhaps not faster; sums of"
        " uint8 × int8 may be cut off at 16 bits, so weights get 7 bits (reduce_range)"
    )
    return Finding("warning", f"processor {summary}: no int8 dot product (VNNI)", mend)


def memory() -> Finding:
    """Whether enough memory is free for a lesson's kernel and the browser."""
    try:
        import psutil
    except ImportError:
        return Finding("warning", "memory, not examined", "pip install psutil")
    free = psutil.virtual_memory().available / GIB
    mend = f"close other programs: a lesson needs {MEMORY_GIB:g} GiB"
    return _enough(free, MEMORY_GIB, f"{free:.1f} GiB of memory free", mend)


def disk(folder: Path) -> Finding:
    """Whether the workspace's disk has room."""
    free = shutil.disk_usage(_existing(folder)).free / GIB
    what = f"{free:.1f} GiB free on the disk of {folder.resolve()}"
    return _enough(free, DISK_GIB, what, f"free at least {DISK_GIB:g} GiB")


def writable(folder: Path) -> Finding:
    """Whether files can be made in the folder."""
    mend = "choose a folder of your own: mlopt lab FOLDER"
    if _existing(folder).is_file():
        return Finding("missing", f"{folder.resolve()} is a file or lies in one", mend)
    try:
        with tempfile.NamedTemporaryFile(dir=_existing(folder)):
            pass
    except OSError as error:
        what = f"{folder.resolve()} cannot be written ({error.strerror})"
        return Finding("missing", what, mend)
    return Finding("ok", f"{folder.resolve()} can be written")


def browser() -> Finding:
    """Whether a browser can be opened from here; the address works without one."""
    try:
        webbrowser.get()
    except webbrowser.Error:
        mend = "open the address that mlopt lab prints, on any machine that reaches it"
        return Finding("warning", "no browser found", mend)
    return Finding("ok", "a browser")


def gpu() -> Finding:
    """Whether an NVIDIA GPU is there; no lesson needs one."""
    if shutil.which("nvidia-smi") is None:
        return Finding("ok", "no NVIDIA GPU, none needed")
    if importlib.util.find_spec("pynvml"):
        return Finding("ok", "an NVIDIA GPU, which lessons can measure")
    mend = "to measure it, which no lesson needs: pip install 'mlopt-lessons[gpu]'"
    return Finding("ok", "an NVIDIA GPU", mend)


def _enough(free: float, needed: float, what: str, mend: str) -> Finding:
    return Finding("ok", what) if free >= needed else Finding("warning", what, mend)


def _existing(folder: Path) -> Path:
    folder = folder.resolve()
    return next(each for each in (folder, *folder.parents) if each.exists())
