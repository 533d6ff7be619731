"""`mlopt prune` from a shell: files, report, and one sentence with a status for each mistake."""

import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from mlopt_lessons.pruning.command import prune

RNG = np.random.default_rng(0)
MODULE = """
import torch
from torch import nn

torch.manual_seed(0)
network = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = (nn.Linear(64, 64) for _ in range(3))

    def forward(self, x):
        return self.last(x + self.second(torch.relu(self.first(x))))
"""
FAST = ("--repeats", 30, "--price", "0.36")


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A folder with a module, data and labels; the current folder of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    (tmp_path / "mine.py").write_text(MODULE)
    np.save("data.npy", RNG.standard_normal((80, 64)).astype(np.float32))
    np.save("labels.npy", RNG.integers(0, 10, 80))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(prune, [str(argument) for argument in arguments])


def test_structured_with_labels_fine_tunes_on_one_half_and_measures_on_the_other(work):
    result = run(
        "mine:network", "--amount", 0.7, "--structured", "--data", "data.npy",
        "--labels", "labels.npy", *FAST, "--out", "made", "--batch", 1, "--batch", 4,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    written = {path.name for path in (work / "made").iterdir()}
    assert {"report.md", "report.csv", "pruned_tuned.onnx", "pruned.safetensors"} <= written
    table = pd.read_csv(work / "made" / "report.csv")
    assert set(table["predictions"]) == {40}
    assert sorted(set(table["batch"])) == [1, 4]
    assert "Fine-tuned on 40 rows for 1 epoch." in result.output
    assert "68.8% are gone" in result.output  # 22 of 32 neurons (22.4 rounded), in both layers
    assert "2 kept all its outputs" in result.output


def test_single_weights_without_labels(work):
    result = run("mine:network", "--data", "data.npy", *FAST)
    assert result.exit_code == 0, result.output
    assert "CSR, PyTorch" in result.output
    assert "Fine-tuned" not in result.output
    assert (work / "pruned" / "pruned_csr.safetensors").is_file()


def test_what_cannot_be_pruned_is_named(work):
    result = run("mine:Residual", "--structured", "--data", "data.npy", *FAST)
    assert result.exit_code == 0, result.output
    assert "second kept all its outputs: its outputs go through add." in result.output


FAULTS = {
    "onnx": (("model.onnx", "--data", "data.npy"), 1, "without the model's code"),
    "unknown": (("resnet", "--data", "data.npy"), 2, "is no .onnx file"),
    "no data": (("mine:network",), 2, "There is no data"),
    "labels alone": (("mlp", "--labels", "labels.npy"), 2, "Labels need their data"),
    "amount": (("mlp", "--amount", "1"), 2, "amount"),
    "text": (("mlp", "--amount", "half"), 2, "amount"),
    "epochs": (("mine:network", "--data", "data.npy", "--epochs", "2"), 2, "needs right answers"),
    "rate": (("mlp", "--learning-rate", "0"), 2, "above 0"),
    "short": (
        ("mine:network", "--data", "data.npy", "--labels", "short.npy"), 1, "3 labels for 80"),
    "classes": (
        ("mine:network", "--data", "data.npy", "--labels", "high.npy"), 1, "classes 0 to 9"),
    "one row": (
        ("mine:network", "--data", "row.npy", "--labels", "label.npy"), 1, "two rows or more"),
    "several": (("mine:network", "--data", "two.npz"), 1, "several arrays"),
    "shape": (("mine:network", "--data", "shape.npy"), 1, "shape"),
    "price": (("mlp", "--price", "cheap"), 2, "no price named"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mistake_gets_one_sentence_and_a_status(work, fault):
    (work / "model.onnx").write_bytes(b"")
    np.save("short.npy", np.zeros(3, int))
    np.save("high.npy", np.full(80, 10))
    np.save("row.npy", np.zeros((1, 64), np.float32))
    np.save("label.npy", np.zeros(1, int))
    np.save("shape.npy", np.zeros((4, 9), np.float32))
    np.savez("two.npz", a=np.zeros((4, 64)), b=np.zeros((4, 64)))
    arguments, status, says = FAULTS[fault]
    result = run(*arguments)
    assert result.exit_code == status, result.output
    last = result.output.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert says in last
    assert isinstance(result.exception, SystemExit)


def test_help_loads_no_heavy_library():
    code = """
        import sys
        from click.testing import CliRunner
        from mlopt_lessons.pruning.command import prune
        assert CliRunner().invoke(prune, ["--help"]).exit_code == 0
        loaded = {"torch", "onnxruntime", "pandas", "matplotlib"} & set(sys.modules)
        assert not loaded, loaded
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
