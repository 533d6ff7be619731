"""Which machine this is: a figure measured here is worth little without it."""

import os
import platform
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

# Instruction sets that decide how fast int8 runs; the names are those of Linux's /proc/cpuinfo.
INTEGER_FLAGS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
VNNI_FLAGS = {"avx_vnni", "avx512_vnni", "amx_int8", "asimddp", "i8mm"}
GIB = 2**30


@dataclass(frozen=True)
class Machine:
    """A machine in the words that matter for timing: processor, cores, memory, instruction sets."""

    cpu: str
    cores: int
    threads: int
    memory_gib: float
    flags: tuple[str, ...]
    os: str
    python: str

    @property
    def has_vnni(self) -> bool:
        """Whether int8 products are summed in 32 bits by one instruction, without saturation."""
        return bool(VNNI_FLAGS.intersection(self.flags))

    def summary(self) -> str:
        """The machine in one line."""
        flags = ", ".join(self.flags) or "no integer extensions known"
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        return f"{self.cpu}, {cores}, {self.memory_gib:.0f} GiB, {flags}, {self.os}"


@cache
def describe() -> Machine:
    """This machine. What the system does not tell is left out, never guessed."""
    cpu, flags = _processor()
    return Machine(
        cpu=cpu or platform.processor() or platform.machine(),
        cores=psutil.cpu_count(logical=False) or 1,
        threads=_usable_threads(),
        memory_gib=psutil.virtual_memory().total / GIB,
        flags=tuple(flag for flag in INTEGER_FLAGS if flag in flags),
        os=_system(),
        python=platform.python_version(),
    )


def _system() -> str:
    # Only the version: what follows it names a build, which says nothing about speed.
    return f"{platform.system()} {platform.release().partition('-')[0]}"


def _usable_threads() -> int:
    # A container or a batch system may give fewer processors than the machine has.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> tuple[str, set[str]]:
    """Name and flags of the processor, as far as the system tells them."""
    if platform.system() == "Linux":
        return parse_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
    if platform.system() == "Darwin":
        return _sysctl("machdep.cpu.brand_string"), _darwin_flags()
    return platform.processor(), set()


def parse_cpuinfo(text: str) -> tuple[str, set[str]]:
    """Name and flags of the first processor of Linux's /proc/cpuinfo."""
    name = ""
    flags: set[str] = set()
    for line in text.splitlines():
        key, _, value = (part.strip() for part in line.partition(":"))
        if key == "model name" and not name:
            name = value
        if key in ("flags", "Features") and not flags:
            flags = set(value.split())
    return name, flags


def _darwin_flags() -> set[str]:
    features = {"asimddp": "hw.optional.arm.FEAT_DotProd", "i8mm": "hw.optional.arm.FEAT_I8MM"}
    return {flag for flag, key in features.items() if _sysctl(key) == "1"}


def _sysctl(key: str) -> str:
    done = subprocess.run(["sysctl", "-n", key], capture_output=True, text=True, check=False)
    return done.stdout.strip()
