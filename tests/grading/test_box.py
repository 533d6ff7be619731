"""What the box promises, each tried from inside by code that does its worst."""

import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from ast import literal_eval
from pathlib import Path

import psutil
import pytest
from boxes import processes_with, real_box

from mlopt_lessons.grading import box as boxes
from mlopt_lessons.grading import box_options, cores
from mlopt_lessons.grading.box import Bubblewrap
from mlopt_lessons.grading.marking import BoxLost
from mlopt_lessons.grading.records import GradingError, Limits
from mlopt_lessons.grading.session import Session

ROOT = Path(__file__).resolve().parents[2]
SMALL = Limits(memory_mb=400, cell_s=20, processes=40, scratch_mb=100, file_mb=30, cpu_s=100)


@pytest.fixture(scope="module")
def session():
    """One box for all that does not break it, made by a grader with a secret."""
    os.environ["MLOPT_TEST_SECRET"] = "a-secret-of-the-grader"
    try:
        with Session(real_box(), SMALL, {}) as each:
            each.run("import ctypes, mmap, os, shutil, signal, socket")
            yield each
    finally:
        del os.environ["MLOPT_TEST_SECRET"]


def told(session, source):
    """What a cell printed, or the error that it ended with."""
    run = session.run(textwrap.dedent(source))
    return "".join(each.text for each in run.outputs)


# --- files, network, environment


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


# --- memory, wherever it can be put


@pytest.mark.parametrize(
    "source",
    [
        "x = bytearray(50 * 10**9)",
        "x = []\nwhile True: x.append(b'1' * 10**7)",
        "import numpy as np; x = np.ones(10**10)",
        "import mmap; m = mmap.mmap(-1, 10**9, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)",
    ],
)
def test_one_process_is_told_that_there_is_no_more_memory(session, source):
    assert "Error" in told(session, source)
    assert told(session, "x = None; print('here')") == "here\n"


FORKS = """
import os, time
for _ in range(8):
    if os.fork() == 0:
        kept = []
        for _ in range(15): kept.append(b'1' * 10**7)
        time.sleep(60)
time.sleep(60)
"""
LEADERLESS = """
import ctypes, os, threading, time
def eat():
    kept = []
    for _ in range(15): kept.append(b'1' * 10**7)
    time.sleep(60)
for _ in range(4):
    if os.fork() == 0:
        threading.Thread(target=eat).start()
        ctypes.CDLL(None).pthread_exit(None)  # the first thread ends, and /proc shows no memory
time.sleep(60)
"""
FILES = """
import mmap, os, time
for number in range(4):  # written, let go of, deleted: no process has it any more
    with open(f'/tmp/{number}', 'w+b') as file:
        file.truncate(24 * 10**6)
        m = mmap.mmap(file.fileno(), 0)
        m.write(b'x' * 24 * 10**6)
        m.madvise(mmap.MADV_DONTNEED)
        globals()[f'm{number}'] = m
    os.unlink(f'/tmp/{number}')
x = b'1' * 330 * 10**6
time.sleep(60)
"""
INODES = """
n = 0
while True:
    open(f'/tmp/{n}', 'w').close()
    n += 1
"""
TABLES = """
import mmap, os, time
for _ in range(12):
    if os.fork() == 0:  # the zero page, everywhere: no memory, but for the tables that say so
        m = mmap.mmap(-1, 40 * 10**9, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ)
        for place in range(0, len(m), 2**21): m[place]
        time.sleep(60)
time.sleep(60)
"""


@pytest.mark.parametrize(
    "source", [FORKS, LEADERLESS, FILES, TABLES], ids=["forks", "leaderless", "files", "tables"]
)
def test_memory_of_all_together_ends_the_box(source):
    with Session(real_box(), SMALL, {}) as each, pytest.raises(BoxLost) as lost:
        each.run(source)
    assert str(lost.value).startswith("It took more than 400 MB of memory")


def test_files_without_content_count_as_memory():
    limits = Limits(memory_mb=80, cell_s=30)
    with Session(real_box(), limits, {}) as each, pytest.raises(BoxLost, match="80 MB of memory"):
        each.run(INODES)


