"""What is read and parsed of a hand-in, against json, nbformat, the file system, and a memory limit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from release import ROOT
from toy_class import GOOD, cell, filled, release

from mlopt_lessons.grading.handin import HandedCell, merge, parse, read_bytes
from mlopt_lessons.grading.handin_json import MOST_DEPTH, wanted
from mlopt_lessons.grading.records import HandinProblem

MARKED = {"nbgrader": {"grade_id": "task-1"}}


def raw(*cells: object, **rest: object) -> bytes:
    """A notebook with these cells, as JSON."""
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells)} | rest
    return json.dumps(content).encode()


def one(source: object = "x = 1", **rest: object) -> dict:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": []} | rest


def refused(content: bytes) -> str:
    with pytest.raises(HandinProblem) as caught:
        parse(content)
    said = str(caught.value)
    assert said.endswith(".")
    assert len(said) < 200
    return said


# Parsing


@pytest.mark.parametrize(
    "path", sorted((ROOT / "exercises").glob("*/*.ipynb")), ids=lambda p: p.stem
)
def test_an_exercise_is_parsed_as_nbformat_reads_it(path: Path) -> None:
    expected = [
        HandedCell(
            each.cell_type, each.source, each.metadata.get("nbgrader", {}).get("grade_id", "")
        )
        for each in nbformat.read(path, as_version=4).cells
    ]
    assert parse(path.read_bytes()) == expected


def test_a_source_is_text_or_lines() -> None:
    assert parse(raw(one(["a = 1\n", "b = 2"])))[0].source == "a = 1\nb = 2"
    assert parse(raw(one("a = 1\nb = 2")))[0].source == "a = 1\nb = 2"
    assert parse(raw(one([])))[0].source == ""


def test_a_byte_order_mark_is_no_part_of_it() -> None:
    assert parse(b"\xef\xbb\xbf" + raw(one())) == [HandedCell("code", "x = 1")]


def test_half_characters_and_nuls_become_readable_ones() -> None:
    (found,) = parse(raw(one("a\ud800b\x00c\U0001f600")))
    assert found.source == "a\ufffdb\ufffdc\U0001f600"
    found.source.encode()


def test_outputs_and_other_metadata_are_left() -> None:
    stored = [new_output("stream", text="z")] * 10_000
    noise = {"tags": ["<script>"], "x": float("nan"), "y": 10**400, "name": [[[]]]} | MARKED
    content = raw(one(outputs=stored, metadata=noise, attachments={"a": {"b": "c"}}))
    assert parse(content) == [HandedCell("code", "x = 1", "task-1")]


@pytest.mark.parametrize("marks", [None, 7, [], {"grade_id": ["task-1"]}, {"grade_id": None}, {}])
def test_odd_marks_are_none(marks: object) -> None:
    assert parse(raw(one(metadata={"nbgrader": marks})))[0].grade_id == ""


@pytest.mark.parametrize("name", ["x" * 201, "a\nb", "\x1b[31m"])
def test_a_name_that_no_exercise_has_is_none(name: str) -> None:
    assert parse(raw(one(metadata={"nbgrader": {"grade_id": name}})))[0].grade_id == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "broken"),
        (b"print('hello')", "broken"),
        (b"\0" * 1000, "broken"),
        (raw(one())[:-20], "broken"),
        (raw(one()) + b"x", "broken"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "a\nb"}]}', "broken"),
        (b'{"nbformat": 4, "cells": [], "cells": [1]}', "broken"),
        (b'{"cells": [{"cell_type": "code", "source": "1", "source": "2"}]}', "broken"),
        (raw(one()).decode().encode("utf-16"), "UTF-8"),
        (b"\x80\x04cos\nsystem\n", "UTF-8"),
        (b"null", "not a notebook"),
        (b"[1, 2]", "not a notebook"),
        (b"9" * 100_000, "not a notebook"),
        (b'{"a": 1}', "not a notebook"),
        (b'{"cells": null, "metadata": null, "nbformat": "4"}', "format 4"),
        (raw(nbformat=5), "format 4"),
        (raw(cells={"a": 1}), "format 4"),
        (raw(nbformat=3), "old format"),
        (b'{"nbformat": 3, "worksheets": [{"cells": []}]}', "old format"),
        (raw(*[one()] * 1001), "1,000 cells"),
        (b"[" * 1_000_000, "too much"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "too much"),
        (raw(*[{}] * 30_000), "too much"),
        (raw(one(outputs=[1] * 1_000_001)), "too much"),
        (raw(one(), None), "Cell 2"),
        (raw(7), "Cell 1"),
        (raw({}), "Cell 1"),
        (raw(one(5)), "Cell 1"),
        (raw(one(["a", 1])), "Cell 1"),
        (raw(one({"a": "b"})), "Cell 1"),
        (raw(one(cell_type="evil")), "Cell 1"),
        (raw(one(cell_type=["code"])), "Cell 1"),
    ],
    ids=lambda value: str(value[:24]),
)  # fmt: skip
def test_what_is_no_notebook_is_refused_with_a_sentence(content: bytes, says: str) -> None:
    assert says in refused(content)


def test_a_notebook_of_format_3_is_told_to_be_saved_anew() -> None:
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("x = 1")])]
    )
    assert "save it again" in refused(nbformat.writes(old, version=3).encode())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
WANT = {"a": {}, "b": [{"a": {}}], "c": {"a": {}}}


def kept(value: object, want: object) -> object:
    """What is wanted of a value, of the parsed whole."""
    if want is None or isinstance(value, bool | float):
        return None
    if isinstance(value, dict):
        inner = want if isinstance(want, dict) else None
        if inner is None:
            return None
        return {key: kept(value[key], part) for key, part in inner.items() if key in value}
    if isinstance(value, list):
        return [kept(each, want[0]) for each in value] if isinstance(want, list) else None
    if isinstance(value, int):
        return value if 0 <= value < 10**9 else None
    return value


@given(st.dictionaries(st.sampled_from("abcd"), VALUES) | VALUES, st.sampled_from([None, 0, 2]))
def test_of_any_json_the_wanted_parts_are_kept(value: object, indent: int | None) -> None:
    if not isinstance(value, dict):
        value = {"b": [value, {"a": value}], "c": value}
    assert wanted(json.dumps(value, indent=indent), WANT) == kept(value, WANT)
    assert wanted(json.dumps(value, ensure_ascii=False), WANT) == kept(value, WANT)


SIGNS = st.text('[]{},:"\\ \n\tntru0123456789.eE+-fals/N\u00e9\u2028\x00', max_size=25)


@given(SIGNS | st.tuples(VALUES.map(json.dumps), SIGNS, st.integers(0, 40)))
@example("[1,]")
@example('{"a":1,}')
@example("01")
@example("-")
@example("1.")
@example('"\\u12"')
@example("\ufeff1")
@example("\u00a01")
@settings(max_examples=400)
def test_what_is_json_is_what_json_says(text: object) -> None:
    if isinstance(text, tuple):
        text = text[0][: text[2]] + text[1] + text[0][text[2] :]
    try:
        json.loads(text)
        right = True
    except ValueError:
        right = False
    try:
        wanted(text, None)
        ours = True
    except HandinProblem:
        ours = False
    assert ours == right


def test_lists_may_be_as_deep_as_told_and_no_deeper() -> None:
    assert wanted("[" * MOST_DEPTH + "1" + "]" * MOST_DEPTH, None) is None
    with pytest.raises(HandinProblem, match="too much"):
        wanted("[" * (MOST_DEPTH + 1) + "1" + "]" * (MOST_DEPTH + 1), None)


LARGE = {
    "pairs of lists": "b'{\"x\":[' + b'[],' * (N // 3 - 9) + b'[]]}'",
    "objects": "b'{\"nbformat\":4,\"cells\":[' + b'{},' * (N // 3 - 20) + b'{}]}'",
    "numbers": "b'{\"x\":[' + b'1.5,' * (N // 4 - 9) + b'1]}'",
    "lines": "b'{\"nbformat\":4,\"cells\":[{\"source\":[' + b'\"aa\",' * (N // 5 - 20) + b'\"\"]}]}'",
    "keys": "b'{' + b','.join(b'\"%06x\":1' % n for n in range(N // 11)) + b'}'",
    "wide text": "'{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":\"'.encode()"
    " + '\\U0001f600'.encode() * (N // 4 - 40) + b'\"}]}'",
}  # fmt: skip
MEASURE = r"""
import re, time
from pathlib import Path
from mlopt_lessons.grading.handin import parse
from mlopt_lessons.grading.records import HandinProblem
N = 10_000_000
raw = {raw}
assert 0.8 * N < len(raw) <= N, len(raw)
before = time.process_time()
try:
    parse(raw)
