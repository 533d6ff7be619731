"""An intake that is killed, runs out of disk, or has another beside it: no hand-in is half there."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
from intake_class import COST, answered, handed_in, make_folder, make_zip, refused, with_bob

from mlopt_lessons.grading import intake_desk
from mlopt_lessons.grading.intake import intake
from mlopt_lessons.grading.records import GradingError


def test_two_intakes_do_not_run_at_once(root: Path, tmp_path: Path) -> None:
    with (
        intake_desk.desk_at(root / "submitted", lambda *_: root),
        pytest.raises(GradingError, match="Another intake"),
    ):
        intake(with_bob(tmp_path / "x.zip"), root)
    assert intake(with_bob(tmp_path / "x.zip"), root)[0].action == "took"


def test_what_appears_meanwhile_is_not_overwritten(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's hand-in is put there after it was looked and before the rename."""
    place = root / "submitted" / "bob" / "01_cost"
    rename = os.rename

    def slow(source: Path, target: Path) -> None:
        make_folder(place, {"01_cost.ipynb": b"theirs"})
        rename(source, target)

    monkeypatch.setattr(intake_desk.os, "rename", slow)
    assert "meanwhile" in refused(root, with_bob(tmp_path / "x.zip"))["bob/01_cost.ipynb"]
    assert (place / "01_cost.ipynb").read_bytes() == b"theirs"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """An export that takes some time."""
    data = os.urandom(500_000)
    files = {}
    for number in range(12):
        files[f"l{number}/01_cost.ipynb"] = COST
        files[f"l{number}/data.bin"] = data
    return make_zip(tmp_path / "x.zip", files, zipfile.ZIP_STORED)


SLOWLY = (
    "import os, sys, time; from pathlib import Path; from mlopt_lessons.grading.intake import intake\n"
    "rename = os.rename\n"
    "os.rename = lambda *paths: (time.sleep(0.1), rename(*paths))\n"
    "intake(Path(sys.argv[1]), Path(sys.argv[2]))"
)


@pytest.mark.parametrize("sign", [".intake-*/3", "l*/01_cost"])
def test_a_killed_intake_leaves_nothing_half(large: Path, root: Path, sign: str) -> None:
    """Killed when there is first a sign of how far it is: some put down, or some in their place."""
    submitted = root / "submitted"
    command = [sys.executable, "-c", SLOWLY, str(large), str(root)]
    with subprocess.Popen(command) as process:
        while not list(submitted.glob(sign)):
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert list(submitted.glob(".intake-*"))
    there = list(submitted.glob("*/01_cost"))
    assert bool(there) == sign.startswith("l")
    assert len(there) < 12
    for place in there:
        assert (place / "01_cost.ipynb").read_bytes() == COST
        assert (place / "data.bin").stat().st_size == 500_000
    taken = intake(large, root)
    assert {each.action for each in taken} <= {"took", "kept"}
    assert len(list(submitted.glob("*/01_cost/data.bin"))) == 12
    assert not list(submitted.glob(".intake-*"))


def test_killed_between_two_renames_the_earlier_one_is_safe(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    intake(with_bob(tmp_path / "x.zip"), root)
    newer = make_zip(tmp_path / "y.zip", {"bob/01_cost.ipynb": answered(answer="new")})
    rename = os.rename

    def second_fails(source: Path, target: Path) -> None:
        if ".intake-" in str(source):
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(intake_desk.os, "rename", second_fails)
    with pytest.raises(KeyboardInterrupt):
        intake(newer, root, replace=True)
    monkeypatch.undo()
    earlier = list((root / "replaced/bob/01_cost").iterdir())
    assert [(each / "01_cost.ipynb").read_bytes() for each in earlier] == [COST]
    assert intake(newer, root, replace=True)[0].action == "took"


def test_a_full_disk_leaves_no_hand_in_half(
    large: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limit[1]))
        with pytest.raises(OSError, match="too large"):
            intake(large, root)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert handed_in(root) == set()


def test_intakes_from_threads_lose_nothing(root: Path, tmp_path: Path) -> None:
    """Each is told to wait, or takes what it was given."""
    sources = [make_zip(tmp_path / f"{n}.zip", {f"l{n}/01_cost.ipynb": COST}) for n in range(6)]
    done: list[str] = []

    def work(source: Path) -> None:
        while True:
            try:
                done.append(intake(source, root)[0].student)
                return
            except GradingError:
                time.sleep(0.01)

    threads = [threading.Thread(target=work, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [f"l{number}" for number in range(6)]
    assert len(handed_in(root)) == 6
