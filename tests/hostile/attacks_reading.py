"""Attacks that read what is not theirs, write where they may not, and call out of the box."""

from attacks_base import Attack, code, hunt

SECRETS = """
    import glob, os, pathlib
    root, home, package = KNOWS['class'], KNOWS['home'], KNOWS['package']
    repository = os.path.dirname(package)
    # What must not be seen, each with a word that only the real thing holds.
    SECRETS = {
        f'{root}/solutions/01_cost/judge.py': b'HIDDEN', f'{root}/solutions/01_cost/01_cost.ipynb': b'cells',
        f'{root}/gradebook.db': b'SQLite', f'{root}/nbgrader_config.py': b'get_config',
        f'{root}/submitted/{KNOWS["neighbour"]}/01_cost/01_cost.ipynb': b'cells',
        f'{root}/exercises/01_cost/01_cost.ipynb': b'cells',
        f'{home}/.ssh/id_secret': b'SECRET', f'{home}/.netrc': b'SECRET',
        f'{repository}/solutions/01_cost/judge.py': b'HIDDEN', f'{repository}/.git/HEAD': b'ref',
        f'{repository}/tests/hostile/attacks_base.py': b'Attack', f'{repository}/pyproject.toml': b'project',
        '/etc/shadow': b'root', '/root/.bashrc': b'', '/var/run/docker.sock': b'',
    }
    def read(path, word):
        try:
            with open(path, 'rb') as file: return word in file.read(1 << 20)
        except OSError: return False
"""
UNKNOWN = code("""
    import numpy as np
    seen = []
    def unknown(task, args):
        for case in task.cases:
            try: np.testing.assert_equal(list(args), list(case.args)); return False
            except AssertionError: pass
        return True
    def told(): return 'HIDDEN' + '_INPUT' * any(seen)
""")
READING = (
    hunt(
        "read_secrets",
        "reads solutions, judge.py, the gradebook, other hand-ins, the instructor's home, by path and link",
        SECRETS,
        """
        FOUND += [path for path, word in SECRETS.items() if read(path, word)]
        for number, (path, word) in enumerate(SECRETS.items()):
            os.symlink(path, f'link{number}')
            if read(f'link{number}', word) or os.path.lexists(path): FOUND.append(path)
        for up in range(12):
            for tail in ('solutions/01_cost/judge.py', 'gradebook.db', '../solutions/01_cost/judge.py'):
                if read('../' * up + tail, b''): FOUND.append('../' * up + tail)
        """,
    ),
    hunt(
        "read_by_proc",
        "reads through /proc: roots, working folders, file descriptors, environments, memory of others",
        SECRETS,
        """
        for process in glob.glob('/proc/[0-9]*') + ['/proc/self', '/proc/thread-self']:
            for path, word in SECRETS.items():
                for door in ('root', 'cwd', 'task/1/root'):
                    if read(f'{process}/{door}{path}', word): FOUND.append(f'{process}/{door}{path}')
            for name in ('environ', 'cmdline', 'mountinfo'):
                if read(f'{process}/{name}', KNOWS['secret'].encode()): FOUND.append(f'{process}/{name}')
            for link in glob.glob(f'{process}/fd/*') + [f'{process}/exe', f'{process}/cwd']:
                try: target = os.readlink(link)
                except OSError: continue
                if root in target or home in target or target.endswith(('.db', 'judge.py')): FOUND.append(target)
            try:
                if int(process[6:]) > 300: FOUND.append(process)
            except ValueError: pass
        """,
    ),
    hunt(
        "search_everywhere",
        "walks the whole file system for a judge.py, a gradebook, a notebook or a secret",
        SECRETS,
        """
        import sys, time
        until = time.monotonic() + 2.5
        for folder, folders, names in os.walk('/'):
            if time.monotonic() > until: print('no time'); break
            folders[:] = [f for f in folders if os.path.join(folder, f) not in
                          ('/proc', '/sys', '/usr', sys.prefix, sys.base_prefix)]
            FOUND += [os.path.join(folder, n) for n in names if n in ('judge.py', 'gradebook.db', 'id_secret')]
            FOUND += [os.path.join(folder, f) for f in folders if f in ('solutions', 'submitted', 'autograded')]
        """,
    ),
    hunt(
        "environment",
        "looks for secrets in its environment, its own start, and the shared memory of others",
        """
        import glob, os
        text = repr(dict(os.environ)) + open('/proc/self/cmdline').read() + open('/proc/1/cmdline').read()
        FOUND += [word for word in (KNOWS['secret'], KNOWS['class'], KNOWS['home']) if word in text]
        FOUND += glob.glob('/dev/shm/*') + [d for d in ('/dev/mem', '/dev/kmsg', '/dev/kvm', '/dev/sda',
                 '/dev/vda', '/dev/fuse', '/dev/net/tun', '/dev/loop0') if os.path.exists(d)]
        import socket
        if socket.gethostname() == KNOWS['host']: FOUND.append('the name of the host')
        """,
    ),
    hunt(
        "overwrite",
        "overwrites neighbours, the gradebook, solutions, the package, Python and the system",
        SECRETS,
        """
        import sys, sysconfig
        import numpy
        SYSTEM = [f'{package}/course/checking.py', numpy.__file__, os.__file__, sys.executable, '/etc/passwd',
                  '/etc/ld.so.preload', '/etc/ld.so.cache', '/usr/bin/env', '/bin/sh',
                  '/proc/sys/kernel/core_pattern', '/proc/sys/kernel/modprobe', '/proc/sysrq-trigger',
                  '/proc/sys/fs/binfmt_misc/register', '/sys/kernel/uevent_helper',
                  '/sys/fs/cgroup/cgroup.procs',
                  '/proc/sys/vm/overcommit_memory', '/proc/sys/kernel/panic']
        for path in [*SECRETS, *SYSTEM]:
            try:
                with open(path, 'r+b', buffering=0) as file:
                    FOUND.append('writable: ' + path)
            except OSError: pass
            if root not in path: continue
            for act in (lambda: os.chmod(path, 0o777), lambda: os.rename(path, path + '@MARK@'),
                        lambda: os.utime(path, (0, 0)), lambda: os.truncate(path, 0), lambda: os.unlink(path)):
                try: act()
                except OSError: pass
            if os.path.lexists(path): FOUND.append('seen: ' + path)
        for path in SYSTEM:
            try: before = os.stat(path)
            except OSError: continue
            for act in (lambda: os.chmod(path, 0o7777), lambda: os.utime(path, (0, 0)), lambda: os.chown(path, 1, 1)):
                try: act()
                except OSError: pass
            if os.stat(path)[:6] + os.stat(path)[8:] != before[:6] + before[8:]: FOUND.append('changed: ' + path)
        """,
        """
        folders = {root, f'{root}/submitted', f'{root}/submitted/{KNOWS["neighbour"]}/01_cost', home, repository,
                   package, f'{package}/grading', f'{package}/__pycache__', '/', '/usr', '/usr/lib', '/etc', '/var', '/var/tmp', '/run', '/opt',
                   '/dev', '/sys', '/proc', sysconfig.get_paths()['purelib'], sysconfig.get_paths()['stdlib'],
                   '/usr/lib/python3/dist-packages', sys.prefix, sys.base_prefix, '/root', '/home'}
        # Below /tmp the repository's folder is in the box's own scratch, and only the package is real.
        if repository.startswith('/tmp/'): folders.discard(repository)
        for folder in folders:
            try:
                open(f'{folder}/@MARK@', 'wb').close(); FOUND.append('made a file in ' + folder)
            except OSError: pass
        """,
    ),
    hunt(
        "write_anywhere",
        "makes the class's folders in the box and leaves files with a mark in every place it can",
        SECRETS,
        """
        for folder in ('/tmp', '/dev/shm', os.path.dirname(root), root, f'{root}/submitted', home):
            try:
                os.makedirs(folder, exist_ok=True)
                pathlib.Path(folder, '@MARK@-left').write_text('left')
                pathlib.Path(folder, 'gradebook.db').write_text('left')
            except OSError as error: print(error)
        """,
    ),
    hunt(
        "left_by_others",
        "looks for what earlier hand-ins have left in the places that all of them can write to",
        """
        import glob, os
        places = ['/tmp', '/tmp/work', '/dev/shm', '/dev', '/', '/var/tmp', '/run', os.getcwd(), os.path.expanduser('~'),
                  os.environ.get('MPLCONFIGDIR', '/tmp'), os.path.expanduser('~/.ipython/profile_default')]
        FOUND += [path for place in places for path in glob.glob(f'{place}/@MARK@*')]
        """,
    ),
    Attack(
        "tells_hidden_inputs",
        "keeps the hidden inputs and prints, shows, raises and returns them in later cells and calls",
        cells=(UNKNOWN,),
        answers={
            2: "def idle_dollars(*args):\n    seen.append(unknown(TASK_2, args))\n    raise ValueError(told())",
            3: "def cost_per_run(*args):\n    seen.append(unknown(TASK_3, args))\n    return told()",
            4: "def stop(*args):\n    print(told())\n    return told(), {told(): told()}",
        },
        last=(
            "print(told())",
            "told()",
            "raise type(told(), (Exception,), {})(told())",
            "import os; os.listdir(told())",
        ),
        leaks=("HIDDEN" + "_INPUT",),
    ),
    Attack(
        "tells_by_how_it_ends",
        "ends the box in a way that depends on a hidden input, for the note that says how it ended",
        cells=(UNKNOWN,),
        answers={
            2: "import os\ndef idle_dollars(*args):\n    if unknown(TASK_2, args): os._exit(77)\n    return 0.0",
            3: "def cost_per_run(*args):\n    if not unknown(TASK_3, args): return 0.0\n"
            "    for number in range(3, 20):\n        try: os.write(number, b'\\7' * 9)\n        except OSError: pass",
        },
        leaks=("status 77", "117,901,063"),
    ),
)
