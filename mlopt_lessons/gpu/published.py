"""Published measurements: readers of the public files, and the few figures of them that the course ships.

The files themselves are not part of the course. Get timm's from huggingface/pytorch-image-models
(folder results) and NVIDIA's from NVIDIA/DeepLearningExamples (READMEs of the convnets).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mlopt_lessons.gpu.roofline import EAGER
from mlopt_lessons.gpu.work import BYTES
from mlopt_lessons.workbench.hardware import Gpu, gpu

TIMM_SOURCE = "huggingface/pytorch-image-models at aa4b585, results/ (Apache-2.0)"
NVIDIA_SOURCE = "NVIDIA/DeepLearningExamples at 729963d, PyTorch convnets: inference tables"
# A convolution's output is written once and read once by the next one, EAGER times as often unfused.
PASSES = 2 * EAGER

# Two GPUs that timm measured and that nobody rents by the hour in the price table.
RTX_3090 = Gpu(
    name="RTX 3090",
    fp32_tflops=35.6,
    tf32_tflops=None,
    fp16_tflops=71.0,
    bf16_tflops=71.0,
    int8_tops=None,
    fp8_tflops=None,
    memory_gb=24.0,
    bandwidth_gb_s=936.0,
    tdp_w=350.0,
    source="holynerdvana.blogspot.com/2022/10/nvidia-geforce-rtx-3090-specifications.html; FP16 is half of "
    "its dense 142, which is with FP16 accumulation",
    date="2026-11-25",
)
RTX_PRO_6000_MAX_Q = Gpu(
    name="RTX PRO 6000 Max-Q",
    fp32_tflops=110.1,
    tf32_tflops=220.2,
    fp16_tflops=440.4,
    bf16_tflops=440.4,
    int8_tops=880.8,
    fp8_tflops=880.8,
    memory_gb=96.0,
    bandwidth_gb_s=1792.0,
    tdp_w=300.0,
    source="technical.city (FP32); the rest by the ratios of the 600 W card at hmc-tech.com: FP16 is four "
    "times FP32",
    date="2026-11-25",
)


def timm_gpus() -> dict[str, Gpu]:
    """The GPU of each of timm's five runs, by the prefix of its columns: four GPUs, one of them twice."""
    return {
        "RTX3090": RTX_3090,
        "RTX4090": gpu("RTX 4090"),
        "RTX4090_pt29": gpu("RTX 4090"),
        "RTX5090_pt29": gpu("RTX 5090"),
        "PRO6000MQ_pt29": RTX_PRO_6000_MAX_Q,
    }


def timm_runs(path: str | Path, passes: float = PASSES) -> pd.DataFrame:
    """timm's inference throughput in AMP, a row a network and run.

    Columns: model, size (pixels), run, batch, flops, traffic_bytes (both of a step), seconds (a step).
    FLOPs are 2 × the published GMACs; traffic is the weights once and `passes` over the published
    activations, in FP16. Raises ValueError for a file that lacks a column, OSError as open does.
    """
    table = pd.read_csv(path)
    _need(path, table, ["model", "infer_img_size", "infer_gmacs", "infer_macts", "param_count"])
    return pd.concat(
        [_timm_run(path, table, run, passes) for run in timm_gpus()], ignore_index=True
    )


def _timm_run(path: str | Path, table: pd.DataFrame, run: str, passes: float) -> pd.DataFrame:
    _need(path, table, [f"{run}_img_s", f"{run}_bs"])
    batch = table[f"{run}_bs"]
    activations = batch * table["infer_macts"] * 1e6
    return pd.DataFrame(
        {
            "model": table["model"],
            "size": table["infer_img_size"],
            "run": run,
            "batch": batch,
            "flops": batch * table["infer_gmacs"] * 2e9,
            "traffic_bytes": BYTES["fp16"] * (table["param_count"] * 1e6 + passes * activations),
            "seconds": batch / table[f"{run}_img_s"],
        }
    )


