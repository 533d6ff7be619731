"""`mlopt gpu pick` from a shell: tables, statuses, and one sentence a mistake."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from mlopt_lessons.gpu.command import gpu
from mlopt_lessons.gpu.model_input import hours

MODULE = """
import torch
from torch import nn

class Argmax(nn.Module):
    def forward(self, x):
        return x if x.sum().item() > 0 else -x

def small():
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 1000, bias=False))

def text():
    return nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 50))

def needs_data():
    return Argmax()
"""
SPEC = {"parameters": 7e9, "flops": 1.4e13, "activation_bytes": 2e9}


def invoke(*arguments):
    return CliRunner().invoke(gpu, ["pick", *(str(argument) for argument in arguments)])


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "own_nets.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_named_network(tmp_path):
    out = tmp_path / "found.csv"
    result = invoke(
        *("resnet50", "--steps", 1e5, "--batch", 64, "--precision", "bf16", "--training"),
        *("--deadline", "3h", "--price", "T4=0.001", "--csv", out),
    )
    assert result.exit_code == 0, result.output
    assert "resnet50, training, batch 64, bf16: 25,557,032 parameters" in result.output
    assert "T4 has no BF16 rate in the table; counted at its FP32 rate." in result.output
    table = pd.read_csv(out)
    assert table.loc[table["gpu"] == "T4", "usd_per_gpu_h"].tolist() == [0.001]
    able = table[table["fits"] & table["in_time"]]
    assert f"{able.loc[able['usd'].idxmin(), 'gpu']} is the cheapest that holds" in result.output


def test_a_price_by_hand_decides():
    result = invoke("resnet50", "--steps", 100, "--gpu", "t4", "--gpu", "L4", "--price", "T4=0.001")
    assert result.exit_code == 0, result.output
    assert "T4 is the cheapest" in result.output
    assert "A100" not in result.output


def test_a_measured_step_by_hand():
    """3,600 steps of 0.5 s on the T4 that was measured are half an hour, $0.26 at $0.526."""
    result = invoke("resnet50", "--steps", 3600, "--gpu", "T4", "--measured", "T4=0.5")
    assert result.exit_code == 0, result.output
    assert "30.0 min (30.0 min to 30.0 min)" in result.output
    assert "$0.26 a job" in result.output
    assert "scaled by bandwidth from 0.5 s a step on T4" in result.output


def test_own_modules(here):
    result = invoke("own_nets:small", "--steps", 10, "--batch", 4, "--input", "3,4")
    assert result.exit_code == 0, result.output
    # 12 × 1000 weights; 2 × 12,000 FLOPs a sample, 0.1 million a batch of 4.
    assert "12,000 parameters, 0.0 GFLOPs" in result.output
    text = invoke("own_nets:text", "--steps", 10, "--tokens", 16)
    assert text.exit_code == 0, text.output
    assert "850 parameters" in text.output


@pytest.mark.parametrize("kind", ["json", "toml"])
def test_a_spec_file(here, kind):
    """7 billion parameters in FP16 are 14 GB: too much for a T4 beside context and activations."""
    path = here / f"mine.{kind}"
    lines = "\n".join(f"{key} = {value}" for key, value in SPEC.items())
    path.write_text(json.dumps(SPEC) if kind == "json" else lines)
    result = invoke(
        path.name, "--steps", 100, "--precision", "fp16", "--gpu", "T4", "--gpu", "A10G"
    )
    assert result.exit_code == 0, result.output
    assert "mine, inference, batch 1, fp16: 7,000,000,000 parameters" in result.output
    assert "weights 14.00" in result.output
    assert "out of memory" in result.output
    assert "A10G is the cheapest" in result.output


def test_nobody_holds_it_and_nobody_is_in_time():
    full = invoke("llama_7b", "--steps", 10, "--batch", 64, "--training")
    assert full.exit_code == 1
    assert "No GPU holds llama_7b: it needs" in full.output
    late = invoke("resnet50", "--steps", 1e9, "--deadline", "1h")
    assert late.exit_code == 1
    assert "meets the deadline of 1.0 h. The nearest is" in late.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("resnet5 --steps 3", "choose one of resnet50"),
        ("resnet50 --steps 3 --gpu T44", "Did you mean T4?"),
        ("resnet50 --steps 3 --gpu P100-PCIe-16GB", "give yours: --price P100-PCIe-16GB=1.5"),
        ("resnet50 --steps 3 --batch 0", "A batch is a whole number of 1 or more"),
        ("resnet50 --steps 3 --deadline 3x", "written as 3h, 90min"),
        ("resnet50 --steps 3 --deadline 0h", "must be above 0"),
        ("resnet50 --steps nan", "more than 0 steps"),
        ("resnet50 --steps 3 --precision fp17", "no precision 'fp17'"),
        ("resnet50 --steps 3 --precision int8 --training", "int8 is for inference"),
        ("resnet50 --steps 3 --price T4", "as T4=0.5"),
        ("resnet50 --steps 3 --price T4=-1", "as T4=0.5"),
        ("resnet50 --steps 3 --measured T4=x", "as T4=0.12"),
        ("resnet50 --steps 3 --input 3,2", "for your own module"),
        ("resnet50 --steps 3 --gpus 0", "whole number of 1 or more"),
        ("gpt2 --steps 3 --tokens 5000", "from 1 to 1024"),
        ("own_nets:needs_data --steps 3 --input 4", "did not run on the meta device"),
        ("own_nets:small --steps 3", "--input 3,224,224"),
        ("own_nets:small --steps 3 --input 3,x", "as 3,224,224"),
        ("own_nets:text --steps 3 --tokens 0", "--tokens must be 1 or more"),
        ("own_nets:nobody --steps 3 --input 4", "has no nobody"),
        ("missing.json --steps 3", "missing.json cannot be used"),
        ("bad.toml --steps 3", "bad.toml is not TOML"),
        ("short.toml --steps 3", "short.toml lacks flops, activation_bytes"),
        ("odd.toml --steps 3", "keys that are not known: colour"),
    ],
)
def test_one_sentence_a_mistake(here, arguments, sentence):
    (here / "bad.toml").write_text("x =")
    (here / "short.toml").write_text("parameters = 1")
    (here / "odd.toml").write_text("colour = 1")
    result = invoke(*arguments.split())
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
    assert sentence in result.output


def test_durations():
    assert [hours(each) for each in ("3h", "90min", "2d", "1h30min", "45s", "1.5 H")] == [
        *(3, 1.5, 48, 1.5, pytest.approx(0.0125), 1.5)
    ]


def test_help_lists_both_commands():
    result = CliRunner().invoke(gpu, ["--help"])
    assert result.exit_code == 0
    assert "pick" in result.output
    assert "watch" in result.output
