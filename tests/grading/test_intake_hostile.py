"""Exports that want to write elsewhere, fill the memory or the disk, or that are cut short."""

import functools
import io
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from intake_class import answered, make_class, make_folder, make_zip

from mlopt_lessons.grading import intake_desk
from mlopt_lessons.grading.intake import intake
from mlopt_lessons.grading.records import GradingError

COST = answered()
END = b"PK\x05\x06"
BOMB = b"\0" * 120_000_000


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_class(tmp_path_factory.mktemp("class") / "root")


@pytest.fixture
def root(pattern: Path, tmp_path: Path) -> Path:
    """A class of one test's own."""
    return Path(shutil.copytree(pattern, tmp_path / "root"))


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def handed_in(root: Path) -> set[str]:
    return {
        name
        for name in files_below(root / "submitted")
        if not name.endswith(("stamp.txt", ".lock"))
    }


def refused(root: Path, source: Path) -> dict[str, str]:
    return {
        each.path_in_source: each.says for each in intake(source, root) if each.action == "refused"
    }


def with_bob(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    """A zip of these entries and of an honest hand-in, which must be taken whatever they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
        archive.writestr("bob/01_cost.ipynb", COST)
    return path


# --- links, paths, what is no file ---------------------------------------------------------------


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
    new = files_below(tmp_path) - before - {"x.zip"}
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


# --- bombs ---------------------------------------------------------------------------------------


def inner_zip(
    name: str = "01_cost.ipynb", content: bytes = COST, method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def lying_zip(said: int) -> bytes:
    """A zip whose notebook says that it is `said` bytes long, and unpacks to many more."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(BOMB) + packer.flush()
    name = b"01_cost.ipynb"
    sizes = struct.pack("<LLL", zlib.crc32(BOMB[:said]), len(packed), said)
    shared = struct.pack("<HHHHH", 20, 0, 8, 0, 0x5999) + sizes + struct.pack("<HH", len(name), 0)
    local = b"PK\x03\x04" + shared + name + packed
    listing = (
        b"PK\x01\x02" + struct.pack("<H", 20) + shared + struct.pack("<HHHLL", 0, 0, 0, 0, 0) + name
    )
    end = struct.pack("<4sHHHHLLH", END, 0, 0, 1, 1, len(listing), len(local), 0)
    return local + listing + end


def many_files(count: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}", b"")
    return buffer.getvalue()


def long_listing(count: int) -> bytes:
    """A zip that is nothing but a list of files."""
    entry = b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"x"
    listing = entry * count
    return listing + struct.pack(
        "<4sHHHHLLH", END, 0, 0, count & 0xFFFF, count & 0xFFFF, len(listing), 0, 0
    )


@functools.cache
def bombs() -> dict[str, bytes]:
    return {
        "times its size": inner_zip(content=BOMB[:9_000_000]),
        "over 10 MB": inner_zip(content=BOMB),
        "JSON is broken": lying_zip(1000),
        "packed in a way": inner_zip(content=BOMB[:40_000_000], method=zipfile.ZIP_BZIP2),
        "way that is not read": inner_zip(content=BOMB[:40_000_000], method=zipfile.ZIP_LZMA),
        "zip in a zip": inner_zip("again.zip", inner_zip()),
        "than 500 files": many_files(501),
        "of more than 500 files": long_listing(400_000),
        "broken zip": inner_zip()[:-30],
        "part of the zip is broken": inner_zip(method=zipfile.ZIP_STORED).replace(
            COST[:4], b"xxxx"
        ),
        "a broken zip": b"",
    }


@pytest.mark.parametrize(
    "word",
    [
        "times its size",
        "over 10 MB",
        "JSON is broken",
        "packed in a way",
        "way that is not read",
        "zip in a zip",
        "than 500 files",
        "of more than 500 files",
        "broken zip",
        "part of the zip is broken",
        "a broken zip",
    ],
)
def test_a_learners_bomb_costs_only_her(root: Path, tmp_path: Path, word: str) -> None:
    files = {"eve/work.zip": bombs()[word], "bob/01_cost.ipynb": COST}
    said = refused(root, make_zip(tmp_path / "x.zip", files, zipfile.ZIP_STORED))
    assert any(word in says for says in said.values()), said
    assert handed_in(root) == {"bob/01_cost/01_cost.ipynb"}


@pytest.mark.parametrize("packed", [True, False])
def test_bombs_take_neither_memory_nor_disk(pattern: Path, tmp_path: Path, packed: bool) -> None:
    """In a process whose memory is measured; one bomb unpacked would take 120 MB."""
    files, method = {"eve/01_cost.ipynb": BOMB}, zipfile.ZIP_DEFLATED
    if packed:
        files = {f"eve{number}/x.zip": each for number, each in enumerate(bombs().values())}
        method = zipfile.ZIP_STORED
    source = make_zip(tmp_path / "x.zip", files, method)
    root = Path(shutil.copytree(pattern, tmp_path / "root"))
    program = (
        "import sys; from pathlib import Path; from mlopt_lessons.grading.intake import intake\n"
        "from nbgrader.apps.baseapp import NbGrader\n"
        "def peak():\n"
        "    lines = Path('/proc/self/status').read_text().splitlines()\n"
        "    return next(int(line.split()[1]) for line in lines if line.startswith('VmHWM'))\n"
        "before = peak()\n"
        "intake(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print(peak() - before)"
    )
    done = run_python(program, source, root)
    print(done.stdout)
    assert int(done.stdout) / 1000 < 80  # MB over what the imports took
    assert sum(path.stat().st_size for path in (root / "submitted").rglob("*")) < 1e6


def run_python(program: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def test_a_zip_with_a_password_is_refused(root: Path, tmp_path: Path) -> None:
    raw = bytearray(make_zip(tmp_path / "y.zip", {"eve/01_cost.ipynb": COST}).read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + place] |= 1
    source = tmp_path / "x.zip"
    source.write_bytes(raw)
    assert "password" in refused(root, source)["eve/01_cost.ipynb"]


def test_an_export_that_is_cut_off_is_an_error(root: Path, tmp_path: Path) -> None:
    source = make_zip(tmp_path / "x.zip", {"bob/01_cost.ipynb": COST})
    source.write_bytes(source.read_bytes()[:-10])
    with pytest.raises(GradingError, match="zip"):
        intake(source, root)


def test_one_broken_file_of_an_export_costs_only_its_learner(root: Path, tmp_path: Path) -> None:
    source = make_zip(tmp_path / "x.zip", {"eve/01_cost.ipynb": COST, "bob/01_cost.ipynb": COST})
    raw = bytearray(source.read_bytes())
    raw[200:210] = b"\xff" * 10
    source.write_bytes(raw)
    assert "broken" in refused(root, source)["eve/01_cost.ipynb"]
    assert handed_in(root) == {"bob/01_cost/01_cost.ipynb"}


# --- any names at all ----------------------------------------------------------------------------

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
        before = files_below(above)
        taken = intake(source, root)
        new = files_below(above) - before
        assert all(path.startswith("deep/root/submitted/") for path in new)
        notebooks = [path for path in new if path.endswith("/01_cost/01_cost.ipynb")]
        assert len(notebooks) == sum(
            each.action in ("took", "renamed") and is_main(each) for each in taken
        )
        assert not list((root / "submitted").glob(".intake-*"))


def is_main(line) -> bool:  # type: ignore[no-untyped-def]
    return "beside" not in line.says


# --- two at once, and cut short ------------------------------------------------------------------


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
