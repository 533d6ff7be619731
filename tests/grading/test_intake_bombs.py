"""Exports that would fill the memory or the disk, and zips that are broken or locked."""

import functools
import io
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from intake_class import COST, handed_in, make_zip, only, refused, take

from mlopt_lessons.grading.intake import intake
from mlopt_lessons.grading.records import GradingError

END = b"PK\x05\x06"
BOMB = b"\0" * 120_000_000


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


def test_a_zip_of_a_version_to_come_costs_only_its_learner(root: Path) -> None:
    raw = bytearray(inner_zip())
    raw[raw.index(b"PK\x01\x02") + 6] = 99
    lines = take(
        root, {"ada/01_cost.ipynb": COST, "eve/x.zip": bytes(raw), "zoe/01_cost.ipynb": COST}
    )
    assert [each.says for each in lines if each.action == "refused"] == [
        "It is a broken zip; ask for it again."
    ]
    assert handed_in(root) == {"ada/01_cost/01_cost.ipynb", "zoe/01_cost/01_cost.ipynb"}


def test_many_zips_of_one_learner_are_not_even_read(root: Path) -> None:
    """Each is held in memory while its files are looked through."""
    many = {f"eve/{number}.zip": inner_zip(f"{number}.txt", b"") for number in range(7)}
    lines = take(root, {**many, "bob/01_cost.ipynb": COST})
    refusals = [each.says for each in lines if each.action == "refused"]
    assert refusals == ["It is one of 7 zips of one learner; ask for the files."] * 7
    assert handed_in(root) == {"bob/01_cost/01_cost.ipynb"}


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


def test_a_zip_that_is_much_larger_unpacked_is_not_even_read(root: Path) -> None:
    """Each of its files would be unpacked, found too large, and left."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("01_cost.ipynb", COST)
        for number in range(16):
            archive.writestr(f"{number}.bin", bytes(19_000_000))
    line = only(take(root, {"eve/x.zip": packed.getvalue()}))
    assert (line.action, "more than 300 MB unpacked" in line.says) == ("refused", True)
