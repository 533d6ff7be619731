"""Checkpoints: read back bit for bit, whole after every kill and full disk, told when damaged."""

import errno
import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.spot import checkpoint
from mlopt_lessons.spot.checkpoint import (
    CheckpointNotSavedError,
    DamagedCheckpointError,
    keep,
    latest,
    load,
    overwrite,
    read,
    save,
)
from mlopt_lessons.spot.kills import Destroyed, destroyed

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


@settings(deadline=None, max_examples=30)
@given(content=st.binary(max_size=500))
def test_bytes_are_read_back(content: bytes, tmp_path_factory) -> None:
    path = tmp_path_factory.mktemp("c") / "a.ckpt"
    assert save(content, path) == path
    assert read(path) == content
    overwrite(content, path)
    assert read(path) == content


def test_the_file_is_the_seal_and_the_content(tmp_path) -> None:
    content = b"some state"
    expected = (
        b"MLOPT-1\n" + (10).to_bytes(8, "little") + hashlib.sha256(content).digest() + content
    )
    assert save(content, tmp_path / "a.ckpt").read_bytes() == expected
    assert os.listdir(tmp_path) == ["a.ckpt"]


def test_a_training_s_state_is_read_back_bit_for_bit(tmp_path) -> None:
    model = torch.nn.Linear(7, 3)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 7)).sum().backward()
    optimizer.step()
    state = {
        "model": model.state_dict(), "optimizer": optimizer.state_dict(), "losses": [0.1, 1 / 3],
        "rng": torch.get_rng_state(), "step": 12, "plan": "text",
    }  # fmt: skip
    found = load(save(state, tmp_path / "a.ckpt"))
    assert found.keys() == state.keys()
    assert torch.equal(found["model"]["weight"], model.weight)
    for number, moments in optimizer.state_dict()["state"].items():
        assert all(torch.equal(found["optimizer"]["state"][number][k], moments[k]) for k in moments)
    assert found["losses"] == [0.1, 1 / 3]
    assert torch.equal(found["rng"], state["rng"])
    assert (found["step"], found["plan"]) == (12, "text")


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_damage_is_noticed(data: st.DataObject, tmp_path_factory) -> None:
    path = save(b"weights " * 20, tmp_path_factory.mktemp("d") / "a.ckpt")
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:place])
    else:
        whole[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(whole)
    with pytest.raises(DamagedCheckpointError, match=r"is damaged.*Start from an older checkpoint"):
        read(path)
    assert not checkpoint.is_whole(path)


class Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("sprung",)


def test_a_file_runs_no_code_when_loaded(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    for content in (pickle.dumps(Trap(), protocol=2), b"no torch file", b""):
        with pytest.raises(DamagedCheckpointError, match="holds no state of a training"):
            load(save(content, tmp_path / "a.ckpt"))
    with pytest.raises(DamagedCheckpointError):
        load(save({"trap": Trap()}, tmp_path / "b.ckpt"))
    assert not Path("sprung").exists()


def test_the_newest_whole_one_is_found_and_two_are_kept(tmp_path) -> None:
    assert latest(tmp_path) is None
    for step in (5, 90, 100, 1000):
        keep(b"state %d" % step, tmp_path, step)
    names = sorted(os.listdir(tmp_path))
    assert names == ["step_000000000100.ckpt", "step_000000001000.ckpt"]
    (tmp_path / names[1]).write_bytes(b"damaged")
    found = latest(tmp_path)
    assert found == tmp_path / names[0]
    assert read(found) == b"state 100"
    (tmp_path / names[0]).write_bytes(b"")
    assert latest(tmp_path) is None


def test_keeping_clears_what_is_newer_and_what_a_kill_left_unfinished(tmp_path) -> None:
    keep(b"good", tmp_path, 100)
    (tmp_path / "step_000000000140.ckpt").write_bytes(b"damaged")
    (tmp_path / "step_000000000150.ckpt.tmp").write_bytes(b"half")
    keep(b"again", tmp_path, 120)
    assert sorted(os.listdir(tmp_path)) == ["step_000000000100.ckpt", "step_000000000120.ckpt"]


def test_missing_files_and_folders_are_told(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.ckpt")
    with pytest.raises(CheckpointNotSavedError, match="No such file or directory"):
        save(b"state", tmp_path / "nowhere" / "a.ckpt")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_refusing_disk_keeps_the_last_checkpoint(call: str, tmp_path, monkeypatch) -> None:
    keep(b"first", tmp_path, 1)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(
        CheckpointNotSavedError, match=r"No space left .* saved before it are whole"
    ):
        keep(b"second", tmp_path, 2)
    assert os.listdir(tmp_path) == ["step_000000000001.ckpt"]
    found = latest(tmp_path)
    assert found is not None
    assert read(found) == b"first"


LIMITED = """
import os, resource, signal, sys
from mlopt_lessons.spot import checkpoint
path, how = sys.argv[1:]
save = getattr(checkpoint, how)
save(b"good" * 1000, path)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save(b"more" * 100_000, path)
except OSError as error:
    print(type(error).__name__, os.listdir(os.path.dirname(path)), checkpoint.is_whole(path))
"""


@forks
def test_a_write_that_the_system_stops_half_way_leaves_the_old_file(tmp_path) -> None:
    """The kernel itself refuses after 100,000 bytes, as a disk does that is full by then."""

    def left_by(how: str) -> str:
        path = str(tmp_path / "a.ckpt")
        command = [sys.executable, "-c", LIMITED, path, how]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert left_by("save") == "CheckpointNotSavedError ['a.ckpt'] True"
    assert left_by("overwrite") == "OSError ['a.ckpt'] False"


@forks
@pytest.mark.timeout(120)
def test_0_of_150_kills_destroy_a_checkpoint_and_some_destroy_the_naive_one() -> None:
    assert destroyed("save", 150, megabytes=1) == Destroyed(kills=150, unreadable=0, outdated=0)
    naive = destroyed("overwrite", 40, megabytes=8)
    assert naive.unreadable > 0
    assert naive.outdated == 0


def test_what_cannot_be_killed_is_told() -> None:
    with pytest.raises(ValueError, match="at least 1 kill and 1 megabyte, got 0 and 4"):
        destroyed("save", 0)
    with pytest.raises(ValueError, match="no way to save called 'copy'; choose save or overwrite"):
        destroyed("copy")


def test_plain_bytes_need_no_torch() -> None:
    code = "import sys, mlopt_lessons.spot.checkpoint; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
