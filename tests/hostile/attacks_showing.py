"""Attacks on who reads the graded sheet: script, links and pictures in outputs and in free text.

The mark stands in every payload: in a page made of the sheet it may be read, and never be run.
"""

from attacks_base import Attack, code
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

PAYLOADS = (
    "<script>@MARK@()</script>",
    "<img src=x onerror=@MARK@()>",
    "<svg onload=@MARK@()><a xlink:href='javascript:@MARK@()'>x</a></svg>",
    "<iframe srcdoc='<script>@MARK@()</script>'></iframe><object data=@MARK@></object>",
    "<style>@import '@MARK@';</style><link rel=stylesheet href=@MARK@>",
    "</pre></div></textarea></title></script><script>@MARK@()</script>",
    "<math><mtext><script>@MARK@()</script></mtext></math><!--><img src=@MARK@ onerror=@MARK@()>-->",
    "[link](javascript:@MARK@()) ![picture](http://@MARK@/x.png) <http://@MARK@>",
    "[ref]: javascript:@MARK@()\n\n[ref]\n\n![x](attachment:@MARK@.svg)",
    r"$$\href{javascript:@MARK@()}{x}$$ \(\unicode{x3c}@MARK@\) $\require{html}\style{x:@MARK@}{x}$",
    "{{ @MARK@ }} {% include '@MARK@' %} ${@MARK@} <%= @MARK@ %>",
    "<form action=@MARK@><input autofocus onfocus=@MARK@()><button>ok</button></form><base href=//@MARK@>",
    "<meta http-equiv=refresh content='0;url=//@MARK@'>",
    "\x1b]8;;javascript:@MARK@()\x07x\x1b]8;;\x07 \x1b[31m<b onclick=@MARK@()>\x1b[0m\x1b]0;@MARK@\x07",
)
ALL = "\n\n".join(PAYLOADS)
SHOW = code("""
    from IPython.display import HTML, SVG, IFrame, Image, Javascript, Latex, Markdown, display
    import base64
""")


def _stored(notebook: NotebookNode) -> None:
    """Outputs that the hand-in claims to have shown, on its own cells and on locked ones."""
    data = {
        "text/html": ALL,
        "application/javascript": "@MARK@()",
        "image/svg+xml": PAYLOADS[2],
        "text/latex": ALL,
    }
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [new_output("display_data", data=data), new_output("stream", text=ALL)]


def _cells(notebook: NotebookNode) -> None:
    """Cells of every type, with tags, ids and attachments."""
    attached = {
        "@MARK@.svg": {"image/svg+xml": PAYLOADS[2]},
        '"><script>@MARK@()</script>': {"image/png": "x"},
    }
    notebook.cells += [new_markdown_cell(text) for text in PAYLOADS]
    notebook.cells[-1]["attachments"] = attached
    notebook.cells.append(
        new_raw_cell(ALL, metadata={"format": "text/html", "raw_mimetype": "text/html"})
    )
    tags = {
        "tags": ["<script>@MARK@()</script>"],
        "name": "<script>@MARK@()</script>",
        "jupyter": {"x": "@MARK@"},
    }
    notebook.cells.append(new_code_cell("# " + PAYLOADS[5], metadata=tags))
    notebook.cells[0].source += "\n# " + PAYLOADS[0]
    notebook.metadata |= {
        "title": PAYLOADS[5],
        "authors": [{"name": PAYLOADS[0]}],
        "widgets": {"@MARK@": PAYLOADS[0]},
    }


SLOW_CODE = ("a.", "...", "0_", "f'{", "\\")


