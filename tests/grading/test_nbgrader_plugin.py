"""nbgrader's own command and the formgrader's button grade in boxes too, with the same marks."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError

import pytest
from nbgrader.converters.base import NbGraderException
from release import nbgrader
from toy_class import BLANK, GOOD, HALF, LESSON, hand_in, make_class, rows, state

from mlopt_lessons.grading.batch import grade_class
from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.gradebook import Gradebook
from mlopt_lessons.grading.nbgrader_plugin import BoxExporter

SCORES = """
SELECT s.student_id, SUM(COALESCE(g.auto_score, 0)) FROM grade g JOIN submitted_notebook b
ON b.id = g.notebook_id JOIN submitted_assignment s ON s.id = b.assignment_id GROUP BY 1 ORDER BY 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_class(tmp_path / "class", {"ada": GOOD, "bob": HALF, "cam": BLANK})


def seeded(folder: Path, seed: int = 5) -> None:
    with Gradebook(Classroom(folder)) as gradebook:
        gradebook.seed(LESSON, seed)


def marking(mark: Path) -> dict[str, str]:
    """Answers that leave a mark on any machine on which they run outside a box."""
    return GOOD | {
        "task-2": f"seven = 7\ntry:\n    open({str(mark)!r}, 'w')\nexcept OSError:\n    pass"
    }


