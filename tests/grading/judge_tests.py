"""What every judge must pass; a test file names its exercise in a subclass of JudgeTests."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import nbformat
import numpy as np
import pytest
from exercise_tests import BROKEN, Exercise
from release import ROOT

from mlopt_lessons.course.checking import judge
from mlopt_lessons.course.checking_values import plain
from mlopt_lessons.grading.marking import Hidden, Part, load_judge, mark
from mlopt_lessons.grading.records import TaskMark

SEEDS = (0, 1, 20, 2_147_483_647)
SHORTEST_SECRET = 30  # a line of a judge that is this long is found nowhere by chance


def same_for_all(value: Any) -> Any:
    """What a value holds, as something that can be compared and be a key."""
    value = plain(value)
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.kind, value.tobytes()
    if isinstance(value, dict):
        return tuple((key, same_for_all(each)) for key, each in value.items())
    if isinstance(value, list):
        return tuple(same_for_all(each) for each in value)
    return repr(value)


class Recorder:
    """A function that remembers what it was asked."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.asked: list[Any] = []

    def __call__(self, *args: Any) -> Any:
        self.asked.append(same_for_all(args))
        return self.function(*args)


def by_heart(results: list[Any]) -> Callable[..., Any]:
    """A function that gives these results one after the other, whatever it is asked."""
    left = iter(results)
    return lambda *_: next(left, None)


def holds(part: Part, answer: Any, seed: int) -> bool:
    """Whether an answer earns a part; one that cannot even be read does not."""
    try:
        return part.holds(answer, np.random.default_rng([seed, 0]))
    except Exception:
        return False


@cache
def learners_files() -> str:
    """All that a learner gets, as text: the package, the notebooks and the exercises."""
    kinds = {".py", ".json", ".ipynb", ".csv", ".md", ".txt"}
    folders = (ROOT / name for name in ("mlopt_lessons", "notebooks", "exercises"))
    paths = (path for folder in folders for path in sorted(folder.rglob("*")))
    return "\n".join(path.read_text() for path in paths if path.suffix in kinds)


