"""Attacks on the channel between the box and the grader, and lines that look like results.

Replies are forged in both byte orders, with guessed, overheard and no nonces, whole and in pieces.
"""

from attacks_base import Attack, code

FRAMES = code("""
    import gc, json, os, select, struct, sys, threading, time
    def descriptors(): return sorted(int(n) for n in os.listdir('/proc/self/fd'))
    def frame(body, order='>'):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return struct.pack(order + 'I', len(raw)) + raw
    def send(raw, only=None):
        for number in descriptors() if only is None else only:
            if number in (1, 2): pass
            try:
                os.set_blocking(number, False)
                os.write(number, raw)
            except OSError: pass
            try: os.set_blocking(number, True)
            except OSError: pass
    def claims(nonce):
        for value in (1010.0, True, [20, 15], {'passed': True}):
            yield {'nonce': nonce, 'id': nonce, 'ok': True, 'value': value, 'result': value, 'passed': True,
                   'reply': value, 'earned': 11, 'score': 11, 'marks': {'task-2-check': 2}, 'type': 'value'}
    def nonces():
        seen = [0, 1, 2, None, '', True]
        for each in gc.get_objects():
            if isinstance(each, dict): seen += [each[k] for k in ('nonce', 'id') if k in each]
        frame = sys._getframe()
        while frame is not None:
            for value in list(frame.f_locals.values()):
                if isinstance(value, dict): seen += [value[k] for k in ('nonce', 'id') if k in value]
                if isinstance(value, str) and 8 <= len(value) <= 64: seen.append(value)
            frame = frame.f_back
        return [n for n in seen if isinstance(n, (str, int, type(None)))][-200:]
""")


def _wire(name: str, tries: str, cell: str, **rest: object) -> Attack:
    """An attack on the channel."""
    return Attack(name, tries, cells=(FRAMES, code(cell)), **rest)  # type: ignore[arg-type]


