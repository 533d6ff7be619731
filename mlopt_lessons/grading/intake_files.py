"""The files of a folder or zip from strangers: each name checked, each read with a limit.

Nothing is unpacked to disk. What a zip says of a file is not believed: its bytes are counted.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from mlopt_lessons.grading.handin import read_bytes
from mlopt_lessons.grading.records import GradingError, HandinProblem, Limits

MOST_FILES = 50_000  # of a class's export
MOST_UNPACKED_MB = (
    300  # of a learner's own zip; what is too large in it is not taken, and still read
)
MOST_PACKED = 500  # in a learner's own zip
MOST_LISTING = 1 << 20  # bytes of such a zip's list of its files
MOST_RATIO = 200  # a notebook shrinks to a fifth, rarely to a fiftieth
DEEPEST = 10  # folders in folders
SYSTEMS = ("__MACOSX", ".DS_Store", "._*", "Thumbs.db", "desktop.ini")
TOOLS = (".ipynb_checkpoints", "__pycache__", "*.pyc", ".git")
JUNK = SYSTEMS + TOOLS  # nobody hands these in; they are passed over without a line
END, END_64 = b"PK\x05\x06", b"PK\x06\x07"
# zipfile raises NotImplementedError for one that says it needs a newer version of the format.
BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, struct.error, ValueError, OverflowError,
    NotImplementedError,
)  # fmt: skip
UNIX_TIME = 0x5455  # the extra field of a zip's entry that holds a time in UTC


@dataclass(frozen=True)
class Found:
    """A file: its path in the source, when it was last changed (UTC, None where nothing says so).

    `read(limit_mb)` gives its bytes and raises HandinProblem; `problem` says why it is not read.
    """

    path: str
    at: datetime | None = None
    read: Callable[[float], bytes] = lambda _: b""
    problem: str = ""


@contextmanager
def files_of(source: Path) -> Iterator[list[Found]]:
    """The files of a folder or zip, sorted by path. Raises GradingError where it is neither."""
    if source.is_dir():
        yield _listed(_in_folder(source), source)
    elif source.is_file() and zipfile.is_zipfile(source):
        try:
            with zipfile.ZipFile(source) as archive:
                yield _listed(_in_zip(archive), source)
        except zipfile.BadZipFile as error:
            raise GradingError(f"{source} is a broken zip; download it again.") from error
    elif source.exists():
        raise GradingError(f"{source} is neither a folder nor a zip; give what was exported.")
    else:
        raise GradingError(f"There is no {source}; give the folder or zip that was exported.")


def unpacked(zipped: Found, limits: Limits) -> list[Found]:
    """The files of a learner's own zip. Raises HandinProblem where it cannot be taken."""
    raw = zipped.read(limits.notebook_mb + limits.extras_mb)
    _check_listing(raw)
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw))
    except BROKEN as error:
        raise HandinProblem("It is a broken zip; ask for it again.") from error
    if len(archive.infolist()) > MOST_PACKED:
        raise HandinProblem(f"It is a zip of more than {MOST_PACKED} files; ask for the notebook.")
    if sum(each.file_size for each in archive.infolist()) > MOST_UNPACKED_MB * 1_000_000:
        raise HandinProblem(
            f"It is a zip of more than {MOST_UNPACKED_MB} MB unpacked; ask for the notebook."
        )
    return sorted(_in_zip(archive), key=lambda found: found.path)


def is_zip(path: str) -> bool:
    """Whether a name is a zip's."""
    return path.lower().endswith(".zip")


def shown(text: str) -> str:
    """A stranger's text for a line on the screen: nothing in it that a terminal acts on."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def name_problem(path: str) -> str:
    """What is wrong with a file's name, as a sentence, or an empty text."""
    parts = path.split("/")
    if path.startswith("/") or (len(parts[0]) > 1 and parts[0][1] == ":"):
        return "It has an absolute path, which could overwrite a file elsewhere."
    if ".." in parts:
        return "Its path leads out of its folder with .. in it."
    if any(part in ("", ".") for part in parts) or not path.isprintable():
        return "Its name has signs that no file's name should have; rename it."
    if len(parts) > DEEPEST or any(len(os.fsencode(part)) > 200 for part in parts):
        return "Its name is too long, or lies too deep in folders; rename it."
    return ""


