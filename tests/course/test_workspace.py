"""The learner's workspace: what the learner changed is never touched, everything else is kept current."""

import json
import shutil
import tempfile
from pathlib import Path

import nbformat
import pytest
from course_content import BOOK, DATA, EXERCISE, actions, names, notebook, write
from hypothesis import given, settings
from hypothesis import strategies as st

from mlopt_lessons.course.workspace import (
    PARTS,
    Change,
    WorkspaceError,
    cleared,
    content_root,
    sync,
)


def test_a_new_workspace_holds_every_file_and_nothing_hidden(mine: Path, content: Path) -> None:
    assert actions(sync(mine, content), mine) == {
        str(EXERCISE): "new",
        str(DATA): "new",
        str(BOOK): "new",
    }
    assert names(mine) == {str(BOOK), str(EXERCISE), str(DATA), ".mlopt/manifest.json"}
    assert (mine / DATA).read_bytes() == b"a,b\r\n1,2\r\n"


def test_outputs_are_cleared_and_nothing_else(mine: Path, content: Path) -> None:
    sync(mine, content)
    text = (mine / BOOK).read_text(encoding="utf-8")
    assert "seen too early" not in text
    book = json.loads(text)
    markdown, code = book["cells"]
    assert (code["outputs"], code["execution_count"], code["metadata"]) == ([], None, {})
    assert (code["source"], markdown["source"]) == (["1"], ["# Title"])
    assert "widgets" not in book["metadata"]
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert cleared(text.encode()) == text.encode()


def test_a_second_sync_changes_nothing(mine: Path, content: Path) -> None:
    sync(mine, content)
    before = {p: p.stat().st_mtime_ns for p in mine.rglob("*")}
    assert sync(mine, content) == []
    assert {p: p.stat().st_mtime_ns for p in mine.rglob("*")} == before


def test_new_outputs_in_the_course_are_no_update(mine: Path, content: Path) -> None:
    sync(mine, content)
    write(content, BOOK, notebook("1", output="run again"))
    assert sync(mine, content) == []


def test_an_unchanged_file_is_updated(mine: Path, content: Path) -> None:
    sync(mine, content)
    write(content, BOOK, notebook("2"))
    assert actions(sync(mine, content), mine) == {str(BOOK): "updated"}
    assert (mine / BOOK).read_bytes() == cleared(notebook("2"))


def test_a_file_new_in_the_course_arrives(mine: Path, content: Path) -> None:
    sync(mine, content)
    write(content, Path("notebooks/06_pruning.ipynb"), notebook("prune"))
    assert actions(sync(mine, content), mine) == {"notebooks/06_pruning.ipynb": "new"}


@pytest.mark.parametrize("extra", [b" ", b"\n", b"\0"])
def test_one_changed_byte_makes_it_the_learners(mine: Path, content: Path, extra: bytes) -> None:
    sync(mine, content)
    theirs = (mine / BOOK).read_bytes() + extra
    write(mine, BOOK, theirs)
    assert actions(sync(mine, content), mine) == {str(BOOK): "kept"}
    assert (mine / BOOK).read_bytes() == theirs


def test_both_changed_keeps_theirs_and_puts_ours_beside(mine: Path, content: Path) -> None:
    sync(mine, content)
    write(mine, BOOK, b"my notes")
    write(content, BOOK, notebook("2"))
    beside = mine / "notebooks/05_quantization.new.ipynb"
    assert sync(mine, content) == [Change("kept beside", beside)]
    assert (mine / BOOK).read_bytes() == b"my notes"
    assert beside.read_bytes() == cleared(notebook("2"))
    assert actions(sync(mine, content), mine) == {str(BOOK): "kept"}
    write(content, BOOK, notebook("3"))
    assert sync(mine, content) == [Change("kept beside", beside)]
    assert beside.read_bytes() == cleared(notebook("3"))


def test_work_in_the_file_beside_is_the_learners_too(mine: Path, content: Path) -> None:
    sync(mine, content)
    write(mine, BOOK, b"my notes")
    write(content, BOOK, notebook("2"))
    (change,) = sync(mine, content)
    change.path.write_bytes(b"my work in the new one")
    write(content, BOOK, notebook("3"))
    assert sync(mine, content) == [
        Change("kept beside", mine / "notebooks/05_quantization.new2.ipynb")
    ]
    assert change.path.read_bytes() == b"my work in the new one"
    assert (mine / BOOK).read_bytes() == b"my notes"


