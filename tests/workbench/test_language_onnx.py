"""The GPT as an ONNX file: PyTorch's answers, a cache, integers where they should be, measurements."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from mlopt_lessons.workbench import Price, format_bytes
from mlopt_lessons.workbench.language import (
    NEW_TOKENS,
    CharGPT,
    Measured,
    OnnxGPT,
    Size,
    export_gpt,
    generate,
    load_corpus,
    load_gpt,
    measure,
    onnx_session,
    quality,
    serving_memory,
    table,
    validation_windows,
)
from mlopt_lessons.workbench.serving import ExportError, export, quantize_4bit, quantize_dynamic

UNEVEN = Size(context=32, width=32, head_size=8, heads=(3, 1), hidden=(48, 16))
PRICE = Price("a test's machine", 3.6, "none", "2026-01-01")
LINEAR_LAYERS = 25  # four layers of six, and the output


@pytest.fixture(scope="module")
def gpt() -> CharGPT:
    return load_gpt()


@pytest.fixture(scope="module")
def files(gpt: CharGPT, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("gpt")
    found = {name: folder / f"{name}.onnx" for name in ("fp32", "int8", "4-bit")}
    export_gpt(gpt, found["fp32"])
    quantize_dynamic(found["fp32"], found["int8"])
    quantize_4bit(found["fp32"], found["4-bit"])
    return found


@pytest.fixture(scope="module")
def windows() -> torch.Tensor:
    return validation_windows(load_corpus().validation, 64)


@pytest.fixture(scope="module")
def rows(files: dict[str, Path], windows: torch.Tensor) -> tuple[Measured, ...]:
    return measure(files, windows, PRICE)


def operations(path: Path) -> Counter[str]:
    return Counter(node.op_type for node in onnx.load(path).graph.node)


@pytest.mark.parametrize("parts", [[128], [1] * 20, [5, 1, 1, 30, 2], [127, 1]], ids=str)
def test_the_file_answers_as_pytorch_does_whatever_the_steps(
    gpt: CharGPT, files: dict[str, Path], windows: torch.Tensor, parts: list[int]
):
    tokens, model = windows[:3, : sum(parts)], OnnxGPT(files["fp32"])
    cache, found = None, []
    for part in tokens.split(parts, dim=1):
        logits, cache = model.step(part.numpy(), cache)
        found.append(logits)
    with torch.inference_mode():
        expected = gpt(tokens).numpy()
    np.testing.assert_allclose(np.concatenate(found, axis=1), expected, atol=1e-4)


def test_layers_of_different_size_are_written_as_they_are(tmp_path: Path):
    model = CharGPT(UNEVEN, seed=3).eval()
    session = OnnxGPT(export_gpt(model, tmp_path / "uneven.onnx"))
    tokens = torch.randint(97, (2, 32), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        np.testing.assert_allclose(session(tokens.numpy()), model(tokens).numpy(), atol=1e-5)
    assert session.context == 32
    assert [each.shape for each in session.empty_cache()] == [(1, 3, 0, 8)] * 2 + [(1, 1, 0, 8)] * 2


def test_greedy_text_is_the_same_in_both(gpt: CharGPT, files: dict[str, Path]):
    # Longer than the context, so that the newest half is read again on both sides.
    assert generate(OnnxGPT(files["fp32"]), "class ", 200) == generate(gpt, "class ", 200)


def test_the_file_is_one_piece_and_names_its_layers(gpt: CharGPT, files: dict[str, Path]):
    weights = 4 * sum(parameter.numel() for parameter in gpt.parameters())
    assert weights < files["fp32"].stat().st_size < 1.05 * weights
    assert sorted(p.name for p in files["fp32"].parent.iterdir()) == [
        "4-bit.onnx",
        "fp32.onnx",
        "int8.onnx",
    ]
    linear = {name for name, module in gpt.named_modules() if isinstance(module, nn.Linear)}
    assert linear <= {node.name for node in onnx.load(files["fp32"]).graph.node}


def test_all_linear_layers_become_integers(files: dict[str, Path]):
    assert operations(files["int8"])["MatMulInteger"] == LINEAR_LAYERS
    assert operations(files["4-bit"])["MatMulNBits"] == LINEAR_LAYERS
    for name in ("int8", "4-bit"):
        # Two products a layer are left: queries with keys, and chances with values.
        assert operations(files[name])["MatMul"] == 8
    sizes = {name: path.stat().st_size for name, path in files.items()}
    assert sizes["fp32"] / sizes["int8"] > 3.3
    assert sizes["fp32"] / sizes["4-bit"] > 5


def test_quantizing_leaves_nothing_behind(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    quantize_dynamic(files["fp32"], tmp_path / "again.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["again.onnx"]


def test_integers_cost_little_quality(
    gpt: CharGPT, rows: tuple[Measured, ...], windows: torch.Tensor
):
    fp32, int8, four_bit = rows
    torch_itself = quality(gpt, windows)
    assert fp32.quality.loss == pytest.approx(torch_itself.loss, abs=1e-4)
    assert fp32.as_good == 1
    assert int8.quality.loss < fp32.quality.loss + 0.05
    assert int8.as_good > 0.98
    assert four_bit.quality.loss < fp32.quality.loss + 0.2
    assert four_bit.as_good > 0.94


def test_figures_fit_together(rows: tuple[Measured, ...], files: dict[str, Path]):
    for row in rows:
        median, low, high = row.tokens_per_second
        assert 0 < low <= median <= high
        assert median == pytest.approx(NEW_TOKENS / row.decode.median_s)
        # 3.6 $ an hour is 0.001 $ a second.
        assert row.usd_per_million == pytest.approx(1e6 / median * 0.001)
        assert row.size == files[row.name].stat().st_size
        assert row.decode.repeats >= 30
        assert row.memory > row.memory_without_model > 10e6
    shown = table(rows)
    assert list(shown.columns) == list(files)
    assert shown.loc["on disk", "int8"] == format_bytes(rows[1].size)
    assert shown.loc["as good as FP32", "fp32"] == "100.0 %"
    speeds = shown.loc["characters a second (10–90 %)"].str.split(" ").str[0]
    assert list(speeds) == [f"{row.tokens_per_second[0]:,.0f}" for row in rows]


def test_the_first_variant_is_the_one_compared_with(files: dict[str, Path], windows: torch.Tensor):
    only = measure({"4-bit": files["4-bit"]}, windows[:4], PRICE)
    assert only[0].as_good == 1


def test_memory_is_that_of_a_process_of_its_own(files: dict[str, Path]):
    before = serving_memory(files["fp32"])
    held = np.ones(40_000_000)  # 320 MB here must not be seen there
    assert serving_memory(files["fp32"]) < before + held.nbytes / 4
    with pytest.raises(ValueError, match="There is no file"):
        serving_memory("gone.onnx")


def test_the_server_loads_neither_torch_nor_the_course():
    code = (
        f"import runpy, sys; sys.argv = ['x']; runpy.run_path({onnx_session.__file__!r}, "
        "run_name='__main__'); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "mlopt_lessons", "pandas"} & set(done.stdout.split())


def test_wrong_files_and_models_get_a_sentence(tmp_path: Path, files: dict[str, Path]):
    text = tmp_path / "text.onnx"
    text.write_text("no model")
    with pytest.raises(ValueError, match="There is no file"):
        OnnxGPT(tmp_path / "gone.onnx")
    with pytest.raises(ValueError, match="no ONNX model"):
        OnnxGPT(text)
    with pytest.raises(ValueError, match="threads is 0"):
        OnnxGPT(files["fp32"], threads=0)
    with pytest.raises(TypeError, match="give a CharGPT"):
        export_gpt(nn.Linear(2, 2), tmp_path / "x.onnx")
    with pytest.raises(ExportError, match="There is no folder"):
        export_gpt(CharGPT(UNEVEN), tmp_path / "missing" / "x.onnx")


def test_another_onnx_model_is_no_gpt(tmp_path: Path):
    plain = tmp_path / "plain.onnx"
    export(nn.Linear(2, 2), torch.ones(1, 2), plain)
    with pytest.raises(ValueError, match="no GPT with a cache"):
        OnnxGPT(plain)


def test_more_tokens_than_the_context_get_a_sentence(files: dict[str, Path]):
    model = OnnxGPT(files["int8"])
    cache = model.step(np.zeros((1, 128), np.int64))[1]
    with pytest.raises(ValueError, match="129 tokens are more than the context of 128"):
        model.step(np.zeros((1, 1), np.int64), cache)


def test_nothing_to_measure_is_told(windows: torch.Tensor):
    with pytest.raises(ValueError, match="nothing to time"):
        measure({}, windows, PRICE)