@dataclass(frozen=True)
class Published:
    """A network's published size: MACs, activations and parameters in millions, and operators forward.

    The operators are counted from its definition: convolutions, normalisations, activation functions,
    additions, pools and the classifier.
    """

    macs: float
    activations: float
    parameters: float
    operators: int


# The networks of NVIDIA's tables at 224 × 224, sizes from timm's results (TIMM_SOURCE).
NVIDIA_NETWORKS = {
    "resnet50v1.5": Published(4110, 11.11, 25.56, 174),
    "resnext101-32x4d": Published(8010, 21.23, 44.18, 344),
    "se-resnext101-32x4d": Published(8020, 21.26, 48.96, 542),
}


def nvidia_runs(path: str | Path, passes: float = PASSES) -> pd.DataFrame:
    """NVIDIA's inference tables for T4 and V100, a row a network, GPU, precision and batch.

    Columns: model, size, run (T4 or V100), precision (fp32 or fp16), batch, flops, traffic_bytes, operators,
    seconds (a step). Raises ValueError for a file that lacks a column or names another network,
    OSError as open does.
    """
    table = pd.read_csv(path)
    _need(path, table, ["model", "gpu", "prec", "bs", "ips"])
    if unknown := sorted(set(table["model"]) - set(NVIDIA_NETWORKS)):
        raise ValueError(f"{Path(path).name} has networks not known here: {', '.join(unknown)}.")
    networks = [NVIDIA_NETWORKS[name] for name in table["model"]]
    precision = np.where(table["prec"].str.startswith("Mixed"), "fp16", "fp32")
    batch = table["bs"].to_numpy(np.float64)
    values = np.array([each.parameters for each in networks])
    values = values + passes * batch * np.array([each.activations for each in networks])
    return pd.DataFrame(
        {
            "model": table["model"],
            "size": 224,
            "run": table["gpu"],
            "precision": precision,
            "batch": table["bs"],
            "flops": batch * np.array([each.macs for each in networks]) * 2e6,
            "traffic_bytes": values * 1e6 * np.where(precision == "fp16", 2, 4),
            "operators": [each.operators for each in networks],
            "seconds": batch / table["ips"],
        }
    )


def nvidia_gpus() -> dict[str, Gpu]:
    """The GPUs of NVIDIA's tables: a T4, and the V100 of 16 GB in a DGX-1."""
    return {"T4": gpu("T4"), "V100": gpu("V100-SXM2-16GB")}


def _need(path: str | Path, table: pd.DataFrame, columns: list[str]) -> None:
    if missing := [column for column in columns if column not in table]:
        raise ValueError(f"{Path(path).name} lacks the column(s) {', '.join(missing)}.")


def t4_slowdowns(runs: pd.DataFrame) -> pd.DataFrame:
    """How many times as long a step takes on a T4 as on a V100: columns model, precision, batch, slowdown."""
    index = ["model", "precision", "batch"]
    wide = runs.pivot(index=index, columns="run", values="seconds")
    return (wide["T4"] / wide["V100"]).rename("slowdown").reset_index()


@dataclass(frozen=True)
class PublishedSlowdown:
    """T4 against V100 at one batch: the least and the most over three networks."""

    precision: str
    batch: int
    least: float
    most: float
    source: str = NVIDIA_SOURCE


# Made by `t4_slowdowns` of NVIDIA's tables: ResNet-50, ResNeXt-101 and SE-ResNeXt-101, inference.
T4_AGAINST_V100 = (
    PublishedSlowdown("fp32", 1, 0.98, 1.00),
    PublishedSlowdown("fp32", 8, 1.61, 2.05),
    PublishedSlowdown("fp32", 32, 2.45, 2.68),
    PublishedSlowdown("fp32", 128, 2.89, 3.06),
    PublishedSlowdown("fp32", 256, 3.04, 3.31),
    PublishedSlowdown("fp16", 1, 0.94, 0.99),
    PublishedSlowdown("fp16", 8, 0.88, 0.91),
    PublishedSlowdown("fp16", 32, 1.70, 2.07),
    PublishedSlowdown("fp16", 128, 2.73, 2.92),
    PublishedSlowdown("fp16", 256, 2.82, 2.99),
)
