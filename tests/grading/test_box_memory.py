"""The box's memory has an end, wherever it can be put: in processes, files, or what no process counts."""

import platform
import textwrap

import pytest
from boxes import SMALL, real_box, told

from mlopt_lessons.grading.marking import BoxLost
from mlopt_lessons.grading.records import Limits
from mlopt_lessons.grading.session import Session


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


CHAIN = """
import subprocess, sys, time
subprocess.Popen([sys.executable, '-S', '-E', '-c', '''
import mmap, os, time
m = mmap.mmap(-1, 2 * 9000 * 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
m.madvise(mmap.MADV_NOHUGEPAGE)
m[0] = 1
for place in range(0, len(m), 8192): m.madvise(mmap.MADV_SEQUENTIAL, place, 4096)
for _ in range(30):  # each the child of the one before: a mapping has a part for every one above
    if os.fork(): break
time.sleep(60)
'''])
time.sleep(15)
"""


@pytest.mark.parametrize(
    "source",
    [FORKS, LEADERLESS, FILES, TABLES, CHAIN],
    ids=["forks", "leaderless", "files", "tables", "mappings"],
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
FCNTL = {"x86_64": 72, "aarch64": 25}.get(platform.machine(), -1)
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
    "lease": "c.fcntl(os.open('/usr/bin/env', os.O_RDONLY), 1024, 1)",
    "lease by another number": f"c.syscall({FCNTL}, os.open('/usr/bin/env', 0), 1024 | 1 << 32, 1)",
    "word of a folder": "c.fcntl(os.open('/usr/bin', os.O_RDONLY), 1026, 1)",
    "larger pipes": "c.fcntl(os.pipe()[0], 1031, 1 << 20)",
    "page out": "c.madvise(None, 0, 21)",
    "cachestat": "c.syscall(451, 0, bytes(16), bytes(40), 0)",
    "mincore": "c.mincore(None, 0, None)",
    "a look at the cache": "c.preadv2(0, None, 0, 0, 8)",
}


@pytest.mark.parametrize("way", PYTHON)
def test_memory_that_no_process_counts_cannot_be_had(session, way):
    source, error = PYTHON[way]
    assert error in told(session, source)


@pytest.mark.parametrize("way", CALLS)
def test_the_filter_refuses(session, way):
    source = f"c = ctypes.CDLL(None, use_errno=True)\nprint({CALLS[way]}, ctypes.get_errno())"
    assert told(session, source) in ("-1 1\n", "-1 38\n")  # EPERM, ENOSYS


PRETENDED = """
import fcntl
fd = os.open('/tmp/locked', os.O_CREAT | os.O_RDWR)
fcntl.lockf(fd, fcntl.LOCK_EX, 1, 0)
fcntl.flock(fd, fcntl.LOCK_EX)
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
print([line for line in open('/proc/locks') if f':{os.fstat(fd).st_ino} ' in line])
"""


def test_locks_seem_to_be_taken_and_use_no_memory(session):
    assert told(session, PRETENDED) == "[]\n"


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
