"""Places for progress: a workspace, no workspace, and a small disk of its own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from course_content import BOOK, DATA, EXERCISE, notebook, write
from small_disk import Disk

from mlopt_lessons.course import prediction, store, waiting


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts as a new kernel does: no store open, no result waiting."""
    monkeypatch.setattr(store, "_OPEN", {})
    monkeypatch.setattr(waiting, "_waiting", {})
    monkeypatch.setattr(prediction, "_unsaved", {})


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's workspace, which is the current one."""
    (tmp_path / ".mlopt").mkdir()
    monkeypatch.setenv("MLOPT_WORKSPACE", str(tmp_path))
    return tmp_path


@pytest.fixture
def no_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder that lies in no workspace."""
    monkeypatch.delenv("MLOPT_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small disk; skips where none can be mounted."""
    path = tmp_path / "disk"
    path.mkdir()
    made = Disk(path)
    try:
        made.mount("size=256k")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("Only root on Linux can mount a small disk; this needs one.")
    yield made
    subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """What the course ships, with traces of runs that no learner should get."""
    root = tmp_path / "content"
    write(root, BOOK, notebook("1", output="seen too early"))
    write(root, EXERCISE, notebook("def f(): ..."))
    write(root, DATA, b"a,b\r\n1,2\r\n")
    write(root, Path("notebooks/.ipynb_checkpoints/05.ipynb"), notebook("old"))
    write(root, Path("exercises/__pycache__/x.pyc"), b"\0")
    return root


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Where the learner's workspace will be."""
    return tmp_path / "my course"
