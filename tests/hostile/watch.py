"""Watching from outside what hostile code may leave: connections, files, processes, settings."""

from __future__ import annotations

import ctypes
import hashlib
import os
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

SUBREAPER = 36  # prctl: orphans among our descendants become our children


class Listeners:
    """Sockets that nothing may reach: TCP and UDP on every address, unix by path and abstract.

    `heard` lists what arrived. A context manager.
    """

    def __init__(self, folder: Path, mark: str) -> None:
        self.heard: list[str] = []
        self.abstract, self.path = f"hostile-{mark}", str(folder / "door")
        self._sockets = {
            "tcp": self._open(socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 0)),
            "udp": self._open(socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 0)),
            "abstract": self._open(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.abstract),
            "unix": self._open(socket.AF_UNIX, socket.SOCK_STREAM, self.path),
        }
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @staticmethod
    def _open(kind: int, style: int, address: tuple[str, int] | str) -> socket.socket:
        door = socket.socket(kind, style)
        door.bind(address)
        if style == socket.SOCK_STREAM:
            door.listen(64)
        return door

    def port(self, name: str) -> int:
        """The port of "tcp" or "udp"."""
        return int(self._sockets[name].getsockname()[1])

    def __enter__(self) -> Listeners:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._stopped, b"x")
        self._thread.join()
        for door in self._sockets.values():
            door.close()

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stop, selectors.EVENT_READ, None)
            for name, door in self._sockets.items():
                selector.register(door, selectors.EVENT_READ, name)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    self.heard.append(f"{key.data}: {_received(self._sockets[key.data])}")


def _received(door: socket.socket) -> str:
    if door.type == socket.SOCK_DGRAM:
        content, sender = door.recvfrom(4096)
        return f"{content!r} from {sender}"
    connection, sender = door.accept()
    connection.close()
    return f"a connection from {sender!r}"


def become_subreaper() -> None:
    """From now on, what a descendant leaves behind becomes a child of this process."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def bury() -> None:
    """Takes note of the dead orphans that came to this process, as the machine's init would."""
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess, ChildProcessError):
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)


def descendants() -> set[tuple[int, float]]:
    """Every process below this one, by number and start; none of the dead."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                found.add((process.pid, process.create_time()))
        except psutil.NoSuchProcess:
            continue
    return found


def carrying(word: str) -> list[str]:
    """The processes of this machine that have the word in their name, arguments or environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        for part in ("comm", "cmdline", "environ"):
            try:
                if word.encode()[:15] in (folder / part).read_bytes():
                    found.append(f"{folder.name}: {part}")
            except OSError:
                continue
    return found


def snapshot(*folders: Path) -> dict[str, str]:
    """What every file is: a hash of a plain one, the target of a link, the kind of anything else."""
    return dict(_described(path) for folder in folders for path in _below(folder))


def named(word: str, *folders: Path) -> list[str]:
    """The files and folders whose name has the word in it."""
    return [str(path) for folder in folders for path in _below(folder) if word in path.name]


def settings() -> dict[str, str]:
    """What a process without a box could change for the whole machine."""
    names = [
        "sys/kernel/core_pattern",
        "sys/kernel/modprobe",
        "sys/kernel/hostname",
        "sys/vm/overcommit_memory",
        "self/mountinfo",
    ]
    return {name: _text(Path("/proc") / name) for name in names}


def shared_memory(size: int) -> int:
    """How many System V segments of exactly this many bytes there are on the machine."""
    rows = _text(Path("/proc/sysvipc/shm")).splitlines()[1:]
    return sum(int(row.split()[3]) == size for row in rows)


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if each != "__pycache__"]
        yield from (Path(place, name) for name in (*folders, *files))


def _described(path: Path) -> tuple[str, str]:
    try:
        if path.is_symlink():
            return str(path), f"link to {os.readlink(path)}"
        if not path.is_file():
            return str(path), f"kind {path.lstat().st_mode >> 12}"
        size = path.stat().st_size
        if size > 1 << 30:  # sparse: what it would hash to takes hours
            return str(path), f"{size} bytes"
        return str(path), hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return str(path), "gone"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