PYTHON = {
    "memfd": ("os.memfd_create('x')", "PermissionError"),
    "shared without a file": ("mmap.mmap(-1, 4096)", "PermissionError"),
    "huge pages": ("mmap.mmap(-1, 2**21, mmap.MAP_PRIVATE | 0x40020)", "PermissionError"),
    "splice": (
        "os.splice(os.open('/usr/bin/env', os.O_RDONLY), os.pipe()[1], 9)",
        "PermissionError",
    ),
    "socketpair": ("socket.socketpair()", "PermissionError"),
    "zero device": ("open('/dev/zero')", "FileNotFoundError"),
    "terminals": ("os.openpty()", "FileNotFoundError"),
}
CALLS = {
    "shmget": "c.shmget(0, 10**6, 0o1666)",
    "msgget": "c.msgget(0, 0o1666)",
    "semget": "c.semget(0, 1, 0o1666)",
    "mq_open": "c.mq_open(b'/x', 0o102, 0o600, None)",
    "vmsplice": "c.vmsplice(1, None, 0, 0)",
    "inotify": "c.inotify_init()",
    "fanotify": "c.fanotify_init(0, 0)",
    "ptrace": "c.ptrace(0, 0, 0, 0)",
    "io_uring": "c.syscall(425, 8, bytes(120))",
    "clone3": "c.syscall(435, bytes(88), 88)",
    "mount": "c.syscall(430, b'tmpfs', 0)",
    "secret memory": "c.syscall(447, 0)",
    "a call of the future": "c.syscall(480)",
}


@pytest.mark.parametrize("way", PYTHON)
def test_memory_that_no_process_counts_cannot_be_had(session, way):
    source, error = PYTHON[way]
    assert error in told(session, source)


@pytest.mark.parametrize("way", CALLS)
def test_the_filter_refuses(session, way):
    source = f"c = ctypes.CDLL(None, use_errno=True)\nprint({CALLS[way]}, ctypes.get_errno())"
    assert told(session, source) in ("-1 1\n", "-1 38\n")  # EPERM, ENOSYS


def test_scratch_space_has_an_end(session):
    source = """
        def fill(folder):
            total = 0
            try:
                for number in range(30):
                    with open(f'{folder}/{number}', 'wb', buffering=0) as file:
                        for _ in range(20): total += file.write(b'x' * 10**6)
            except OSError as error:
                print(error.strerror, total)
            for name in os.listdir(folder):
                if name.isdigit(): os.unlink(f'{folder}/{name}')
        """
    session.run(textwrap.dedent(source))
    for folder, most in (("/tmp", 100e6), ("/dev/shm", 64e6)):
        said, total = told(session, f"fill({folder!r})").rsplit(" ", 1)
        assert said == "No space left on device"
        assert 0.9 * most < int(total) <= most


def test_one_file_has_an_end(session):
    assert "File too large" in told(session, "open('/tmp/large', 'wb').write(b'x' * 40 * 10**6)")
    told(session, "os.unlink('/tmp/large')")


# --- processes and time


BOMB = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
THREADS = "import threading, time\nfor _ in range(500): threading.Thread(target=time.sleep, args=(60,)).start()\ntime.sleep(60)"
TWO_HUNDRED = (
    "import os, time\nfor _ in range(200):\n    if os.fork() == 0: time.sleep(60)\ntime.sleep(60)"
)


@pytest.mark.parametrize("source", [BOMB, TWO_HUNDRED, THREADS], ids=["bomb", "200", "threads"])
def test_too_many_processes_end_the_box(source):
    limits = Limits(
        processes=40, cell_s=20, memory_mb=8000
    )  # so that it is not memory that ends it
    with Session(real_box(), limits, {}) as each:
        ended = ending(each, source)
    assert ended == "It started more than 40 processes and threads."


def ending(session, source):
    """Why the box was lost, or how the cell ended."""
    try:
        return "the cell ran" if session.run(source).ok else "the cell failed"
    except BoxLost as lost:
        return str(lost)


