"""What the box shows of files, network and environment, tried from inside by code that does its worst."""

import os
import socket
import sys
import textwrap
from ast import literal_eval
from pathlib import Path

import pytest
from boxes import SMALL, real_box, told

from mlopt_lessons.grading.marking import BoxLost
from mlopt_lessons.grading.session import Session

ROOT = Path(__file__).resolve().parents[2]


def test_only_the_system_python_and_the_course_can_be_seen(session):
    seen = told(session, f"print(sorted(os.listdir({str(ROOT)!r})))")
    assert set(literal_eval(seen)) <= {".venv", "mlopt_lessons"}
    assert set(literal_eval(told(session, "print(os.listdir('/'))"))) <= {
        "bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "dev", "proc", "sys", "tmp",
        *(Path(path).parts[1] for path in (sys.prefix, sys.base_prefix, str(ROOT))),
    }  # fmt: skip
    assert set(literal_eval(told(session, "print(os.listdir('/etc'))"))) <= {
        "ld.so.cache",
        "alternatives",
        "localtime",
    }
    assert set(literal_eval(told(session, "print(os.listdir('/dev'))"))) == {
        "null",
        "urandom",
        "shm",
        "fd",
    }


@pytest.mark.parametrize("path", ["solutions", "tests", "exercises", "pyproject.toml", ".git"])
def test_the_repository_cannot_be_reached(session, path):
    for way in (
        ROOT / path,
        f"/proc/1/root{ROOT}/{path}",
        f"/proc/1/cwd/../..{ROOT}/{path}",
        f"/proc/self/root{ROOT}/{path}",
    ):
        assert told(session, f"print(os.path.exists({str(way)!r}))") == "False\n"


def test_a_file_of_the_machine_cannot_be_reached(session, tmp_path):
    (tmp_path / "gradebook.db").write_text("marks")
    assert "FileNotFoundError" in told(session, f"open({str(tmp_path / 'gradebook.db')!r})")


def test_no_counter_of_the_whole_machine_can_be_read(session):
    """One hand-in could leave a number in it, and another read it."""
    for name in ("stat", "vmstat", "zoneinfo", "interrupts", "diskstats", "sys/fs/file-nr"):
        seen = told(session, f"print(len(open('/proc/{name}').read()))")
        assert "PermissionError" in seen or "FileNotFoundError" in seen


def test_nothing_but_scratch_can_be_written(session):
    source = f"""
        import glob, os
        wrote = []
        for depth in range(5):
            for folder in glob.glob('/' + '*/' * depth):
                if folder.startswith(('/proc', '/tmp', '/dev/shm')):
                    continue
                try:
                    os.close(os.open(folder + 'written', os.O_CREAT | os.O_WRONLY)); wrote.append(folder)
                except OSError: pass
        for name in ['/proc/sys/kernel/core_pattern', '/proc/sys/vm/drop_caches', '/proc/sysrq-trigger',
                     '/proc/self/oom_score_adj', '/proc/1/mem', '/proc/self/mem', '/etc/ld.so.cache',
                     '/sys/devices/system/cpu/cpu0/online', {str(ROOT / "mlopt_lessons/cli.py")!r}]:
            try:
                os.close(os.open(name, os.O_WRONLY)); wrote.append(name)
            except OSError: pass
        print(wrote)
        """
    assert told(session, source) == "[]\n"


def test_every_mount_but_scratch_and_devices_is_read_only(session):
    mounts = [
        line.split()
        for line in told(session, "print(open('/proc/self/mountinfo').read())").splitlines()
        if line
    ]
    writable = {fields[4] for fields in mounts if "ro" not in fields[5].split(",")}
    assert writable == {"/tmp", "/dev/shm", "/dev/null", "/dev/urandom"}


def test_the_machines_devices_stay_as_they_are(session):
    before = os.stat("/dev/null")
    told(
        session,
        "os.chmod('/dev/null', 0o1666); os.utime('/dev/null', (1, 1))",
    )
    told(
        session,
        "for fd in range(20):\n    try: os.fchmod(fd, 0o1666); os.utime(fd, (1, 1))\n    except OSError: pass",
    )
    told(
        session,
        "c = ctypes.CDLL(None); c.syscall(452, -100, b'/dev/null', 0o1666, 0)",
    )
    after = os.stat("/dev/null")
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert after.st_mtime != 1
    assert told(session, "print(open('/dev/null', 'w').write('x'), len(os.urandom(3)))") == "1 3\n"


