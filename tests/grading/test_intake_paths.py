"""Exports that want to write elsewhere: by links, by paths, or by what is no file."""

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from intake_class import COST, files_below, handed_in, make_folder, make_zip, refused, with_bob

from mlopt_lessons.grading.intake import intake
from mlopt_lessons.grading.intake_files import files_of


def test_links_in_a_folder_are_refused(root: Path, tmp_path: Path) -> None:
    source = make_folder(tmp_path / "export", {"bob/01_cost.ipynb": COST, "eve/data.csv": b"1"})
    secret = make_folder(tmp_path / "secret", {"01_cost.ipynb": COST}) / "01_cost.ipynb"
    (source / "eve" / "01_cost.ipynb").symlink_to(secret)
    (source / "mallory").symlink_to(secret.parent)
    (source / "bob" / "link.csv").symlink_to("/etc/passwd")
    said = refused(root, source)
    assert {"eve/01_cost.ipynb", "mallory", "bob/link.csv"} <= said.keys()
    assert all("link" in said[path] for path in ("eve/01_cost.ipynb", "mallory", "bob/link.csv"))
    assert handed_in(root) == {"bob/01_cost/01_cost.ipynb"}


def test_what_is_no_plain_file_is_refused_and_never_waited_for(root: Path, tmp_path: Path) -> None:
    source = make_folder(tmp_path / "export", {"bob/01_cost.ipynb": COST})
    (source / "eve").mkdir()
    os.mkfifo(source / "eve" / "01_cost.ipynb")
    assert "not a plain file" in refused(root, source)["eve/01_cost.ipynb"]


@pytest.mark.parametrize(
    "mode", [0o120777, 0o010644, 0o020644, 0o140755], ids=["link", "fifo", "device", "socket"]
)
def test_what_is_no_plain_file_in_a_zip_is_refused(root: Path, tmp_path: Path, mode: int) -> None:
    entry = zipfile.ZipInfo("eve/01_cost.ipynb")
    entry.external_attr = mode << 16
    source = with_bob(tmp_path / "x.zip", (entry, COST))
    assert "plain file" in refused(root, source)["eve/01_cost.ipynb"] or mode == 0o120777
    assert handed_in(root) == {"bob/01_cost/01_cost.ipynb"}


@pytest.mark.parametrize(
    "name",
    [
        "/etc/cron.d/01_cost.ipynb",
        "../01_cost.ipynb",
        "eve/../../../01_cost.ipynb",
        "eve/..\\..\\01_cost.ipynb",
        "C:\\01_cost.ipynb",
        "C:01_cost.ipynb",
        "eve//01_cost.ipynb",
        "eve/./01_cost.ipynb",
        "eve/\u202e01_cost.ipynb",
        "eve/" + "a" * 300 + ".ipynb",
        "eve/" + "a/" * 30 + "01_cost.ipynb",
    ],
)
def test_paths_that_lead_elsewhere_are_refused(root: Path, tmp_path: Path, name: str) -> None:
    before = files_below(tmp_path)
    source = with_bob(tmp_path / "x.zip", (name, COST))
    ((path, says),) = refused(root, source).items()
    assert path == name.replace("\\", "/")
    assert ("absolute" in says) == (name[0] in "/C")
    assert handed_in(root) == {"bob/01_cost/01_cost.ipynb"}
    new = files_below(tmp_path) - before - {"x.zip", "root/students.csv"}
    assert all(path.startswith("root/submitted/") for path in new)


def test_a_zip_with_two_files_of_one_name(root: Path, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        source = with_bob(
            tmp_path / "x.zip", ("eve/01_cost.ipynb", COST), ("eve/01_cost.ipynb", b"{}")
        )
    taken = [each.action for each in intake(source, root) if each.path_in_source.startswith("eve")]
    assert sorted(taken) == ["refused", "took"]
    assert (root / "submitted/eve/01_cost/01_cost.ipynb").read_bytes() == COST


def test_a_link_in_the_class_is_not_followed(root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "submitted").mkdir()
    (root / "submitted" / "bob").symlink_to(elsewhere)
    assert "link" in refused(root, with_bob(tmp_path / "x.zip"))["bob/01_cost.ipynb"]
    assert files_below(elsewhere) == set()


PART = st.sampled_from(
    ["..", ".", "", "ada", "Ada", "01_cost", "é", "judge.py", "x.zip", "01_cost.ipynb"]
)
PART |= st.text(max_size=8)
PATH = st.lists(PART, min_size=1, max_size=5).map("/".join)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PATH, min_size=1, max_size=6, unique=True))
def test_whatever_the_names_all_stays_inside(pattern: Path, paths: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        above = Path(folder)
        root = Path(shutil.copytree(pattern, above / "deep" / "root"))
        source = make_zip(above / "x.zip", {path: COST for path in paths if path})
        with files_of(source) as found:
            assume(found)
        before = files_below(above)
        taken = intake(source, root)
        new = files_below(above) - before - {"deep/root/students.csv"}
        assert all(path.startswith("deep/root/submitted/") for path in new)
        notebooks = [path for path in new if path.endswith("/01_cost/01_cost.ipynb")]
        assert len(notebooks) == sum(
            each.action in ("took", "renamed") and is_main(each) for each in taken
        )
        assert not list((root / "submitted").glob(".intake-*"))


def is_main(line) -> bool:  # type: ignore[no-untyped-def]
    return "beside" not in line.says
