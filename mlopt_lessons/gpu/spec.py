"""A job in a few numbers, for models that torch cannot run here."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any

from mlopt_lessons.gpu.memory import FP32_BYTES, Line, Profile

OPTIONAL = ("training_flops", "live_bytes", "cache_numbers", "trained")


@dataclass(frozen=True)
class Spec:
    """A network in a few numbers; FLOPs and bytes are for one sample, bytes for fp32.

    `flops` are forward only, 1 MAC = 2 FLOPs; `activation_bytes` is what training keeps for backward.
    Left out, `training_flops` is 3 × `flops` (backward is two products for each of forward),
    `live_bytes` (activations at once in inference) is `activation_bytes`, an upper bound, and all
    parameters are `trained`. `cache_numbers` is 2 · layers · kv heads · head size · seq_len for a
    language model. Raises ValueError for a number that is not above 0, TypeError for what is no number.
    """

    name: str
    parameters: float
    flops: float
    activation_bytes: float
    training_flops: float | None = None
    live_bytes: float | None = None
    cache_numbers: float = 0
    trained: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise TypeError(f"A spec's name is a text, got {self.name!r}.")
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if value is None and field.default is None:
                continue
            _check_number(self.name, field.name, value, field.name in ("cache_numbers", "trained"))

    def profile(self) -> Profile:
        """The profile: activations are written once and read once, weights as in `Profile`."""
        weights, parameters = FP32_BYTES * self.parameters, round(self.parameters)
        trained = parameters if self.trained is None else round(self.trained)
        live = self.activation_bytes if self.live_bytes is None else self.live_bytes
        moved = 2 * self.activation_bytes
        # Backward reads the weights again and writes the gradients; activations count three times
        # as FLOPs do, for two of its products move what one of forward does.
        gradients = FP32_BYTES * trained
        return Profile(
            name=self.name,
            parameters=parameters,
            trained=trained,
            flops=self.flops,
            training_flops=3 * self.flops if self.training_flops is None else self.training_flops,
            saved=Line(0, self.activation_bytes),
            saved_other=Line(0, 0),
            live=Line(0, live),
            traffic=Line(weights, moved),
            training_traffic=Line(2 * weights + gradients, 3 * moved),
            cache_numbers=round(self.cache_numbers),
        )


def _check_number(name: str, field: str, value: Any, zero: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{field} of {name} must be a number, got {value!r}.")
    if not isfinite(value) or value < 0 or (value == 0 and not zero):
        raise ValueError(
            f"{field} of {name} must be {'0 or more' if zero else 'above 0'}: {value}."
        )


def load_spec(path: str | Path) -> Spec:
    """Reads a spec from JSON: {"name": "…", "parameters": 7e9, "flops": 1.4e13, "activation_bytes": 2e10}.

    Raises ValueError or TypeError with a sentence for anything else, OSError where it cannot be opened.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not JSON: {error}. Save the spec again.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} must hold one object with the numbers of a spec.")
    content.setdefault("name", path.stem)
    names = [field.name for field in fields(Spec)]
    if missing := [name for name in names if name not in content and name not in OPTIONAL]:
        raise ValueError(f"{path.name} lacks {', '.join(missing)}.")
    if unknown := sorted(content.keys() - set(names)):
        raise ValueError(f"{path.name} has keys that are not known: {', '.join(unknown)}.")
    return Spec(**content)
