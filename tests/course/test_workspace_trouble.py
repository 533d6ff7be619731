"""The workspace when it cannot be made: a file in its place, a read-only or full disk, a killed run."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from course_content import BOOK, DATA, EXERCISE, actions, names, notebook, write
from small_disk import Disk

from mlopt_lessons.course.workspace import WorkspaceError, cleared, sync


@pytest.mark.parametrize("below", ["", "inner/deep"])
def test_a_file_in_the_place_of_the_folder_gets_a_sentence(
    tmp_path: Path, content: Path, below: str
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(WorkspaceError, match="is a file or lies in one; name a folder"):
        sync(tmp_path / "file" / below, content)
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_a_read_only_folder_gets_a_sentence(disk: Disk, content: Path) -> None:
    disk.read_only()
    with pytest.raises(WorkspaceError, match="cannot be written; name a folder of your own"):
        sync(disk.path / "course", content)


def test_a_read_only_workspace_keeps_its_files(disk: Disk, content: Path) -> None:
    sync(disk.path, content)
    before = (disk.path / BOOK).read_bytes()
    disk.read_only()
    assert sync(disk.path, content) == []
    write(content, BOOK, notebook("2"))
    with pytest.raises(WorkspaceError, match="cannot be written"):
        sync(disk.path, content)
    assert (disk.path / BOOK).read_bytes() == before


def test_a_full_disk_gets_a_sentence_and_is_finished_later(disk: Disk, content: Path) -> None:
    sync(disk.path, content)
    write(disk.path, DATA, b"mine")
    before = {name: (disk.path / name).read_bytes() for name in (BOOK, EXERCISE, DATA)}
    ballast = disk.fill()
    write(content, BOOK, notebook("2"))
    with pytest.raises(WorkspaceError, match=r"is full; free some space .* Your files are safe"):
        sync(disk.path, content)
    assert {name: (disk.path / name).read_bytes() for name in before} == before
    assert names(disk.path) == {*map(str, before), "ballast", ".mlopt/manifest.json"}
    ballast.unlink()
    assert actions(sync(disk.path, content), disk.path) == {str(DATA): "kept", str(BOOK): "updated"}


KILLED = """
import sys
from pathlib import Path
from mlopt_lessons.course.workspace import sync
print("ready", flush=True)
for turn in range(10_000):
    sync(Path(sys.argv[1]), Path(sys.argv[2 + turn % 2]))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9.")
def test_a_run_killed_in_the_middle_leaves_whole_files(tmp_path: Path) -> None:
    """Two versions of the course are written in turn until the kill; each file is one or the other."""
    mine, versions = tmp_path / "mine", [tmp_path / "old", tmp_path / "new"]
    files = [Path(f"notebooks/{n}.ipynb") for n in range(5)]
    for version in versions:
        for name in files:
            write(version, name, notebook(version.name * 20_000))
        write(version, Path("exercises/notes.txt"), version.name.encode() * 50_000)
    whole = {cleared((version / files[0]).read_bytes()) for version in versions}
    write(mine, Path("notebooks/mine.ipynb"), b"mine")
    moments = random.Random(3)
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(mine), *map(str, versions)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.15))
        process.kill()
        process.communicate()
        present = [mine / name for name in files if (mine / name).exists()]
        assert {path.read_bytes() for path in present} <= whole
        assert (mine / "notebooks/mine.ipynb").read_bytes() == b"mine"
    sync(mine, versions[1])
    newest = cleared((versions[1] / files[0]).read_bytes())
    assert {(mine / name).read_bytes() for name in files} == {newest}
    assert not list(mine.rglob("*.new*"))  # what the kill left was known as ours
    assert sync(mine, versions[1]) == []