def test_nbgraders_command_writes_what_ours_writes(folder: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    for each in (folder, other):
        seeded(each)
        hand_in(each, "bob", HALF, "2026-03-02 13:00:00 UTC")
        with (each / "nbgrader_config.py").open("a") as config:
            config.write(
                "c.AssignLatePenalties.plugin_class = 'mlopt_lessons.grading.late.PerDay'\n"
            )
        classroom = Classroom(each)
        with Gradebook(classroom) as gradebook:
            gradebook.register(classroom.exercise(LESSON))
            gradebook.book.update_or_create_assignment(LESSON, duedate="2026-03-01 12:00:00 UTC")
    told = nbgrader(folder, "autograde", LESSON)
    grade_class(Classroom(other), LESSON)
    assert "ada: 5 of 5 points" in told
    ours, theirs = state(other), state(folder)
    for one in (ours, theirs):
        one["records"] = [row[:-1] for row in one["records"]]  # the last holds seconds
    assert theirs == ours
    assert rows(folder, SCORES) == [("ada", 5), ("bob", 4), ("cam", 0)]
    assert ours["late"] == [("ada", None), ("bob", pytest.approx(0.8)), ("cam", None)]


def test_nothing_that_is_handed_in_runs_or_is_copied_on_this_machine(
    folder: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "ran"
    target = hand_in(folder, "eve", marking(mark))
    (target / "secret").symlink_to("/etc/passwd")
    target = hand_in(folder, "kim", GOOD)
    (target / "timestamp.txt").symlink_to("/dev/zero")
    target = hand_in(folder, "leo", GOOD)
    os.mkfifo(target / "pipe")
    target = hand_in(folder, "max", GOOD)
    (target / f"{LESSON}.ipynb").write_text("not JSON")
    target = hand_in(folder, "ned", marking(mark))
    (target / "data.csv").write_text("1,2")
    nbgrader(folder, "autograde", LESSON, "--force", "--no-execute")
    assert dict(rows(folder, SCORES)) == {
        "ada": 5, "bob": 4, "cam": 0, "eve": 0, "kim": 0, "leo": 0, "max": 0, "ned": 5,
    }  # fmt: skip
    assert not mark.exists()
    written = {path.name for path in (folder / "autograded").rglob("*") if path.is_file()}
    assert written == {f"{LESSON}.ipynb"}
    # The same answers do leave their mark where nbgrader grades without the setting.
    (folder / "nbgrader_config.json").unlink()
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write("del c.Autograde\n")
    nbgrader(folder, "autograde", LESSON, "--force", "--student", "ned")
    assert mark.exists()


BROKEN = {
    "our package does not load": "c.Autograde.exporter_class = 'mlopt_lessons.grading.gone.Exporter'",
    "no such plugin": "c.AssignLatePenalties.plugin_class = 'nowhere.Late'",
    "no such folder of exercises": "c.CourseDirectory.release_directory = 'nowhere'",
}


@pytest.mark.parametrize("name", BROKEN)
def test_where_no_box_can_be_had_nothing_runs(folder: Path, tmp_path: Path, name: str) -> None:
    mark = tmp_path / "ran"
    hand_in(folder, "eve", marking(mark))
    (folder / "nbgrader_config.json").unlink()  # it counts more than what stands in the other
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write(BROKEN[name] + "\n")
    with pytest.raises(RuntimeError):
        nbgrader(folder, "autograde", LESSON)
    assert not mark.exists()
    assert not (folder / "autograded").exists()


def test_a_machine_without_bubblewrap_refuses(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    hand_in(folder, "eve", marking(mark))
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "autograde", LESSON],
        cwd=folder,
        env=os.environ | {"PATH": str(Path(sys.executable).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "bubblewrap" in done.stderr.lower()
    assert not mark.exists()
    assert not (folder / "autograded").exists()


def test_a_configuration_with_an_error_runs_nothing(folder: Path, tmp_path: Path) -> None:
    """nbgrader goes on with its own settings after an error in nbgrader_config.py."""
    mark = tmp_path / "ran"
    nbgrader(folder, "autograde", LESSON, "--student", "ada")  # the gradebook knows the lesson now
    hand_in(folder, "eve", marking(mark))
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write("c.oh no\n")
    with pytest.raises(RuntimeError, match=f"There is no exercise {LESSON}"):
        nbgrader(folder, "autograde", LESSON)
    assert not mark.exists()
    (folder / "nbgrader_config.json").unlink()  # what it is for: now they do run
    with suppress(RuntimeError):
        nbgrader(folder, "autograde", LESSON)
    assert mark.exists()


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_is_a_sentence_and_no_traceback(folder: Path) -> None:
    for name in ("dan", "eve", "kim"):
        hand_in(folder, name, GOOD | {"task-2": "seven = 7\nimport time\ntime.sleep(2)"})
    command = [sys.executable, "-m", "nbgrader", "autograde", LESSON]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment, pipe = os.environ | {"PATH": path}, subprocess.PIPE
    with subprocess.Popen(
        command, cwd=folder, env=environment, stderr=pipe, text=True, start_new_session=True
    ) as grading:
        lines = [grading.stderr.readline()]
        while lines[-1] and " of 5 points" not in lines[-1]:
            lines.append(grading.stderr.readline())
        os.killpg(grading.pid, signal.SIGINT)  # as a terminal does: the boxes get it, too
        told = "".join(lines) + grading.communicate(timeout=60)[1]
    assert grading.returncode == 1
    assert told.endswith("Stopped; what is graded is kept, so run it again to go on.\n")
    assert "Traceback" not in told
    assert 0 < len(rows(folder, SCORES)) < 6


def test_warnings_about_being_late_reach_the_log(folder: Path) -> None:
    with (folder / "nbgrader_config.py").open("a") as config:
        config.write("c.AssignLatePenalties.plugin_class = 'mlopt_lessons.grading.late.PerDay'\n")
    told = nbgrader(folder, "autograde", LESSON, "--student", "cam")
    assert "WARNING] 90_toy has no due date, so the late penalty takes nothing; " in told


def test_only_the_students_that_nbgrader_was_told_are_graded(folder: Path) -> None:
    nbgrader(folder, "autograde", LESSON, "--student", "ada")
    assert rows(folder, SCORES) == [("ada", 5)]
    nbgrader(folder, "autograde", LESSON, "--CourseDirectory.student_id_exclude=cam")
    assert rows(folder, SCORES) == [("ada", 5), ("bob", 4)]
    told = nbgrader(folder, "autograde", LESSON)
    assert "1 graded, 2 graded before" in told


@contextmanager
def formgrader(folder: Path) -> Iterator[str]:
    """The address of a Jupyter server with the formgrader, in a class's folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root", f"--port={port}",
        "--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True", "--ServerApp.port_retries=0",
        "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
    ]  # fmt: skip
    home = folder / ".home"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home)}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}/formgrader/api"
    finally:
        server.terminate()
        server.wait(timeout=30)


def ask(url: str, data: bytes | None = None) -> dict:
    """The formgrader's answer; a server that starts is waited for."""
    for _ in range(120):
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, data=data), timeout=120
            ) as reply:
                return json.load(reply)
        except URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.5)
    raise AssertionError("the server does not answer")


def test_the_formgraders_button_grades_in_a_box(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    hand_in(folder, "eve", marking(mark))
    seeded(folder)
    classroom = Classroom(folder)
    with Gradebook(classroom) as gradebook:
        gradebook.register(classroom.exercise(LESSON))
    with formgrader(folder) as api:
        answer = ask(f"{api}/submission/{LESSON}/eve/autograde", b"")
        listed = {each["student"]: each for each in ask(f"{api}/submissions/{LESSON}")}
    assert answer["success"], answer
    assert "eve: 5 of 5 points" in answer["log"]
    assert not mark.exists()
    assert listed["eve"]["score"] == 5
    assert listed["eve"]["autograded"]
    assert listed["eve"]["needs_manual_grade"]
    assert not listed["ada"]["autograded"]


def test_releasing_goes_on_as_before(folder: Path) -> None:
    with pytest.raises(NbGraderException, match=r"Autograde\.exporter_class"):
        BoxExporter()
    released = folder / "exercises" / LESSON / f"{LESSON}.ipynb"
    before = json.loads(released.read_text())["cells"]
    released.unlink()
    nbgrader(folder, "generate_assignment", LESSON, "--force", "--create")
    after = json.loads(released.read_text())["cells"]
    ids = [
        [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells] for cells in (before, after)
    ]
    assert ids[0] == ids[1]