def _listed(found: Iterable[Found], source: Path) -> list[Found]:
    """All of them, sorted; what occurs twice is a problem the second time."""
    files: dict[str, Found] = {}
    twice: list[Found] = []
    for each in found:
        if each.path in files:
            twice.append(Found(each.path, problem="There are two files of this name in the zip."))
        files.setdefault(each.path, each)
        if len(files) + len(twice) > MOST_FILES:
            raise GradingError(f"{source} has more than {MOST_FILES} files; give a class's export.")
    return sorted([*files.values(), *twice], key=lambda each: each.path)


def _in_folder(root: Path) -> Iterator[Found]:
    """The files below a folder. No link is followed, and none is read."""
    folders = [("", root)]
    while folders:
        above, folder = folders.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                path = f"{above}{entry.name}"
                if _is_junk(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False) and path.count("/") < 2 * DEEPEST:
                    folders.append((f"{path}/", Path(entry.path)))
                else:
                    yield _of_folder(entry, path, root)


def _of_folder(entry: os.DirEntry[str], path: str, root: Path) -> Found:
    seen = entry.stat(follow_symlinks=False)
    at = datetime.fromtimestamp(seen.st_mtime, UTC)
    problem = _kind_problem(seen.st_mode) or name_problem(path)
    return Found(path, at, lambda limit_mb: read_bytes(root / path, limit_mb, below=root), problem)


def _in_zip(archive: zipfile.ZipFile) -> Iterator[Found]:
    for entry in archive.infolist():
        path = entry.filename.replace("\\", "/")  # some of Windows' zips have those
        if not path.endswith("/") and not any(_is_junk(part) for part in path.split("/")):
            yield _of_zip(archive, entry, path)


def _of_zip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: str) -> Found:
    problem = _kind_problem(entry.external_attr >> 16) or name_problem(path)
    if entry.flag_bits & 0x1:
        problem = problem or "It is locked with a password; ask for it without one."
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        problem = problem or "It is packed in a way that is not read here; make a plain zip."
    return Found(path, _changed(entry), lambda limit: _unzip(archive, entry, limit), problem)


def _unzip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit_mb: float) -> bytes:
    """One file of a zip. What it unpacks to is counted, whatever the zip says of it."""
    most = int(limit_mb * 1e6)
    if entry.file_size > most:
        raise HandinProblem(f"It is over {limit_mb:g} MB.")
    if entry.file_size > 1e6 and entry.file_size > MOST_RATIO * entry.compress_size:
        raise HandinProblem(
            f"It unpacks to over {MOST_RATIO} times its size, which no notebook does."
        )
    try:
        with archive.open(entry) as file:
            content = file.read(most + 1)
    except (*BROKEN, RuntimeError, OSError) as error:
        raise HandinProblem("It cannot be unpacked, its part of the zip is broken.") from error
    if len(content) > most:
        raise HandinProblem(f"It is over {limit_mb:g} MB.")
    return content


def _check_listing(raw: bytes) -> None:
    """Raises HandinProblem for a zip whose list of files is too long to be read into memory."""
    place = raw.rfind(END, max(0, len(raw) - 66_000))
    if place < 0 or len(raw) < place + 22:
        raise HandinProblem("It is a broken zip; ask for it again.")
    size = struct.unpack_from("<L", raw, place + 12)[0]
    if size > MOST_LISTING or END_64 in raw[-66_100:]:
        raise HandinProblem(f"It is a zip of more than {MOST_PACKED} files; ask for the notebook.")


def _kind_problem(mode: int) -> str:
    """What is wrong with what is no plain file; a zip may not say what it is, with a mode of 0."""
    if stat.S_ISLNK(mode):
        return "It is a link; ask for the file itself."
    if stat.S_ISDIR(mode):
        return "It lies too deep in folders."
    return "" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "It is not a plain file."


def _is_junk(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in JUNK)


def _changed(entry: zipfile.ZipInfo) -> datetime | None:
    """When an entry was changed: its time in UTC, or the zip's own, which is of some clock nearby."""
    extra = entry.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == UNIX_TIME and size >= 5 and len(extra) >= 9 and extra[4] & 1:
            return datetime.fromtimestamp(struct.unpack_from("<l", extra, 5)[0], UTC)
        extra = extra[4 + size :]
    if entry.date_time[:3] == (1980, 1, 1):
        return None  # what is written where there is no time
    try:
        return datetime(*entry.date_time).astimezone(UTC)
    except ValueError:
        return None
