"""`mlopt doctor`: each thing it looks at, in good order and in bad."""

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from mlopt_lessons import cli, doctor

PACKAGE = Path(doctor.__file__).parent


@pytest.fixture
def bare(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `mlopt` in a Python that has the course and click, and nothing else."""
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    metadata = Path(str(importlib.metadata.distribution("mlopt-lessons").locate_file("")))
    course = next(metadata.glob("mlopt_lessons-*.dist-info"))
    for path in (PACKAGE, course, Path(click.__file__).parent):
        (libraries / path.name).symlink_to(path)

    def mlopt(*arguments: str) -> subprocess.CompletedProcess[str]:
        code = f"from mlopt_lessons.cli import main; main({list(arguments)})"
        return subprocess.run(
            [sys.executable, "-S", "-c", code],
            env=os.environ | {"PYTHONPATH": str(libraries)},
            capture_output=True,
            text=True,
            check=False,
        )

    return mlopt


def versions(monkeypatch: pytest.MonkeyPatch, found: dict[str, str]) -> None:
    """Lets only these packages be installed."""

    def version(name: str) -> str:
        if name not in found:
            raise importlib.metadata.PackageNotFoundError(name)
        return found[name]

    monkeypatch.setattr(importlib.metadata, "version", version)


@pytest.mark.parametrize(
    ("version", "level"), [((3, 10), "missing"), ((3, 11), "ok"), ((3, 14), "ok"), ((4, 0), "ok")]
)
def test_python_3_11_is_the_oldest(version: tuple[int, int], level: str) -> None:
    assert doctor.python_version(version).level == level


@pytest.mark.parametrize(
    ("requirement", "level", "words"),
    [
        ("torch>=2.9", "ok", "torch 2.13.0+cpu"),
        ("torch >= 2.13", "ok", "torch 2.13.0+cpu"),
        ("torch>=2.13.1", "missing", "2.13.1 needed"),
        ("numpy>=2.0", "ok", "numpy 2"),
        ("click", "missing", "click"),
    ],
)
def test_a_package_is_compared_with_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, requirement: str, level: str, words: str
) -> None:
    versions(monkeypatch, {"torch": "2.13.0+cpu", "numpy": "2"})
    finding = doctor.package(requirement)
    assert finding.level == level
    assert words in finding.what
    assert bool(finding.mend) == (level != "ok")


def test_a_missing_torch_is_mended_with_the_cpu_build(monkeypatch: pytest.MonkeyPatch) -> None:
    versions(monkeypatch, {})
    assert "CPU build" in doctor.package("torch>=2.9").mend


def test_a_requirement_it_cannot_read_is_named() -> None:
    with pytest.raises(ValueError, match="is not a requirement; write it as"):
        doctor.package("torch~=2")


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.sampled_from(["", "+cpu", "rc1", ".post1", ".dev2"]),
)
def test_versions_compare_as_the_standard_says(
    left: list[int], right: list[int], suffix: str
) -> None:
    first, second = (".".join(map(str, parts)) for parts in (left, right))
    expected = Version(Version(first).base_version) >= Version(second)
    assert (doctor.numbers(first + suffix) >= doctor.numbers(second)) == expected


def test_every_dependency_is_looked_at() -> None:
    needed = [
        each for each in importlib.metadata.requires("mlopt-lessons") or [] if "extra" not in each
    ]
    assert len(list(doctor.packages())) == len(needed) > 10


def test_a_course_that_is_not_installed_is_said() -> None:
    (finding,) = doctor.packages("no-such-distribution")
    assert finding.level == "missing"
    assert "pip install" in finding.mend


def test_a_package_that_does_not_load_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_wheel.py").write_text("raise ImportError('DLL load failed')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    finding = doctor.loads("broken_wheel")
    assert finding.level == "missing"
    assert "DLL load failed" in finding.what
    assert doctor.loads("json").level == "ok"


@pytest.mark.parametrize(
    ("flags", "vnni", "level", "words"),
    [
        (("avx2", "avx512_vnni"), True, "ok", "one instruction"),
        (("avx2",), False, "warning", "no int8 dot product"),
        ((), False, "ok", "measures"),
    ],
)
def test_the_processor_says_what_follows(
    flags: tuple[str, ...], vnni: bool, level: str, words: str
) -> None:
    finding = doctor.speed_of_int8("a processor", flags, vnni)
    assert (finding.level, words in finding.what) == (level, True)


@pytest.mark.parametrize(
    ("look", "name"), [(doctor.disk, "DISK_GIB"), (lambda _: doctor.memory(), "MEMORY_GIB")]
)
def test_too_little_room_is_a_warning(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    look: Callable[[Path], doctor.Finding],
    name: str,
) -> None:
    monkeypatch.setattr(doctor, name, 0.001)
    assert look(tmp_path).level == "ok"
    monkeypatch.setattr(doctor, name, 1e6)
    assert look(tmp_path).level == "warning"


def test_a_folder_that_does_not_exist_yet_can_be_written(tmp_path: Path) -> None:
    assert doctor.writable(tmp_path / "not" / "yet").level == "ok"
    assert not (tmp_path / "not").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = doctor.writable(tmp_path / "file" / "workspace")
    assert finding.level == "missing"
    assert "mlopt lab FOLDER" in finding.mend


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux's /proc")
def test_a_folder_that_refuses_files_is_said() -> None:
    assert doctor.writable(Path("/proc/self")).level == "missing"


def test_no_browser_is_only_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise doctor.webbrowser.Error("no browser")

    monkeypatch.setattr(doctor.webbrowser, "get", none)
    assert doctor.browser().level == "warning"


def test_doctor_works_without_any_library_but_click(
    bare: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    done = bare("doctor", str(tmp_path))
    assert done.stderr == ""
    assert done.returncode == 1
    assert "missing  torch" in done.stdout
    assert "not examined" in done.stdout
    assert "can be written" in done.stdout


@pytest.mark.parametrize("command", [("lab", "--sync-only"), ("quantize", "mlp"), ("check", "x")])
def test_a_command_that_lacks_a_package_sends_to_the_doctor(
    bare: Callable[..., subprocess.CompletedProcess[str]], command: tuple[str, ...]
) -> None:
    done = bare(*command)
    assert done.returncode == 1
    assert "does not load; run mlopt doctor" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("level", "status"), [("ok", 0), ("warning", 0), ("missing", 1)])
def test_only_what_is_missing_fails(
    monkeypatch: pytest.MonkeyPatch, level: doctor.Level, status: int
) -> None:
    finding = doctor.Finding(level, "a thing", "mend it so")
    monkeypatch.setattr(doctor, "examine", lambda folder: iter([finding]))
    result = CliRunner().invoke(cli.mlopt, ["doctor"])
    assert result.exit_code == status
    assert "mend it so" in result.output
