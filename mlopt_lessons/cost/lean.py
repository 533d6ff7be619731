"""Claim cost-1, measured: one model trained with four wastes, and without them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from statistics import median
from typing import Any

import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from mlopt_lessons.cost.metering import meter
from mlopt_lessons.workbench.accuracy import Accuracy, accuracy
from mlopt_lessons.workbench.datasets import Dataset, digits
from mlopt_lessons.workbench.models import WideMLP
from mlopt_lessons.workbench.prices import Price, price

WIDTH = 256
TRAIN_IMAGES = 1_000  # of digits()'s 1,257; the others say when to stop
PATIENCE = 8  # epochs without a better accuracy on those, after which early stopping ends
BASE_RATE, BASE_BATCH = 1e-3, 8


@dataclass(frozen=True)
class Recipe:
    """How the model is trained; each field but `epochs` can hold a waste of its own.

    `epochs` is the most that are run, `batch` images a step, `reload` reads and prepares the data
    again in each epoch, `early_stopping` ends when accuracy on validation images rises no more,
    `threads` is torch's number of threads. Raises ValueError for a number below 1.
    """

    epochs: int
    batch: int
    reload: bool
    early_stopping: bool
    threads: int

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "threads"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}.")


# Four threads on two cores wait for each other; steps of 8 images are too small even for two.
NAIVE = Recipe(epochs=40, batch=8, reload=True, early_stopping=False, threads=4)
LEAN = Recipe(epochs=40, batch=64, reload=False, early_stopping=True, threads=1)
WASTES: dict[str, dict[str, Any]] = {
    "data loaded in every epoch": {"reload": True},
    "batch too small": {"batch": NAIVE.batch},
    "no early stopping": {"early_stopping": False},
    "too many threads": {"threads": NAIVE.threads},
}


@dataclass(frozen=True)
class Trained:
    """What a training reached on the 540 test images, and what it used: seconds, CPU-seconds, dollars, kWh.

    Loading the data is in it; loading the libraries is not.
    """

    recipe: Recipe
    score: Accuracy
    epochs: int
    seconds: float
    cpu_seconds: float
    dollars: float
    kwh: float

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0 to 1."""
        return self.score.value

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of `accuracy`."""
        return self.score.interval


@dataclass(frozen=True)
class Comparison:
    """The same model trained both ways, `naive[i]` and `lean[i]` one after the other."""

    naive: tuple[Trained, ...]
    lean: tuple[Trained, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many times cheaper each lean training was than the naive one beside it."""
        return tuple(a.dollars / b.dollars for a, b in zip(self.naive, self.lean, strict=True))

    @property
    def ratio(self) -> tuple[float, float, float]:
        """How many times cheaper: median, lowest and highest of the repeats."""
        return median(self.ratios), min(self.ratios), max(self.ratios)

    @property
    def same_accuracy(self) -> bool:
        """Whether in every repeat each accuracy lies within the other's 95 % interval."""
        pairs = zip(self.naive, self.lean, strict=True)
        return all(_within(a, b) and _within(b, a) for a, b in pairs)

    def __str__(self) -> str:
        middle, low, high = self.ratio
        same = "the same accuracy" if self.same_accuracy else "NOT the same accuracy"
        return (
            f"naive {_span(self.naive)}, lean {_span(self.lean)}: {middle:.1f} times cheaper "
            f"({low:.1f} to {high:.1f} in {len(self.ratios)} repeats), {same}"
        )


def train(recipe: Recipe, seed: int = 0, rate: Price | float | None = None) -> Trained:
    """Trains the digits model (64 → 256 → 256 → 10) by a recipe, with the meter running.

    AdamW at 0.001 · √(batch / 8): the square-root rule keeps the training alike for other batches
    (Malladi et al. 2022, arXiv:2205.10330). One recipe and seed give one accuracy and one number of
    epochs on a machine. `rate` is a Price or $/h, by default c7i.large's. torch's threads are set back.
    """
    _warm_up()
    with _threads(recipe.threads), meter(price("c7i.large") if rate is None else rate) as used:
        model, data, epochs = _fit(recipe, seed)
    score = accuracy(model, data.test_x, data.test_y)
    return Trained(recipe, score, epochs, used.seconds, used.cpu_seconds, used.dollars, used.kwh)


