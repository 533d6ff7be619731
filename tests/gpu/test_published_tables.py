"""Readers of published tables, and the summary figures made from them."""

import pandas as pd
import pytest
from published_runs import nvidia_file, timm_file

from mlopt_lessons.gpu.published import (
    NVIDIA_NETWORKS,
    T4_AGAINST_V100,
    nvidia_runs,
    t4_slowdowns,
    timm_gpus,
    timm_runs,
)


def test_a_row_of_timm_by_hand():
    """ResNet-50 at 224 on an RTX 3090: 3219.06 images/s at batch 1024, 4.11 GMACs, 11.11 M activations."""
    runs = timm_runs(timm_file())
    assert len(runs) == 5 * 1440
    of = (runs["model"] == "resnet50") & (runs["size"] == 224) & (runs["run"] == "RTX3090")
    row = runs[of].iloc[0]
    assert row["seconds"] == pytest.approx(1024 / 3219.06)
    assert row["flops"] == pytest.approx(2 * 4.11e9 * 1024)
    assert row["traffic_bytes"] == pytest.approx(2 * (25.56e6 + 6 * 11.11e6 * 1024))


def test_nvidias_networks_are_timms():
    """Sizes of the three networks, as timm's table has them."""
    table = pd.read_csv(timm_file()).query("infer_img_size == 224").set_index("model")
    names = {
        "resnet50v1.5": "resnet50",
        "resnext101-32x4d": "resnext101_32x4d",
        "se-resnext101-32x4d": "seresnext101_32x4d",
    }
    assert set(names) == set(NVIDIA_NETWORKS)
    for ours, theirs in names.items():
        found, row = NVIDIA_NETWORKS[ours], table.loc[theirs]
        assert found.macs == pytest.approx(row["infer_gmacs"] * 1000)
        assert found.activations == row["infer_macts"]
        assert found.parameters == row["param_count"]


def test_a_row_of_nvidia_by_hand():
    runs = nvidia_runs(nvidia_file()).set_index(["model", "run", "precision", "batch"])
    assert len(runs) == 108
    row = runs.loc[("resnet50v1.5", "T4", "fp16", 256)]
    assert row["seconds"] == pytest.approx(256 / 1198)


def test_the_shipped_slowdowns_are_nvidias():
    found = t4_slowdowns(nvidia_runs(nvidia_file()))
    for shipped in T4_AGAINST_V100:
        rows = found[(found["precision"] == shipped.precision) & (found["batch"] == shipped.batch)]
        assert len(rows) == 3
        assert shipped.least == pytest.approx(rows["slowdown"].min(), abs=0.006)
        assert shipped.most == pytest.approx(rows["slowdown"].max(), abs=0.006)


def test_about_equal_at_batch_1_and_up_to_three_times_as_slow_at_large_batches():
    first = [each for each in T4_AGAINST_V100 if each.batch == 1]
    large = [each for each in T4_AGAINST_V100 if each.batch >= 128]
    assert all(0.9 <= each.least <= each.most <= 1.0 for each in first)
    assert (min(each.least for each in large), max(each.most for each in large)) == (2.73, 3.31)


def test_the_gpus_outside_the_table_are_dense_rates():
    """The RTX PRO 6000 runs FP16 at four times its FP32 rate, the RTX 3090 at twice its FP32 rate."""
    for name, times in (("PRO6000MQ_pt29", 4), ("RTX3090", 2)):
        found = timm_gpus()[name]
        assert found.fp16_tflops == pytest.approx(times * found.fp32_tflops, rel=0.01)
        assert found.source


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("model,gpu\na,T4\n")
    with pytest.raises(ValueError, match=r"other.csv lacks the column\(s\) infer_img_size"):
        timm_runs(path)
    with pytest.raises(ValueError, match=r"other.csv lacks the column\(s\) prec, bs, ips"):
        nvidia_runs(path)
    path.write_text("model,gpu,prec,bs,ips\nalexnet,T4,FP32,1,2\n")
    with pytest.raises(ValueError, match="networks not known here: alexnet"):
        nvidia_runs(path)
