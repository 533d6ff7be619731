"""Attacks by the form of the notebook: its bytes, cells and metadata."""

import json
import random

import nbformat
from attacks_base import Attack, task_cell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

CHECKS = ("task-1-check", "task-2-check", "task-3-check", "task-4-check")


def _bytes(name: str, tries: str, raw: bytes) -> Attack:
    return Attack(name, tries, honest=(), form=lambda _: raw, refused=True)


def _text(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook)


def _wide(notebook: NotebookNode) -> bytes:
    return (
        b'{"cells": ['
        + b"{}," * 3_000_000
        + b'{}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    )


def _edited(change: object) -> object:
    """The notebook as JSON after a change that nbformat would not write."""

    def form(notebook: NotebookNode) -> bytes:
        content = json.loads(_text(notebook))
        change(content)  # type: ignore[operator]
        return json.dumps(content).encode("utf-8", "surrogatepass")

    return form


def _odd_cells(content: dict) -> None:
    content["cells"] += [
        None, 7, [], "cell", {}, {"cell_type": "code"}, {"cell_type": "code", "source": 5, "metadata": {}},
        {"cell_type": "code", "source": [1, None], "metadata": []},
        {"cell_type": ["code"], "source": "x", "metadata": {"nbgrader": {"grade_id": ["task-2"]}}},
        {"cell_type": "code", "source": "x = 1", "metadata": {"nbgrader": {"grade_id": {"a": 1}}}},
        {"cell_type": "code", "source": "x = 1", "metadata": {"nbgrader": None}},
        {"cell_type": "evil", "source": "x = 1", "metadata": {}}, {"cell_type": "raw", "source": "%%html <script>"},
    ]  # fmt: skip


def _surrogates(content: dict) -> None:
    content["cells"].append(
        {"cell_type": "code", "source": "x = '\ud800'", "metadata": {}, "outputs": []}
    )
    content["metadata"]["\ud800"] = "\udfff"


def _points(notebook: NotebookNode) -> None:
    for cell, points in zip(CHECKS, (1000, -5, float("nan"), "ten"), strict=True):
        task_cell(notebook, cell).metadata.nbgrader["points"] = points
    task_cell(notebook, "written").metadata.nbgrader["points"] = 1e308


def _checks_say_yes(notebook: NotebookNode) -> None:
    for cell in CHECKS:
        found = task_cell(notebook, cell)
        found.source = "print('That is right.')\n11"
        found.metadata.nbgrader |= {"locked": False, "solution": True, "checksum": "0" * 32}
    setup = task_cell(notebook, "setup")
    setup.source += "\ncheck = lambda *a: None\nclass TASK_2: cases = ()"


def _deleted(notebook: NotebookNode) -> None:
    gone = ("setup", "task-2-check", "task-3-check", "task-4-check", "task-4", "written")
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") not in gone
    ]


def _doubled(notebook: NotebookNode) -> None:
    copies = [json.loads(json.dumps(cell)) for _ in range(3) for cell in notebook.cells]
    for number, cell in enumerate(copies):
        cell["id"] = f"copy{number}"
    notebook.cells += [nbformat.from_dict(cell) for cell in copies]


def _renamed(notebook: NotebookNode) -> None:
    """The checks of hard tasks are named as the easy one's, and the other way round."""
    for cell in CHECKS[1:]:
        task_cell(notebook, cell).metadata.nbgrader["grade_id"] = "task-1-check" * 9
    task_cell(notebook, "task-3").metadata.nbgrader["grade_id"] = "task-9"
    task_cell(notebook, "task-2").metadata.nbgrader["grade_id"] = "../../etc/passwd"
    task_cell(notebook, "task-4").metadata.nbgrader["grade_id"] = "x" * 100_000


def _swapped(notebook: NotebookNode) -> None:
    one, other = task_cell(notebook, "task-1-check"), task_cell(notebook, "task-4-check")
    one.metadata, other.metadata = other.metadata, one.metadata


def _shuffled(notebook: NotebookNode) -> None:
    known = notebook.cells[0]  # what the attacker knows stays first
    rest = notebook.cells[1:]
    random.Random(8).shuffle(rest)
    notebook.cells = [known, *rest]


def _types_changed(notebook: NotebookNode) -> None:
    for cell in CHECKS:
        found = task_cell(notebook, cell)
        found.cell_type = "markdown"
        found.pop("outputs", None), found.pop("execution_count", None)
    written = task_cell(notebook, "written")
    written.cell_type = "code"
    written |= {"outputs": [], "execution_count": None, "source": "answer = 1010.0"}


def _kernel(spec: object) -> object:
    def change(notebook: NotebookNode) -> None:
        notebook.metadata["kernelspec"] = spec
        notebook.metadata["language_info"] = {
            "name": "bash",
            "codemirror_mode": {"name": "../evil"},
        }
        notebook.metadata["celltoolbar"] = notebook.metadata["title"] = "<script>@MARK@</script>"

    return change