def test_a_box_keeps_to_one_core_that_no_other_has(monkeypatch):
    """Sixty busy processes must not slow down the hand-in that is graded beside them."""
    monkeypatch.setattr(cores, "NAME", f"\0test-{os.getpid()}-")  # whatever else grades here
    allowed, box = os.sched_getaffinity(0), real_box()
    with Session(box, SMALL, {}) as one, Session(box, SMALL, {}) as other:
        seen = [
            literal_eval(told(each, "import os; print(os.sched_getaffinity(0))"))
            for each in (one, other)
        ]
        assert [len(each) for each in seen] == [1, 1]
        assert seen[0] != seen[1] or len(allowed) == 1
        everywhere = f"os.sched_setaffinity(0, {allowed})"
        assert "PermissionError" in told(one, everywhere)
        assert "PermissionError" in told(one, f"if os.fork() == 0: os._exit(0)\n{everywhere}")
    assert os.sched_getaffinity(0) == allowed


def test_a_few_processes_may_be_used(session):
    source = "import multiprocessing\ndef double(x): return 2 * x\nwith multiprocessing.Pool(2) as pool: print(pool.map(double, [1, 2]))"
    assert told(session, source) == "[2, 4]\n"


def test_processor_time_has_an_end():
    with (
        Session(real_box(), Limits(cpu_s=1), {}) as each,
        pytest.raises(BoxLost, match="1 s of processor time"),
    ):
        each.run("while True: pass")


DAEMON = """
import os, signal
for number in range(1, 32):
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execv('/usr/bin/sleep', ['sleep', '{mark}'])
    os._exit(0)
print('left')
"""


def test_a_daemon_ends_with_the_box():
    mark = f"{os.getpid()}.01001"
    with Session(real_box(), SMALL, {}) as each:
        assert told(each, DAEMON.format(mark=mark)) == "left\n"
        until(lambda: processes_with(mark))
    assert not processes_with(mark)


def test_nothing_is_left_of_a_box_however_it_ends():
    box = real_box()
    before = held()
    for source in ("1", "import os; os._exit(1)", "x = [b'1' * 10**7 for _ in range(10**5)]"):
        mark = f"{os.getpid()}.02002"
        with Session(box, SMALL, {}) as each:
            ending(each, DAEMON.format(mark=mark) + source)
        assert not processes_with(mark)
    until(lambda: held() == before)  # the watchdog of another box opens files now and then


def test_bubblewrap_sees_its_first_process_end():
    """Otherwise each box leaves a zombie where the machine's first process does not look for them."""
    grader = """
        import ctypes, os
        from boxes import real_box
        from mlopt_lessons.grading.records import Limits
        from mlopt_lessons.grading.session import Session
        PR_SET_CHILD_SUBREAPER = 36  # what bubblewrap leaves becomes a child of this process
        assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
        with Session(real_box(), Limits(), {}) as session:
            print(session.run("1").ok)
        try:
            print(os.waitpid(-1, os.WNOHANG))
        except ChildProcessError:
            print("none")
    """
    command = [sys.executable, "-c", textwrap.dedent(grader)]
    run = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    assert run.stdout == "True\nnone\n", run.stderr


def held():
    """Open files, threads and processes of this one."""
    files = sorted(
        str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()
    )
    children = {each.pid for each in psutil.Process().children(recursive=True)}
    return files, threading.active_count(), children


def test_a_box_ends_with_a_grader_that_is_killed():
    mark = f"{os.getpid()}.03003"
    grader = f"""
        from boxes import real_box
        from mlopt_lessons.grading.records import Limits
        from mlopt_lessons.grading.session import Session
        with Session(real_box(), Limits(), {{}}) as session:
            print(session.run({DAEMON.format(mark=mark)!r}).ok, flush=True)
            session.run("while True: pass")
    """
    command = [sys.executable, "-c", textwrap.dedent(grader)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parent) as process:
        assert process.stdout.readline() == b"True\n"
        until(lambda: processes_with(mark))
        process.kill()
    until(lambda: not processes_with(mark))


def until(holds, seconds=10.0):
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


# --- where it cannot run


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


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(77)", "os.kill(os.getpid(), 10)"])
def test_how_a_hand_in_ends_carries_no_number_that_it_chose(end):
    with Session(real_box(), SMALL, {}) as each, pytest.raises(BoxLost) as lost:
        each.run(f"import os; {end}")
    assert str(lost.value) in ("It ended itself.", "It crashed, or was ended by a signal.")


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