def _slow_text(notebook: NotebookNode) -> None:
    """Markdown whose parsing is more than linear in some parser."""
    pieces = (
        "[",
        "*a **a ",
        "> ",
        "![",
        "<a ",
        "`" * 3 + "\n",
        "$",
        "\\(",
        "- " * 50 + "\n",
        "&" * 9,
        "[a](b" * 3,
    )
    notebook.cells += [new_markdown_cell(piece * (50_000 // len(piece))) for piece in pieces]
    notebook.cells += [new_code_cell("'" + piece * 10_000) for piece in SLOW_CODE]
    notebook.cells.append(
        new_code_cell("print('\\x1b[1;31m' * 20_000, '\\r' * 20_000, '\\b' * 20_000)")
    )


SHOWING = (
    Attack(
        "script_outputs",
        "script in HTML, SVG, LaTeX, Markdown and JavaScript that cells show, and in plain text",
        cells=(
            SHOW,
            f"for each in {PAYLOADS!r}:\n    display(HTML(each), SVG(data='<svg>' + each + '</svg>'))\n"
            "    display(Latex(each), Markdown(each)); print(each)",
            "display(Javascript('@MARK@()'), IFrame('javascript:@MARK@()', 9, 9))",
            f"class Rich:\n    _repr_html_ = _repr_latex_ = __repr__ = lambda self: {ALL!r}\nRich()",
            f"%%html\n{PAYLOADS[0]}",
            "%%javascript\n@MARK@()",
        ),
        honest=(1, 2, 3, 4),
    ),
    Attack(
        "script_mimetypes",
        "script in mime types that are not pictures or text, in their names and metadata",
        cells=(
            SHOW,
            f"bad = {ALL!r}\nfor kind in ('text/html', 'application/javascript', 'image/svg+xml', 'text/markdown',\n"
            "    'application/vnd.jupyter.widget-view+json', 'application/vnd.plotly.v1+json', 'application/pdf',\n"
            "    'application/vnd.mlopt.check+json', '\"><script>@MARK@()</script>'):\n"
            "    display({kind: bad}, raw=True, metadata={kind: {'x': bad, '\"><script>@MARK@()': bad}})",
            "display({'image/png': bad, 'image/jpeg': '\"><script>@MARK@()</script>'}, raw=True)\n"
            "display({'image/png': base64.b64encode(bad.encode()).decode()}, raw=True)\n"
            "display({'image/png': b'\\x89PNG\\r\\n\\x1a\\n' + bad.encode(), 'text/plain': ['x', bad]}, raw=True)",
            "import struct, zlib\n"
            "def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))\n"
            "for width, height in ((2**31 - 1, 2**31 - 1), (0, 0), (60_000, 60_000)):\n"
            "    head = struct.pack('>IIBBBBB', width, height, 8, 6, 0, 0, 0)\n"
            "    raw = b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', head) + chunk(b'tEXt', b'Comment\\0<script>@MARK@()</script>')\n"
            "    display(Image(raw + chunk(b'IDAT', zlib.compress(b'\\0' * 10_000_000)) + chunk(b'IEND', b'')))",
            "import numbers\nclass Odd:\n    def _repr_mimebundle_(self, **k): return {1: 2, None: bad, 'text/plain': {'a': bad}}\nOdd()",
        ),
        honest=(1, 2, 3, 4),
    ),
    Attack(
        "script_errors",
        "script in names and texts of exceptions, in function names, and in the source of cells",
        cells=(
            f"Bad = type({PAYLOADS[0]!r}, (Exception,), {{}})\nraise Bad({ALL!r})",
            f"raise Bad({PAYLOADS[5]!r})",
            f"'''{PAYLOADS[5]}'''\n1 / 0",
            f"import sys\nsys.stderr.write({ALL!r})",
            "this is no Python <script>@MARK@()</script>",
        ),
        answers={
            2: f"def idle_dollars(*_):\n    raise Bad({PAYLOADS[1]!r})",
            3: f"def cost_per_run(*_):\n    return {PAYLOADS[0]!r}",
            4: f"def stop(*_):\n    return {{{PAYLOADS[1]!r}: {PAYLOADS[5]!r}}}",
        },
    ),
    Attack(
        "script_written",
        "script, links and pictures in the written answer",
        written=ALL,
        honest=(1, 2, 3, 4),
    ),
    Attack(
        "script_slow_text",
        "text over which makers of pages work for hours: brackets, stars, quotations, formulas",
        change=_slow_text,
        honest=(1, 2, 3, 4),
    ),
    Attack(
        "script_cells",
        "script in its own cells of text, raw HTML, tags, attachments, title and authors",
        change=_cells,
        honest=(1, 2, 3, 4),
    ),
    Attack(
        "script_stored",
        "script in stored outputs, also of locked cells",
        change=_stored,
        honest=(1, 2, 3, 4),
    ),
    Attack(
        "script_answers",
        "script as values that the checker may quote",
        answers={
            1: f"answer = {PAYLOADS[0]!r}",
            2: f"def idle_dollars(*_):\n    return {PAYLOADS[5]!r}",
            3: f"def cost_per_run(*_):\n    return [{PAYLOADS[1]!r}] * 2",
            4: f"def stop(*_):\n    return {{{PAYLOADS[1]!r}: 1}}",
        },
        honest=(),
    ),
    Attack(
        "script_file_names",
        "script in the names of files and what they hold",
        files={
            "<script>@MARK@()<@script>.txt": b"<script>@MARK@()</script>",
            '"><img src=x onerror=@MARK@()>.png': b"<svg onload=@MARK@()>",
            "index.html": b"<script>@MARK@()</script>",
        },
        cells=("import os\nprint(os.listdir('.'))\nraise FileNotFoundError(os.listdir('.'))",),
        honest=(1, 2, 3, 4),
    ),
)
