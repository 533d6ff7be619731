"""The GPT with about 70 % of its weights gone, in two ways, and the script that fine-tunes both.

    python -m mlopt_lessons.pruning

prunes the shipped GPT, trains each form further on this Python's standard library, and the dense GPT
for as many steps: the control. Writes weights/gpt_zeroed.safetensors and weights/gpt_removed.safetensors,
and notes what each reaches in weights/gpt.json.
"""

import argparse
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import torch

from mlopt_lessons.pruning.apply import magnitude_masks, prepare
from mlopt_lessons.pruning.heads import remove_heads
from mlopt_lessons.workbench import load_weights, make_permanent, save_weights
from mlopt_lessons.workbench.language import (
    CharGPT,
    Corpus,
    Quality,
    fine_tune,
    load_corpus,
    load_gpt,
    quality,
    validation_windows,
)

GPTForm = Literal["zeroed", "removed"]
# Each is 70 % of all weights, embeddings included.
ZEROED = 0.73  # of each Linear layer's weights
HEADS, NEURONS = 0.5, 0.86  # of each layer's
STEPS = 2_000
LEARNING_RATE = 1e-3
CONTROL = "dense"
WEIGHTS = Path(__file__).parent / "weights"
CARD_FILE = WEIGHTS / "gpt.json"


def cut_gpt(form: GPTForm) -> CharGPT:
    """The shipped GPT right after the cut, not fine-tuned.

    "zeroed": the smallest 73 % of each Linear layer are 0. "removed": half of the heads and 86 % of
    the neurons of each layer are taken out. Raises ValueError for another form.
    """
    gpt = load_gpt()
    _check(form)
    if form == "removed":
        return remove_heads(gpt, HEADS, NEURONS).model
    return _permanent(_held(gpt))


def pruned_gpt(form: GPTForm) -> CharGPT:
    """The GPT that was cut as `cut_gpt` does and then fine-tuned, with its shipped weights.

    Raises ValueError for another form, WeightsError when the shipped file is missing or damaged.
    """
    _check(form)
    shape = cut_gpt("removed") if form == "removed" else load_gpt()
    load_weights(shape, WEIGHTS / f"gpt_{form}.safetensors")
    return shape


def pruned_gpt_card() -> dict[str, Any]:
    """How the shipped forms were fine-tuned, and what they and the control reach."""
    return json.loads(CARD_FILE.read_text(encoding="utf-8"))


def ship(steps: int = STEPS, seed: int = 0) -> dict[str, Any]:
    """Fine-tunes both forms and the control, writes the files, and returns the card.

    What is noted of a form is what its file reaches when it is read back.
    """
    corpus = load_corpus()
    windows = validation_windows(corpus.validation)
    WEIGHTS.mkdir(exist_ok=True)
    reached = {}
    for name, model in _tuned(corpus, steps, seed):
        kept = model if name == CONTROL else _saved(model, name)
        reached[name] = _noted(kept, quality(kept, windows))
    card = _card(corpus, steps, seed) | {"reached": reached}
    CARD_FILE.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return card


def main() -> None:
    """The command line: steps and seed."""
    parser = argparse.ArgumentParser(description="Fine-tune the shipped pruned GPTs again.")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(json.dumps(ship(arguments.steps, arguments.seed), indent=2))


def _tuned(corpus: Corpus, steps: int, seed: int) -> Iterator[tuple[str, CharGPT]]:
    starts = {"zeroed": _held(load_gpt()), "removed": cut_gpt("removed"), CONTROL: load_gpt()}
    for name, model in starts.items():
        fine_tune(model, corpus, steps=steps, seed=seed, learning_rate=LEARNING_RATE)
        yield name, _permanent(model)


def _saved(model: CharGPT, name: str) -> CharGPT:
    """The model as its file gives it back, in half precision."""
    path = save_weights(model, WEIGHTS / f"gpt_{name}.safetensors", half=True)
    load_weights(model, path)
    return model


def _held(gpt: CharGPT) -> CharGPT:
    """The GPT with its masks held: what is cut stays 0 in training."""
    held = prepare(gpt, magnitude_masks(gpt, ZEROED, together=False))
    assert isinstance(held, CharGPT)
    return held


def _permanent(model: CharGPT) -> CharGPT:
    plain = make_permanent(model)
    assert isinstance(plain, CharGPT)
    return plain


def _check(form: str) -> None:
    if form not in ("zeroed", "removed"):
        raise ValueError(f"The GPT is pruned as 'zeroed' or as 'removed', not as {form!r}.")


def _noted(model: CharGPT, reached: Quality) -> dict[str, Any]:
    return {
        "weights": sum(p.numel() for p in model.parameters()),
        "not_zero": sum(int((p != 0).sum()) for p in model.parameters()),
        "perplexity": round(reached.perplexity, 3),
        "correct": reached.accuracy.correct,
        "total": reached.accuracy.total,
    }


def _card(corpus: Corpus, steps: int, seed: int) -> dict[str, Any]:
    return {
        "steps": steps,
        "learning_rate": LEARNING_RATE,
        "seed": seed,
        "python": corpus.python,
        "sha256": corpus.sha256,
        "torch": torch.__version__.split("+")[0],
        "date": date.today().isoformat(),
    }
