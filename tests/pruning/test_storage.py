"""Stored models: read back bit for bit, against torch's and scipy's CSR, and counted by hand."""

import copy
import gzip
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, load_file
from torch import nn

from mlopt_lessons import pruning
from mlopt_lessons.pruning.storage import LAYOUTS
from mlopt_lessons.workbench import WeightsError, load_model, save_weights

HEADER = 700  # bytes of names and shapes that a safetensors file of a few tensors may need


def small_net(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Flatten(), nn.Linear(24, 5))


def pruned_net(amount: float, seed: int = 0) -> nn.Module:
    model = small_net(seed)
    return pruning.masked(model, pruning.magnitude_masks(model, amount, together=False))


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(deadline=None, max_examples=15)
@given(amount=st.floats(0, 0.95), seed=st.integers(0, 1000))
def test_what_is_stored_is_read_back_bit_for_bit(
    layout: str, amount: float, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model, path = pruned_net(amount, seed), tmp_path_factory.mktemp("w") / "file"
    stored = pruning.store(model, path, layout)
    again = pruning.restore(small_net(seed + 1), path, layout)
    assert stored.bytes == len(path.read_bytes())
    state = again.state_dict()
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())


@pytest.mark.filterwarnings("ignore:Sparse CSR")
@pytest.mark.parametrize(("layout", "index"), [("csr int64", np.int64), ("csr int32", np.int32)])
def test_csr_is_scipy_s_and_torch_s(layout: str, index: type, tmp_path: Path) -> None:
    model = pruned_net(0.6)
    pruning.store(model, tmp_path / "file", layout)
    parts = load_file(tmp_path / "file")
    for name in ("0", "3"):
        rows = model.get_submodule(name).weight.detach().flatten(1)
        theirs = scipy.sparse.csr_matrix(rows.numpy())
        torch_s = rows.to_sparse_csr()
        for part, scipy_s, own in (
            ("rows", theirs.indptr, torch_s.crow_indices()),
            ("columns", theirs.indices, torch_s.col_indices()),
            ("values", theirs.data, torch_s.values()),
        ):
            ours = parts[f"{name}.weight/{part}"].numpy()
            assert np.array_equal(ours, scipy_s)
            assert np.array_equal(ours, own.numpy())
        assert parts[f"{name}.weight/columns"].numpy().dtype == index


@pytest.mark.parametrize("amount", [0.0, 0.5, 0.9])
def test_bytes_are_those_counted_by_hand(amount: float, tmp_path: Path) -> None:
    torch.manual_seed(0)
    dense = nn.Linear(256, 128, bias=False)
    model = pruning.masked(dense, {"": pruning.magnitude_mask(dense.weight, amount)})
    total = dense.weight.numel()
    left = total - round(amount * total)
    expected = {
        "dense": 4 * total,
        "csr int64": (4 + 8) * left + 8 * 129,
        "csr int32": (4 + 4) * left + 4 * 129,
        "bitmask": 4 * left + math.ceil(total / 8),
    }
    found = {stored.layout: stored.bytes for stored in pruning.sizes(model, tmp_path)}
    for layout, wanted in expected.items():
        assert wanted <= found[layout] <= wanted + HEADER


def test_zeros_in_a_dense_file_save_nothing(tmp_path: Path) -> None:
    model = load_model("glyph_cnn")
    dense = pruning.store(model, tmp_path / "a", "dense").bytes
    cut = pruning.masked(model, pruning.magnitude_masks(model, 0.9))
    assert pruning.store(cut, tmp_path / "b", "dense").bytes == dense
    assert len((tmp_path / "a").read_bytes()) == save_weights(model, tmp_path / "c").stat().st_size
    assert pruning.store(cut, tmp_path / "d", "bitmask").bytes < dense / 6


def test_compressed_files_are_the_dense_file(tmp_path: Path) -> None:
    model = pruned_net(0.7)
    pruning.sizes(model, tmp_path)
    plain = (tmp_path / "dense").read_bytes()
    assert gzip.decompress((tmp_path / "gzip").read_bytes()) == plain
    assert set(load(plain)) == set(model.state_dict())
    again = (tmp_path / "gzip").read_bytes()
    assert pruning.store(model, tmp_path / "gzip", "gzip").bytes == len(again)
    assert (tmp_path / "gzip").read_bytes() == again


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "other model"])
def test_a_damaged_or_foreign_file_is_told_and_changes_nothing(
    layout: str, damage: str, tmp_path: Path
) -> None:
    path, model = tmp_path / "file", small_net()
    pruning.store(nn.Linear(3, 2) if damage == "other model" else pruned_net(0.5), path, layout)
    data = path.read_bytes()
    broken = {"cut": data[: len(data) // 2], "noise": b"\x17" * 99, "empty": b""}
    path.write_bytes(broken.get(damage, data))
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(WeightsError, match=f"cannot be read as {layout} weights of Sequential"):
        pruning.restore(model, path, layout)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_model_of_another_width_is_told_and_changes_nothing(layout: str, tmp_path: Path) -> None:
    narrow = nn.Linear(3, 2)
    before = copy.deepcopy(narrow.state_dict())
    pruning.store(nn.Linear(9, 2), tmp_path / "file", layout)
    with pytest.raises(WeightsError, match="cannot be read"):
        pruning.restore(narrow, tmp_path / "file", layout)
    assert all(torch.equal(before[key], value) for key, value in narrow.state_dict().items())


def test_unknown_layouts_and_missing_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no layout 'coo'; choose one of dense"):
        pruning.store(small_net(), tmp_path / "file", "coo")
    with pytest.raises(ValueError, match="no layout"):
        pruning.restore(small_net(), tmp_path / "file", "coo")
    with pytest.raises(FileNotFoundError):
        pruning.restore(small_net(), tmp_path / "file", "dense")
