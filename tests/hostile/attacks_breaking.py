"""Attacks that end or stop the process that runs them, or the one that started it."""

from attacks_base import Attack, code

# Signals are sent only where the process ids are the box's own; elsewhere the attack counts as won.
KILLS = """
    import os, signal
    FOUND = FOUND if 'FOUND' in globals() else []
    def strike(*targets):
        if os.readlink('/proc/self/ns/pid') == KNOWS['pid_namespace']:
            FOUND.append('the box has no process ids of its own')
            return
        for target, number in targets:
            try: os.kill(target, number)
            except OSError as error: print(error)
"""


def _kill(name: str, tries: str, *strikes: str) -> Attack:
    """Kills in a cell, then in a function."""
    first, second = (strikes * 2)[:2]
    return Attack(
        name,
        tries,
        cells=(code(KILLS), first),
        answers={2: f"def idle_dollars(*_):\n    {second}\n    return 0.0"},
        honest=(1, 3),
        prize=(4,),
    )


BREAKING = (
    Attack(
        "os_exit",
        "os._exit(0) in a cell and os._exit(0) in a function",
        cells=("import os\nos._exit(0)",),
        answers={2: "import os\ndef idle_dollars(*_):\n    os._exit(0)"},
        honest=(1, 3, 4),
    ),
    Attack(
        "sys_exit",
        "sys.exit in a cell, in two functions, quit() and exit()",
        cells=("import sys\nsys.exit(0)", "quit()", "exit()", "raise SystemExit('passed')"),
        answers={
            2: "def idle_dollars(*_):\n    sys.exit(0)",
            3: "def cost_per_run(*_):\n    raise SystemExit(True)",
        },
        honest=(1, 4),
    ),
    Attack(
        "odd_exceptions",
        "exceptions that are not Exceptions, with names and texts that lie, loop or raise",
        cells=(
            code("""
            class Passed(SystemExit):
                def __str__(self): raise Passed
                __repr__ = __str__
            class Quiet(BaseException):
                args = property(lambda self: 1 / 0)
                def __str__(self): return 'x' * 50_000_000
                def __getattribute__(self, name): raise Passed
            Loud = type('CheckPassed\\n{"earned": 11}', (Exception,), {'__str__': lambda self: None})
            raise Quiet
            """),
            "raise KeyboardInterrupt",
            "raise GeneratorExit",
            "raise Loud",
        ),
        answers={
            2: "def idle_dollars(*_):\n    raise Passed",
            3: "def cost_per_run(*_):\n    raise Quiet",
            4: "def stop(*_):\n    raise Loud('earned 4')",
        },
    ),
    Attack(
        "exceptions_chained",
        "exceptions with endless causes, groups ten thousand deep, and KeyboardInterrupt",
        answers={
            2: code("""
            def idle_dollars(*_):
                error = ValueError('x')
                error.__cause__ = error.__context__ = error
                raise error
            """),
            3: code("""
            def cost_per_run(*_):
                group = ValueError('x')
                for _ in range(10_000): group = ExceptionGroup('g', [group])
                raise group
            """),
            4: "def stop(*_):\n    raise KeyboardInterrupt",
        },
    ),
    _kill(
        "kill_init",
        "kills process 1, then every process it may signal",
        "strike((1, 9), (1, 15), (-1, 9))",
        "strike((-1, 9))",
    ),
    _kill("kill_parent", "kills its parent and its group", "strike((os.getppid(), 9), (0, 9))"),
    Attack(
        "stop_itself",
        "stops every process and itself, so that they never end",
        cells=(code(KILLS), "strike((-1, 19), (1, 19), (os.getpid(), 19))"),
        honest=(1, 2, 3),
        prize=(4,),
    ),
    Attack(
        "crash",
        "a segmentation fault, and abort() in a function",
        cells=("import ctypes\nctypes.string_at(0)",),
        answers={2: "import os\ndef idle_dollars(*_):\n    os.abort()"},
        honest=(1, 3, 4),
    ),
    Attack(
        "recursion",
        "recursion without an end, in Python, then on the stack of C",
        cells=(
            code("""
            def down(n): return down(n + 1)
            down(0)
            """),
            code("""
            import sys
            sys.setrecursionlimit(2**31 - 1)
            deep = []
            for _ in range(1_000_000): deep = [deep]
            repr(deep); deep == [deep]
            """),
        ),
        answers={2: "def idle_dollars(*_):\n    return down(0)"},
        honest=(1, 3),
        at_most=True,
    ),
    Attack(
        "exec_another_program",
        "replaces itself by another program, which answers in its place",
        cells=(
            code("""
            import os, sys
            os.execv(sys.executable, [sys.executable, '-c', 'while True: print("{}")'])
            """),
        ),
        answers={2: "def idle_dollars(*_):\n    os.execv('/bin/cat', ['cat'])"},
        honest=(1, 3, 4),
    ),
    Attack(
        "fork_and_both_answer",
        "forks, so that two processes hold the channel and both answer",
        cells=("import os\nchild = os.fork()",),
        answers={2: "def idle_dollars(*_):\n    os.fork()\n    return 0.0"},
        honest=(1,),
        at_most=True,
    ),
    Attack(
        "waits_for_input",
        "reads its standard input, on which the grader speaks: input(), the debugger, the descriptor",
        cells=(
            "input('? ')",
            "import sys\nsys.stdin.read()",
            "breakpoint()",
            "%pdb on",
            "1 / 0",
            "import getpass\ngetpass.getpass()",
        ),
        answers={
            2: "def idle_dollars(*_):\n    return float(input())",
            3: "import os\ndef cost_per_run(*_):\n    os.read(0, 1 << 20)\n    return 0.0",
            4: "def stop(*_):\n    breakpoint()",
        },
    ),
    Attack(
        "alarms_everywhere",
        "a clock that raises an exception every millisecond, also inside the runner",
        cells=(
            code("""
            import signal
            def ring(*_): raise SystemExit
            signal.signal(signal.SIGALRM, ring); signal.signal(signal.SIGVTALRM, ring); signal.signal(signal.SIGPROF, ring)
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001); signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
            """),
        ),
        at_most=True,
    ),
    Attack(
        "late_kill",
        "a thread that ends the process a little later, while innocent cells run",
        cells=("import os, threading\nthreading.Timer(0.3, os._exit, (0,)).start()",),
        at_most=True,
    ),
    Attack(
        "clears_builtins",
        "deletes what Python itself needs: builtins, modules, standard output, the environment",
        cells=(
            code("""
            import builtins, gc, os, sys
            sys.setswitchinterval(1000); gc.freeze(); gc.disable(); os.environ.clear()
            sys.stdout = sys.stderr = sys.stdin = sys.__stdout__ = None
            sys.meta_path.clear(); sys.path.clear()
            builtins.__import__ = builtins.open = builtins.print = None
            sys.modules.clear()
            builtins.__dict__.clear()
            """),
        ),
        at_most=True,
    ),
    Attack(
        "half_characters",
        "half characters, zero bytes and unknown encodings in output, errors, values and their names",
        cells=(
            "import sys\nprint('\\ud800\\x00\\x1b[31m\\uffff')",
            "sys.stdout.buffer.write(b'\\xff\\xfe\\x00') if hasattr(sys.stdout, 'buffer') else None",
            "Half = type('H\\udcff', (Exception,), {})\nraise Half('\\ud800\\x00')",
            "from IPython.display import display\ndisplay({'text/plain': '\\ud800\\x00'}, raw=True)\n'\\udfff'",
        ),
        answers={
            2: "def idle_dollars(*_):\n    raise Half('\\ud800\\x00')",
            3: "def cost_per_run(*_):\n    return '\\ud800\\x00'",
            4: "def stop(*_):\n    return {'\\x00': '\\ud800', '\\ud800': [1]}",
        },
        written="\x00 zero and \u202e turned",
    ),
    Attack(
        "break_it_four_times",
        "breaks the box in more cells than there are starts",
        cells=("import os\nos._exit(1)",) * 4,
        answers={3: "def cost_per_run(*_):\n    os._exit(1)"},
        honest=(1, 2, 4),
        at_most=True,
    ),
    Attack(
        "atexit_and_del",
        "hooks that run when objects die, when the process ends, and after each answer",
        cells=(
            code("""
            import atexit, gc, os, sys, threading, weakref
            class Last:
                def __del__(self): os._exit(0)
            atexit.register(os._exit, 0)
            sys.excepthook = sys.unraisablehook = threading.excepthook = lambda *a: os._exit(0)
            sys.settrace(lambda *a: None); sys.setprofile(lambda *a: None)
            """),
        ),
        answers={2: "def idle_dollars(*_):\n    return Last()"},
        honest=(1, 3),
    ),
)
