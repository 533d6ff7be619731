"""The text that the GPT learns: the source of the running Python's own standard library.

It is on every machine that can run the course. None of it is shipped, only what was learnt from it.
"""

import hashlib
import platform
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))
OTHER = len(CHARACTERS)  # the token of every character that is not in CHARACTERS
VOCABULARY = len(CHARACTERS) + 1
SHOWN_FOR_OTHER = "\N{REPLACEMENT CHARACTER}"
SPLIT_RULE = "validation when the first byte of SHA-256 of the relative path is below 26 (of 256)"
_VALIDATION_BYTES = 26
# Installed packages, tests, and tables that are no code: character maps, help texts, build settings.
_LEFT_OUT = frozenset({
    "site-packages", "dist-packages", "test", "tests", "idle_test", "__pycache__",
    "encodings", "pydoc_data",
})  # fmt: skip
_LEFT_OUT_PREFIXES = ("_sysconfigdata", "config-")


class CorpusError(ValueError):
    """A standard library that is not there as source text."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """Tokens of both sides (uint8, one dimension), the files of each, and what was read.

    `sha256` covers path and text of every file, with line ends as \\n.
    """

    train: Tensor
    validation: Tensor
    train_files: tuple[str, ...]
    validation_files: tuple[str, ...]
    python: str
    sha256: str

    @property
    def characters(self) -> int:
        """Characters on both sides together."""
        return len(self.train) + len(self.validation)


def standard_library() -> Path:
    """The folder of the running Python's standard library."""
    return Path(sysconfig.get_path("stdlib"))


def load_corpus(root: Path | str | None = None) -> Corpus:
    """Reads the .py files below `root` (default: this Python's standard library), in sorted order.

    Split by file, through a hash of the path below `root`, so that no file is on both sides and a
    file is on the same side on every machine and in every version of Python.

    Raises CorpusError when there are too few files for two sides.
    """
    folder = Path(root) if root is not None else standard_library()
    names = source_files(folder)
    digest = hashlib.sha256()
    sides: dict[bool, list[NDArray[np.uint8]]] = {True: [], False: []}
    for name in names:
        text = _read(folder / name)
        digest.update(f"{name}\0{text}\0".encode())
        sides[for_validation(name)].append(_codes(text))
    if not sides[True] or not sides[False]:
        raise CorpusError(
            f"{folder} has {len(names)} source files, too few to learn from and to test on: the "
            "text is Python's standard library as .py files. Use a Python that was installed with "
            "it (python.org, conda, your system), not an embedded or zipped one."
        )
    return Corpus(
        torch.from_numpy(np.concatenate(sides[False])),
        torch.from_numpy(np.concatenate(sides[True])),
        tuple(name for name in names if not for_validation(name)),
        tuple(name for name in names if for_validation(name)),
        platform.python_version(),
        digest.hexdigest(),
    )


def source_files(folder: Path) -> list[str]:
    """Paths below `folder`, with /, of the .py files that are read; sorted by code point."""
    found = (path.relative_to(folder) for path in folder.rglob("*.py"))
    return sorted(path.as_posix() for path in found if not _left_out(path))


def for_validation(name: str) -> bool:
    """True for about a tenth of all paths, by a hash: see SPLIT_RULE."""
    return hashlib.sha256(name.encode()).digest()[0] < _VALIDATION_BYTES


def encode(text: str) -> Tensor:
    """Tokens (characters,) in int64; a tab is four spaces, an unknown character is OTHER."""
    return torch.from_numpy(_codes(text.replace("\t", "    ")).astype(np.int64))


def decode(tokens: Tensor | NDArray[np.integer]) -> str:
    """The text of tokens of one dimension; OTHER shows as the replacement character.

    Raises ValueError for a number that is no token.
    """
    shown = CHARACTERS + SHOWN_FOR_OTHER
    values = [int(value) for value in tokens]
    if any(not 0 <= value < VOCABULARY for value in values):
        raise ValueError(f"Tokens are numbers from 0 to {VOCABULARY - 1}; these are none.")
    return "".join(shown[value] for value in values)


def _left_out(path: Path) -> bool:
    return any(part in _LEFT_OUT or part.startswith(_LEFT_OUT_PREFIXES) for part in path.parts)


def _read(path: Path) -> str:
    # Universal newlines: Windows installs the same files with other line ends.
    return path.read_text(encoding="utf-8", errors="replace").replace("\t", "    ")


def _codes(text: str) -> NDArray[np.uint8]:
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    table = np.full(128, OTHER, dtype=np.uint8)
    table[[ord(character) for character in CHARACTERS]] = np.arange(OTHER)
    return table[np.minimum(points, 127)]
