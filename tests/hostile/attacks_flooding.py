"""Attacks that flood: the disk, what is printed, what is shown."""

from attacks_base import Attack, code

FLOODING = (
    Attack(
        "fill_the_disk",
        "files until nothing fits: one huge, one sparse, a million small ones, deep folders",
        cells=(
            code("""
            import os
            piece = b'x' * (1 << 20)
            for folder in ('.', '/tmp', '/dev/shm', '/dev', '/var/tmp', '/run', os.path.expanduser('~'), '/'):
                try:
                    with open(os.path.join(folder, '@MARK@-huge'), 'wb', buffering=0) as file:
                        for _ in range(3000): file.write(piece)
                except OSError as error: print(folder, error)
                try:
                    with open(os.path.join(folder, '@MARK@-sparse'), 'wb') as file: file.truncate(1 << 40)
                except OSError as error: print(folder, error)
            """),
            code("""
            for folder in ('/tmp', '/dev/shm'):
                try:
                    for number in range(100_000): open(f'{folder}/@MARK@-{number}', 'w').close()
                except OSError as error: print(error)
            """),
            code("""
            os.chdir('/tmp')
            try:
                for _ in range(20_000):
                    os.mkdir('d'); os.chdir('d')
            except OSError as error: print(error)
            """),
        ),
    ),
    Attack(
        "output_lines",
        "a million lines printed, in a cell, and in every call of a function",
        cells=("for number in range(1_000_000): print(number, 'line')",),
        answers={2: "def idle_dollars(*_):\n    for number in range(5_000): print(number, 'line')"},
        honest=(1, 3, 4),
        at_most=True,
    ),
    Attack(
        "output_300_mb",
        "300 MB of output by print, by file descriptor, by a child, and as an error",
        cells=(
            "import os, sys\nprint('x' * 300_000_000)",
            "for _ in range(300): os.write(1, b'y' * 1_000_000); os.write(2, b'y' * 1_000_000)",
            "import subprocess\nsubprocess.run('yes z | head -c 300000000', shell=True)",
            "sys.__stdout__.write('w' * 100_000_000)",
            "raise ValueError('v' * 100_000_000)",
        ),
        honest=(1, 2, 3, 4),
    ),
    Attack(
        "output_in_many_cells",
        "nine hundred cells that each show as much as one cell may",
        cells=("print('x' * 99_000)",) * 900,
        honest=(1,),
        at_most=True,
    ),
    Attack(
        "pictures_in_many_cells",
        "real pictures of many megabytes, again and again, and one of ten gigapixels",
        cells=(
            code("""
            import io
            import numpy as np
            from IPython.display import Image, display
            from PIL import Image as Pictures
            file = io.BytesIO()
            Pictures.fromarray(np.random.default_rng(0).integers(0, 255, (900, 1000, 3)).astype('u1')).save(file, 'PNG')
            for _ in range(30): display(Image(file.getvalue()))
            """),
            *("display(Image(file.getvalue()))",) * 60,
            "import matplotlib.pyplot as plt\nplt.figure(figsize=(1000, 1000), dpi=100)\nplt.plot([1, 2])\nplt.show()",
        ),
    ),
    Attack(
        "big_replies",
        "in every call a value as large as one reply may be",
        cells=("import numpy as np",),
        answers={
            2: "def idle_dollars(*_):\n    return np.zeros(1_400_000)",
            3: "def cost_per_run(*_):\n    return [0.5] * 190_000",
            4: "def stop(*_):\n    return {str(n): 'xx' for n in range(90_000)}",
        },
        at_most=True,
    ),
    Attack(
        "output_display",
        "300 MB shown as a result, as HTML, as a picture, and ten thousand small displays",
        cells=(
            "'x' * 100_000_000",
            "from IPython.display import HTML, Image, display\ndisplay(HTML('x' * 100_000_000))",
            "display({'image/png': 'A' * 100_000_000}, raw=True)",
            "for number in range(10_000): display(number)",
        ),
        honest=(1, 2, 3, 4),
    ),
)
