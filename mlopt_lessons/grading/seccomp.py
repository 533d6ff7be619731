"""The system calls that the box refuses: memory that no process counts as its own, and ways out.

A list of what is refused, not of what is allowed: numpy and torch use most of the rest. It stands
behind the namespaces, which already take away network, files, mounts and privileges.
"""

from __future__ import annotations

import errno
import tempfile
from functools import cache
from typing import Any

# Memory that belongs to no process, or stays when a process lets go of it.
HIDDEN_MEMORY = """
    memfd_create memfd_secret shmget shmat msgget semget mq_open vmsplice splice tee
    io_setup io_uring_setup io_uring_enter io_uring_register inotify_init inotify_init1 fanotify_init
    socket socketpair add_key request_key keyctl userfaultfd
"""
# What the machine has read from its disks is shared by all boxes: to look at it, or to drop it, is
# to leave or find a message there.
SHARED_CACHE = "mincore preadv2 pwritev2"
# Other processes, namespaces, mounts, the box's one core, and doors of the kernel that a learner's
# code never needs.
WAYS_OUT = """
    ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp process_madvise unshare setns
    mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr
    open_by_handle_at name_to_handle_at bpf perf_event_open lookup_dcookie syslog acct quotactl
    quotactl_fd swapon swapoff reboot kexec_load kexec_file_load init_module finit_module delete_module
    iopl ioperm modify_ldt personality settimeofday clock_settime clock_adjtime adjtimex
    sethostname setdomainname vhangup nfsservctl move_pages migrate_pages mbind set_mempolicy
    sched_setaffinity
"""
# They do nothing and say that it went well. Where root grades, /dev/null in the box has its owner
# here, so that its mode and times could be changed; programs that copy files call these, too. Locks
# are memory of the kernel that no process counts as its own, and advice changes the shared cache.
PRETENDED = """
    chmod fchmod fchmodat chown fchown lchown fchownat utime utimes futimesat utimensat
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
    flock fadvise64 readahead
"""
# By number, as libseccomp may not know their names: these are the same on every processor.
# The newer ones are all but what waits on a futex; fchmodat2 and cachestat are among them.
CLONE3 = 435
NEWER = {*range(447, 500)} - {449, 454, 455, 456}
# fcntl: record locks, which are pretended; a lease, with which a file of this machine would keep
# everybody else waiting; word of what happens in a folder; and larger pipes.
F_LOCKS = (6, 7, 37, 38)  # SETLK, SETLKW, OFD_SETLK, OFD_SETLKW
F_REFUSED = (1024, 1026, 1031)  # SETLEASE, NOTIFY, SETPIPE_SZ
MADVISE_REFUSED = (20, 21)  # COLD, PAGEOUT
MAP_SHARED, MAP_ANONYMOUS, MAP_HUGETLB = 0x01, 0x20, 0x40000
# CLONE_NEW: time, mount, cgroup, uts, ipc, user, pid, net.
NEW_NAMESPACES = (
    0x80,
    0x20000,
    0x2000000,
    0x4000000,
    0x8000000,
    0x10000000,
    0x20000000,
    0x40000000,
)


@cache
def program() -> bytes:
    """The filter as bubblewrap takes it. Raises ImportError or OSError without pyseccomp or its library."""
    import pyseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    _refuse(rules, pyseccomp)
    _refuse_by_argument(rules, pyseccomp)
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _refuse(rules: Any, pyseccomp: Any) -> None:
    for name in f"{HIDDEN_MEMORY} {SHARED_CACHE} {WAYS_OUT}".split():
        _add(rules, pyseccomp.ERRNO(errno.EPERM), name)
    for name in PRETENDED.split():
        _add(rules, pyseccomp.ERRNO(0), name)
    for number in sorted({CLONE3, *NEWER}):
        # "No such call", so that the C library takes the older one, whose arguments can be seen.
        _add(rules, pyseccomp.ERRNO(errno.ENOSYS), number)


def _refuse_by_argument(rules: Any, pyseccomp: Any) -> None:
    """Memory shared without a file or of huge pages, new namespaces, locks, leases and advice."""
    refused, pretended = pyseccomp.ERRNO(errno.EPERM), pyseccomp.ERRNO(0)
    for action, call, place, numbers in (
        (refused, "fcntl", 1, F_REFUSED),
        (pretended, "fcntl", 1, F_LOCKS),
        (refused, "madvise", 2, MADVISE_REFUSED),
    ):
        for number in numbers:  # of 32 bits: the kernel does not look at the others
            number_is = pyseccomp.Arg(place, pyseccomp.MASKED_EQ, 0xFFFFFFFF, number)
            rules.add_rule(action, call, number_is)
    shared = MAP_SHARED | MAP_ANONYMOUS
    for flags in (shared, MAP_HUGETLB):
        rules.add_rule(refused, "mmap", pyseccomp.Arg(3, pyseccomp.MASKED_EQ, flags, flags))
    for flag in NEW_NAMESPACES:
        rules.add_rule(refused, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))


def _add(rules: Any, action: int, call: str | int) -> None:
    """Adds a rule; a call that this processor does not have is left out."""
    try:
        rules.add_rule(action, call)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EDOM, errno.EEXIST):
            raise
