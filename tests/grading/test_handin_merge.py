"""A hand-in's cells put together with the exercise's: answers are the learner's, checks the exercise's."""

import json
import tracemalloc

import nbformat
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell
from release import ROOT
from toy_class import GOOD, cell, filled, release

from mlopt_lessons.grading.handin import HandedCell, merge, parse

RELEASE = release()  # setup, task-1, task-1-check, task-2, task-2-check, written
NAMES = [each.metadata.nbgrader.grade_id for each in RELEASE.cells]


def handed(notebook: nbformat.NotebookNode) -> list[HandedCell]:
    return parse(json.dumps(notebook).encode())


def merged(notebook: nbformat.NotebookNode) -> tuple[list[tuple[str, str, str]], tuple[str, ...]]:
    found = merge(RELEASE, handed(notebook))
    return [(each.kind, each.grade_id, each.source) for each in found.cells], found.notes


def test_an_honest_hand_in_stays_as_it_is() -> None:
    cells, notes = merged(filled(GOOD))
    assert [(kind, name) for kind, name, _ in cells] == [
        ("locked", "setup"), ("answer", "task-1"), ("check", "task-1-check"),
        ("answer", "task-2"), ("check", "task-2-check"), ("written", "written"),
    ]  # fmt: skip
    assert [source for _, _, source in cells] == [each.source for each in filled(GOOD).cells]
    assert notes == ()


def test_a_cell_of_a_million_lines_takes_no_memory_for_each() -> None:
    source = "Ā \x85" * 1_000_000
    cells = [HandedCell("markdown", source), *handed(filled(GOOD))]
    tracemalloc.start()
    try:
        found = merge(RELEASE, cells)
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert found.cells[0].source == source


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
