"""A hand-in is shown, and then judged: nothing of what is asked for the marks comes back to be seen."""

from test_grade_one import earned, graded, job, told

from mlopt_lessons.grading import grade_one as module
from mlopt_lessons.grading.grade_one import STOPPED_HIDDEN, grade_one
from mlopt_lessons.grading.records import Limits

SEEN = """
seen = []
def idle_dollars(utilisation, seconds, price):
    seen.append(int(seconds[0]))
    return (price * seconds / 3600)[utilisation < 5].sum()
"""
CALLED = "The grader itself says: 2 of 2 points."


def own_cells(*sources: str, answer: str = SEEN):
    """A hand-in with cells of its own at the end, behind every check."""
    import nbformat

    given = job(lambda cells: cells["task-2"].update(source=answer))
    notebook = nbformat.reads(given.notebook.decode(), as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in sources]
    return job(notebook=nbformat.writes(notebook).encode())


def test_which_cell_ends_the_box_tells_nothing_of_what_was_asked() -> None:
    ends = [
        f"import os\nif len(seen) > 10 and seen[0] % 4 == {bits}: os._exit(0)" for bits in range(4)
    ]
    result = grade_one(own_cells(*ends))
    assert sum(earned(result).values()) == 11
    assert result.notes == (STOPPED_HIDDEN,)
    assert "ended itself" not in result.sheet
    assert "other inputs" not in result.sheet  # feedback is made of it


def test_what_was_asked_for_the_marks_cannot_be_shown_by_a_later_run() -> None:
    """A file of the system may be a message, so that what is shown comes first."""
    order = []

    class Recording(module.Bubblewrap):
        def start(self, limits):
            order.append("box")
            return super().start(limits)

    ask, show = module._judge, module._show
    given = job()
    module._judge = lambda seed: lambda *args: (order.append("judged"), ask(seed)(*args))[1]
    module._show = lambda *args: (order.append("shown"), show(*args))[1]
    try:
        assert sum(earned(grade_one(given, Recording())).values()) == 11
    finally:
        module._judge, module._show = ask, show
    assert order == ["box", *["shown"] * 4, "box", *["judged"] * 4]


def test_the_time_that_the_first_run_takes_is_not_taken_from_the_marks() -> None:
    limits = Limits(cell_s=3, wall_s=9)
    given = own_cells(*["import time\ntime.sleep(2.5)"] * 6, answer=SEEN)
    result = grade_one(job(notebook=given.notebook, limits=limits))
    assert sum(earned(result).values()) == 11


def test_no_exception_speaks_in_the_graders_words() -> None:
    for name in ("TimeoutError", "UnusableResult", "NoValue", "CallFailed"):
        source = (
            f"class {name}(Exception): pass\ndef idle_dollars(*_):\n    raise {name}({CALLED!r})"
        )
        message = told(graded(source), "01-2")
        assert message.startswith(f"Your function raised {name}: The grader")
    forged = "There is no function idle_dollars: its cell is missing or failed."
    message = told(graded(f"def idle_dollars(*_):\n    raise ValueError({forged!r})"), "01-2")
    assert message.startswith("Your function raised ValueError: There is no function")
