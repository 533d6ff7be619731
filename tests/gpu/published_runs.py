"""Published measurements of GPUs, absent on a learner's machine, and demands made by hand."""

from pathlib import Path

import pytest

from mlopt_lessons.gpu.work import Demand

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "gpu"


def recorded(name: str) -> Path:
    file = FOLDER / name
    if not file.exists():
        pytest.skip("The published measurements are not beside this checkout.")
    return file


def timm_file() -> Path:
    return recorded("timm_infer_amp_5gpus.csv")


def nvidia_file() -> Path:
    return recorded("nvidia_dle_convnets_T4_V100.csv")


def demand(
    flops=1e12, traffic=1e9, memory=1e9, precision="fp16", training=False, **parts
) -> Demand:
    """A demand of one step; its activations cross the bus, its weights as `parts` say."""
    return Demand("by hand", 8, flops, traffic, memory, parts, precision, training)
