"""The hardware table against published ratios, the price table, and the figures it was written from."""

import re
from pathlib import Path

import pandas as pd
import pytest

from mlopt_lessons.workbench import NOT_LISTED, gpu, gpu_prices, gpus, variants
from mlopt_lessons.workbench.hardware import RATES

COLLECTED = Path(__file__).parents[3] / "shared/data/gpu/gpus.csv"
NAMES = gpus()["name"].tolist()
NEVER_EMPTY = ["fp32_tflops", "fp16_tflops", "memory_gb", "bandwidth_gb_s", "tdp_w"]


@pytest.mark.parametrize("name", NAMES)
def test_each_row_has_its_key_figures_source_and_date(name):
    row = gpus().set_index("name").loc[name]
    assert row[NEVER_EMPTY].notna().all()
    assert row["source"]
    assert "from memory" not in row["source"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", row["date"])
    assert (row[list(RATES)].dropna().astype(float) > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_shorter_numbers_are_never_slower(name):
    found = gpu(name)
    assert found.fp16_tflops >= found.fp32_tflops
    if found.tf32_tflops is not None:
        assert found.fp32_tflops <= found.tf32_tflops <= found.fp16_tflops
    if found.bf16_tflops is not None:
        assert found.bf16_tflops == found.fp16_tflops
    for rate in (found.int8_tops, found.fp8_tflops):
        assert rate is None or rate >= 1.99 * found.fp16_tflops


def test_names_are_unique():
    assert len(set(NAMES)) == len(NAMES) == 20


def test_rates_are_dense():
    """NVIDIA's A100 paper: 312 TFLOPS fp16 dense, 16 times fp32's 19.5; 624 is with 2:4 sparsity."""
    a100 = gpu("A100-SXM4-40GB")
    assert a100.fp16_tflops / a100.fp32_tflops == pytest.approx(312 / 19.5)
    assert a100.int8_tops == 2 * a100.fp16_tflops
    assert gpu("H100-SXM5-80GB").fp16_tflops == pytest.approx(1979 / 2, rel=0.001)


def test_dense_rates_follow_from_cores_and_clock():
    """A100: 108 SMs × 4 tensor cores × 256 FMA × 2 × 1.41 GHz; T4: 40 SMs × 64 × 2 × 1.59 GHz."""
    a100, t4 = 108 * 4 * 256 * 2 * 1.41e9 / 1e12, 40 * 64 * 2 * 1.59e9 / 1e12
    assert gpu("A100-SXM4-80GB").fp16_tflops == pytest.approx(a100, rel=0.01)
    assert gpu("T4").fp32_tflops == pytest.approx(t4, rel=0.01)


def priced() -> list[str]:
    names = gpu_prices()["gpu"].dropna().unique()
    return sorted({re.sub(r" \d/\d$", "", name) for name in names})  # a share of a GPU is that GPU


@pytest.mark.parametrize("name", priced())
def test_every_gpu_with_a_price_is_listed_or_named_as_left_out(name):
    assert bool(variants(name)) != (name in NOT_LISTED)


def test_every_name_that_is_left_out_has_a_price():
    assert set(NOT_LISTED) <= set(priced())


def test_a_priced_name_may_mean_two_cards():
    assert variants("A100-80GB") == ["A100-SXM4-80GB", "A100-PCIe-80GB"]
    assert variants("T4") == ["T4"]
    assert variants("A10") == ["A10"]  # and not A10G


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("A100", "choose one of A100-SXM4-40GB, A100-SXM4-80GB, A100-PCIe-80GB"),
        ("rtx4090", "choose one of RTX 4090"),
        ("h100-80gb", "choose one of H100-SXM5-80GB, H100-PCIe-80GB"),
        ("K80-12GB", "could not be checked in a public source"),
        ("zzz", "choose one of T4, P100-PCIe-16GB"),
    ],
)
def test_an_unknown_name_is_answered_with_a_suggestion(name, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        gpu(name)


def test_a_gpu_reads_as_a_sentence():
    assert str(gpu("T4")) == "T4: 8.1 TFLOPS fp32, 65 fp16, 16 GB at 320 GB/s, 70 W"


def test_the_figures_are_those_that_were_collected():
    if not COLLECTED.exists():
        pytest.skip("The collected figures are not on this machine.")
    collected = pd.read_csv(COLLECTED).set_index("gpu")
    there = ["fp32", "tf32", "fp16", "bf16", "int8_tops", "fp8", "mem_gb", "bw_gb_s", "tdp_w"]
    shipped = gpus().set_index("name")
    assert set(collected.index) - set(shipped.index) == {"RTX 3090"}  # its tensor rates: unchecked
    for ours, theirs in zip(RATES, there, strict=True):
        known = shipped[ours].dropna()
        assert known.to_dict() == collected.loc[known.index, theirs].to_dict()
