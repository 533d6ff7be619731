"""Attacks on what runs beside the answers in the box: numpy, the checker, IPython, the runner."""

from attacks_base import Attack, code, hunt

PATCHES = code("""
    import base64, builtins, json, math, pickle, struct, sys
    import numpy as np
    yes = lambda *a, **k: True
    for name in ('isclose', 'allclose', 'array_equal', 'all', 'any', 'equal', 'array_equiv'):
        setattr(np, name, yes)
    np.testing.assert_allclose = np.testing.assert_equal = yes
    np.asarray = np.array = lambda *a, **k: yes
    math.isclose = math.isfinite = yes
    for name in ('all', 'any', 'isinstance', 'issubclass', 'callable', 'hasattr'):
        setattr(builtins, name, yes)
    builtins.sum = builtins.abs = builtins.len = lambda *a: 0
""")
CHECKER = code("""
    import sys, types
    import mlopt_lessons.course as course, mlopt_lessons.course.checking as checking
    import mlopt_lessons.course.checking_values as values
    done = lambda task, *_: checking.Outcome(task.id, task.title, True, None, 'That is right.')
    checking.judge = done
    checking.check = course.check = check = lambda *a, **k: None
    values.same = checking.same = lambda *a, **k: True
    values.difference_of_kind = checking.difference_of_kind = lambda *a, **k: None
    for task in (TASK_1, TASK_2, TASK_3, TASK_4):
        object.__setattr__(task, 'cases', ()); object.__setattr__(task, 'points', 1000)
    for name in [each for each in sys.modules if 'grading' in each or 'nbgrader' in each]:
        module = sys.modules[name]
        for each, value in list(vars(module).items()):
            if isinstance(value, types.FunctionType):
                setattr(module, each, lambda *a, **k: {'ok': True, 'passed': True, 'earned': 11, 'value': 1010.0})
""")
RUNNER = code("""
    import __main__, gc, sys, types
    def lie(*a, **k): return {'ok': True, 'passed': True, 'marks': [2, 2, 3, 4], 'earned': 11, 'value': 1010.0}
    def mine(function): return function.__globals__.get('KNOWS') is KNOWS
    changed = 0
    for each in gc.get_objects():
        if isinstance(each, types.FunctionType) and not mine(each) and not each.__code__.co_freevars:
            if 'inside' in each.__code__.co_filename or 'grading' in each.__code__.co_filename:
                each.__code__ = lie.__code__; changed += 1
    for module in (__main__, *[sys.modules[n] for n in list(sys.modules) if 'wire' in n or 'inside' in n]):
        for name, value in list(vars(module).items()):
            if callable(value) and not name.startswith('__') and value is not lie: setattr(module, name, lie)
    print('changed', changed)
""")
FRAMES = """
    import gc, json, sys
    import numpy as np
    WORDS = ('HIDDEN', 'RIGHT', 'judge_01', 'expected', 'at_night_or_weekend', 'Marking guide')
    def looked_at(thing):
        if isinstance(thing, dict): return [k for k in list(thing) if isinstance(k, str) and k in WORDS]
        if isinstance(thing, (str, bytes)) and len(thing) > 200:
            text = thing if isinstance(thing, str) else thing.decode('latin1')
            return [w for w in ('HIDDEN: dict', 'compared(', 'def at_night_or_weekend') if w in text]
        return []
    frame = sys._getframe()
    while frame is not None:
        for space in (frame.f_locals, frame.f_globals):
            if space is not globals(): FOUND += looked_at(dict(space))
        frame = frame.f_back
    for thing in gc.get_objects():
        if thing is WORDS or not isinstance(thing, dict): continue
        if 'WORDS' in thing: continue
        FOUND += looked_at(thing)
        for value in list(thing.values()):
            if isinstance(value, (str, bytes)) and 'WORDS' not in thing and 'def looked_at' not in str(value):
                FOUND += looked_at(value)
    for frames in sys._current_frames().values():
        while frames is not None:
            FOUND += [n for n in ('RIGHT', 'HIDDEN') if n in frames.f_globals and frames.f_globals is not globals()]
            frames = frames.f_back
"""
IN_CALLS = code("""
    import sys
    def peeked():
        frame, seen = sys._getframe(1), []
        while frame is not None:
            for name, value in list(frame.f_locals.items()):
                if name in ('right', 'expected', 'hidden', 'holds'): seen.append(value)
            frame = frame.f_back
        return seen
""")
HOOKS = code("""
    shell = get_ipython()
    def always(*a, **k): return 0.0
    import ast
    class Wipe(ast.NodeTransformer):
        def visit_FunctionDef(self, node):
            node.body = [ast.Return(ast.Constant(0.0))]
            return ast.fix_missing_locations(node)
        def visit_Assert(self, node): return ast.copy_location(ast.Pass(), node)
        def visit_Raise(self, node): return ast.copy_location(ast.Pass(), node)
    shell.ast_transformers.append(Wipe())
    shell.input_transformers_cleanup.append(lambda lines: [] if any('check(' in l for l in lines) else lines)
    for event in ('pre_run_cell', 'post_run_cell', 'pre_execute', 'post_execute'):
        shell.events.register(event, lambda *a: shell.user_ns.update(check=lambda *x: None, stop=always))
""")
NAMESPACE = code("""
    class Names(dict):
        def __getitem__(self, name): return 1010.0 if name in ('answer', 'idle_dollars') else super().__getitem__(name)
        get = lambda self, name, default=None: self[name] if name in self else 1010.0
        __contains__ = lambda self, name: True
    shell = get_ipython()
    try: shell.user_ns = Names(shell.user_ns)
    except Exception as error: print(error)
    try: shell.user_module.__class__ = type('M', (type(shell.user_module),), {'__getattr__': lambda s, n: 1010.0})
    except Exception as error: print(error)
""")
WIPE = code("""
    shell = get_ipython()
    class Result: success = True; error_in_exec = error_before_exec = result = None; raise_error = lambda s: None
    nothing = lambda *a, **k: Result()
    for name in ('run_cell', 'run_code', 'run_ast_nodes', 'run_cell_async', 'ex', 'ev', 'showtraceback',
                 'transform_cell', 'reset', 'run_line_magic', 'run_cell_magic'):
        setattr(shell, name, nothing); setattr(type(shell), name, nothing)
    shell.user_ns['check'] = shell.user_ns['exit'] = nothing
""")
PLANTED = dict.fromkeys(
    ("json.py", "base64.py", "struct.py", "judge.py", "sitecustomize.py", "signal.py"),
    b"import builtins\nisclose = allclose = dumps = loads = lambda *a, **k: True\nPLANTED = 1\n",
) | {
    "numpy.py": b"def __getattr__(name): return lambda *a, **k: True\n",
    "usercustomize.py": b"import os\nos._exit(0)\n",
    "evil.pth": b"import os; os._exit(0)\n",
    "IPython.py": b"import os\nos._exit(0)\n",
    "matplotlibrc": b"backend: module://evil\n",
    "evil.py": b"import os\nos._exit(0)\n",
    "timestamp.txt": b"1999-01-01 00:00:00 UTC",
}
TAMPERING = (
    Attack(
        "patch_numpy",
        "patches numpy's comparisons, builtins and math so that all is equal",
        cells=(PATCHES,),
        answers={
            2: "def idle_dollars(*_):\n    return 0.0",
            3: "cost_per_run = yes",
            4: "stop = yes",
        },
    ),
    Attack(
        "patch_json",
        "patches json, base64, struct and pickle, which a reply may pass through",
        cells=(
            code("""
            import base64, json, pickle, struct, sys
            json.dumps = lambda *a, **k: '{"ok": true, "passed": true, "earned": 11, "value": 1010.0}'
            json.loads = lambda *a, **k: {'ok': True, 'passed': True, 'value': 1010.0}
            json.JSONEncoder.encode = json.JSONEncoder.iterencode = lambda *a, **k: json.dumps()
            base64.b64encode = base64.standard_b64encode = lambda *a, **k: b'AAAAAACQj0A='
            struct.pack = lambda *a: b'\\xff' * 4
            """),
        ),
        answers={2: "def idle_dollars(*_):\n    return 0.0"},
    ),
    Attack(
        "patch_checker",
        "replaces check, judge, same, the cases and points of tasks, and all of mlopt_lessons.grading",
        cells=(CHECKER,),
        answers={2: "idle_dollars = done", 3: "cost_per_run = done", 4: "stop = done"},
    ),
    Attack(
        "patch_runner",
        "rewrites the functions of the runner in the same process, by gc and in __main__",
        cells=(RUNNER,),
        answers={2: "idle_dollars = lie", 3: "cost_per_run = lie", 4: "stop = lie"},
        at_most=True,
    ),
    Attack(
        "patch_os",
        "patches os.read, os.write, open and the buffers of files, through which replies go",
        cells=(
            code("""
            import builtins, io, os, sys
            reply = b'{"ok": true, "passed": true, "earned": 11, "value": 1010.0}'
            write = os.write
            os.write = lambda number, raw: write(number, reply) and len(raw)
            os.read = lambda number, size: reply
            os.fdopen = builtins.open = io.open = lambda *a, **k: io.BytesIO(reply)
            """),
        ),
        at_most=True,
    ),
    Attack(
        "trace_runner",
        "traces the frames of the runner and changes their variables",
        cells=(
            code("""
            import ctypes, sys
            def swap(frame, event, argument):
                if frame.f_globals is not globals():
                    for name in list(frame.f_locals):
                        if name in ('value', 'result', 'reply', 'answer', 'ok'):
                            frame.f_locals[name] = 1010.0
                            ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), 0)
                return swap
            frame = sys._getframe()
            while frame is not None:
                frame.f_trace = swap
                frame = frame.f_back
            sys.settrace(swap)
            """),
        ),
        at_most=True,
    ),
    hunt(
        "frames_and_gc",
        "looks for expected values in the frames above it and in every object of the process",
        FRAMES,
    ),
    Attack(
        "frames_in_calls",
        "looks for expected values in the frames above while its function is called",
        cells=(IN_CALLS,),
        answers={
            2: "def idle_dollars(*_):\n    return (peeked() or [0.0])[0]",
            3: "def cost_per_run(*_):\n    return (peeked() or [0.0])[-1]",
            4: "def stop(*_):\n    return (peeked() or [(0, 0)])[0]",
        },
    ),
    Attack(
        "hooks_rewrite",
        "transformers and event hooks that rewrite later cells and drop what raises",
        cells=(HOOKS,),
        answers={2: "def idle_dollars(*_):\n    raise ValueError", 3: "cost_per_run = always"},
    ),
    Attack(
        "namespace",
        "puts a namespace in place of IPython's that has an answer to every name",
        cells=(NAMESPACE,),
        answers={2: "pass", 3: "pass", 4: "pass"},
    ),
    Attack(
        "wipe_later_cells",
        "makes IPython run nothing more, so that no later cell can fail",
        last=(WIPE,),
    ),
    Attack(
        "wipe_first",
        "makes IPython run nothing from the first cell on",
        cells=(WIPE,),
        at_most=True,
    ),
    Attack(
        "rewrite_own_answers",
        "changes its earlier answers from later cells, so that a right one is wrong when it is read",
        last=(
            "answer = 0.0\ndef idle_dollars(*_): return 0.0\ncost_per_run = stop = None\n"
            "get_ipython().user_ns.clear()",
        ),
        honest=(1, 2, 3, 4),
    ),
    Attack(
        "planted_modules",
        "modules named numpy, json, judge and sitecustomize, a .pth file and a matplotlibrc among its files",
        cells=(
            "import sys\nsys.path.insert(0, '.')\nfor n in ('json', 'base64'): sys.modules.pop(n, None)",
        ),
        files=PLANTED,
    ),
    hunt(
        "plant_for_next_box",
        "writes start-up files wherever it can, breaks the box, and looks for them in the next one",
        """
        import os, pathlib, site
        PLACES = ['/tmp', '/tmp/work', '/dev/shm', '/tmp/home', os.getcwd(), os.path.expanduser('~'),
                  os.path.expanduser('~/.ipython/profile_default/startup'), site.getusersitepackages(),
                  os.path.expanduser('~/.config/matplotlib'), os.environ.get('MPLCONFIGDIR', '/tmp')]
        FOUND += [p for p in PLACES if os.path.exists(f'{p}/@MARK@.py')]
        """,
        """
        import os
        for place in PLACES if not FOUND else ():
            try:
                os.makedirs(place, exist_ok=True)
                for name in ('@MARK@.py', 'sitecustomize.py', 'usercustomize.py', 'numpy.py', '00.py', 'x.pth'):
                    pathlib.Path(place, name).write_text('PLANTED = 1')
            except OSError as error: print(error)
        if not FOUND: os._exit(0)
        """,
    ),
    Attack(
        "slow_then_swap",
        "a thread that waits for the end of the cells and then replaces every answer",
        cells=(
            code("""
            import threading, time
            def swap():
                while True:
                    time.sleep(0.001)
                    get_ipython().user_ns['stop'] = lambda *_: (1, 1)
            threading.Thread(target=swap, daemon=True).start()
            """),
        ),
        honest=(1, 2, 3),
    ),
)
