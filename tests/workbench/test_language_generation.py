"""Text from the GPT: its choices, the full context, prompts that cannot be, and what it looks like."""

import io
import keyword
import tokenize

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.workbench.language import (
    CharGPT,
    Size,
    chooser,
    continue_tokens,
    decode,
    encode,
    generate,
    load_gpt,
    most_likely,
    probabilities,
)

SMALL = Size(context=16, width=16, head_size=8, heads=(2,), hidden=(16,))


@pytest.fixture(scope="module")
def gpt() -> CharGPT:
    return load_gpt()


def read_anew(model: CharGPT, tokens: list[int], count: int) -> list[int]:
    """Greedy text with no cache at all; when the context is full, its newest half is kept."""
    window, written = list(tokens), []
    for _ in range(count):
        if len(window) > model.context:
            window = (tokens + written)[-(model.context // 2) :]
        with torch.inference_mode():
            window.append(int(model(torch.tensor([window]))[0, -1].argmax()))
        written.append(window[-1])
    return written


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 99), st.text("abc =()\n", min_size=1, max_size=40))
def test_the_cache_and_the_full_context_write_what_reading_anew_writes(seed: int, prompt: str):
    model = CharGPT(SMALL, seed).eval()
    expected = read_anew(model, encode(prompt).tolist(), 50)
    assert generate(model, prompt, 50) == decode(np.array(expected))


def test_the_same_seed_draws_the_same_text(gpt: CharGPT):
    def drawn(seed: int) -> str:
        return generate(gpt, "def ", 60, temperature=0.8, top_k=20, seed=seed)

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


@given(
    st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=97),
    st.floats(0.01, 100),
    st.integers(1, 97),
)
def test_chances_are_torch_s_softmax_over_the_most_likely(values, temperature, top_k):
    logits = np.array(values, dtype=np.float32)
    chances = probabilities(logits, temperature, top_k)
    kept = chances > 0
    assert chances.sum() == pytest.approx(1)
    assert kept.sum() <= top_k
    if top_k >= len(values):
        expected = torch.tensor(values, dtype=torch.float64).div(temperature).softmax(0).numpy()
        np.testing.assert_allclose(chances, expected, atol=1e-6)
    else:
        assert logits[kept].min() >= np.sort(logits)[-top_k]


def test_one_choice_or_hardly_any_heat_is_greedy():
    logits = np.random.default_rng(0).normal(size=97).astype(np.float32)
    assert chooser(0, 97, 0) is most_likely
    assert chooser(1.0, 1, 0)(logits) == most_likely(logits)
    assert chooser(1e-300, 97, 0)(logits) == most_likely(logits)


@pytest.mark.parametrize(
    ("prompt", "options", "words"),
    [
        ("", {}, "prompt is empty"),
        ("naïve", {}, "does not know 'ï'"),
        ("x", {"count": 0}, "at least 1"),
        ("x", {"temperature": -1.0}, "temperature must be 0"),
        ("x", {"temperature": float("nan")}, "temperature must be 0"),
        ("x", {"temperature": float("inf")}, "temperature must be 0"),
        ("x", {"top_k": 0}, "top_k must be from 1"),
        ("x", {"top_k": 98}, "top_k must be from 1 to 97"),
    ],
)
def test_what_cannot_be_written_gets_a_sentence(prompt: str, options: dict, words: str):
    with pytest.raises(ValueError, match=words):
        generate(CharGPT(SMALL), prompt, **{"count": 3} | options)


def test_a_tab_in_the_prompt_is_four_spaces():
    model = CharGPT(SMALL)
    assert generate(model, "\tx", 5) == generate(model, "    x", 5)


def test_a_prompt_longer_than_the_context_is_cut_to_its_newest_half():
    model = CharGPT(SMALL).eval()
    prompt = encode("import math, sys, os, re").tolist()
    steps = generate(model, decode(np.array(prompt)), 1)
    assert steps == generate(model, decode(np.array(prompt[-8:])), 1)


def is_python(line: str) -> bool:
    """True when Python's own tokenizer takes the line, with brackets that close on it."""
    try:
        list(tokenize.generate_tokens(io.StringIO(line.strip() + "\n").readline))
    except (tokenize.TokenError, SyntaxError):
        return False
    return True


def test_the_sample_is_recognisably_python(gpt: CharGPT):
    text = "".join(
        generate(gpt, "\ndef ", 400, temperature=0.7, top_k=20, seed=s) for s in range(4)
    )
    lines = [line for line in text.splitlines() if line.strip()]
    assert sum(map(is_python, lines)) / len(lines) > 0.5
    words = set(text.replace("(", " ").replace(":", " ").split())
    assert len(words & set(keyword.kwlist)) >= 5
    assert sum(line.startswith("    ") for line in lines) / len(lines) > 0.5


def test_lots_do_not_look_like_python():
    text = "".join(
        generate(CharGPT(Size(), seed), "\ndef ", 400, temperature=1.0) for seed in range(2)
    )
    assert sum(map(is_python, text.splitlines())) / len(text.splitlines()) < 0.5


def test_a_model_needs_only_a_step_to_be_continued():
    class Counting:
        context = 4

        def step(self, tokens, cache):
            read = (cache or 0) + tokens.shape[1]
            assert read <= self.context
            return np.eye(9, dtype=np.float32)[(tokens + 1) % 9], read

    assert continue_tokens(Counting(), [0], 12) == [n % 9 for n in range(1, 13)]
