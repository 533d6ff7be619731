"""How many checkpoints kills destroy: a process saves without a pause and is killed at a random moment.

    python -m mlopt_lessons.spot.kills FOLDER --how overwrite --kills 150

prints the counts of `destroyed` as JSON. It is a process of its own because it forks, which is safe only
where no other thread runs.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from mlopt_lessons.spot.checkpoint import (
    CheckpointNotSavedError,
    DamagedCheckpointError,
    overwrite,
    read,
    save,
)

HOW = {"save": save, "overwrite": overwrite}
LONGEST_S = 0.05  # a kill comes at a moment of the first 50 ms after the first save


@dataclass(frozen=True)
class Destroyed:
    """Kills made; how many left a checkpoint that cannot be read, or an older one than was saved."""

    kills: int
    unreadable: int
    outdated: int


def destroyed(how: str, kills: int = 150, megabytes: int = 4, seed: int = 0) -> Destroyed:
    """Kills a process that saves checkpoints of that size again and again, without notice.

    `how` is "save" (the old file stays until the new one is whole) or "overwrite". Raises ValueError
    for another way to save, numbers below 1, and where the system cannot fork (Windows);
    CheckpointNotSavedError when the disk of temporary files has no room.
    """
    _check(how, kills, megabytes)
    options = ("--how", how, "--kills", str(kills), "--megabytes", str(megabytes))
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", __name__, folder, *options, "--seed", str(seed)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise CheckpointNotSavedError(
            f"Nothing could be saved in {tempfile.gettempdir()}: free some space there."
        )
    return Destroyed(**json.loads(done.stdout))


def _check(how: str, kills: int, megabytes: int) -> None:
    if how not in HOW:
        raise ValueError(f"There is no way to save called {how!r}; choose save or overwrite.")
    if kills < 1 or megabytes < 1:
        raise ValueError(f"This needs at least 1 kill and 1 megabyte, got {kills} and {megabytes}.")
    if not hasattr(os, "fork"):
        raise ValueError("This system cannot fork; run this on Linux, macOS or WSL.")


def _kill_one(how: str, path: Path, size: int, delay_s: float) -> int:
    """Saves in a child until it is killed; returns the last save that the child knew to be done."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _save_without_end(how, path, size, writer)
    os.close(writer)
    try:
        done = os.read(reader, 8)
        time.sleep(delay_s)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if not done:
        raise CheckpointNotSavedError(f"{path} could not be saved even once.")
    while more := os.read(reader, 1 << 16):
        done += more
    os.close(reader)
    return int.from_bytes(done[len(done) // 8 * 8 - 8 :][:8], "little")


def _save_without_end(how: str, path: Path, size: int, writer: int) -> None:
    with suppress(BaseException):
        number = 0
        while True:
            number += 1
            HOW[how](number.to_bytes(8, "little") * (size // 8), path)
            os.write(writer, number.to_bytes(8, "little"))
    os._exit(1)


def _count(how: str, folder: Path, kills: int, size: int, seed: int) -> Destroyed:
    moments = random.Random(seed)
    unreadable = outdated = 0
    for kill in range(kills):
        path = folder / f"{kill}.ckpt"
        known = _kill_one(how, path, size, moments.uniform(0, LONGEST_S))
        try:
            outdated += int.from_bytes(read(path)[:8], "little") < known
        except DamagedCheckpointError:
            unreadable += 1
        for left in folder.iterdir():
            left.unlink()
    return Destroyed(kills, unreadable, outdated)


def main() -> None:
    """Kills as the command line says, and prints what was destroyed."""
    parser = argparse.ArgumentParser("kills", description="Checkpoints that kills destroy.")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--how", choices=HOW, default="save")
    parser.add_argument("--kills", type=int, default=150)
    parser.add_argument("--megabytes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found = _count(asked.how, asked.folder, asked.kills, asked.megabytes << 20, asked.seed)
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
