"""`mlopt quantize` from a shell: files, report, and one sentence with a status for each mistake."""

import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from onnx_models import TokenTagger, small_mlp

from mlopt_lessons.quantization.command import quantize
from mlopt_lessons.workbench.serving.onnx_export import export

RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((80, 64)).astype(np.float32)
MODULE = """
import torch
from torch import nn

torch.manual_seed(0)
network = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
number = 3


def make():
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def broken():
    raise RuntimeError("no weights here\\nsecond line")


def needs(argument):
    return network


def gives_text():
    return "text"


def leaves():
    raise SystemExit(3)
"""


@pytest.fixture(scope="module")
def model_bytes(tmp_path_factory):
    """An exported model, made once: the exporter takes seconds."""
    path = tmp_path_factory.mktemp("command") / "model.onnx"
    return export(small_mlp(), torch.zeros(1, 64), path).read_bytes()


@pytest.fixture
def work(tmp_path, monkeypatch, model_bytes):
    """A folder with a model, a module, data and labels; the current folder of the test."""
    monkeypatch.chdir(tmp_path)
    for name in ("mine", "bad_import", "bad_syntax"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "model.onnx").write_bytes(model_bytes)
    (tmp_path / "mine.py").write_text(MODULE)
    (tmp_path / "bad_import.py").write_text("import no_such_library\n")
    (tmp_path / "bad_syntax.py").write_text("def make(:\n")
    np.save("data.npy", ROWS)
    np.save("labels.npy", RNG.integers(0, 10, 80))
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(quantize, [str(argument) for argument in arguments])


FAST = ("--repeats", 30, "--price", "0.36")


