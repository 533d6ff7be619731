"""What GPUs can do at most: dense rates, memory, bandwidth and power, with source and date."""

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from io import StringIO

import pandas as pd

# GPUs that gpu_prices() names and that this table leaves out: no public source was found for their
# rates that could be checked.
NOT_LISTED = (
    "A5000-24GB",
    "A6000-48GB",
    "H100-NVL-94GB",
    "K80-12GB",
    "P4-8GB",
    "Quadro-RTX-6000-24GB",
    "RTX5000-16GB",
)
RATES = (
    *("fp32_tflops", "tf32_tflops", "fp16_tflops", "bf16_tflops", "int8_tops", "fp8_tflops"),
    *("memory_gb", "bandwidth_gb_s", "tdp_w"),
)


@dataclass(frozen=True)
class Gpu:
    """Peak dense rates of a GPU in 10¹² operations a second, None where it has none or none was checked.

    Memory in GB (10⁹ bytes), bandwidth in GB/s, power in W. A peak is a ceiling: real work reaches a
    part of it.
    """

    name: str
    fp32_tflops: float
    tf32_tflops: float | None
    fp16_tflops: float
    bf16_tflops: float | None
    int8_tops: float | None
    fp8_tflops: float | None
    memory_gb: float
    bandwidth_gb_s: float
    tdp_w: float
    source: str
    date: str

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.fp32_tflops:g} TFLOPS fp32, {self.fp16_tflops:g} fp16, "
            f"{self.memory_gb:g} GB at {self.bandwidth_gb_s:g} GB/s, {self.tdp_w:g} W"
        )


@cache
def gpus() -> pd.DataFrame:
    """The hardware table, a row a GPU; empty where a GPU has no such rate or none could be checked.

    Columns: name, architecture, year, fp32_tflops, tf32_tflops, fp16_tflops, bf16_tflops, int8_tops,
    fp8_tflops, memory_gb, bandwidth_gb_s, tdp_w, source, date (of the check), note. All rates are
    dense: vendors' headlines are often for 2:4 sparsity, twice as high.
    """
    text = files("mlopt_lessons.workbench").joinpath("data/gpus.csv").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text))


def gpu(name: str) -> Gpu:
    """A row of `gpus()`. Raises ValueError, with the nearest names, for one that is not there."""
    table = gpus().set_index("name")
    if name not in table.index:
        raise ValueError(f"There is no GPU {name!r} in the table; {_nearest(name)}.")
    row = table.loc[name].to_dict()
    rates = [None if pd.isna(row[column]) else float(row[column]) for column in RATES]
    return _as_gpu(name, rates, str(row["source"]), str(row["date"]))


def _as_gpu(name: str, rates: list[float | None], source: str, date: str) -> Gpu:
    fp32, tf32, fp16, bf16, int8, fp8, memory, bandwidth, tdp = rates
    # The table's tests hold that these five are never empty.
    needed = [value for value in (fp32, fp16, memory, bandwidth, tdp) if value is not None]
    fp32, fp16, memory, bandwidth, tdp = needed
    return Gpu(name, fp32, tf32, fp16, bf16, int8, fp8, memory, bandwidth, tdp, source, date)


def variants(price_name: str) -> list[str]:
    """Names in `gpus()` that a name of `gpu_prices()` may mean: "A100-80GB" is SXM4 or PCIe.

    Empty for those of NOT_LISTED.
    """
    wanted = set(price_name.split("-"))
    return [name for name in gpus()["name"] if wanted <= set(name.split("-"))]


def _nearest(name: str) -> str:
    if name in NOT_LISTED:
        return "its rates could not be checked in a public source, so it was left out"
    names = {listed.casefold(): listed for listed in gpus()["name"]}
    close = [names[key] for key in get_close_matches(name.casefold(), names, n=3, cutoff=0.3)]
    found = variants(name.upper()) or close or list(names.values())
    return f"choose one of {', '.join(found)}"
