"""A hand-in's file is read within a limit and through no link, whatever lies there."""

import os
from pathlib import Path

import pytest

from mlopt_lessons.grading.handin import read_bytes
from mlopt_lessons.grading.records import HandinProblem


def problem(path: Path, limit_mb: float = 1, below: Path | None = None) -> str:
    with pytest.raises(HandinProblem) as caught:
        read_bytes(path, limit_mb, below)
    return str(caught.value)


def test_a_plain_file_is_read_to_the_limit_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(b"ab" * 1000)
    assert read_bytes(path, 0.002) == b"ab" * 1000
    assert "over 0.001999 MB" in problem(path, 0.001999)
    path.write_bytes(b"")
    assert read_bytes(path, 1) == b""


def test_a_sparse_terabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "over 10 MB" in problem(path, 10)


def test_no_link_is_followed(tmp_path: Path) -> None:
    secret = tmp_path / "judge.py"
    secret.write_text("HIDDEN")
    for target in (secret, "/dev/zero", tmp_path / "x.ipynb", tmp_path / "gone", tmp_path):
        path = tmp_path / "x.ipynb"
        path.symlink_to(target)
        assert "link" in problem(path)
        path.unlink()


def test_no_folder_on_the_way_may_be_a_link(tmp_path: Path) -> None:
    base = tmp_path / "submitted"
    (base / "bob" / "01_cost" / "deep").mkdir(parents=True)
    (base / "bob" / "01_cost" / "deep" / "x").write_bytes(b"bob's")
    (base / "eve").symlink_to(base / "bob")
    (base / "mia").mkdir()
    (base / "mia" / "01_cost").symlink_to(base / "bob" / "01_cost")
    assert read_bytes(base / "bob/01_cost/deep/x", 1, base) == b"bob's"
    for path in ("eve/01_cost/deep/x", "mia/01_cost/deep/x"):
        assert (base / path).read_bytes() == b"bob's"
        assert "link" in problem(base / path, 1, base)


def test_the_folder_of_the_class_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x").write_bytes(b"1")
    (tmp_path / "class").symlink_to(tmp_path / "real")
    assert read_bytes(tmp_path / "class" / "x", 1, tmp_path / "class") == b"1"


def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "folder", Path("/dev/zero"), Path("/dev/tty")):
        assert "not a plain file" in problem(path)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert problem(tmp_path / "x.ipynb").startswith("There is no x.ipynb")
    assert "There is no" in problem(tmp_path / "gone" / "x.ipynb")
    assert "There is no" in problem(tmp_path / ("x" * 300))
    assert "not in a folder" in problem(tmp_path / "file" / "x.ipynb")
    assert "\n" not in problem(tmp_path / "a\nb")


@pytest.mark.parametrize("late", ["link", "pipe", "larger"])
def test_a_file_that_changes_between_look_and_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(b"{}")
    (tmp_path / "secret").write_bytes(b"{}")
    look = os.stat

    def stat_then_swap(*args: object, **options: object) -> os.stat_result:
        seen = look(*args, **options)  # type: ignore[arg-type]
        monkeypatch.setattr(os, "stat", look)
        path.unlink()
        if late == "link":
            path.symlink_to(tmp_path / "secret")
        elif late == "pipe":
            os.mkfifo(path)
        else:
            path.write_bytes(b"x" * 2000)
        return seen

    monkeypatch.setattr(os, "stat", stat_then_swap)
    assert problem(path, 0.001)


def test_a_file_that_grows_while_it_is_read_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(b"x" * 900)
    read = os.read

    def read_and_grow(handle: int, count: int) -> bytes:
        with path.open("ab") as file:
            file.write(b"x" * 900)
        return read(handle, count)

    monkeypatch.setattr(os, "read", read_and_grow)
    assert "over 0.001 MB" in problem(path, 0.001)


def test_no_file_stays_open(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    (tmp_path / "link").symlink_to("x")
    before = os.listdir("/proc/self/fd")
    read_bytes(tmp_path / "x", 1, tmp_path)
    problem(tmp_path / "link")
    problem(tmp_path / "gone" / "x", 1, tmp_path)
    assert os.listdir("/proc/self/fd") == before
