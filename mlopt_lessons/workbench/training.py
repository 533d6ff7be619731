"""Training, and the script that makes the shipped weights.

    python -m mlopt_lessons.workbench mlp glyph_cnn depthwise_cnn

trains each model named, writes its weights and notes what they reach in weights/card.json.
"""

import argparse
import json
import time
from dataclasses import dataclass, replace
from datetime import date

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlopt_lessons.workbench.accuracy import Accuracy, accuracy
from mlopt_lessons.workbench.datasets import Dataset, dataset_for
from mlopt_lessons.workbench.models import MODELS, build, fold_batch_norm
from mlopt_lessons.workbench.weights import WEIGHTS, load_card, load_model, save_weights


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: epochs, peak learning rate of a one-cycle schedule, batch, decay."""

    epochs: int
    learning_rate: float
    batch: int = 128
    weight_decay: float = 1e-4


RECIPES = {
    "mlp": Recipe(epochs=20, learning_rate=1e-3, batch=64, weight_decay=1e-2),
    "glyph_cnn": Recipe(epochs=12, learning_rate=4e-3),
    "depthwise_cnn": Recipe(epochs=14, learning_rate=1e-2),
}


@dataclass(frozen=True)
class History:
    """Mean training loss of each epoch and CPU seconds spent."""

    losses: tuple[float, ...]
    cpu_seconds: float


def train(
    model: nn.Module,
    data: Dataset,
    *,
    epochs: int,
    seed: int,
    learning_rate: float = 1e-3,
    batch: int = 128,
    weight_decay: float = 1e-4,
) -> History:
    """Trains `model` in place with AdamW and a one-cycle schedule (Smith 2018, arXiv:1803.09820).

    The same seed on the same machine gives the same weights. Raises ValueError for less than one
    epoch, and when the loss is no longer a number.
    """
    if epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}.")
    generator = torch.Generator().manual_seed(seed)
    # Fused: the same steps in two thirds of the time for the wide MLP.
    optimizer = torch.optim.AdamW(
        model.parameters(), learning_rate, weight_decay=weight_decay, fused=True
    )
    steps = epochs * -(-len(data.train_x) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, steps)
    start = time.process_time()
    model.train()
    losses = [_epoch(model, data, batch, generator, optimizer, schedule) for _ in range(epochs)]
    model.eval()
    optimizer.zero_grad()  # gradients would hold as much memory as the weights
    return History(tuple(losses), time.process_time() - start)


def _epoch(
    model: nn.Module,
    data: Dataset,
    batch: int,
    generator: torch.Generator,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> float:
    order = torch.randperm(len(data.train_x), generator=generator)
    total = 0.0
    for rows in order.split(batch):
        loss = functional.cross_entropy(model(data.train_x[rows]), data.train_y[rows])
        _step(loss, optimizer)
        schedule.step()
        total += loss.item() * len(rows)
    return total / len(order)


def _step(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    if not torch.isfinite(loss):
        raise ValueError("The loss is no longer a number; lower the learning rate.")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def train_shipped(
    name: str, seed: int = 0, recipe: Recipe | None = None
) -> tuple[nn.Module, History]:
    """Trains the model `name` by its recipe from scratch, with BatchNorm folded at the end."""
    recipe = recipe or RECIPES[name]
    model = build(name, seed)
    history = train(
        model,
        dataset_for(name),
        epochs=recipe.epochs,
        seed=seed,
        learning_rate=recipe.learning_rate,
        batch=recipe.batch,
        weight_decay=recipe.weight_decay,
    )
    return fold_batch_norm(model), history


def ship(name: str, seed: int = 0, epochs: int | None = None) -> Accuracy:
    """Trains `name`, writes its weights, and records what the file reaches when it is read back."""
    recipe = RECIPES[name] if epochs is None else replace(RECIPES[name], epochs=epochs)
    model, history = train_shipped(name, seed, recipe)
    save_weights(model, WEIGHTS / f"{name}.safetensors", half=name == "mlp")
    data = dataset_for(name)
    score = accuracy(load_model(name), data.test_x, data.test_y)
    card = load_card() | {
        name: {
            "correct": score.correct,
            "total": score.total,
            "weights": sum(p.numel() for p in model.parameters()),
            "seed": seed,
            "epochs": recipe.epochs,
            "cpu_seconds": round(history.cpu_seconds),
            "torch": torch.__version__.split("+")[0],
            "date": date.today().isoformat(),
        }
    }
    (WEIGHTS / "card.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return score


def main() -> None:
    """The command line: names of models, a seed, and optionally other epochs."""
    parser = argparse.ArgumentParser(description="Train the shipped models again.")
    parser.add_argument("names", nargs="*", choices=list(MODELS), default=list(MODELS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int)
    arguments = parser.parse_args()
    for name in arguments.names:
        print(name, ship(name, arguments.seed, arguments.epochs))
