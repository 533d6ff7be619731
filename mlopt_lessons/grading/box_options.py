"""What bubblewrap makes of a box: which folders, devices and variables are in it, and what runs there."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path

from mlopt_lessons.grading.records import Limits

PACKAGE = Path(__file__).resolve().parents[1]
SHARED_MB = 64
NAMESPACES = """--unshare-all --unshare-user --disable-userns --uid 1000 --gid 1000 --cap-drop ALL
    --hostname box --die-with-parent --new-session --clearenv"""
# No device but these. /proc is read-only, as root outside could change the machine's settings there.
DEVICES = """--tmpfs /dev --dev-bind /dev/null /dev/null --dev-bind /dev/urandom /dev/urandom
    --symlink /proc/self/fd /dev/fd --proc /proc"""
# What counts for the whole machine, and goes on counting: one hand-in could leave a number there and
# another read it.
COUNTERS = """stat vmstat zoneinfo buddyinfo pagetypeinfo slabinfo vmallocinfo diskstats partitions
    interrupts softirqs schedstat sched_debug timer_list key-users cgroups"""
COUNTING = "irq pressure fs bus driver scsi sys/fs"
ROOTS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
OTHERS = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/sys/devices/system/cpu")
FONTS = "/usr/share/fonts"  # matplotlib would look through all of them in each new box
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp/home",
    "TMPDIR": "/tmp",
    "USER": "learner",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
RUN = "import sys; sys.path.append(sys.argv[2]); from mlopt_lessons.grading import inside; inside.main()"


def command(limits: Limits) -> list[str]:
    """What bubblewrap starts in the box."""
    told = json.dumps(asdict(limits))
    return ["--", str(_python()), "-I", "-B", "-c", RUN, told, str(PACKAGE.parent)]


def options(limits: Limits) -> list[str]:
    """bubblewrap and its options; a later one may cover what an earlier one shows."""
    given = [shutil.which("bwrap") or "bwrap", *NAMESPACES.split()]
    for name in ROOTS:
        path = Path("/", name)
        if path.is_symlink():
            given += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            given += ["--ro-bind", str(path), str(path)]
    # First, as Python or the course may lie below it.
    given += _scratch("/tmp", limits.scratch_mb)
    for folder in shown():
        given += ["--ro-bind", str(folder), str(folder)]
    for other in OTHERS:
        given += ["--ro-bind-try", other, other]
    if Path(FONTS).is_dir():
        given += ["--tmpfs", FONTS, "--remount-ro", FONTS]
    given += [*DEVICES.split(), *_counters(), "--remount-ro", "/proc"]
    given += _scratch("/dev/shm", min(SHARED_MB, limits.scratch_mb))
    given += ["--remount-ro", "/dev", "--dir", "/tmp/home", "--dir", "/tmp/work"]
    for name, value in ENVIRONMENT.items():
        given += ["--setenv", name, value]
    return [*given, "--chdir", "/tmp/work", "--remount-ro", "/"]


def _counters() -> list[str]:
    """Covers each that this machine has: files with what cannot be read, folders with empty ones."""
    files = [Path("/proc", name) for name in COUNTERS.split()]
    folders = [Path("/proc", name) for name in COUNTING.split()]
    given = [["--ro-bind", "/dev/null", str(path)] for path in files if path.is_file()]
    given += [
        ["--tmpfs", str(path), "--remount-ro", str(path)] for path in folders if path.is_dir()
    ]
    return [option for options in given for option in options]


def _scratch(path: str, megabytes: int) -> list[str]:
    return ["--size", str(megabytes * 1_000_000), "--tmpfs", path]


def _python() -> Path:
    """This Python, by a path without links or `..`, which are not there in the box."""
    called = Path(sys.executable)  # itself a link, by which a virtual environment is known
    return called.parent.resolve() / called.name


@cache
def shown() -> list[Path]:
    """The folders that the box shows: the system's, Python's, the packages', and the course's."""
    real = _python().resolve().parents[1]
    prefix = Path(sys.prefix).resolve()
    wanted = [Path("/usr"), Path(sys.base_prefix), prefix, real, PACKAGE]
    kept: list[Path] = []
    for path in sorted(set(wanted), key=lambda path: len(path.parts)):
        if not any(path.is_relative_to(each) for each in kept):
            kept.append(path)
    return kept
