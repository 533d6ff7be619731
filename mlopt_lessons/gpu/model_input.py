"""What `mlopt gpu pick` is given, made into a profile and a number of operators."""

import re
import tomllib
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path

import torch

from mlopt_lessons.gpu.known import as_profile
from mlopt_lessons.gpu.memory import Profile
from mlopt_lessons.gpu.networks import network
from mlopt_lessons.gpu.operators import count_operators
from mlopt_lessons.gpu.profiling import profile
from mlopt_lessons.gpu.spec import Spec, load_spec
from mlopt_lessons.workbench.comparison.inputs import find_model

_HOURS = {"d": 24.0, "h": 1.0, "min": 1 / 60, "m": 1 / 60, "s": 1 / 3600}
_PART = r"(\d+(?:\.\d+)?)\s*(d|h|min|m|s)"


@dataclass(frozen=True)
class Found:
    """A network's profile, and the operators of a forward pass; 0 where they are not known."""

    profile: Profile
    operators: int


def hours(text: str) -> float:
    """Hours of a duration written as 3h, 90min, 2d, 45s or 1h30min.

    Raises ValueError for another text and for 0.
    """
    plain = text.strip().lower()
    if not re.fullmatch(rf"(?:{_PART}\s*)+", plain):
        raise ValueError(f"A duration is written as 3h, 90min, 2d or 1h30min, got {text!r}.")
    total = sum(float(number) * _HOURS[unit] for number, unit in re.findall(_PART, plain))
    if not total > 0 or not isfinite(total):
        raise ValueError(f"A deadline must be above 0, got {text!r}.")
    return total


def find_profile(text: str, shape: str | None = None, tokens: int | None = None) -> Found:
    """The profile that `text` names: a network, package.module:function, or a spec file.

    `shape` ("3,224,224") or `tokens` describes one sample of a module; a network of text takes
    `tokens` too. Raises ValueError or TypeError with a sentence, OSError for a file.
    """
    if Path(text).suffix.lower() in (".json", ".toml"):
        return Found(_read_spec(Path(text)).profile(), 0)
    if ":" in text:
        return _own_module(text, shape, tokens)
    if shape is not None:
        raise ValueError(f"--input is for your own module; {text} brings its shape.")
    try:
        known = network(text)
    except ValueError as error:
        raise ValueError(f"{error} Or give package.module:function, or a .json file.") from None
    inputs = known.inputs(1, tokens)
    return Found(as_profile(text, seq_len=tokens), count_operators(known.on_meta(), *inputs))


def _read_spec(path: Path) -> Spec:
    if path.suffix.lower() == ".json":
        return load_spec(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not TOML: {error}. Save the spec again.") from error
    known = [field.name for field in fields(Spec)]
    if unknown := sorted(content.keys() - set(known)):
        raise ValueError(f"{path.name} has keys that are not known: {', '.join(unknown)}.")
    content.setdefault("name", path.stem)
    needed = ("parameters", "flops", "activation_bytes")
    if missing := [name for name in needed if name not in content]:
        raise ValueError(f"{path.name} lacks {', '.join(missing)}.")
    return Spec(**content)


def _own_module(text: str, shape: str | None, tokens: int | None) -> Found:
    if (shape is None) == (tokens is None):
        raise ValueError(
            f"{text} needs the shape of one sample: --input 3,224,224, or --tokens 128 for token ids."
        )
    given = _sample(shape, tokens)
    model = find_model(text)
    if not isinstance(model, torch.nn.Module):
        raise ValueError(f"{text} is no package.module:function that returns an nn.Module.")
    return Found(profile(model, given), count_operators(model, given))


def _sample(shape: str | None, tokens: int | None) -> torch.Tensor:
    """A meta tensor of two samples: batch normalisation cannot train on one."""
    if tokens is not None:
        if tokens < 1:
            raise ValueError(f"--tokens must be 1 or more, got {tokens}.")
        return torch.zeros(2, tokens, dtype=torch.int64, device="meta")
    try:
        sizes = [int(size) for size in str(shape).split(",")]
    except ValueError:
        sizes = [0]
    if min(sizes) < 1:
        raise ValueError(f"--input is whole numbers of 1 or more, as 3,224,224, got {shape!r}.")
    return torch.empty(2, *sizes, device="meta")
