"""Measure files of the GPT side by side: bytes, speed, memory, quality, dollars.

The variants take turns while they are timed. Memory is that of a fresh process which loads one file and
writes text: in this process, PyTorch and the other variants would count too.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from mlopt_lessons.workbench.language import onnx_session
from mlopt_lessons.workbench.language.onnx_session import OnnxGPT, most_likely
from mlopt_lessons.workbench.language.score import Quality, quality
from mlopt_lessons.workbench.latency import Latency, latency
from mlopt_lessons.workbench.prices import Price, dollars_per_million
from mlopt_lessons.workbench.size import format_bytes, size_on_disk

PROMPT_TOKENS = 64
NEW_TOKENS = 32
_SECONDS_TO_START = 120


@dataclass(frozen=True, eq=False)
class Measured:
    """One variant: `size` in bytes on disk; `decode`, the time of NEW_TOKENS steps of one token each
    after PROMPT_TOKENS; `prefill`, the time to read those PROMPT_TOKENS at once; `memory`, the peak in
    bytes of a process that serves it, of which the runtime takes `memory_without_model`; `quality`, and
    `as_good` as the first variant; `usd_per_million` generated tokens.
    """

    name: str
    size: int
    decode: Latency
    prefill: Latency
    memory: int
    memory_without_model: int
    quality: Quality
    as_good: float
    usd_per_million: float

    @property
    def tokens_per_second(self) -> tuple[float, float, float]:
        """Tokens a second when generating: median, 10th and 90th percentile."""
        times = (self.decode.median_s, self.decode.high_s, self.decode.low_s)
        median, low, high = (NEW_TOKENS / seconds for seconds in times)
        return median, low, high


def measure(
    variants: Mapping[str, Path | str],
    windows: Tensor,
    price: Price,
    *,
    repeats: int = 30,
    threads: int = 1,
) -> tuple[Measured, ...]:
    """Measures files of `export_gpt`, or quantized from them; the first is the dense FP32 one.

    windows: int64 (count, context + 1) of `validation_windows`. One stream of text, on `threads`
    threads. Raises ValueError without variants, below 30 repeats, and for files that are no GPT.
    """
    decode, prefill, reached = _run(variants, windows, repeats, threads)
    dense, runtime = next(iter(reached.values())), serving_memory()
    return tuple(
        Measured(
            name,
            size_on_disk(path),
            decode[name],
            prefill[name],
            serving_memory(path),
            runtime,
            reached[name],
            reached[name].as_good_as(dense),
            dollars_per_million(decode[name].median_s / NEW_TOKENS, price),
        )
        for name, path in variants.items()
    )


def _run(
    variants: Mapping[str, Path | str], windows: Tensor, repeats: int, threads: int
) -> tuple[dict[str, Latency], dict[str, Latency], dict[str, Quality]]:
    """Times to decode and to prefill, and the quality; the sessions are gone afterwards."""
    models = {name: OnnxGPT(path, threads) for name, path in variants.items()}
    prompt = windows[:1, :PROMPT_TOKENS].numpy()
    decodes = {name: _decoding(model, prompt) for name, model in models.items()}
    prefills = {name: partial(model, prompt) for name, model in models.items()}
    return (
        latency(decodes, repeats=repeats, warmup=3, threads=threads),
        latency(prefills, repeats=repeats, warmup=3, threads=threads),
        {name: quality(model, windows) for name, model in models.items()},
    )


def serving_memory(path: Path | str | None = None) -> int:
    """Peak bytes of a fresh process that loads the file and writes text; of one without any file.

    The process has Python, NumPy and ONNX Runtime only. Raises ValueError when it fails.
    """
    program = [sys.executable, "-P", onnx_session.__file__, *([str(path)] if path else [])]
    done = subprocess.run(
        program, capture_output=True, text=True, timeout=_SECONDS_TO_START, check=False
    )
    if done.returncode:
        told = done.stderr.strip().splitlines() or ["it said nothing"]
        raise ValueError(f"The process that should serve {path} failed: {told[-1]}")
    return int(done.stdout)


def table(rows: Sequence[Measured]) -> pd.DataFrame:
    """The figures as text with units, a column for each variant."""
    return pd.DataFrame({row.name: _cells(row) for row in rows})


def _decoding(model: OnnxGPT, prompt: np.ndarray) -> Callable[[], None]:
    """A call that writes NEW_TOKENS after the prompt, which is read once and not timed."""
    logits, read = model.step(prompt)
    first = most_likely(logits[0, -1])

    def write() -> None:
        token, cache = first, read
        for _ in range(NEW_TOKENS):
            logits, cache = model.step(np.array([[token]], dtype=np.int64), cache)
            token = most_likely(logits[0, -1])

    return write


def _cells(row: Measured) -> dict[str, str]:
    above = row.memory - row.memory_without_model
    return {
        "on disk": format_bytes(row.size),
        "characters a second (10–90 %)": "{:,.0f} ({:,.0f}–{:,.0f})".format(*row.tokens_per_second),
        f"ms to read {PROMPT_TOKENS} characters": f"{1e3 * row.prefill.median_s:.3g}",
        "peak memory": format_bytes(row.memory),
        "of it, above the runtime alone": format_bytes(above),
        "perplexity": f"{row.quality.perplexity:.3f}",
        "next character right": str(row.quality.accuracy),
        "as good as FP32": f"{100 * row.as_good:.1f} %",
        "$ per million characters": f"{row.usd_per_million:.3g}",
    }