def _more_points(notebook: NotebookNode) -> None:
    for number, name in enumerate(("task-9-check", "task-2-check ", "TASK-2-CHECK", "bonus", "")):
        marks = {
            "grade": True,
            "grade_id": name,
            "locked": True,
            "points": 100,
            "schema_version": 3,
        }
        marks |= {"solution": number % 2 == 1, "task": number % 2 == 0, "cell_type": "code"}
        notebook.cells.append(new_code_cell("pass", metadata={"nbgrader": marks}))
    notebook.cells.append(new_markdown_cell("done", metadata={"nbgrader": marks | {"task": True}}))


def _forged_outputs(notebook: NotebookNode) -> None:
    record = {"task": "01-2", "passed": True, "mistake": None, "message": "That is right."}
    data = {
        "application/vnd.mlopt.check+json": record,
        "text/plain": "Passed",
        "text/html": "<b>11/11</b>",
    }
    for cell in CHECKS:
        found = task_cell(notebook, cell)
        found.outputs = [nbformat.v4.new_output("display_data", data=data)]
        found.execution_count = 1
        found.metadata["nbgrader"] |= {"score": 4, "auto_score": 4, "extra_credit": 100}


def _huge_outputs(notebook: NotebookNode) -> None:
    outputs = [nbformat.v4.new_output("stream", text="x" * 4_000_000)]
    task_cell(notebook, "task-2-check").outputs = outputs
    notebook.metadata["padding"] = "y" * 2_000_000
    task_cell(notebook, "task-1").outputs = [nbformat.v4.new_output("stream", text="z")] * 10_000


BYTES = (
    _bytes("not_json", "a hand-in that is not JSON", b"print('hello')"),
    _bytes("empty_file", "an empty file", b""),
    _bytes("zeros", "a megabyte of zero bytes", b"\0" * 1_000_000),
    _bytes("json_deep", "JSON a million brackets deep", b"[" * 1_000_000),
    _bytes("json_deep_objects", "JSON of nested objects that closes", b'{"a":' * 200_000 + b"1" + b"}" * 200_000),
    _bytes("json_number", "JSON that is one number of five million digits", b"9" * 5_000_000),
    _bytes("json_null", "JSON that is no notebook", b'{"cells": null, "metadata": null, "nbformat": "4"}'),
    _bytes("pickled", "a pickle that runs a command", b"\x80\x04cos\nsystem\n(S'touch /tmp/@MARK@-nb'\ntR."),
    _bytes("gzip", "compressed bytes", b"\x1f\x8b\x08" + b"\0" * 1000),
    Attack("json_wide", "JSON of three million empty cells", honest=(), form=_wide, refused=True),
    Attack("truncated", "a notebook cut in the middle", honest=(), form=lambda nb: _text(nb).encode()[:-5000], refused=True),
    Attack("utf_16", "a notebook in UTF-16", form=lambda nb: _text(nb).encode("utf-16"), honest=(), refused=True),
    Attack("odd_cells", "cells that are numbers, lists, without source or type", form=_edited(_odd_cells), honest=(), refused=True),
    Attack("surrogates", "half characters in cells and metadata", form=_edited(_surrogates)),
    Attack(
        "version_3", "a notebook that claims to be of another format", at_most=True,
        form=_edited(lambda content: content.update(nbformat=3, nbformat_minor=10**30)),
    ),
)  # fmt: skip
CELLS = (
    Attack("points_changed", "points of 1000, −5, NaN and \"ten\" in its metadata", change=_points, honest=(1, 2)),
    Attack("checks_say_yes", "rewritten checks and setup, no longer locked", change=_checks_say_yes),
    Attack("cells_deleted", "setup and checks deleted", change=_deleted, honest=(1, 3)),
    Attack("cells_doubled", "every cell four times", change=_doubled, honest=(1, 2)),
    Attack("cells_renamed", "checks and answers under other names, some absurd", change=_renamed),
    Attack("cells_swapped", "the check of task 4 in the place of task 1's", change=_swapped, honest=(1, 2)),
    Attack("cells_shuffled", "all cells in random order", change=_shuffled, honest=(1,), at_most=True),
    Attack("types_changed", "checks turned into text, the written answer into code", change=_types_changed),
    Attack("more_points", "further cells that claim points, tasks and bonuses", change=_more_points, honest=(1, 2)),
    Attack("forged_outputs", "stored outputs and metadata that show full marks", change=_forged_outputs),
    Attack("huge_outputs", "stored outputs of megabytes, ten thousand of them in one cell", change=_huge_outputs),
    Attack("kernel_bash", "the kernel bash", change=_kernel({"name": "bash", "display_name": "Bash"})),
    Attack(
        "kernel_evil", "a kernel with a command of its own and a path for a name",
        change=_kernel({
            "name": "../../../../tmp/evil", "display_name": "<script>@MARK@</script>",
            "argv": ["/bin/sh", "-c", "touch /tmp/@MARK@-kernel"], "env": {"PYTHONPATH": "."},
        }),
    ),
    Attack("kernel_missing", "no kernel at all", change=lambda nb: nb.metadata.clear()),
)  # fmt: skip
HANDIN = (*BYTES, *CELLS)
