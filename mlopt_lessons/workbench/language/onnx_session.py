"""Run the exported GPT with NumPy and ONNX Runtime alone, as a server without PyTorch would.

Also a program: `python onnx_session.py MODEL` loads the file in a fresh process, writes a little text,
and prints the most memory that the process ever held. So nothing of this package is imported here.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

CONTEXT_KEY = "context"
_FATAL_ONLY = 4
_FLOAT = np.float32
Choice = Callable[[NDArray[np.float32]], int]


class Steps(Protocol):
    """A model that reads tokens with a memory of those before: what `continue_tokens` needs."""

    @property
    def context(self) -> int:
        """How many tokens it can look at."""

    def step(self, tokens: NDArray[np.int64], cache: Any) -> tuple[NDArray[np.float32], Any]:
        """Logits of new tokens (1, time), and the cache that holds them too; None is no cache."""


class OnnxGPT:
    """A GPT file of `export_gpt`, or what a quantizer made of it, on `threads` CPU threads.

    Raises ValueError for a missing or foreign file, and for threads below 1.
    """

    def __init__(self, path: Path | str, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"threads is {threads}: give a whole number of at least 1.")
        self._session = _open(Path(path), threads)
        self._past = [given for given in self._session.get_inputs() if given.name != "tokens"]
        found = self._session.get_modelmeta().custom_metadata_map
        if CONTEXT_KEY not in found or not self._past:
            raise ValueError(f"{path} is no GPT with a cache: write it with export_gpt.")
        self.context = int(found[CONTEXT_KEY])

    def empty_cache(self, batch: int = 1) -> list[NDArray[np.float32]]:
        """Keys and values of no token: (batch, heads, 0, head_size), two for each layer."""
        shapes = [(batch, given.shape[1], 0, given.shape[3]) for given in self._past]
        return [np.zeros(shape, _FLOAT) for shape in shapes]

    def step(
        self, tokens: NDArray[np.int64], cache: list[NDArray[np.float32]] | None = None
    ) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """Logits (batch, time, vocabulary) of new tokens (batch, time), and the longer cache.

        Raises ValueError when the cache and the tokens together exceed the context.
        """
        cache = self.empty_cache(len(tokens)) if cache is None else cache
        length = cache[0].shape[2] + tokens.shape[1]
        if length > self.context:
            raise ValueError(
                f"{length} tokens are more than the context of {self.context}; keep the newest."
            )
        names = (given.name for given in self._past)
        logits, *present = self._session.run(
            None, {"tokens": tokens, **dict(zip(names, cache, strict=True))}
        )
        return logits, present

    def __call__(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logits (batch, time, vocabulary) of tokens (batch, time), with nothing before them."""
        return self.step(tokens)[0]


def most_likely(logits: NDArray[np.float32]) -> int:
    """The token with the largest logit of (vocabulary,): greedy decoding."""
    return int(logits.argmax())


def continue_tokens(
    model: Steps, prompt: Sequence[int], count: int, choose: Choice = most_likely
) -> list[int]:
    """`count` tokens after the prompt; each step reads one token and the cache of those before.

    When the context is full, the newest half of it is read again from the start, and so on: a few
    steps cost more, and the text never ends.
    """
    tokens, unread = list(prompt), list(prompt)
    cache, read = None, 0
    for _ in range(count):
        if read + len(unread) > model.context:
            cache, read, unread = None, 0, tokens[-max(1, model.context // 2) :]
        logits, cache = model.step(np.array([unread], dtype=np.int64), cache)
        read += len(unread)
        unread = [choose(logits[0, -1])]
        tokens += unread
    return tokens[len(prompt) :]


def peak_memory() -> int:
    """The most bytes of memory that this process ever held at once."""
    if sys.platform == "linux":
        # Not getrusage: a child started by a large process begins with that process's maximum.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def main() -> None:
    """Prints the peak memory after generation with the file named, or without any file."""
    if len(sys.argv) > 1:
        continue_tokens(OnnxGPT(sys.argv[1]), [0], 200)
    print(peak_memory())


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise ValueError(f"There is no file {path}: write it with export_gpt.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = _FATAL_ONLY
    options.add_session_config_entry("session.force_spinning_stop", "1")
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ValueError(f"{path} is no ONNX model that this ONNX Runtime can run.") from error


if __name__ == "__main__":
    main()
