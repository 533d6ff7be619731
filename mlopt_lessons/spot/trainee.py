"""A training as a command, to be struck: python -m mlopt_lessons.spot.trainee FOLDER --steps 400

It prints "step N" after each step, goes on from the newest checkpoint in FOLDER, and at its end writes
FOLDER/result.json: the loss of each step, the test accuracy, and a digest of its last state.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mlopt_lessons.spot.checkpoint import keep, overwrite
from mlopt_lessons.spot.trainer import Training, train
from mlopt_lessons.workbench import accuracy, digits

FORGETTABLE = "optimizer", "rng", "schedule", "order"


def digest(state: object) -> str:
    """SHA-256 of a state, bit for bit: dicts, lists, tensors, numbers and text, in their order."""
    found = hashlib.sha256()
    for part in _parts(state):
        found.update(len(part).to_bytes(8, "little") + part)
    return found.hexdigest()


def _parts(state: object) -> list[bytes]:
    if isinstance(state, Tensor):
        return [repr((state.dtype, *state.shape)).encode(), state.numpy().tobytes()]
    if isinstance(state, Mapping):
        return [part for item in state.items() for value in item for part in _parts(value)]
    if isinstance(state, list | tuple):
        return [part for value in state for part in _parts(value)]
    return [repr(state).encode()]  # repr of a float has every bit of it


def main(arguments: list[str] | None = None) -> None:
    """Trains as the command line says. Exits with status 75 when it was told to go before its end."""
    asked = _parser().parse_args(arguments)
    torch.set_num_threads(1)  # this small, more threads are slower
    try:
        _train(asked)
    except (ValueError, OSError) as error:
        sys.exit(f"Error: {error}")


def _train(asked: argparse.Namespace) -> None:
    asked.folder.mkdir(parents=True, exist_ok=True)
    training = Training(asked.steps, asked.seed, asked.forget)
    save = _overwrite_one if asked.naive else keep
    for step in train(training, asked.folder, asked.every, save):
        print("step", step, flush=True)
    (asked.folder / "result.json").write_text(json.dumps(result(training)), encoding="utf-8")


def result(training: Training) -> dict[str, Any]:
    """What the training came to: losses, part of the test digits that is right, digest."""
    data = digits()
    reached = accuracy(training.model.eval(), data.test_x, data.test_y)
    return {
        "losses": training.losses,
        "accuracy": reached.value,
        "digest": digest(training.state()),
    }


def _overwrite_one(state: Mapping[str, Any], folder: Path, step: int) -> None:
    overwrite(state, folder / "last.ckpt")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("trainee", description="A training that can be killed.")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--steps", type=_count, default=400)
    parser.add_argument("--every", type=_count, default=50, help="Steps between checkpoints.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--naive", action="store_true", help="Write over the one checkpoint.")
    parser.add_argument("--forget", action="append", choices=FORGETTABLE, default=[])
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"give a whole number from 1, not {text!r}")
    return int(text)


if __name__ == "__main__":
    main()
