"""What each way to prune leaves of a model, at every amount: accuracy, weights, bytes of real files.

`benchmarks/record_pruning.py` measures all points for two shipped models and writes
data/pruning_sweep.csv, which the lab shows as `recorded`; a test measures some of them again.
"""

import csv
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from torch import Tensor, nn

from mlopt_lessons.pruning.apply import (
    fine_tune,
    magnitude_masks,
    masked,
    random_masks,
    weights_of,
)
from mlopt_lessons.pruning.controls import from_scratch
from mlopt_lessons.pruning.storage import LAYOUTS, Layout, sizes
from mlopt_lessons.pruning.structured import remove_outputs
from mlopt_lessons.pruning.wanda import wanda_masks
from mlopt_lessons.workbench import Accuracy, Dataset, accuracy, dataset_for, load_model
from mlopt_lessons.workbench.training import RECIPES

Method = Literal["global", "per layer", "Wanda", "random", "removed", "from scratch"]
METHODS: tuple[Method, ...] = get_args(Method)
SWEPT_MODELS = ("mlp", "glyph_cnn")
SWEPT_AMOUNTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
TUNING_EPOCHS = 3
CALIBRATION_ROWS = 256  # inputs whose size Wanda weighs the weights with
RECORDED = "data/pruning_sweep.csv"


@dataclass(frozen=True)
class Setting:
    """How a model is pruned: the part of its weights that goes, how it is chosen, fine-tuned or not.

    "removed" takes whole neurons and channels out; "from scratch" trains that same small network
    from new random weights, so it is always trained.
    """

    method: Method
    amount: float
    tuned: bool


@dataclass(frozen=True)
class SweepPoint:
    """What one setting did to one model.

    Accuracy on the test images, prunable weights that are not 0, and bytes of a real file in each
    layout.
    """

    model: str
    setting: Setting
    accuracy: Accuracy
    weights_left: int
    bytes: dict[Layout, int]


def settings() -> tuple[Setting, ...]:
    """Every setting of the recorded table; what is trained from scratch is not fine-tuned."""
    return tuple(
        Setting(method, amount, tuned)
        for method in METHODS
        for amount in SWEPT_AMOUNTS
        for tuned in (False, True)
        if method != "from scratch" or tuned
    )


def outputs_for(model: nn.Module, amount: float) -> float:
    """The part of each layer's outputs to remove so that about `amount` of the weights goes.

    Rows and columns go together, so this is less than `amount`: half of the outputs is about three
    quarters of the weights. Found by halving the interval, to 1/256. Raises as `remove_outputs`.
    """
    whole = _count(model)
    low, high = 0.0, 1.0
    for _ in range(8):
        middle = (low + high) / 2
        gone = 1 - _count(remove_outputs(model, middle).model) / whole
        low, high = (low, middle) if gone > amount else (middle, high)
    return low if amount == 0 else (low + high) / 2


def measure(
    name: str,
    setting: Setting,
    data: Dataset | None = None,
    model: nn.Module | None = None,
    layouts: Sequence[Layout] = LAYOUTS,
) -> SweepPoint:
    """Prunes the model `name` as `setting` says, and measures it on its own test images.

    Its bytes are those of `layouts`; gzip takes longer than all others together.
    """
    data = data or dataset_for(name)
    pruned = make(name, model or load_model(name), setting, data)
    with tempfile.TemporaryDirectory() as folder:
        stored = {each.layout: each.bytes for each in sizes(pruned, folder, layouts)}
    left = sum(int((weight != 0).sum()) for weight in weights_of(pruned).values())
    return SweepPoint(name, setting, accuracy(pruned, data.test_x, data.test_y), left, stored)


def make(name: str, model: nn.Module, setting: Setting, data: Dataset) -> nn.Module:
    """The model `name` pruned as `setting` says, fine-tuned for 3 epochs where it says so."""
    if setting.method == "from scratch":
        return _small_from_scratch(name, model, setting.amount, data)
    cut, masks = _cut(model, setting, data)
    if not setting.tuned:
        return cut
    rate = RECIPES[name].learning_rate / 2
    return fine_tune(cut, masks, data, epochs=TUNING_EPOCHS, learning_rate=rate)


def _cut(model: nn.Module, setting: Setting, data: Dataset) -> tuple[nn.Module, dict[str, Tensor]]:
    if setting.method == "removed":
        return remove_outputs(model, outputs_for(model, setting.amount)).model, {}
    masks = _MASKS[setting.method](model, setting.amount, data)
    return masked(model, masks), masks


_MASKS: dict[str, Callable[[nn.Module, float, Dataset], dict[str, Tensor]]] = {
    "global": lambda model, amount, _: magnitude_masks(model, amount),
    "per layer": lambda model, amount, _: magnitude_masks(model, amount, together=False),
    "Wanda": lambda model, amount, data: wanda_masks(
        model, data.train_x[:CALIBRATION_ROWS], amount
    ),
    "random": lambda model, amount, _: random_masks(model, amount, seed=0),
}


def _small_from_scratch(name: str, model: nn.Module, amount: float, data: Dataset) -> nn.Module:
    small = remove_outputs(model, outputs_for(model, amount)).model
    recipe = RECIPES[name]
    return from_scratch(
        small,
        data,
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        batch=recipe.batch,
        weight_decay=recipe.weight_decay,
    )


def _count(model: nn.Module) -> int:
    return sum(weight.numel() for weight in weights_of(model).values())


@cache
def recorded() -> dict[tuple[str, Setting], SweepPoint]:
    """The points that ship with the package, by model and setting."""
    points = [_from_row(row) for row in csv.DictReader(_lines())]
    return {(point.model, point.setting): point for point in points}


@cache
def recorded_on() -> str:
    """The date of the recording and the versions that made it, for provenance."""
    row = next(csv.DictReader(_lines()))
    return f"{row['date']}, {row['made_with']}"


def _lines() -> Sequence[str]:
    place = files("mlopt_lessons.pruning").joinpath(RECORDED)
    return place.read_text(encoding="utf-8").splitlines()


def _from_row(row: dict[str, str]) -> SweepPoint:
    setting = Setting(row["method"], float(row["amount"]), row["tuned"] == "True")  # type: ignore[arg-type]
    score = Accuracy(int(row["correct"]), int(row["total"]))
    stored = {layout: int(row[layout]) for layout in LAYOUTS}
    return SweepPoint(row["model"], setting, score, int(row["weights_left"]), stored)