class JudgeTests:
    """The tests of one judge; a subclass gives the exercise, and what half right answers earn.

    `partial` holds the points of each part, by task and mistake; `half_seeds` is with how many seeds.
    """

    exercise: Exercise
    partial: dict[tuple[str, str], list[float]]
    half_seeds = 5

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """Runs each test for every task, function, mistake or broken answer that it asks for."""
        names, wrong = metafunc.fixturenames, cls.exercise.judge.WRONG
        if "mistake" in names:
            named = [(task, each) for task in wrong for each in wrong[task]]
            metafunc.parametrize(("task", "mistake"), named)
        elif "function" in names:
            metafunc.parametrize("function", [t for t in wrong if t not in cls.exercise.numbers])
        elif "task" in names:
            metafunc.parametrize("task", wrong)
        if "broken" in names:
            metafunc.parametrize("broken", BROKEN)
        if "half" in names:
            metafunc.parametrize("seed", range(cls.half_seeds))
            metafunc.parametrize("half", cls.partial, ids="-".join)

    def source(self) -> str:
        return (ROOT / "solutions" / self.exercise.name / "judge.py").read_text()

    def hidden(self) -> dict[str, Hidden]:
        """HIDDEN as grading loads it."""
        return load_judge(self.source(), self.exercise.name)

    def answer(self, task: str, function: Callable[..., Any]) -> Any:
        """What a learner hands in for a task whose check is given this function."""
        (found,) = (each for each in self.exercise.tasks if each.id == task)
        return self.exercise.answer(found, function)

    def right(self, task: str) -> Any:
        return self.answer(task, self.exercise.judge.RIGHT[task])

    def wrong(self, task: str, mistake: str) -> Any:
        return self.answer(task, self.exercise.judge.WRONG[task][mistake])

    def released(self) -> dict[str, Any]:
        """The learners' cells that nbgrader knows, by grade_id."""
        path = ROOT / "exercises" / self.exercise.name / f"{self.exercise.name}.ipynb"
        cells = nbformat.read(path, as_version=4).cells
        return {c.metadata.nbgrader.grade_id: c for c in cells if "nbgrader" in c.metadata}

    def markdown(self, cell: str) -> str:
        """The text of a cell of the learners' notebook, by its id."""
        path = ROOT / "exercises" / self.exercise.name / f"{self.exercise.name}.ipynb"
        (found,) = (each for each in nbformat.read(path, as_version=4).cells if each.id == cell)
        return found.source

    def names_of_the_solution(self) -> dict[str, Any]:
        """What the cells of the solution define; its checks are left out."""
        names: dict[str, Any] = {}
        for cell in self.exercise.cells.values():
            if cell.cell_type == "code" and not cell.id.endswith("-check"):
                exec(cell.source, names)
        return names

    def earned(self, task: str, answer: Any, seed: int = 1) -> list[float]:
        """The points that an answer gets, part by part."""
        return [part.earned for part in mark(self.exercise.judge.HIDDEN[task], answer, seed).parts]

    def blank(self, hidden: Hidden) -> Any:
        """The answer of a learner who wrote nothing."""
        cells, names = self.released(), {}
        for cell in ("setup", hidden.cell.removesuffix("-check")):
            exec(cells[cell].source, names)
        return names[hidden.name]

    def asked(self, hidden: Hidden, seed: int) -> list[Any]:
        """All hidden inputs of a marking, in the order of the calls."""
        recorder = Recorder(self.right(hidden.task.id))
        mark(hidden, recorder, seed)
        return recorder.asked

    def visible(self, hidden: Hidden) -> list[Any]:
        """The inputs of the check in the notebook."""
        recorder = Recorder(self.right(hidden.task.id))
        judge(hidden.task, hidden.wrap(recorder))
        return recorder.asked

    def test_every_task_of_the_exercise_has_a_hidden_half(self) -> None:
        hidden = self.hidden()
        assert [each.task for each in hidden.values()] == list(self.exercise.tasks)
        assert all(name == each.task.id for name, each in hidden.items())

    def test_cells_and_points_are_those_of_the_released_notebook(self) -> None:
        cells = self.released()
        points = {each.cell: each.task.points for each in self.hidden().values()}
        graded = {
            name: cell.metadata.nbgrader.points
            for name, cell in cells.items()
            if cell.metadata.nbgrader.grade and cell.cell_type == "code"
        }
        assert points == graded
        for each in self.hidden().values():
            source = cells[each.cell.removesuffix("-check")].source
            assert f"def {each.name}(" in source or f"{each.name} = " in source

    def test_parts_say_in_words_what_they_are_about(self, task: str) -> None:
        parts = self.hidden()[task].parts
        says = [part.says for part in parts]
        assert all(10 < len(each) < 120 and each[0].islower() and each[-1] != "." for each in says)
        assert len(set(says)) == len(says)
        assert all(part.points > 0 for part in parts)

    @pytest.mark.parametrize("seed", SEEDS)
    def test_the_right_answer_gets_every_point(self, task: str, seed: int) -> None:
        marked = mark(self.hidden()[task], self.right(task), seed)
        assert marked.earned == marked.points
        assert (marked.mistake, marked.message) == (None, "That is right.")

    def test_the_solution_notebook_gets_every_point(self) -> None:
        names = self.names_of_the_solution()
        for hidden in self.hidden().values():
            marked = mark(hidden, names[hidden.name], 3)
            assert marked.earned == marked.points, marked.message

    def test_a_named_mistake_costs_points_and_gets_its_hint(self, task: str, mistake: str) -> None:
        hidden = self.hidden()[task]
        for seed in SEEDS:
            marked = mark(hidden, self.wrong(task, mistake), seed)
            assert marked.earned < marked.points
            assert marked.mistake == mistake
            assert marked.message == hidden.task.hints[mistake]

    def test_some_mistake_earns_a_part(self) -> None:
        earned = [
            mark(hidden, self.wrong(task, each), 1).earned / hidden.task.points
            for task, hidden in self.hidden().items()
            for each in self.exercise.judge.WRONG[task]
        ]
        assert any(0 < share < 1 for share in earned)

    def test_what_is_half_right_earns_its_half(self, half: tuple[str, str], seed: int) -> None:
        assert self.earned(half[0], self.wrong(*half), seed) == self.partial[half]

    def test_a_broken_answer_gets_nothing_and_a_sentence(self, task: str, broken: Any) -> None:
        marked = mark(self.hidden()[task], broken, 1)
        assert marked.earned == 0
        assert marked.mistake is None
        assert 10 < len(marked.message) < 600

    def test_nothing_written_gets_nothing(self, task: str) -> None:
        hidden = self.hidden()[task]
        marked = mark(hidden, self.blank(hidden), 1)
        assert marked.earned == 0
        assert "fill in" in marked.message

    def test_the_same_seed_gives_the_same_marks(self, task: str, mistake: str) -> None:
        def marks() -> TaskMark:
            return mark(self.hidden()[task], self.wrong(task, mistake), 5)

        first = marks()
        mark(self.hidden()[task], self.right(task), 6)
        assert marks() == first

    def test_each_seed_draws_its_own_inputs(self, function: str) -> None:
        hidden = self.hidden()[function]
        first = self.asked(hidden, 1)
        assert self.asked(hidden, 1) == first
        assert not set(first) <= set(self.visible(hidden))
        assert not set(first) <= set(self.asked(hidden, 2))

    def test_learning_the_visible_cases_by_heart_earns_nothing(self, function: str) -> None:
        hidden, right = self.hidden()[function], self.right(function)
        known = set(self.visible(hidden))

        def by_heart(*args: Any) -> Any:
            return right(*args) if same_for_all(args) in known else None

        marked = mark(hidden, by_heart, 1)
        assert (marked.earned, marked.mistake) == (0, None)
        assert marked.message.startswith("It passes the check in the notebook")

    def test_results_learned_by_heart_in_their_order_earn_no_part(self, function: str) -> None:
        """Who counts the calls must not know what is right at the third."""
        for part in self.hidden()[function].parts:
            results: list[Any] = []

            def right(*args: Any, results: list[Any] = results) -> Any:
                results.append(self.right(function)(*args))
                return results[-1]

            assert holds(part, right, 1)
            lucky = [holds(part, by_heart(results), seed) for seed in range(2, 22)]
            assert sum(lucky) <= 1, part.says

    def test_learners_get_nothing_of_the_judge(self) -> None:
        given = learners_files()
        lines = {line.strip() for line in self.source().splitlines()}
        own = {line for line in lines if not line.startswith(("from ", "import "))}
        long = {line for line in own if len(line) >= SHORTEST_SECRET}
        assert len(long) > 20
        assert not [line for line in long if line in given]


class ServiceTests(JudgeTests):
    """The tests of a judge whose task 4 is about services; a subclass gives what its parts draw."""

    draws: tuple[Callable[[np.random.Generator], Iterable[Any]], ...]

    def services(self, seed: int) -> list[Any]:
        """The services of all parts of task 4."""
        return [args for draw in self.draws for args in draw(np.random.default_rng(seed))]

    @pytest.mark.parametrize("seed", range(3))
    def test_the_notebook_says_how_many_services_there_are(self, seed: int) -> None:
        assert len(self.services(seed)) == 80
        assert "Marking asks about 80 others." in self.markdown("task-4-question")
