"""A class graded: resumed after a kill at any point, one failure costs one mark, threads or a cluster."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import toy_class
from graded_toys import counted, grade
from joblib import parallel_config
from killed_grader import NoBox
from nbgrader import api
from toy_class import BLANK, GOOD, HALF, LESSON, fake_grade_one, hand_in, make_class, rows, state

from mlopt_lessons.grading import batch
from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.gradebook import Gradebook
from mlopt_lessons.grading.records import Graded, GradingError, Job, Limits

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _no_box(alembic: None, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A grader that reads the source alone, for all but the tests of real boxes."""
    if "boxed" not in request.fixturenames:
        monkeypatch.setattr(batch, "grade_one", fake_grade_one)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_class(tmp_path / "class", {"ada": GOOD, "bob": HALF, "cam": BLANK})


def scores(folder: Path) -> dict[str, float]:
    """nbgrader's own sum for each student."""
    with api.Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        return {each.student.id: each.score for each in book.find_assignment(LESSON).submissions}


def test_a_class_is_graded_and_each_hand_in_reported(folder: Path) -> None:
    summary, lines = grade(folder)
    assert (summary.graded, summary.kept, summary.failed) == (3, 0, ())
    assert str(summary).startswith("90_toy: 3 graded, 0 graded before; ")
    assert sorted(lines) == ["ada: 5 of 5 points", "bob: 5 of 5 points", "cam: 0 of 5 points"]
    assert scores(folder) == {"ada": 5, "bob": 5, "cam": 0}