def test_programs_that_copy_files_still_work(session):
    assert told(
        session, "import shutil; open('a', 'w').write('x'); print(shutil.copy2('a', 'b'))"
    ).endswith("b\n")


def test_the_graders_environment_and_arguments_do_not_show(session):
    source = """
        import glob
        for path in glob.glob('/proc/*/environ') + glob.glob('/proc/*/cmdline'):
            print(open(path, 'rb').read())
        print(dict(os.environ))
        """
    seen = told(session, source)
    assert "OMP_NUM_THREADS" in seen
    assert "a-secret-of-the-grader" not in seen


def test_no_file_of_the_grader_is_open_inside(session):
    open_files = literal_eval(
        told(
            session,
            "print([os.readlink(f'/proc/{p}/fd/{f}') for p in (1, os.getpid()) for f in os.listdir(f'/proc/{p}/fd') if os.path.lexists(f'/proc/{p}/fd/{f}')])",
        )
    )
    assert all(each.startswith(("pipe:", "/dev/null", "anon_inode:")) for each in open_files), (
        open_files
    )


def test_no_connection_comes_out(session):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(1)
        port = listener.getsockname()[1]
        assert "PermissionError" in told(
            session, f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
        )
        # Past the C library: socket(AF_INET, SOCK_STREAM, 0).
        assert (
            told(
                session,
                "import ctypes, errno; c = ctypes.CDLL(None, use_errno=True); print(c.socket(2, 1, 0), ctypes.get_errno() == errno.EPERM)",
            )
            == "-1 True\n"
        )
        with pytest.raises(TimeoutError):
            listener.accept()


def test_the_network_namespace_is_empty_too(session):
    """A second lock: without the filter there would still be no way out."""
    assert told(session, "print(len(open('/proc/net/dev').read().splitlines()))") == "3\n"  # lo
    assert told(session, "print(open('/proc/net/route').read().count(chr(10)))") == "1\n"


def test_other_processes_cannot_be_seen_or_ended(session):
    pids = literal_eval(
        told(session, "print([int(each) for each in os.listdir('/proc') if each.isdigit()])")
    )
    assert len(pids) <= 3
    told(
        session,
        "import signal\nfor pid in range(3, 40000):\n    try: os.kill(pid, 9)\n    except OSError: pass",
    )
    assert (
        told(session, "os.kill(1, signal.SIGKILL); os.kill(os.getppid(), 9); print('here')")
        == "here\n"
    )


def test_there_are_no_privileges_and_no_new_namespaces(session):
    status = told(session, "print(open('/proc/self/status').read())")
    values = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {values[each] for each in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")} == {
        "0" * 16
    }
    assert values["NoNewPrivs"] == "1"
    assert values["Seccomp"] == "2"
    assert values["Uid"].split() == ["1000"] * 4
    first = told(session, "print(open('/proc/1/status').read())")
    assert "Seccomp:\t2" in first  # its memory could not be used to get round the filter
    for flag in (0x10000000, 0x20000000, 0x40000000, 0x20000, 0x8000000, 0x4000000, 0x2000000):
        call = f"c = ctypes.CDLL(None, use_errno=True); print(c.unshare({flag}), c.syscall({CLONE}, {flag} | 17, 0, 0, 0, 0))"
        assert told(session, call) == "-1 -1\n"


CLONE = 56 if os.uname().machine == "x86_64" else 220


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the 32-bit calls are those of x86")
def test_calls_by_the_old_32_bit_door_end_the_process():
    """int 0x80 would reach calls that the filter knows by other numbers: here socketcall."""
    source = """
        import ctypes, mmap
        code = bytes.fromhex('b866000000bb01000000cd80c3')
        page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)
        page.write(code)
        ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
        """
    with Session(real_box(), SMALL, {}) as each, pytest.raises(BoxLost, match="crashed"):
        each.run(textwrap.dedent(source))