def compare(seed: int = 0, repeats: int = 3, rate: Price | float | None = None) -> Comparison:
    """NAIVE and LEAN in turn, with the seeds `seed`, `seed` + 1, …: about 10 s a repeat on 2 cores.

    The spread of its ratio is of timing and of seeds: early stopping ends after 13 to 28 epochs.
    Raises ValueError for less than one repeat.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, got {repeats}.")
    pairs = [
        (train(NAIVE, each, rate), train(LEAN, each, rate)) for each in range(seed, seed + repeats)
    ]
    return Comparison(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def one_at_a_time(seed: int = 0, rate: Price | float | None = None) -> pd.DataFrame:
    """What each waste costs alone: a row for LEAN, for LEAN with one waste, and for all of them (NAIVE).

    Columns: recipe, epochs, accuracy, low, high (its 95 % interval), seconds, cpu_seconds, dollars,
    times_lean (dollars over LEAN's). Wastes multiply rather than add: steps that are slower also
    are more.
    """
    recipes = {"lean": LEAN}
    recipes |= {name: replace(LEAN, **change) for name, change in WASTES.items()}
    recipes |= {"naive, all of them": NAIVE}
    rows = [_row(name, train(recipe, seed, rate)) for name, recipe in recipes.items()]
    table = pd.DataFrame(rows)
    return table.assign(times_lean=table["dollars"] / table["dollars"].iloc[0])


def _row(name: str, trained: Trained) -> dict[str, object]:
    low, high = trained.interval
    return {
        "recipe": name,
        "epochs": trained.epochs,
        "accuracy": trained.accuracy,
        "low": low,
        "high": high,
        "seconds": trained.seconds,
        "cpu_seconds": trained.cpu_seconds,
        "dollars": trained.dollars,
    }


def _fit(recipe: Recipe, seed: int) -> tuple[nn.Module, Dataset, int]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = WideMLP(WIDTH)
    learning_rate = BASE_RATE * (recipe.batch / BASE_BATCH) ** 0.5
    optimizer = torch.optim.AdamW(model.parameters(), learning_rate, fused=True)
    generator = torch.Generator().manual_seed(seed)
    data, best = _read(), _Best()
    for epoch in range(1, recipe.epochs + 1):
        if recipe.reload and epoch > 1:
            data = _read()
        _epoch(model, data, recipe.batch, optimizer, generator)
        if recipe.early_stopping and best.stalled(model, data, epoch):
            model.load_state_dict(best.weights)
            break
    return model, data, epoch


def _epoch(
    model: nn.Module,
    data: Dataset,
    batch: int,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    model.train()
    for rows in torch.randperm(TRAIN_IMAGES, generator=generator).split(batch):
        loss = functional.cross_entropy(model(data.train_x[rows]), data.train_y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


class _Best:
    """The best weights so far, by accuracy on the validation images."""

    def __init__(self) -> None:
        self.correct, self.epoch = -1, 0
        self.weights: dict[str, torch.Tensor] = {}

    def stalled(self, model: nn.Module, data: Dataset, epoch: int) -> bool:
        """Notes this epoch if it is better; True when PATIENCE epochs have not been."""
        x, y = data.train_x[TRAIN_IMAGES:], data.train_y[TRAIN_IMAGES:]
        correct = accuracy(model, x, y).correct
        if correct > self.correct:
            self.correct, self.epoch = correct, epoch
            self.weights = {name: w.clone() for name, w in model.state_dict().items()}
        return epoch - self.epoch >= PATIENCE


def _read() -> Dataset:
    # Past digits()'s cache: what reading costs is to be seen.
    return digits.__wrapped__()


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@cache
def _warm_up() -> None:
    """One epoch outside the meter: torch's first optimizer step loads parts of torch for a second."""
    _fit(replace(LEAN, epochs=1), seed=0)


def _within(one: Trained, other: Trained) -> bool:
    low, high = other.interval
    return low <= one.accuracy <= high


def _span(runs: Sequence[Trained]) -> str:
    seconds, dollars = median(t.seconds for t in runs), median(t.dollars for t in runs)
    return f"{seconds:.2f} s (${dollars:.2g})"