def test_an_onnx_file_with_labels(work):
    result = run(
        "model.onnx", "--calibrate", "data.npy", "--labels", "labels.npy", *FAST,
        "--out", "made", "--batch", 1, "--batch", 4,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    written = {path.name for path in (work / "made").iterdir()}
    assert written == {
        "int8_static.onnx", "int8_dynamic.onnx", "4bit_weights.onnx", "report.md", "report.csv",
    }  # fmt: skip
    table = pd.read_csv(work / "made" / "report.csv")
    assert table["batch"].tolist() == [1] * 4 + [4] * 4
    # Half of the 80 rows calibrate, the other half is measured on.
    assert set(table["predictions"]) == {40}
    assert set(table["usd_per_hour"]) == {0.36}
    for name in table["variant"]:
        assert name in result.output
        assert name in (work / "made" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["mine:network", "mine:make"])
def test_a_module_from_the_current_folder(work, name):
    before = list(sys.path)
    result = run(name, "--calibrate", "data.npy", *FAST)
    assert result.exit_code == 0, result.output
    assert "PyTorch FP32" in result.output
    assert (work / "quantized" / "fp32.onnx").is_file()
    assert sys.path == before


def test_csv_rows_with_and_without_names_give_the_same_report(work):
    plain, named = work / "plain.csv", work / "named.csv"
    pd.DataFrame(ROWS).to_csv(plain, index=False, header=False)
    pd.DataFrame(ROWS, columns=[f"pixel {i}" for i in range(64)]).to_csv(named, index=False)
    (work / "labels.csv").write_text("label\n" + "\n".join(["3"] * 80))
    for data in (plain, named):
        result = run("model.onnx", "--calibrate", data, "--labels", "labels.csv", *FAST)
        assert result.exit_code == 0, result.output
        table = pd.read_csv(work / "quantized" / "report.csv")
        assert set(table["predictions"]) == {40}


def test_token_ids_from_csv(work):
    export(TokenTagger().eval(), torch.zeros(1, 7, dtype=torch.int64), "tagger.onnx")
    pd.DataFrame(RNG.integers(0, 100, (30, 7))).to_csv("ids.csv", index=False, header=False)
    result = run("tagger.onnx", "--calibrate", "ids.csv", *FAST)
    assert result.exit_code == 0, result.output
    assert "lstm (LSTM, 8,192 weights)" in result.output


def test_the_default_price_names_its_row_and_date(work):
    result = run("model.onnx", "--calibrate", "data.npy", "--repeats", 30)
    assert result.exit_code == 0, result.output
    assert "c7i.large at $" in result.output


FAULTS = {
    "missing model": (("none.onnx", "--calibrate", "data.npy"), 1, "There is no file none.onnx"),
    "not onnx": (("mine.py", "--calibrate", "data.npy"), 1, "is not an ONNX model"),
    "weights": (("model.pt", "--calibrate", "data.npy"), 1, "weights without the model's code"),
    "unknown name": (("resnet", "--calibrate", "data.npy"), 2, "is no .onnx file"),
    "no module": (("nowhere:make", "--calibrate", "data.npy"), 1, "There is no module nowhere"),
    "no attribute": (("mine:nothing", "--calibrate", "data.npy"), 1, "mine has no nothing"),
    "inner import": (("bad_import:x", "--calibrate", "data.npy"), 1, "no module no_such_library"),
    "syntax": (("bad_syntax:make", "--calibrate", "data.npy"), 1, "SyntaxError"),
    "raises": (("mine:broken", "--calibrate", "data.npy"), 1, "no weights here"),
    "exits": (("mine:leaves", "--calibrate", "data.npy"), 1, "SystemExit"),
    "argument": (("mine:needs", "--calibrate", "data.npy"), 1, "must work without arguments"),
    "number": (("mine:number", "--calibrate", "data.npy"), 1, "is a int"),
    "text": (("mine:gives_text", "--calibrate", "data.npy"), 1, "gives a str"),
    "no data": (("model.onnx",), 2, "There is no calibration data"),
    "no file": (("model.onnx", "--calibrate", "none.npy"), 1, "There is no file none.npy"),
    "kind": (("model.onnx", "--calibrate", "mine.py"), 1, "no .npy, .npz or .csv"),
    "damaged": (("model.onnx", "--calibrate", "cut.npy"), 1, "cannot be read"),
    "damaged zip": (("model.onnx", "--calibrate", "cut.npz"), 1, "cannot be read"),
    "pickle": (("model.onnx", "--calibrate", "objects.npy"), 1, "cannot be read"),
    "empty csv": (("model.onnx", "--calibrate", "empty.csv"), 1, "cannot be read"),
    "text csv": (("model.onnx", "--calibrate", "text.csv"), 1, "the text 'cat' in row 2, column 2"),
    "NaN": (("model.onnx", "--calibrate", "nan.npy"), 1, "NaN"),
    "shape": (("model.onnx", "--calibrate", "shape.npy"), 1, "shape"),
    "module shape": (("mine:network", "--calibrate", "shape.npy"), 1, "shape"),
    "whole": (("model.onnx", "--calibrate", "whole.npy"), 1, "int64, the model takes float32"),
    "several": (("model.onnx", "--calibrate", "two.npz"), 1, "names a, b"),
    "labels": (
        ("model.onnx", "--calibrate", "data.npy", "--labels", "short.npy"), 1, "3 labels for 80"),
    "half labels": (
        ("model.onnx", "--calibrate", "data.npy", "--labels", "half.npy"), 1, "not whole numbers"),
    "wide labels": (
        ("model.onnx", "--calibrate", "data.npy", "--labels", "good.csv"), 1, "64 columns"),
    "labels alone": (("mlp", "--labels", "labels.npy"), 2, "Labels need their data"),
    "price": (("model.onnx", "--calibrate", "data.npy", "--price", "cheap"), 2, "no price named"),
    "negative": (("model.onnx", "--calibrate", "data.npy", "--price", "-1"), 2, "above 0"),
    "nan price": (("model.onnx", "--calibrate", "data.npy", "--price", "nan"), 2, "above 0"),
    "threads": (("model.onnx", "--calibrate", "data.npy", "--threads", "0"), 2, "threads"),
    "batch": (("model.onnx", "--calibrate", "data.npy", "--batch", "x"), 2, "batch"),
    "folder": (("model.onnx", "--calibrate", "data.npy", "--out", "mine.py"), 1, "mine.py"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mistake_gets_one_sentence_and_a_status(work, fault):
    (work / "cut.npy").write_bytes((work / "data.npy").read_bytes()[:200])
    (work / "cut.npz").write_bytes(b"PK\x03\x04 damaged")
    np.save("objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (work / "empty.csv").write_text("")
    (work / "text.csv").write_text("1,2\n3,cat\n")
    np.save("nan.npy", np.full((4, 64), np.nan))
    np.save("shape.npy", np.zeros((4, 9), np.float32))
    np.save("whole.npy", np.zeros((4, 64), np.int64))
    np.savez("two.npz", a=ROWS, b=ROWS)
    np.save("short.npy", np.zeros(3, int))
    np.save("half.npy", np.full(80, 0.5))
    pd.DataFrame(ROWS).to_csv("good.csv", index=False, header=False)
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
        from mlopt_lessons.quantization.command import quantize
        assert CliRunner().invoke(quantize, ["--help"]).exit_code == 0
        loaded = {"torch", "onnxruntime", "pandas", "matplotlib"} & set(sys.modules)
        assert not loaded, loaded
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
