"""Where the box runs, and the sentence where it cannot."""

import sys
from pathlib import Path

import pytest
from boxes import SMALL, real_box, told

from mlopt_lessons.grading import box as boxes
from mlopt_lessons.grading import box_options
from mlopt_lessons.grading.box import Bubblewrap
from mlopt_lessons.grading.records import GradingError, Limits
from mlopt_lessons.grading.session import Session

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def afresh():
    boxes._refusal.cache_clear()
    yield
    boxes._refusal.cache_clear()


def fake_bwrap(folder, script):
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(folder)


@pytest.mark.usefixtures("afresh")
def test_it_refuses_without_bubblewrap(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "`apt install bubblewrap`" in Bubblewrap().refusal()
    assert "`dnf install bubblewrap`" in Bubblewrap().refusal()


@pytest.mark.usefixtures("afresh")
@pytest.mark.parametrize("version", ["bubblewrap 0.6.1", "bubblewrap 0.7.0", ""])
def test_it_refuses_an_old_bubblewrap(monkeypatch, tmp_path, version):
    monkeypatch.setenv("PATH", fake_bwrap(tmp_path, f"echo {version}"))
    assert f"0.8 or newer, and this is {version}" in Bubblewrap().refusal()


@pytest.mark.usefixtures("afresh")
def test_it_refuses_where_user_namespaces_are_forbidden(monkeypatch, tmp_path):
    script = '[ "$1" = --version ] && echo bubblewrap 0.9.0 && exit\necho bwrap: No permissions to create new namespace >&2; exit 1'
    monkeypatch.setenv("PATH", fake_bwrap(tmp_path, script))
    assert (
        "(bwrap: No permissions to create new namespace): allow user namespaces"
        in Bubblewrap().refusal()
    )
    with pytest.raises(GradingError, match="allow user namespaces"):
        Bubblewrap().start(Limits())


@pytest.mark.usefixtures("afresh")
def test_it_refuses_elsewhere_than_on_linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "use a Linux machine or a Linux container" in Bubblewrap().refusal()


@pytest.mark.usefixtures("afresh")
def test_it_refuses_without_the_filter(monkeypatch):
    boxes.seccomp.program.cache_clear()
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    real = Bubblewrap()
    assert "pip install 'mlopt-lessons[class]'" in real.refusal() or "bubblewrap" in real.refusal()


def test_it_refuses_a_class_that_would_show(tmp_path):
    shown = Path(sys.prefix) / "class" / "solutions"
    assert str(sys.prefix) in Bubblewrap([tmp_path, shown]).refusal()
    assert "mlopt_lessons" in Bubblewrap([ROOT / "mlopt_lessons" / "class"]).refusal()
    real_box()
    assert Bubblewrap([tmp_path, ROOT / "solutions"]).refusal() == ""


def test_the_course_may_lie_in_the_folder_of_temporary_files(tmp_path, monkeypatch):
    real_box()
    place = tmp_path / "mlopt_lessons"  # below the machine's /tmp, or wherever TMPDIR says
    place.symlink_to(box_options.PACKAGE)
    monkeypatch.setattr(box_options, "PACKAGE", place)
    box_options.shown.cache_clear()
    try:
        with Session(Bubblewrap(), SMALL, {}) as each:
            run = each.run("import mlopt_lessons; print(mlopt_lessons.__file__)")
            assert "".join(output.text for output in run.outputs).strip().startswith(str(place))
            assert not each.run(f"open({str(place / 'new.txt')!r}, 'w')").ok
    finally:
        box_options.shown.cache_clear()


@pytest.mark.parametrize("way", ["..", "link"])
def test_python_may_be_called_by_a_roundabout_path(tmp_path, monkeypatch, way):
    real_box()
    folder, prefix = Path(sys.executable).parent, Path(sys.prefix)
    if way == "link":
        (tmp_path / "environment").symlink_to(prefix)
        prefix = tmp_path / "environment"
    else:
        prefix = prefix / folder.name / ".."
    monkeypatch.setattr(sys, "executable", str(prefix / folder.name / Path(sys.executable).name))
    monkeypatch.setattr(sys, "prefix", str(prefix))
    box_options.shown.cache_clear()
    try:
        with Session(Bubblewrap(), SMALL, {}) as each:
            assert told(each, "import numpy; print(1)") == "1\n"
    finally:
        box_options.shown.cache_clear()
