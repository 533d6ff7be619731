"""Attacks on the box itself: the network, system calls, namespaces, privileges."""

from attacks_base import hunt

# Numbers of x86-64; on another machine the attack has nothing to call.
SYSCALLS = """
    import ctypes, errno, os, platform
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    CALLS = {
        'unshare user': (272, 0x10000000), 'unshare net': (272, 0x40000000), 'unshare mount': (272, 0x20000),
        'setns': (308, 0, 0), 'ptrace traceme': (101, 0, 0, 0, 0), 'ptrace attach': (101, 16, 1, 0, 0),
        'chroot': (161, b'/tmp'), 'pivot_root': (155, b'/tmp', b'/tmp'), 'swapon': (167, b'/tmp/x', 0),
        'mount': (165, b'none', b'/tmp', b'tmpfs', 0, 0), 'umount': (166, b'/proc', 2),
        'fsopen': (430, b'tmpfs', 0), 'open_tree': (428, -100, b'/', 1), 'move_mount': (429, -1, b'', -1, b'', 0),
        'bpf': (321, 0, 0, 0), 'userfaultfd': (323, 1), 'io_uring_setup': (425, 8, ctypes.create_string_buffer(256)),
        'perf_event_open': (298, ctypes.create_string_buffer(b'\\0\\0\\0\\0\\x70\\0\\0\\0', 128), 0, -1, -1, 0),
        'keyctl': (250, 0, -3, 1), 'add_key': (248, b'user', b'@MARK@', b'x', 1, -4),
        'init_module': (175, 0, 0, b''), 'kexec_load': (246, 0, 0, 0, 0), 'reboot': (169, 0, 0, 0, 0),
        'open_by_handle_at': (304, -100, 0, 0), 'quotactl': (179, 0, 0, 0, 0), 'acct': (163, b'/tmp/acct'),
        'sethostname': (170, b'x', 1), 'syslog': (103, 3, ctypes.create_string_buffer(9), 8),
        'mknod device': (133, b'/tmp/disk', 0o60600, 0x0801), 'iopl': (172, 3), 'nice -20': (141, 0, 0, -20),
        'clone user': (56, 0x10000000 | 17, 0, 0, 0, 0),
    }
    if platform.machine() == 'x86_64':
        for name, (number, *rest) in CALLS.items():
            arguments = [ctypes.c_long(a) if isinstance(a, int) else a for a in rest]
            parent = os.getpid()
            result = libc.syscall(ctypes.c_long(number), *arguments)
            if os.getpid() != parent: os._exit(0)
            if result >= 0: FOUND.append(name)
"""
ESCAPING = (
    hunt(
        "sockets",
        "opens TCP, UDP and unix sockets to what listens, asks for names, and lists the network",
        """
        import os, socket
        def reaches(kind, style, address, send=False):
            try:
                with socket.socket(kind, style) as door:
                    door.settimeout(0.5)
                    if send: door.sendto(b'@MARK@', address)
                    else: door.connect(address); door.send(b'@MARK@'); FOUND.append(address)
            except (OSError, AttributeError) as error: print(address, error)
        hosts = ['127.0.0.1', '0.0.0.0', 'localhost', KNOWS['host_ip'], KNOWS['host'], '10.0.2.2', '172.17.0.1']
        for host in hosts:
            reaches(socket.AF_INET, socket.SOCK_STREAM, (host, KNOWS['tcp']))
            reaches(socket.AF_INET, socket.SOCK_DGRAM, (host, KNOWS['udp']), send=True)
        reaches(socket.AF_INET6, socket.SOCK_STREAM, ('::1', KNOWS['tcp']))
        for name in ('\\0' + KNOWS['abstract'], KNOWS['unix'], '/run/docker.sock', '/run/dbus/system_bus_socket',
                     '/var/run/nscd/socket', '/tmp/.X11-unix/X0', '\\0/tmp/.X11-unix/X0'):
            reaches(socket.AF_UNIX, socket.SOCK_STREAM, name)
        """,
        """
        try: FOUND += [name for _, name in socket.if_nameindex() if name != 'lo']
        except OSError as error: print(error)
        FOUND += [name for name in os.listdir('/sys/class/net') if name != 'lo'] if os.path.exists('/sys/class/net') else []
        for host in ('example.com', 'localhost.localdomain'):
            try: socket.setdefaulttimeout(0.5); FOUND += socket.getaddrinfo(host, 80) if host[0] == 'e' else []
            except OSError as error: print(error)
        for kind, style, number in ((17, 3, 0x300), (2, 3, 1), (40, 1, 0), (38, 5, 0)):
            try: door = socket.socket(kind, style, number)
            except OSError as error: continue
            if kind in (17, 2): FOUND.append(f'raw socket {kind}')
        """,
    ),
    hunt(
        "sockets_of_children",
        "calls out by curl, wget, ping, nc, /dev/tcp and Python in a child",
        """
        import os, shutil, subprocess, sys
        port = KNOWS['tcp']
        LINES = [f'exec 3<>/dev/tcp/127.0.0.1/{port} && echo REACHED', f'echo x > /dev/udp/127.0.0.1/{KNOWS["udp"]}',
                 f'curl -m 1 -s http://127.0.0.1:{port} && echo REACHED', f'wget -T 1 -q -O- http://127.0.0.1:{port}',
                 f'nc -w 1 127.0.0.1 {port} </dev/null && echo REACHED', 'ping -c 1 -W 1 127.0.0.1 | grep -q ttl=99']
        for line in LINES:
            try: done = subprocess.run(['bash', '-c', line], capture_output=True, text=True, timeout=1)
            except (OSError, subprocess.SubprocessError) as error: print(error); continue
            if 'REACHED' in done.stdout: FOUND.append(line)
        """,
    ),
    hunt(
        "system_calls",
        "calls the kernel for namespaces, mounts, tracing, keys, modules, devices, handles",
        SYSCALLS,
        """
        for name in ('user', 'net', 'mnt', 'pid', 'ipc', 'uts'):
            try: door = os.open(f'/proc/1/ns/{name}', os.O_RDONLY)
            except OSError: continue
            if libc.setns(door, 0) == 0: FOUND.append('setns ' + name)
        """,
    ),
    hunt(
        "system_calls_by_other_doors",
        "the same calls by the numbers of x32 and by int 0x80, past a filter that knows only one table",
        SYSCALLS,
        """
        import mmap, struct
        def call_32(number, first=0, second=0):
            body = b'\\x53\\xb8' + struct.pack('<I', number) + b'\\xbb' + struct.pack('<I', first)
            body += b'\\xb9' + struct.pack('<I', second) + b'\\xcd\\x80\\x5b\\xc3'
            page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
            page[:len(body)] = body
            return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
        def in_child(name, act):
            child = os.fork()
            if child == 0:
                try: os._exit(42 if act() >= 0 else 0)
                finally: os._exit(1)
            if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42: FOUND.append(name)
        if platform.machine() == 'x86_64':
            for name, (number, *rest) in CALLS.items():
                in_child('x32 ' + name, lambda: libc.syscall(ctypes.c_long(number | 0x40000000), *[
                    ctypes.c_long(a) if isinstance(a, int) else a for a in rest]))
            for name, number, first in (('unshare', 310, 0x10000000), ('ptrace', 26, 0), ('socket', 359, 2),
                                        ('chroot', 61, 0), ('keyctl', 288, 0), ('memfd', 356, 0), ('bpf', 357, 0)):
                in_child('int 0x80 ' + name, lambda: call_32(number, first, 1))
        """,
    ),
    hunt(
        "privileges",
        "looks for capabilities, a missing filter, setuid programs, raised limits, a terminal",
        """
        import fcntl, os, resource, subprocess, termios
        status = dict(l.split(':', 1) for l in open('/proc/self/status').read().splitlines() if ':' in l)
        for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
            if int(status[name], 16): FOUND.append(name + status[name])
        if int(status['NoNewPrivs']) != 1: FOUND.append('new privileges')
        if int(status['Seccomp']) != 2: FOUND.append('no filter of system calls')
        for which in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU, resource.RLIMIT_CORE):
            try: resource.setrlimit(which, (resource.RLIM_INFINITY,) * 2); FOUND.append(f'limit {which}')
            except (OSError, ValueError): pass
        try: open('/proc/self/oom_score_adj', 'w').write('-1000'); FOUND.append('never killed for memory')
        except OSError: pass
        try: os.nice(-10); FOUND.append('nice')
        except OSError: pass
        try:
            with open('/dev/tty', 'w') as terminal: FOUND.append('a terminal')
        except OSError: pass
        for line in ('su -c id', 'sudo -n id', 'mount -t tmpfs none /mnt', 'newgrp root -c id', 'passwd -d root'):
            try: done = subprocess.run(line.split(), capture_output=True, timeout=2, stdin=subprocess.DEVNULL)
            except (OSError, subprocess.SubprocessError): continue
            if done.returncode == 0: FOUND.append(line)
        """,
    ),
    hunt(
        "nested_namespaces",
        "builds a box in the box: user namespaces, unshare, bwrap, chroot, by programs",
        """
        import os, subprocess
        for line in ('unshare -Ur id', 'unshare -Urn id', 'unshare -Urm mount -t tmpfs none /tmp',
                     'bwrap --dev-bind / / id', 'chroot /tmp', 'nsenter -t 1 -a id', 'setpriv --reuid 0 --clear-groups id'):
            try: done = subprocess.run(line.split(), capture_output=True, timeout=2, stdin=subprocess.DEVNULL)
            except (OSError, subprocess.SubprocessError): continue
            if done.returncode == 0 and not line.startswith('setpriv'): FOUND.append(line)
        """,
    ),
    hunt(
        "processes_of_the_host",
        "traces, reads and signals processes outside the box, and looks for their ids",
        """
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        if os.readlink('/proc/self/ns/pid') == KNOWS['pid_namespace']: FOUND.append('process ids')
        for name in ('net', 'ipc', 'mnt', 'uts', 'user'):
            if os.readlink(f'/proc/self/ns/{name}') == KNOWS['namespaces'][name]: FOUND.append(name)
        outside = KNOWS['outside']
        if os.path.exists(f'/proc/{outside}'): FOUND.append('a process of the host')
        if libc.ptrace(16, outside, 0, 0) == 0: FOUND.append('traces a process of the host')
        try: os.kill(outside, 0); FOUND.append('may signal a process of the host')
        except OSError as error: print(error)
        try: open('/proc/self/mem', 'r+b').close()
        except OSError as error: print(error)
        """,
    ),
    hunt(
        "preload",
        "plants libraries, start-up files and programs of its own, and runs Python again with them",
        """
        import os, pathlib, subprocess, sys
        os.environ |= {'LD_PRELOAD': './evil.so', 'PYTHONSTARTUP': 'evil.py', 'PYTHONPATH': '.', 'PATH': '.:/usr/bin',
                       'PYTHONHOME': '.', 'BASH_ENV': 'evil.sh', 'LD_LIBRARY_PATH': '.'}
        for name in ('evil.so', 'evil.py', 'sitecustomize.py', 'bwrap', 'python3', 'python', 'sh'):
            pathlib.Path(name).write_text('#!/bin/sh\\necho evil\\n'); os.chmod(name, 0o777)
        os.chmod('sh', 0o6777)
        print(subprocess.run(['sh', '-c', 'id'], capture_output=True))
        """,
    ),
)
