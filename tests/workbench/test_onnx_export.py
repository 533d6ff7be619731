"""Exported files give what PyTorch gives, carry the module's names, and say why they fail."""

import os

import numpy as np
import onnx
import pytest
import torch
from onnx_models import SmallConvNet, TokenTagger, small_mlp
from torch import nn

from mlopt_lessons.workbench.serving.graph import layers, load_graph
from mlopt_lessons.workbench.serving.onnx_export import ExportError, export
from mlopt_lessons.workbench.serving.session import Session

CASES = {
    "mlp": (small_mlp, lambda rows: torch.randn(rows, 64), ["0", "2"]),
    "convolutions": (
        SmallConvNet,
        lambda rows: torch.randn(rows, 1, 12, 12),
        ["features.0", "features.4", "head"],
    ),
    "embedding and LSTM": (
        TokenTagger,
        lambda rows: torch.randint(0, 100, (rows, 7)),
        ["embed", "lstm", "out"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_answers_as_pytorch_does_for_any_batch(tmp_path, case):
    make, inputs, names = CASES[case]
    module = make().eval()
    path = export(module, inputs(1), tmp_path / "model.onnx")
    session = Session(path)
    for rows in (1, 3, 40):
        x = inputs(rows)
        with torch.no_grad():
            np.testing.assert_allclose(session(x), module(x).numpy(), atol=2e-5)
    onnx.checker.check_model(path, full_check=True)
    assert [layer.name for layer in layers(load_graph(path))] == names


def test_one_file_holds_the_weights_and_no_path_of_this_machine(tmp_path):
    module = small_mlp()
    path = export(module, torch.zeros(2, 64), tmp_path / "model.onnx")
    weights = sum(p.numel() * 4 for p in module.parameters())
    assert os.listdir(tmp_path) == ["model.onnx"]
    assert weights < os.stat(path).st_size < weights + 2_000
    assert os.getcwd().encode() not in path.read_bytes()
    assert b'File "' not in path.read_bytes()


def test_export_is_silent_and_leaves_the_training_mode(tmp_path, capfd):
    module = SmallConvNet().train()
    export(module, torch.zeros(1, 1, 12, 12), tmp_path / "model.onnx")
    assert module.training
    assert capfd.readouterr() == ("", "")


def test_a_layer_used_twice_is_listed_twice_under_its_last_name(tmp_path):
    shared = nn.Linear(8, 8)
    path = export(nn.Sequential(shared, nn.ReLU(), shared), torch.zeros(1, 8), tmp_path / "m.onnx")
    assert [layer.name for layer in layers(load_graph(path))] == ["2", "2 (2)"]


class DataDependent(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum() > 0 else x


class TwoOutputs(nn.Module):
    def forward(self, x):
        return x, x


@pytest.mark.parametrize(
    ("module", "example", "error", "says"),
    [
        ("text", torch.zeros(1, 64), TypeError, "give a torch.nn.Module"),
        (nn.Linear(2, 2), np.zeros((1, 2)), TypeError, "give a torch tensor"),
        (nn.Linear(2, 2), torch.zeros(0, 2), ExportError, "at least one row"),
        (nn.Linear(2, 2), torch.zeros(1, 3), ExportError, r"shape \(2, 3\)"),
        (nn.Linear(2, 2), torch.zeros(1, 2, dtype=torch.int64), ExportError, "torch.int64"),
        (TwoOutputs(), torch.zeros(1, 2), ExportError, "returns a tuple"),
        (DataDependent(), torch.zeros(1, 2), ExportError, "cannot export this model"),
    ],
)
def test_what_cannot_be_exported_gets_one_sentence(tmp_path, module, example, error, says):
    with pytest.raises(error, match=says) as caught:
        export(module, example, tmp_path / "model.onnx")
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_written_gets_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ExportError, match="choose another folder"):
        export(nn.Linear(2, 2), torch.zeros(1, 2), tmp_path / "file" / "model.onnx")
