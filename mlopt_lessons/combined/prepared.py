"""The float model that a plan's steps leave, before it is written to a file.

Steps work on float weights. A step after "int8" reads the rounded weights back as floats and changes
them, and the file rounds them once more. `Prepared.remarks` says what that costs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from torch import nn

from mlopt_lessons.combined.steps import Plan, Precision, Step
from mlopt_lessons.pruning.apply import fine_tune, magnitude_masks, masked, weights_of
from mlopt_lessons.pruning.structured import remove_outputs
from mlopt_lessons.pruning.sweep import outputs_for
from mlopt_lessons.pruning.wiring import wiring
from mlopt_lessons.quantization.simulate import fake_quantized
from mlopt_lessons.workbench import Dataset, weighted_layers
from mlopt_lessons.workbench.training import RECIPES

READ_BACK = "the int8 weights were read back as floats, and the file rounds them a second time"
FLOAT_AGAIN = "the first rounding to int8 was for nothing: training moved every weight off its grid"


@dataclass(frozen=True, eq=False)
class Prepared:
    """The model after the steps, the precision that its file gets, and what was lost on the way."""

    plan: Plan
    model: nn.Module
    precision: Precision = "fp32"
    zeroed: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def weights_left(self) -> int:
        """Weights of Linear and Conv layers that are not 0."""
        return sum(int((weight != 0).sum()) for weight in weights_of(self.model).values())


def prepare_all(
    plans: Sequence[Plan], model: nn.Module, name: str, data: Dataset | None, seed: int
) -> list[Prepared]:
    """The float model of each plan, from `model`; what plans that begin alike share is done once.

    `name` is the model's name in RECIPES, whose learning rate is halved to fine-tune. Raises ValueError
    where a plan trains without data, and as the steps do.
    """
    if data is None and any(plan.training for plan in plans):
        raise ValueError("Fine-tuning needs the training images: give the data.")
    done: dict[tuple[str, ...], Prepared] = {(): Prepared(Plan(), model)}

    def upto(steps: tuple[str, ...]) -> Prepared:
        if steps not in done:
            step = Plan(steps).parsed[-1]
            after = _APPLY[step.kind](_read_back(upto(steps[:-1])), step, name, data, seed)
            done[steps] = replace(after, plan=Plan(steps))
        return done[steps]

    return [upto(plan.steps) for plan in plans]


def _read_back(before: Prepared) -> Prepared:
    """Float weights to work on: those of an int8 model lie on the grid, symmetric per channel."""
    if before.precision == "fp32" or READ_BACK in before.remarks:
        return before
    floats = fake_quantized(before.model, 8, "symmetric", "channel")
    return replace(before, model=floats, remarks=(*before.remarks, READ_BACK))


def _prune(before: Prepared, step: Step, *_: object) -> Prepared:
    part = outputs_for(before.model, step.amount)
    amounts: float | dict[str, float] = part
    if step.multiple > 1:
        layers = weighted_layers(before.model)
        amounts = {
            name: _rounded(len(layers[name].weight), part, step.multiple)
            for name in wiring(before.model).links
        }
    return replace(before, model=remove_outputs(before.model, amounts).model)


def _rounded(outputs: int, part: float, multiple: int) -> float:
    """The part of a layer's outputs to cut so that the nearest `multiple` of them, at least one, stays."""
    kept = multiple * max(1, round(outputs * (1 - part) / multiple))
    return 1 - min(outputs, kept) / outputs


def _zero(before: Prepared, step: Step, *_: object) -> Prepared:
    masks = magnitude_masks(before.model, step.amount)
    return replace(before, model=masked(before.model, masks), zeroed=True)


def _tune(before: Prepared, step: Step, name: str, data: Dataset, seed: int) -> Prepared:
    weights = weights_of(before.model).items() if before.zeroed else ()
    masks = {layer: weight != 0 for layer, weight in weights}
    rate = RECIPES[name].learning_rate / 2
    tuned = fine_tune(before.model, masks, data, epochs=step.epochs, seed=seed, learning_rate=rate)
    lost = (FLOAT_AGAIN,) if before.precision == "int8" else ()
    return replace(before, model=tuned, remarks=(*before.remarks, *lost))


def _round(before: Prepared, step: Step, *_: object) -> Prepared:
    # ONNX Runtime rounds when the file is written; only a later step reads rounded weights back.
    return replace(before, precision=Plan((step.kind,)).precision)


_APPLY: Mapping[str, Callable[..., Prepared]] = {
    "prune": _prune,
    "zero": _zero,
    "fine-tune": _tune,
    "int8": _round,
    "4-bit": _round,
}