def test_a_deleted_file_comes_back(mine: Path, content: Path) -> None:
    sync(mine, content)
    (mine / DATA).unlink()
    shutil.rmtree(mine / "notebooks")
    assert actions(sync(mine, content), mine) == {str(DATA): "restored", str(BOOK): "restored"}
    assert (mine / DATA).read_bytes() == b"a,b\r\n1,2\r\n"


DAMAGED = [b"", b"{", b"\xff\xfe", b"[1, 2]", b"null", b"7", b'"text"', b'{"notebooks": 3}']


@pytest.mark.parametrize("manifest", [None, *DAMAGED])
def test_without_a_manifest_every_other_file_is_the_learners(
    mine: Path, content: Path, manifest: bytes | None
) -> None:
    sync(mine, content)
    write(mine, BOOK, b"my notes")
    path = mine / ".mlopt/manifest.json"
    path.unlink() if manifest is None else path.write_bytes(manifest)
    write(content, EXERCISE, notebook("def g(): ..."))
    assert actions(sync(mine, content), mine) == {
        "exercises/05_quantization/05_quantization.new.ipynb": "kept beside",
        "notebooks/05_quantization.new.ipynb": "kept beside",
    }
    assert (mine / BOOK).read_bytes() == b"my notes"
    assert (mine / EXERCISE).read_bytes() == cleared(notebook("def f(): ..."))
    write(content, DATA, b"new")
    assert actions(sync(mine, content), mine)[str(DATA)] == "updated"


def test_other_files_of_the_learner_stay(mine: Path, content: Path) -> None:
    write(mine, Path("notebooks/scratch.ipynb"), b"mine")
    write(mine, Path(".mlopt/progress.sqlite"), b"progress")
    sync(mine, content)
    assert (mine / "notebooks/scratch.ipynb").read_bytes() == b"mine"
    assert (mine / ".mlopt/progress.sqlite").read_bytes() == b"progress"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["course", "learner", "learner's copy", "delete", "manifest", "sync"]),
        st.sampled_from([BOOK, DATA]),
        st.integers(0, 3),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_no_sequence_of_changes_touches_what_the_learner_wrote(
    steps: list[tuple[str, Path, int]],
) -> None:
    """The model: a file that the learner saved holds their bytes until they save or delete it."""
    with tempfile.TemporaryDirectory() as folder:
        content, mine = Path(folder, "content"), Path(folder, "mine")
        write(content, BOOK, notebook("0"))
        write(content, DATA, b"0")
        write(content, EXERCISE, notebook("0"))
        theirs: dict[Path, bytes] = {}
        for who, name, number in [*steps, ("sync", BOOK, 0)]:
            if who == "course":
                book = name.suffix == ".ipynb"
                write(content, name, notebook(str(number)) if book else f"{number}".encode())
            elif who == "learner":
                theirs[name] = f"mine {number}".encode()
                write(mine, name, theirs[name])
            elif who == "learner's copy":
                beside = name.with_suffix(f".new{name.suffix}")
                theirs[beside] = f"mine beside {number}".encode()
                write(mine, beside, theirs[beside])
            elif who == "delete":
                (mine / name).unlink(missing_ok=True)
                theirs.pop(name, None)
            elif who == "manifest":
                (mine / ".mlopt/manifest.json").unlink(missing_ok=True)
            else:
                sync(mine, content)
            assert {each: (mine / each).read_bytes() for each in theirs} == theirs
        for name in {BOOK, DATA, EXERCISE} - set(theirs):
            data = (content / name).read_bytes()
            want = cleared(data) if name.suffix == ".ipynb" else data
            suffixes = ["", ".new", ".new2", ".new3"]
            copies = [name.with_suffix(f"{mark}{name.suffix}") for mark in suffixes]
            # Who saves over the copy beside has seen it, as who saves over the file itself.
            if not theirs.keys() & set(copies):
                found = [mine / copy for copy in copies]
                assert want in [copy.read_bytes() for copy in found if copy.exists()]


def test_the_shipped_content_is_found_and_clears_the_same_way_twice() -> None:
    root = content_root()
    books = sorted((root / "notebooks").glob("*.ipynb"))
    assert all((root / part).is_dir() for part in PARTS)
    assert books
    for book in books:
        once = cleared(book.read_bytes())
        assert cleared(book.read_bytes()) == once == cleared(once)


def test_missing_content_gets_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlopt_lessons.course.workspace.PACKAGE", tmp_path / "package")
    with pytest.raises(WorkspaceError, match="install mlopt-lessons again"):
        content_root()
    with pytest.raises(WorkspaceError, match="install mlopt-lessons again"):
        sync(tmp_path / "mine")
