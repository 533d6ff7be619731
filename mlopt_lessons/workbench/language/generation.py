"""Text from the GPT, in PyTorch or in ONNX Runtime, with the same steps and the same choices."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mlopt_lessons.workbench.language.model import Cache, CharGPT
from mlopt_lessons.workbench.language.onnx_session import (
    Choice,
    OnnxGPT,
    Steps,
    continue_tokens,
    most_likely,
)
from mlopt_lessons.workbench.language.text import OTHER, VOCABULARY, decode, encode


def generate(
    model: CharGPT | OnnxGPT,
    prompt: str,
    count: int,
    *,
    temperature: float = 0.0,
    top_k: int = VOCABULARY,
    seed: int = 0,
) -> str:
    """`count` characters that follow the prompt (the prompt itself is not repeated).

    Temperature 0 takes the most likely character each time (greedy); above 0 it draws among the
    `top_k` most likely with probabilities softmax(logits / temperature). The same seed draws the same
    text.

    Raises ValueError for an empty prompt or one with characters that the model does not know, and
    for a count below 1, a temperature below 0 or not finite, and top_k out of 1 to the vocabulary.
    """
    tokens = _prompt_tokens(prompt)
    if count < 1:
        raise ValueError(f"The number of characters must be at least 1, got {count}.")
    choose = chooser(temperature, top_k, seed)
    return decode(np.array(continue_tokens(_steps(model), tokens, count, choose)))


def chooser(temperature: float, top_k: int, seed: int) -> Choice:
    """The function that picks a token from logits (vocabulary,); raises as `generate`."""
    if not math.isfinite(temperature) or temperature < 0:
        raise ValueError(f"temperature must be 0 (greedy) or a number above 0, got {temperature}.")
    if not 1 <= top_k <= VOCABULARY:
        raise ValueError(f"top_k must be from 1 to {VOCABULARY}, got {top_k}.")
    if temperature == 0:
        return most_likely
    generator = np.random.default_rng(seed)

    def draw(logits: NDArray[np.float32]) -> int:
        chances = probabilities(logits, temperature, top_k)
        return int(generator.choice(len(chances), p=chances))

    return draw


def probabilities(
    logits: NDArray[np.float32], temperature: float, top_k: int
) -> NDArray[np.float64]:
    """softmax(logits / temperature) over the `top_k` largest of (vocabulary,), 0 for the others."""
    kept = np.argsort(-logits, kind="stable")[:top_k]
    # Relative to the largest before the division: a tiny temperature would overflow otherwise.
    scaled = (logits.astype(np.float64) - logits.max()) / temperature
    chances = np.zeros_like(scaled)
    chances[kept] = np.exp(scaled[kept])
    return chances / chances.sum()


def _prompt_tokens(prompt: str) -> list[int]:
    if not prompt:
        raise ValueError('The prompt is empty; start with at least one character, such as "def ".')
    tokens = encode(prompt).tolist()
    if OTHER in tokens:
        unknown = next(character for character in prompt if OTHER in encode(character).tolist())
        raise ValueError(
            f"The model does not know {unknown!r}; write the prompt in ASCII letters, digits and "
            "signs."
        )
    return tokens


def _steps(model: CharGPT | OnnxGPT) -> Steps:
    return _TorchSteps(model) if isinstance(model, CharGPT) else model


class _TorchSteps:
    """A CharGPT as `continue_tokens` takes it: arrays in, arrays out, no gradients."""

    def __init__(self, model: CharGPT) -> None:
        self._model = model.eval()
        self.context = model.context

    def step(self, tokens: NDArray[np.int64], cache: Any) -> tuple[NDArray[np.float32], Cache]:
        with torch.inference_mode():
            before = self._model.empty_cache(len(tokens)) if cache is None else cache
            logits, after = self._model.forward_cached(torch.from_numpy(tokens), before)
        return logits.numpy(), after