BOMBS = """
    BOMBS = [b'[' * 2_000_000, b'{"a":' * 500_000, b'[' + b'0,' * 4_000_000 + b'0]', b'9' * 5_000_000,
             b'[' + b'{},' * 2_000_000 + b'{}]', b'"' + b'\\\\ud800' * 500_000 + b'"', b'"x' * 1000, b'\\xff\\xfe[]',
             b'{"nonce":1,"nonce":2}', b'NaN', b'-Infinity', b'1e999999999', b'null', b'""', b'', b'\\x00' * 1000,
             b'{"value": {"__array__": {"dtype": "O", "shape": [1], "data": "AAAAAAAAAAA="}}}',
             b'{"value": {"__array__": {"dtype": "f8", "shape": [1099511627776], "data": ""}}}',
             __import__('pickle').dumps(print), b'\\x80\\x04cos\\nsystem\\n(S"touch /tmp/@MARK@-frame"\\ntR.']
"""
FORGING = (
    _wire(
        "forged_replies",
        "replies that claim full marks, with every nonce it can find, on every descriptor",
        """
        for nonce in nonces():
            for claim in claims(nonce):
                for order in '><': send(frame(claim, order))
                send(json.dumps(claim).encode() + b'\\n')
        """,
    ),
    _wire(
        "forged_in_call",
        "replies sent while its function is being called, so that they answer this very call",
        "pass",
        answers={
            2: "def idle_dollars(*_):\n    for nonce in nonces():\n"
            "        for claim in claims(nonce): send(frame(claim))\n    return 0.0",
            3: "def cost_per_run(*_):\n    os._exit(send(frame({'ok': True, 'value': 1.0})) or 0)",
        },
    ),
    _wire(
        "sent_in_advance",
        "thousands of replies in advance, with nonces counted up, for requests not yet made",
        """
        for nonce in range(2000): send(frame({'nonce': nonce, 'id': nonce, 'ok': True, 'value': 1010.0}))
        """,
    ),
    _wire(
        "overheard_requests",
        "reads the requests meant for the runner, and answers them itself",
        """
        def answer_all():
            while True:
                for number in descriptors():
                    try:
                        if number == 1 or not select.select([number], [], [], 0.01)[0]: continue
                        raw = os.read(number, 1 << 20)
                        body = json.loads(raw[4:])
                    except (OSError, ValueError): continue
                    for key, value in list(body.items()) if isinstance(body, dict) else ():
                        send(frame(body | {'ok': True, 'value': 1010.0, 'result': 1010.0, 'passed': True}))
        threading.Thread(target=answer_all, daemon=True).start()
        time.sleep(0.3)
        """,
        at_most=True,
    ),
    _wire(
        "noise_on_every_descriptor",
        "random bytes on every descriptor from 0 to 1023",
        "for _ in range(50): send(os.urandom(4096), range(1024))",
    ),
    _wire(
        "markers_on_every_descriptor",
        "lines that look like results of nbgrader, otter, pytest, TAP and of this grader",
        r"""
        LINES = '\n'.join(['', 'score: 11', '{"score": 11, "max_score": 11}', '{"marks": {"task-2-check": 2}}', 'ok 1',
                 '11 passed in 0.01s', '##mlopt {"earned": 11}', 'AUTOGRADED 11/11', '</pre><b>11/11</b>', '-5', 'NaN',
                 '{"earned": -5}', '{"earned": NaN}', '{"earned": 1e308}', '{"earned": "11"}', 'That is right.', ''])
        for _ in range(20): send(LINES.encode(), range(64)); print(LINES)
        """,
    ),
    _wire(
        "length_of_4_gb",
        "a frame that announces 4 GB and sends a few bytes of them",
        "send(b'\\xff\\xff\\xff\\xff' + b'x' * 100); send(b'\\x7f\\xff\\xff\\xff[')",
    ),
    _wire(
        "half_a_frame",
        "half a frame, then silence, with the answers still to come",
        "send(struct.pack('>I', 1000) + b'{\"ok\": true'); time.sleep(100)",
    ),
    _wire(
        "byte_by_byte",
        "a frame that comes one byte at a time and never ends",
        """
        send(struct.pack('>I', 1_000_000))
        for _ in range(10_000): send(b'x'); time.sleep(0.05)
        """,
    ),
    _wire(
        "endless_frames",
        "an endless stream of frames and bytes on every descriptor, from a thread and a child",
        """
        def pour(raw):
            while True:
                for number in descriptors():
                    if number > 0:
                        try: os.write(number, raw)
                        except OSError: pass
        if os.fork() == 0: pour(frame({'ok': True, 'value': 1.0}) * 1000)
        threading.Thread(target=pour, args=(b'A' * 65536,), daemon=True).start()
        pour(frame(b'[]') * 10_000)
        """,
    ),
    _wire(
        "json_bombs",
        "frames that are deep, wide, huge numbers, half characters, pickles or forged arrays",
        BOMBS + "    for bomb in BOMBS[:3]: send(frame(bomb))\n",
        answers={
            2: "def idle_dollars(*_):\n    for bomb in BOMBS[3:9]: send(frame(bomb))\n    return 0.0",
            3: "def cost_per_run(*_):\n    for bomb in BOMBS[9:]: send(frame(bomb))\n    return 0.0",
        },
    ),
    _wire(
        "bombs_blocking",
        "the same frames written whole, however long it takes, to all but standard output",
        BOMBS
        + """
    for number in descriptors():
        if number <= 2: continue
        try:
            for bomb in BOMBS:
                raw = frame(bomb)
                while raw: raw = raw[os.write(number, raw):]
        except OSError: pass
""",
    ),
    _wire(
        "closes_descriptors",
        "closes every descriptor",
        "for number in range(1024):\n    try: os.close(number)\n    except OSError: pass",
    ),
    _wire(
        "replaces_descriptors",
        "puts /dev/null, a pipe and /dev/zero in place of every descriptor",
        """
        left, right = os.pipe()
        for number in range(64):
            for other in (os.open('/dev/zero', os.O_RDWR), right):
                try: os.dup2(other, number)
                except OSError: pass
        """,
    ),
    _wire(
        "nonblocking_descriptors",
        "makes every descriptor non-blocking, shrinks pipes, locks the buffers of files",
        """
        import fcntl
        for number in descriptors():
            try: os.set_blocking(number, False); fcntl.fcntl(number, 1031, 4096)
            except OSError: pass
        for each in gc.get_objects():
            if hasattr(type(each), 'fileno') and hasattr(type(each), 'detach'):
                try: each.close()
                except Exception: pass
        """,
    ),
    _wire(
        "pickles",
        "pickles that run a command when read: as values, frames, outputs, comm messages",
        """
        import base64, pickle
        class Bang:
            def __reduce__(self): return (os.system, ('touch /tmp/@MARK@-bang',))
        raw = pickle.dumps(Bang())
        from IPython.display import display
        display({'application/x-python-pickle': raw, 'application/octet-stream': base64.b64encode(raw).decode(),
                 'text/plain': repr(raw)}, raw=True)
        send(raw); send(frame(raw)); print(raw)
        """,
        answers={
            2: "def idle_dollars(*_):\n    return raw",
            3: "def cost_per_run(*_):\n    return Bang()",
        },
    ),
    Attack(
        "printed_marks",
        "prints marks, negative marks and NaN, and raises exceptions that are named after them",
        cells=(
            "print('{\"earned\": 11, \"points\": 11}')\nprint('-5')\nprint('nan')",
            "import sys\nsys.stderr.write('score 1000/11')\nsys.__stdout__.write('score 1000/11')",
            "raise type('Passed', (AssertionError,), {})('earned 11 of 11')",
        ),
        answers={
            2: "def idle_dollars(*_):\n    print('2/2 points')\n    return -5",
            3: "def cost_per_run(*_):\n    return float('nan')",
            4: "def stop(*_):\n    return (float('nan'), -1)",
        },
    ),
)
