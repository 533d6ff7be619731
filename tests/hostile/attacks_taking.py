"""Attacks that take all there is: time, memory, processes."""

from attacks_base import SEGMENT, Attack, code

IGNORES = """
    import signal, threading
    for number in range(1, 65):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
        try: signal.pthread_sigmask(signal.SIG_BLOCK, {number})
        except (OSError, ValueError): pass
    for which in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(which, 0)
    signal.setitimer = signal.alarm = signal.signal = lambda *a, **k: None
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
# Sizes and counts are far over the limits and yet bounded, so that a hole harms no one's machine.
TAKING = (
    Attack(
        "loop_in_cell",
        "an endless loop in a cell",
        cells=("while True: pass",),
        honest=(1, 2),
    ),
    Attack(
        "loop_in_function",
        "an endless loop in a function, only when it is called",
        answers={2: "def idle_dollars(*_):\n    while True: pass"},
        honest=(1, 3, 4),
    ),
    Attack(
        "loop_ignores_signals",
        "an endless loop that ignores and blocks every signal and catches BaseException",
        cells=(code(IGNORES),),
    ),
    Attack(
        "loop_catches",
        "a function that catches the interrupt and goes on, and one that stops its clock",
        answers={
            3: "def cost_per_run(*_):\n    while True:\n        try:\n            while True: pass\n"
            "        except BaseException: continue",
        },
        honest=(1, 2, 4),
        at_most=True,
    ),
    Attack(
        "loop_in_c",
        "an endless loop inside C, which no Python signal handler interrupts",
        cells=("import itertools\nsum(itertools.repeat(0))",),
        honest=(1, 3),
    ),
    Attack(
        "loop_in_a_pattern",
        "a regular expression that takes longer than the world lasts",
        answers={
            2: "import re\ndef idle_dollars(*_):\n    return re.match(r'(a|a|aa)+$', 'a' * 99 + 'b')"
        },
        honest=(1, 3),
    ),
    Attack(
        "loop_while_read",
        "objects that loop when the grader looks at them: attributes, length, text",
        cells=(
            code("""
            def forever(*_, **__):
                while True: pass
            class Loop:
                __len__ = __iter__ = __repr__ = __str__ = __bool__ = __float__ = __array__ = forever
                __eq__ = __hash__ = __index__ = __reduce__ = __copy__ = __deepcopy__ = forever
            class Deep(Loop):
                __getattr__ = forever
            """),
            "Loop()",
        ),
        answers={
            3: "def cost_per_run(*_):\n    return [Deep()]",
            4: "def stop(*_):\n    return Loop()",
        },
    ),
    Attack(
        "sleep",
        "sleeps for years, with the alarm switched off, and slowly in every call",
        cells=("import signal, time\nsignal.alarm(0)\ntime.sleep(10**8)",),
        answers={4: "import time\ndef stop(*_):\n    time.sleep(2)\n    return 1, 1"},
        honest=(1,),
        at_most=True,
    ),
    Attack(
        "deadlock",
        "waits for a lock that it holds, and for a thread that never ends",
        cells=("import threading\nlock = threading.Lock()\nlock.acquire()",),
        answers={
            2: "def idle_dollars(*_):\n    t = threading.Thread(target=lock.acquire)\n"
            "    t.start(); t.join(); lock.acquire()"
        },
        honest=(1, 3),
        at_most=True,
    ),
    Attack(
        "thread_at_exit",
        "threads and atexit hooks that keep the process alive after the last answer",
        last=(
            code("""
            import atexit, threading, time
            def stay():
                while True: time.sleep(1)
            for _ in range(5): threading.Thread(target=stay, daemon=False).start()
            atexit.register(stay)
            """),
        ),
        honest=(1, 2, 3, 4),
    ),
    Attack(
        "memory_bytes",
        "50 GB of memory: one piece, then many pieces that are written to",
        cells=(
            code("""
            try: big = bytearray(50 << 30)
            except MemoryError: pass
            kept = []
            for _ in range(800):
                kept.append(bytearray(b'x') * (64 << 20))
            """),
        ),
    ),
    Attack(
        "memory_numpy",
        "50 GB of memory in a numpy array, in a function",
        answers={
            2: "import numpy as np\ndef idle_dollars(*_):\n"
            "    kept = [np.ones(8 << 20) for _ in range(800)]\n    return np.ones(50 << 27)"
        },
        honest=(1, 3, 4),
    ),
    Attack(
        "memory_processes",
        "memory taken by forty processes, each below the limit",
        cells=(
            code("""
            import os, time
            for _ in range(40):
                if os.fork() == 0:
                    kept = bytearray(b'x') * (120 << 20)
                    time.sleep(600)
            time.sleep(600)
            """),
        ),
    ),
    Attack(
        "memory_shared",
        "memory that no process owns: memfd, System V, anonymous shared maps, sparse files",
        cells=(
            code("""
            import ctypes, mmap, os
            libc = ctypes.CDLL(None, use_errno=True)
            piece = b'x' * (16 << 20)
            SEGMENT = @SEGMENT@
            def fill(name):
                for _ in range(200): os.write(name, piece)
            try: fill(os.memfd_create('m'))
            except OSError as error: print(error)
            kept = []
            for _ in range(60):
                held = libc.shmget(0, SEGMENT, 0o1600)
                if held < 0: break
                libc.shmat.restype = ctypes.c_void_p
                at = libc.shmat(held, None, 0)
                ctypes.memset(at, 1, SEGMENT)
                libc.shmdt(ctypes.c_void_p(at))
            for _ in range(60):
                shared = mmap.mmap(-1, 64 << 20)
                shared[:] = b'x' * (64 << 20)
                kept.append(shared)
            """).replace("@SEGMENT@", str(SEGMENT)),
        ),
    ),
    Attack(
        "memory_in_pipes",
        "memory of the kernel: sockets and pipes filled, hundreds of file descriptors",
        cells=(
            code("""
            import os, socket
            kept = []
            try:
                for _ in range(100_000):
                    left, right = socket.socketpair()
                    left.setblocking(False)
                    kept += [left, right]
                    try:
                        while True: left.send(b'x' * 65536)
                    except BlockingIOError: pass
            except OSError as error: print(error)
            """),
        ),
    ),
    Attack(
        "forks_200",
        "two hundred processes that wait",
        cells=(
            code("""
            import os, time
            for _ in range(200):
                if os.fork() == 0: time.sleep(600); os._exit(0)
            """),
        ),
        honest=(1, 2, 3, 4),
    ),
    Attack(
        "fork_bomb",
        "processes that double, and catch what keeps them from it",
        cells=(
            code("""
            import os, time
            for _ in range(12):
                try: os.fork()
                except OSError: pass
            time.sleep(600)
            """),
        ),
        at_most=True,
    ),
    Attack(
        "threads_10000",
        "ten thousand threads",
        cells=(
            code("""
            import threading, time
            threading.stack_size(65536)
            try:
                for _ in range(10_000): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
            except RuntimeError as error: print(error)
            """),
        ),
    ),
    Attack(
        "busy_processes",
        "sixteen processes that only use up the processor, each in a session of its own",
        cells=(
            code("""
            import os, time
            for _ in range(16):
                if os.fork() == 0:
                    os.setsid()
                    while True: pass
            while True: time.sleep(1)
            """),
        ),
        at_most=True,
    ),
    Attack(
        "busy_in_calls",
        "the same from inside a function, left to run while the next tasks are judged",
        answers={
            2: code("""
            import os
            def idle_dollars(*_):
                for _ in range(12):
                    if os.fork() == 0:
                        os.setsid()
                        while True: pass
                return 0.0
            """)
        },
        honest=(1, 3, 4),
        at_most=True,
    ),
    Attack(
        "daemon",
        "a daemon left behind: double fork, a session of its own, a new name, no signals",
        cells=(
            code("""
            import ctypes, os, signal, time
            def left_behind():
                if os.fork(): os._exit(0)
                os.setsid()
                if os.fork(): os._exit(0)
                for number in range(1, 65):
                    try: signal.signal(number, signal.SIG_IGN)
                    except (OSError, ValueError): pass
                ctypes.CDLL(None).prctl(15, b'@MARK@'[:15], 0, 0, 0)
                while True: time.sleep(0.2); os.path.exists('/')
            if os.fork() == 0:
                try: left_behind()
                finally: os._exit(0)
            import subprocess
            subprocess.Popen(['/bin/sh', '-c', 'sleep 900 & sleep 901; : @MARK@'], start_new_session=True)
            """),
        ),
        honest=(1, 2, 3, 4),
    ),
)