except HandinProblem as problem:
    print(problem)
# Not ru_maxrss, which a process takes over from the one that started it.
peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(time.process_time() - before, peak)
"""


@pytest.mark.parametrize("name", LARGE)
def test_ten_megabytes_of_anything_need_little_memory_and_time(name: str) -> None:
    code = MEASURE.format(raw=LARGE[name])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    seconds, peak_mb = map(float, done.stdout.split()[-2:])
    assert peak_mb < 200
    assert seconds < 20


# Reading


def problem(path: Path, limit_mb: float = 1, below: Path | None = None) -> str:
    with pytest.raises(HandinProblem) as caught:
        read_bytes(path, limit_mb, below)
    return str(caught.value)


def test_a_plain_file_is_read_to_the_limit_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(b"ab" * 1000)
    assert read_bytes(path, 0.002) == b"ab" * 1000
    assert "over 0.001999 MB" in problem(path, 0.001999)
    path.write_bytes(b"")
    assert read_bytes(path, 1) == b""


def test_a_sparse_terabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "over 10 MB" in problem(path, 10)


def test_no_link_is_followed(tmp_path: Path) -> None:
    secret = tmp_path / "judge.py"
    secret.write_text("HIDDEN")
    for target in (secret, "/dev/zero", tmp_path / "x.ipynb", tmp_path / "gone", tmp_path):
        path = tmp_path / "x.ipynb"
        path.symlink_to(target)
        assert "link" in problem(path)
        path.unlink()


def test_no_folder_on_the_way_may_be_a_link(tmp_path: Path) -> None:
    base = tmp_path / "submitted"
    (base / "bob" / "01_cost" / "deep").mkdir(parents=True)
    (base / "bob" / "01_cost" / "deep" / "x").write_bytes(b"bob's")
    (base / "eve").symlink_to(base / "bob")
    (base / "mia").mkdir()
    (base / "mia" / "01_cost").symlink_to(base / "bob" / "01_cost")
    assert read_bytes(base / "bob/01_cost/deep/x", 1, base) == b"bob's"
    for path in ("eve/01_cost/deep/x", "mia/01_cost/deep/x"):
        assert (base / path).read_bytes() == b"bob's"
        assert "link" in problem(base / path, 1, base)


def test_the_folder_of_the_class_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x").write_bytes(b"1")
    (tmp_path / "class").symlink_to(tmp_path / "real")
    assert read_bytes(tmp_path / "class" / "x", 1, tmp_path / "class") == b"1"


def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "pipe", tmp_path / "folder", Path("/dev/zero"), Path("/dev/tty")):
        assert "not a plain file" in problem(path)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert problem(tmp_path / "x.ipynb").startswith("There is no x.ipynb")
    assert "There is no" in problem(tmp_path / "gone" / "x.ipynb")
    assert "There is no" in problem(tmp_path / ("x" * 300))
    assert "not in a folder" in problem(tmp_path / "file" / "x.ipynb")
    assert "\n" not in problem(tmp_path / "a\nb")


@pytest.mark.parametrize("late", ["link", "pipe", "larger"])
def test_a_file_that_changes_between_look_and_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: str
) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(b"{}")
    (tmp_path / "secret").write_bytes(b"{}")
    look = os.stat

    def stat_then_swap(*args: object, **options: object) -> os.stat_result:
        seen = look(*args, **options)  # type: ignore[arg-type]
        monkeypatch.setattr(os, "stat", look)
        path.unlink()
        if late == "link":
            path.symlink_to(tmp_path / "secret")
        elif late == "pipe":
            os.mkfifo(path)
        else:
            path.write_bytes(b"x" * 2000)
        return seen

    monkeypatch.setattr(os, "stat", stat_then_swap)
    assert problem(path, 0.001)


def test_a_file_that_grows_while_it_is_read_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(b"x" * 900)
    read = os.read

    def read_and_grow(handle: int, count: int) -> bytes:
        with path.open("ab") as file:
            file.write(b"x" * 900)
        return read(handle, count)

    monkeypatch.setattr(os, "read", read_and_grow)
    assert "over 0.001 MB" in problem(path, 0.001)


def test_no_file_stays_open(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    (tmp_path / "link").symlink_to("x")
    before = os.listdir("/proc/self/fd")
    read_bytes(tmp_path / "x", 1, tmp_path)
    problem(tmp_path / "link")
    problem(tmp_path / "gone" / "x", 1, tmp_path)
    assert os.listdir("/proc/self/fd") == before


# Merging

RELEASE = release()  # setup, task-1, task-1-check, task-2, task-2-check, written
NAMES = [each.metadata.nbgrader.grade_id for each in RELEASE.cells]


def handed(notebook: nbformat.NotebookNode) -> list[HandedCell]:
    return parse(json.dumps(notebook).encode())


def merged(notebook: nbformat.NotebookNode) -> tuple[list[tuple[str, str, str]], tuple[str, ...]]:
    found = merge(RELEASE, handed(notebook))
    return [(each.kind, each.grade_id, each.source) for each in found.cells], found.notes


def sources(notebook: nbformat.NotebookNode, name: str) -> list[str]:
    return [source for _, grade_id, source in merged(notebook)[0] if grade_id == name]


def test_an_honest_hand_in_stays_as_it_is() -> None:
    cells, notes = merged(filled(GOOD))
    assert [(kind, name) for kind, name, _ in cells] == [
        ("locked", "setup"), ("answer", "task-1"), ("check", "task-1-check"),
        ("answer", "task-2"), ("check", "task-2-check"), ("written", "written"),
    ]  # fmt: skip
    assert [source for _, _, source in cells] == [each.source for each in filled(GOOD).cells]
    assert notes == ()


def test_own_cells_stay_after_the_cell_they_stood_after() -> None:
    notebook = filled(GOOD)
    for place in reversed(range(len(notebook.cells) + 1)):
        notebook.cells.insert(place, new_code_cell(f"own = {place}"))
    cells, notes = merged(notebook)
    assert [source for _, _, source in cells] == [each.source for each in notebook.cells]
    assert [kind for kind, _, _ in cells][::2] == ["own"] * 7
    assert notes == ()


def test_own_cells_keep_their_type_and_empty_ones_go() -> None:
    notebook = filled(GOOD)
    notebook.cells += [
        new_markdown_cell("a"),
        new_raw_cell("b"),
        new_code_cell("c"),
        new_code_cell(" \n"),
    ]
    found = merge(RELEASE, handed(notebook)).cells[len(NAMES) :]
    assert [(each.kind, each.cell_type, each.source) for each in found] == [
        ("own", "markdown", "a"), ("own", "markdown", "b"), ("own", "code", "c"),
    ]  # fmt: skip


def test_locked_cells_are_the_exercise_s() -> None:
    notebook = filled(GOOD)
    for each in notebook.cells:
        if each.metadata.nbgrader.locked:
            each.source = "print('That is right.')"
            each.metadata.nbgrader |= {"locked": False, "solution": True, "points": 1000}
    cells, notes = merged(notebook)
    assert cells == merged(filled(GOOD))[0]
    assert notes == ("Changed, and taken from the exercise: setup, task-1-check, task-2-check.",)


def test_missing_cells_are_put_back() -> None:
    notebook = filled(GOOD)
    notebook.cells = [
        each for each in notebook.cells if each.metadata.nbgrader.grade_id == "task-2"
    ]
    cells, notes = merged(notebook)
    assert [name for _, name, _ in cells] == NAMES
    assert {name: source for _, name, source in cells}["task-2"] == "seven = 7"
    (note,) = notes
    assert note == "Missing, and put back: setup, task-1, task-1-check, task-2-check, written."


def test_nothing_handed_in_is_the_exercise_without_notes() -> None:
    found = merge(RELEASE, [])
    assert [each.source for each in found.cells] == [each.source for each in RELEASE.cells]
    assert found.notes == ()


def test_a_locked_cell_twice_counts_once_and_an_answer_runs_each_time() -> None:
    notebook = filled(GOOD)
    again = filled({"task-1": "twice = 2", "task-2": "seven = 8"}).cells
    notebook.cells = [*notebook.cells, *again]
    cells, notes = merged(notebook)
    kinds = [(name, source) for _, name, source in cells]
    assert kinds[: len(NAMES)] == [(each[1], each[2]) for each in merged(filled(GOOD))[0]]
    assert kinds[len(NAMES) :] == [
        ("task-1", "twice = 2"), ("task-2", "seven = 8"), ("written", "Your answer here."),
    ]  # fmt: skip
    assert notes == (
        "There more than once, and each run: task-1, task-2, written.",
        "There more than once, and taken once: setup, task-1-check, task-2-check.",
    )


def test_a_second_answer_before_the_check_runs_before_it() -> None:
    notebook = filled(GOOD)
    notebook.cells.insert(2, cell("code", "twice = other", "task-1", solution=True))
    assert [name for _, name, _ in merged(notebook)[0]][:4] == [
        "setup",
        "task-1",
        "task-1",
        "task-1-check",
    ]


def test_a_changed_type_is_put_right() -> None:
    notebook = filled(GOOD)
    for each in notebook.cells:
        each.cell_type = "markdown" if each.cell_type == "code" else "code"
    found = merge(
        RELEASE,
        [HandedCell(c.cell_type, c.source, c.metadata.nbgrader.grade_id) for c in notebook.cells],
    )
    assert [each.cell_type for each in found.cells] == [each.cell_type for each in RELEASE.cells]
    assert found.notes == (f"Of another type, and put right: {', '.join(NAMES)}.",)


def test_an_answer_written_anew_is_not_undone_by_the_empty_one() -> None:
    notebook = filled(GOOD)
    for name in ("task-1", "written"):
        for each in notebook.cells:
            if each.metadata.get("nbgrader", {}).get("grade_id") == name:
                del each.metadata["nbgrader"]
    cells, notes = merged(notebook)
    assert cells == merged(filled(GOOD))[0]
    assert notes == ("Missing, and written anew in cells of the learner's own: task-1, written.",)


def test_a_tool_that_drops_all_marks_costs_nothing() -> None:
    notebook = filled(GOOD)
    for each in notebook.cells:
        each.metadata = {}
    assert merged(notebook)[0] == merged(filled(GOOD))[0]


def test_a_copy_of_a_check_before_the_answer_moves_nothing() -> None:
    notebook = filled(GOOD)
    notebook.cells.insert(1, new_code_cell(notebook.cells[2].source))
    notebook.cells.insert(2, new_code_cell("helper = 1"))
    assert [source for _, _, source in merged(notebook)[0]] == [c.source for c in notebook.cells]


def test_the_order_is_the_exercise_s() -> None:
    notebook = filled(GOOD)
    notebook.cells.reverse()
    cells, notes = merged(notebook)
    assert [name for _, name, _ in cells] == NAMES
    assert notes == ("The cells stood in another order; they ran in that of the exercise.",)


def test_unknown_names_are_the_learner_s_own_and_shown_as_text() -> None:
    notebook = filled(GOOD)
    for number in range(5):
        notebook.cells.append(cell("code", f"{number}", "task", points=100))
        notebook.cells[-1].metadata.nbgrader.grade_id = f"task-{number}<\xe9>-check"
    cells, notes = merged(notebook)
    assert [each[:2] for each in cells[len(NAMES) :]] == [("own", "")] * 5
    assert notes[0].endswith(
        r"'task-0<\xe9>-check', 'task-1<\xe9>-check', 'task-2<\xe9>-check' and 2 more."
    )


def test_texts_are_the_exercise_s_wherever_they_were_changed() -> None:
    path = ROOT / "exercises" / "01_cost" / "01_cost.ipynb"
    exercise = nbformat.read(path, as_version=4)
    changed = nbformat.read(path, as_version=4)
    for each in changed.cells:
        if "nbgrader" not in each.metadata:
            each.source += "\n\n<script>alert(1)</script>"
    found = merge(exercise, handed(changed))
    assert [each.source for each in found.cells if each.kind == "text"] == [
        each.source for each in exercise.cells if "nbgrader" not in each.metadata
    ]
    assert merge(exercise, parse(path.read_bytes())).notes == ()


ANY_CELLS = st.lists(
    st.builds(
        HandedCell,
        st.sampled_from(["code", "markdown", "raw"]),
        st.sampled_from([each.source for each in RELEASE.cells]) | st.text(max_size=3),
        st.sampled_from([*NAMES, "", "", "task-9"]),
    ),
    max_size=12,
)


@given(ANY_CELLS)
def test_whatever_is_handed_in_each_cell_of_the_exercise_is_there_in_order(
    cells: list[HandedCell],
) -> None:
    found = merge(new_notebook(cells=RELEASE.cells), cells)
    locked = [each for each in found.cells if each.kind in ("locked", "check")]
    assert [(each.grade_id, each.source) for each in locked] == [
        (each.metadata.nbgrader.grade_id, each.source)
        for each in RELEASE.cells
        if each.metadata.nbgrader.locked
    ]
    for kind, name, place in (
        ("answer", "task-1", "task-1-check"),
        ("answer", "task-2", "task-2-check"),
    ):
        first = [each.grade_id for each in found.cells].index(name)
        assert found.cells[first].kind == kind
        assert first < [each.grade_id for each in found.cells].index(place)
    learner = {each.source for each in found.cells if each.kind in ("own", "answer", "written")}
    for each in cells:
        if each.grade_id in ("task-1", "task-2", "written", "task-9") and each.source.strip():
            assert each.source in learner
    assert all(note.endswith(".") for note in found.notes)