CHANGES: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "nothing": (lambda _: None, set()),
    "a new hand-in": (lambda at: hand_in(at, "dan", GOOD), {"dan"}),
    "another answer": (lambda at: hand_in(at, "cam", GOOD), {"cam"}),
    "another file": (lambda at: (hand_in(at, "bob", HALF) / "data.csv").write_text("1"), {"bob"}),
    "another time": (lambda at: hand_in(at, "bob", HALF, "2026-03-01 12:00:00 UTC"), set()),
    "another judge": (
        lambda at: (at / "solutions" / LESSON / "judge.py").write_text(toy_class.JUDGE + "\n"),
        {"ada", "bob", "cam"},
    ),
    "a lost sheet": (
        lambda at: (at / "autograded/ada" / LESSON / f"{LESSON}.ipynb").unlink(),
        {"ada"},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_only_what_is_new_is_graded_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    change, expected = CHANGES[name]
    grade(folder)
    change(folder)
    jobs = counted(monkeypatch)
    summary, _ = grade(folder, seed=None)
    assert {job.student for job in jobs} == expected
    assert summary.kept + summary.graded == len(Classroom(folder).students(LESSON))


def test_all_learners_and_all_runs_get_one_seed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = counted(monkeypatch)
    grade(folder, seed=None)
    grade(folder, seed=None, regrade=True)
    assert len(jobs) == 6
    assert len({job.seed for job in jobs}) == 1
    grade(folder, seed=77)  # another seed: other inputs, so that all are graded again
    assert {job.seed for job in jobs[6:]} == {77}
    assert len(jobs) == 9


def test_one_that_fails_is_told_and_its_earlier_marks_stay(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grade(folder)
    before = state(folder)

    def failing(job: Job, box: object = None) -> Graded:
        if job.student == "bob":
            raise MemoryError("no room")
        return fake_grade_one(job, box)

    monkeypatch.setattr(batch, "grade_one", failing)
    hand_in(folder, "cam", GOOD)
    summary, lines = grade(folder, regrade=True)
    assert [(each.student, each.why) for each in summary.failed] == [
        ("bob", "MemoryError: no room.")
    ]
    assert "bob: not graded. MemoryError: no room." in lines
    assert str(summary).startswith("90_toy: 2 graded, 0 graded before, 1 not graded; ")
    assert scores(folder) == {"ada": 5, "bob": 5, "cam": 5}
    assert [row for row in state(folder)["grades"] if row[0] == "bob"] == [
        row for row in before["grades"] if row[0] == "bob"
    ]


def test_one_that_cannot_be_written_stops_no_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Gradebook.save

    def failing(self: Gradebook, graded: Graded, *rest: Any) -> None:
        if graded.student == "ada":
            raise OSError(28, "No space left on device")
        save(self, graded, *rest)

    monkeypatch.setattr(Gradebook, "save", failing)
    summary, _ = grade(folder)
    assert [each.student for each in summary.failed] == ["ada"]
    assert scores(folder) == {"bob": 5, "cam": 0}


def test_a_disk_that_fails_takes_no_earlier_mark(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grade(folder)
    read = Classroom.job

    def failing(self: Classroom, student: str, *rest: Any) -> Job:
        if student == "ada":
            raise OSError(5, "Input/output error")
        return read(self, student, *rest)

    monkeypatch.setattr(Classroom, "job", failing)
    summary, _ = grade(folder, regrade=True)
    assert [each.student for each in summary.failed] == ["ada"]
    assert scores(folder)["ada"] == 5


def test_hand_ins_with_a_problem_are_graded_zero_and_the_batch_goes_on(folder: Path) -> None:
    at = folder / "submitted" / "ada" / LESSON / f"{LESSON}.ipynb"
    at.unlink()
    at.symlink_to(folder / "submitted" / "bob" / LESSON / f"{LESSON}.ipynb")
    summary, lines = grade(folder)
    assert summary.failed == ()
    assert scores(folder) == {"ada": 0, "bob": 5, "cam": 0}
    assert any(line.startswith("ada: 0 of 5 points (") for line in lines)
    waiting = {row[0] for row in rows(folder, toy_class.IDS) if row[-1]}
    assert "ada" in waiting


def test_where_no_box_runs_nothing_is_graded(folder: Path) -> None:
    class Refusing(NoBox):
        def refusal(self) -> str:
            return "No box runs here; take a Linux machine."

    with pytest.raises(GradingError, match="take a Linux machine"):
        grade(folder, box=Refusing())
    assert not (folder / "autograded").exists()


def test_only_the_chosen_students_are_graded(folder: Path) -> None:
    summary, _ = grade(folder, students=["cam"])
    assert summary.graded == 1
    assert scores(folder) == {"cam": 0}


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty hand-ins of eight kinds, not graded yet."""
    students = {f"learner{number:02d}": KINDS[number % len(KINDS)][0] for number in range(40)}
    return make_class(tmp_path_factory.mktemp("forty"), students)


# What is handed in, and the points that it must get.
KINDS = [
    (GOOD, 5),
    (HALF, 4),
    (BLANK, 0),
    (GOOD | {"task-1": "def twice(value):\n    return value / 0"}, 3),
    (GOOD | {"task-1": "import os\ndef twice(value):\n    os._exit(0)"}, 3),
    (GOOD | {"task-2": "seven = 8"}, 2),
    (GOOD | {"task-2": "seven = np.float64(7)"}, 5),
    (GOOD | {"task-1": "twice = lambda value: np.array(value) * 2"}, 5),
]


@pytest.mark.parametrize(("block", "expected"), [(1, "aabbab"), (4, "aaabbb")])
def test_processes_give_the_marks_that_threads_give_block_by_block(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, expected: str
) -> None:
    """This backend gives nothing back before all of a call is done, as Ray's."""
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    monkeypatch.setattr(batch, "BLOCK", block)
    steps: list[str] = []  # a where a hand-in is read, b where its marks are written
    read, save = Classroom.job, Gradebook.save
    monkeypatch.setattr(Classroom, "job", lambda *rest: (steps.append("a"), read(*rest))[1])
    monkeypatch.setattr(Gradebook, "save", lambda *rest: (steps.append("b"), save(*rest))[1])
    with parallel_config(backend="multiprocessing", n_jobs=2):
        summary, _ = grade(folder)
    assert (summary.graded, summary.failed) == (3, ())
    assert "".join(steps) == expected
    grade(other)
    assert state(folder) == state(other)


SLOW = Limits(cell_s=120, wall_s=300)  # a machine on which other tests run beside this


def test_a_dask_cluster_gives_forty_the_marks_that_threads_give(
    boxed: Path, tmp_path: Path
) -> None:
    from distributed import Client, LocalCluster

    spread = Path(shutil.copytree(boxed, tmp_path / "spread"))
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client, parallel_config(backend="dask"):
        summary, _ = grade(spread, box=None, limits=SLOW)
        tasks = client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.transition_log))
    assert (summary.graded, summary.failed) == (40, ())
    assert tasks > 40  # they did run there
    summary, _ = grade(boxed, box=None, limits=SLOW)
    assert (summary.graded, summary.failed) == (40, ())
    expected = {f"learner{number:02d}": KINDS[number % len(KINDS)][1] for number in range(40)}
    assert scores(spread) == scores(boxed) == expected
    assert state(spread)["grades"] == state(boxed)["grades"]
