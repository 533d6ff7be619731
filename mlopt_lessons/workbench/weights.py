"""Weights on disk, as safetensors: no code runs when a file is read."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from mlopt_lessons.workbench.models import build, fold_batch_norm

WEIGHTS = Path(__file__).parent / "weights"


class WeightsError(ValueError):
    """A weights file that is damaged, missing or not for this model."""


def save_weights(model: nn.Module, path: Path | str, *, half: bool = False) -> Path:
    """Writes the model's weights; with `half` as float16, half the bytes (read back as float32)."""
    path = Path(path)
    kept = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    if half:
        kept = {name: v.half() if v.is_floating_point() else v for name, v in kept.items()}
    path.write_bytes(save(kept))
    return path


def load_weights(model: nn.Module, path: Path | str) -> nn.Module:
    """Reads a file of `save_weights` into `model`, as float32, and returns it in evaluation mode.

    Raises WeightsError when the file is missing, damaged, of another model, or holds NaN or Inf;
    the model then keeps the weights it had.
    """
    found = _read(Path(path))
    expected = model.state_dict()
    if found.keys() != expected.keys():
        odd = sorted(found.keys() ^ expected.keys())[:3]
        raise WeightsError(
            f"{path} is not for {type(model).__name__}: {', '.join(odd)} stand only on one side; "
            "load it into the model it was saved from."
        )
    for name, value in found.items():
        _check(name, value, expected[name], path)
    model.load_state_dict({name: v.to(expected[name].dtype) for name, v in found.items()})
    return model.eval()


def load_model(name: str) -> nn.Module:
    """The model `name` with its shipped weights, in evaluation mode.

    Raises ValueError for an unknown name, WeightsError when the shipped file is damaged.
    """
    return load_weights(fold_batch_norm(build(name).eval()), WEIGHTS / f"{name}.safetensors")


def load_card() -> dict[str, Any]:
    """What the shipped weights reach: by model, correct answers, seed, versions and date."""
    path = WEIGHTS / "card.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise WeightsError(
            f"There is no weights file at {path}; train it or install the course again."
        )
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} is damaged or not a safetensors file ({error}); install the course again."
        ) from error


def _check(name: str, value: Tensor, expected: Tensor, path: Path | str) -> None:
    if value.shape != expected.shape:
        raise WeightsError(
            f"{name} in {path} has shape {tuple(value.shape)}, the model needs {tuple(expected.shape)}."
        )
    if value.is_floating_point() and not torch.isfinite(value).all():
        raise WeightsError(f"{name} in {path} holds NaN or Inf; save the model again.")
