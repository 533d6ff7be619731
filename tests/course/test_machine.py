"""The machine in the words that matter: held against psutil's and the system's own answers."""

import platform
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from mlopt_lessons.course import machine
from mlopt_lessons.course.machine import Machine, describe, parse_cpuinfo

INTEL = """processor\t: 0
model name\t: Intel(R) Xeon(R) Processor @ 2.10GHz
flags\t\t: fpu sse2 avx2 avx512f avx512_vnni amx_int8

processor\t: 1
model name\t: another
flags\t\t: fpu
"""
ARM = """processor\t: 0
BogoMIPS\t: 243.75
Features\t: fp asimd asimddp i8mm
CPU implementer\t: 0x41
"""


@pytest.fixture
def undescribed() -> None:
    describe.cache_clear()


@pytest.fixture(autouse=True)
def _forget_fakes() -> object:
    yield
    describe.cache_clear()


def test_this_machine_is_what_psutil_says() -> None:
    found = describe()
    assert found.memory_gib * 2**30 == psutil.virtual_memory().total
    assert 1 <= found.threads <= (psutil.cpu_count() or 1)
    assert found.python == platform.python_version()
    assert found.os.startswith(platform.system())
    assert found.cpu
    assert describe() is found


@pytest.mark.skipif(platform.system() != "Linux", reason="/proc/cpuinfo is Linux's.")
def test_flags_are_those_of_the_system() -> None:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    words = set(text.split())
    assert all(flag in words for flag in describe().flags)
    missing = set(machine.INTEGER_FLAGS) - set(describe().flags)
    assert not missing & words


def test_an_intel_processor_is_read() -> None:
    name, flags = parse_cpuinfo(INTEL)
    assert name == "Intel(R) Xeon(R) Processor @ 2.10GHz"
    assert flags == {"fpu", "sse2", "avx2", "avx512f", "avx512_vnni", "amx_int8"}


def test_an_arm_processor_is_read() -> None:
    assert parse_cpuinfo(ARM) == ("", {"fp", "asimd", "asimddp", "i8mm"})
    assert parse_cpuinfo("") == ("", set())


def made(flags: tuple[str, ...], cores: int = 2) -> Machine:
    return Machine("A CPU", cores, 2, 15.6, flags, "Linux 6", "3.11.9")


@pytest.mark.parametrize(
    ("flags", "fast"),
    [
        ((), False), (("avx2",), False), (("avx2", "avx512f"), False), (("avx_vnni",), True),
        (("avx512_vnni",), True), (("amx_int8",), True), (("asimddp",), True), (("i8mm",), True),
    ],
)  # fmt: skip
def test_integer_dot_products_need_their_instructions(flags: tuple[str, ...], fast: bool) -> None:
    assert made(flags).has_vnni is fast


def test_the_summary_is_one_line() -> None:
    assert made(("avx2", "avx_vnni")).summary() == "A CPU, 2 cores, 16 GiB, avx2, avx_vnni, Linux 6"
    assert made((), cores=1).summary() == (
        "A CPU, 1 core, 16 GiB, no integer extensions known, Linux 6"
    )


@pytest.mark.usefixtures("undescribed")
def test_the_system_is_told_without_its_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "release", lambda: "6.1.0-28-cloud-amd64")
    assert describe().os == f"{platform.system()} 6.1.0"


@pytest.mark.usefixtures("undescribed")
def test_windows_tells_its_processor_and_no_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(platform, "processor", lambda: "Intel64 Family 6")
    monkeypatch.delattr(machine.os, "sched_getaffinity", raising=False)
    found = describe()
    assert (found.cpu, found.flags) == ("Intel64 Family 6", ())
    assert found.threads >= 1


@pytest.mark.usefixtures("undescribed")
def test_a_mac_is_asked_with_sysctl(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"machdep.cpu.brand_string": "Apple M2\n", "hw.optional.arm.FEAT_DotProd": "1\n"}

    def sysctl(command: list[str], **_: object) -> SimpleNamespace:
        return SimpleNamespace(stdout=answers.get(command[-1], ""))

    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(machine.subprocess, "run", sysctl)
    assert describe().cpu == "Apple M2"
    assert describe().flags == ("asimddp",)
    assert describe().has_vnni


@pytest.mark.usefixtures("undescribed")
def test_a_system_that_tells_nothing_is_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Plan 9")
    monkeypatch.setattr(platform, "processor", lambda: "")
    monkeypatch.setattr(platform, "machine", lambda: "mips")
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: None)
    found = describe()
    assert (found.cpu, found.cores, found.flags) == ("mips", 1, ())
