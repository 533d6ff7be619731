"""Recorded profiles of the networks that the lesson knows: no torch, no wait."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from mlopt_lessons.gpu.memory import Line, Profile, check_name
from mlopt_lessons.gpu.spec import Spec

if TYPE_CHECKING:
    from torch import nn


@cache
def known_profiles() -> dict[str, Profile]:
    """Profiles by network name, at the usual length of those that read tokens.

    Counted by `profiling.record`: images of 224 × 224, 128 tokens for BERT, 1,024 for GPT-2, 2,048 for
    Llama. A test counts them again.
    """
    text = files("mlopt_lessons.gpu").joinpath("data/profiles.json").read_text(encoding="utf-8")
    found = [_as_row(row) for row in json.loads(text)]
    return {each.name: each for each in found}


def _as_row(row: dict[str, Any]) -> Profile:
    lines = {key: Line(**value) for key, value in row.items() if isinstance(value, dict)}
    return Profile(**{**row, **lines})


def as_profile(
    model: str | nn.Module | Spec | Profile,
    inputs: tuple[Any, ...] = (),
    seq_len: int | None = None,
) -> Profile:
    """The profile of a network by name, a module with its `inputs`, a Spec or a Profile.

    Only a module, and a name with another `seq_len` than the usual one, have to be counted. Raises
    ValueError for a name that is not known, with the nearest ones, and what `profiling.profile` raises.
    """
    if isinstance(model, Profile):
        return model
    if isinstance(model, Spec):
        return model.profile()
    if isinstance(model, str):
        check_name("network", model, known_profiles())
        if seq_len is None and not inputs:
            return known_profiles()[model]
    from mlopt_lessons.gpu.profiling import profile

    return profile(model, *inputs, seq_len=seq_len)
