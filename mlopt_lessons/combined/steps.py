"""A way to make a model smaller, as data: named steps in their order."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["prune", "zero", "fine-tune", "int8", "4-bit"]
Precision = Literal["fp32", "int8", "4-bit"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
_PRUNE = re.compile(r"prune (\d+(?:\.\d+)?) ?%(?: by (\d+))?")
_ZERO = re.compile(r"zero (\d+(?:\.\d+)?) ?%")
_TUNING = re.compile(r"fine-tune(?: (\d+))?")
_HOW = "Write 'prune 50 %', 'prune 50 % by 16', 'zero 50 %', 'fine-tune', 'fine-tune 3', 'int8' or '4-bit'."


@dataclass(frozen=True)
class Step:
    """One step: its kind, the part of the weights that goes (0 to 1), the epochs of training.

    Outputs that stay are rounded to a whole `multiple`, as kernels work on several at a time.
    """

    kind: Kind
    amount: float = 0.0
    epochs: int = 0
    multiple: int = 1


_ROUNDING = {"int8": Step("int8"), "4-bit": Step("4-bit")}


@dataclass(frozen=True)
class Plan:
    """Steps in their order, as text.

    - "prune 50 %": whole outputs go, least important first, until half of the weights are gone;
    - "prune 50 % by 16": each layer keeps a multiple of 16 outputs, the nearest;
    - "zero 50 %": the half of the weights that is nearest to zero becomes zero, and stays in place;
    - "fine-tune", "fine-tune 3": one epoch of training, or three; what was cut stays cut;
    - "int8", "4-bit": the weights are rounded, and the file holds integers.

    Without steps it is the model as trained. Raises ValueError for a step that is not one of these, and
    for a step after "4-bit": what was rounded so coarsely is not worked on further.
    """

    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.steps, str):
            raise TypeError(f"Steps are a tuple of texts: Plan(({self.steps!r},)).")
        kinds = [parse(step).kind for step in self.steps]
        if "4-bit" in kinds[:-1]:
            raise ValueError("'4-bit' comes last; do what changes the weights before it.")

    @property
    def parsed(self) -> tuple[Step, ...]:
        """The steps as kind, amount and epochs."""
        return tuple(map(parse, self.steps))

    @property
    def name(self) -> str:
        """The steps with arrows between them."""
        return " → ".join(self.steps) or "as trained"

    @property
    def precision(self) -> Precision:
        """What the file's weights are: what the last rounding makes them, fp32 without one."""
        rounded = [step.kind for step in self.parsed if step.kind in PRECISIONS]
        return rounded[-1] if rounded else "fp32"

    @property
    def training(self) -> bool:
        """Whether a step trains, and needs the training images."""
        return any(step.epochs for step in self.parsed)


def parse(text: str) -> Step:
    """A step from its text. Raises ValueError with what can be written instead."""
    if text in _ROUNDING:
        return _ROUNDING[text]
    tuning, prune, zero = (each.fullmatch(text) for each in (_TUNING, _PRUNE, _ZERO))
    if tuning and int(tuning[1] or 1):
        return Step("fine-tune", epochs=int(tuning[1] or 1))
    if prune and int(prune[2] or 1):
        return Step("prune", _amount(text, prune[1]), multiple=int(prune[2] or 1))
    if zero:
        return Step("zero", _amount(text, zero[1]))
    raise ValueError(f"There is no step {text!r}. {_HOW}")


def _amount(text: str, percent: str) -> float:
    amount = float(percent) / 100
    if amount >= 1:
        raise ValueError(f"{text!r} leaves nothing of the model; cut less than 100 %.")
    return amount
