"""Training of the GPT by a fixed number of steps, and the script that makes the shipped weights.

    python -m mlopt_lessons.workbench.language

reads this Python's standard library, trains, writes weights/char_gpt.safetensors, and notes what the
file reaches in weights/char_gpt.json.
"""

import argparse
import json
import time
from dataclasses import dataclass
from datetime import date
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlopt_lessons.workbench.language.model import CharGPT, Size
from mlopt_lessons.workbench.language.score import Quality, quality, validation_windows
from mlopt_lessons.workbench.language.text import SPLIT_RULE, VOCABULARY, Corpus, load_corpus
from mlopt_lessons.workbench.weights import WEIGHTS, load_weights, save_weights

WEIGHTS_FILE = WEIGHTS / "char_gpt.safetensors"
CARD_FILE = WEIGHTS / "char_gpt.json"
SIZE = Size(vocabulary=VOCABULARY)
_CLIP = 1.0  # the norm that gradients are cut to
_WARM_UP = 0.05  # the part of the steps in which the learning rate rises


@dataclass(frozen=True)
class Recipe:
    """How the GPT is trained: steps of `batch` windows, peak learning rate, weight decay."""

    steps: int = 5_000
    learning_rate: float = 2e-3
    batch: int = 16
    weight_decay: float = 0.1


@dataclass(frozen=True)
class Progress:
    """Training loss of each step, in nats a character, and CPU seconds spent."""

    losses: tuple[float, ...]
    cpu_seconds: float


def fine_tune(
    model: nn.Module,
    corpus: Corpus,
    *,
    steps: int,
    seed: int,
    learning_rate: float = 1e-3,
    batch: int = 16,
    weight_decay: float = 0.1,
    context: int = SIZE.context,
) -> Progress:
    """Trains `model` in place on random windows of the training text; weights may be masked or few.

    AdamW with a one-cycle schedule (Smith 2018, arXiv:1803.09820). `model` takes tokens (batch,
    context) and returns logits (batch, context, vocabulary). The same seed on the same machine
    gives the same weights. Raises ValueError for less than one step, for text shorter than a
    window, and when the loss is no longer a number.
    """
    _check(corpus.train, steps, batch, context)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(
        model.parameters(), learning_rate, betas=(0.9, 0.95), weight_decay=weight_decay
    )
    schedule = _one_cycle(optimizer, learning_rate, steps)
    start, losses = time.process_time(), []
    model.train()
    for _ in range(steps):
        windows = random_windows(corpus.train, batch, context, generator)
        losses.append(_step(model, windows, optimizer))
        schedule.step()
    model.eval()
    optimizer.zero_grad()  # gradients would hold as much memory as the weights
    return Progress(tuple(losses), time.process_time() - start)


def random_windows(tokens: Tensor, count: int, context: int, generator: torch.Generator) -> Tensor:
    """`count` windows of `tokens` (length,) from random places: int64 (count, context + 1)."""
    starts = torch.randint(len(tokens) - context, (count,), generator=generator)
    return tokens[starts[:, None] + torch.arange(context + 1)].long()


def train_gpt(corpus: Corpus, recipe: Recipe, seed: int = 0) -> tuple[CharGPT, Progress]:
    """A new GPT of the shipped size, trained by `recipe`."""
    model = CharGPT(SIZE, seed)
    progress = fine_tune(
        model,
        corpus,
        steps=recipe.steps,
        seed=seed,
        learning_rate=recipe.learning_rate,
        batch=recipe.batch,
        weight_decay=recipe.weight_decay,
    )
    return model, progress


def load_gpt() -> CharGPT:
    """The GPT with its shipped weights, in evaluation mode.

    Raises WeightsError when the shipped file is missing or damaged.
    """
    model = CharGPT(SIZE)
    load_weights(model, WEIGHTS_FILE)
    return model


def gpt_card() -> dict[str, Any]:
    """What the shipped GPT was trained on and what it reaches."""
    return json.loads(CARD_FILE.read_text(encoding="utf-8"))


def ship(recipe: Recipe, seed: int = 0) -> Quality:
    """Trains the GPT, writes its weights, and records what the file reaches when it is read back."""
    corpus = load_corpus()
    model, progress = train_gpt(corpus, recipe, seed)
    save_weights(model, WEIGHTS_FILE, half=True)
    reached = quality(load_gpt(), validation_windows(corpus.validation))
    card = _card(model, corpus, recipe, seed) | _reached(reached, progress)
    CARD_FILE.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return reached


def main() -> None:
    """The command line: steps and seed."""
    parser = argparse.ArgumentParser(description="Train the shipped GPT again.")
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(ship(Recipe(arguments.steps), arguments.seed))


def _check(tokens: Tensor, steps: int, batch: int, context: int) -> None:
    if steps < 1 or batch < 1:
        raise ValueError(f"steps and batch must be at least 1, got {steps} and {batch}.")
    if len(tokens) <= context:
        raise ValueError(
            f"{len(tokens)} characters are less than a window of {context + 1}; use more text."
        )


def _one_cycle(
    optimizer: torch.optim.Optimizer, peak: float, steps: int
) -> torch.optim.lr_scheduler.OneCycleLR:
    # torch divides by zero when a part of the cycle is shorter than two steps.
    total = max(steps, 4)
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, peak, total, pct_start=max(_WARM_UP, 2 / total), cycle_momentum=False
    )


def _step(model: nn.Module, windows: Tensor, optimizer: torch.optim.Optimizer) -> float:
    logits = model(windows[:, :-1])
    loss = functional.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
    if not torch.isfinite(loss):
        raise ValueError("The loss is no longer a number; lower the learning rate.")
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
    optimizer.step()
    return loss.item()


def _card(model: CharGPT, corpus: Corpus, recipe: Recipe, seed: int) -> dict[str, Any]:
    return {
        "weights": sum(p.numel() for p in model.parameters()),
        "steps": recipe.steps,
        "batch": recipe.batch,
        "learning_rate": recipe.learning_rate,
        "seed": seed,
        "python": corpus.python,
        "sha256": corpus.sha256,
        "train_files": len(corpus.train_files),
        "train_characters": len(corpus.train),
        "validation_files": len(corpus.validation_files),
        "validation_characters": len(corpus.validation),
        "split": SPLIT_RULE,
    }


def _reached(reached: Quality, progress: Progress) -> dict[str, Any]:
    return {
        "validation_loss": round(reached.loss, 4),
        "perplexity": round(reached.perplexity, 3),
        "correct": reached.accuracy.correct,
        "total": reached.accuracy.total,
        "cpu_seconds": round(progress.cpu_seconds),
        "torch": torch.__version__.split("+")[0],
        "date": date.today().isoformat(),
    }
