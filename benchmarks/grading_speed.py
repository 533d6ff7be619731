"""How fast a class is graded: `mlopt class grade` beside plain nbgrader on the same hand-ins.

Plain nbgrader runs each hand-in in a kernel on the grader's own machine, with the checks that
learners see; ours runs each in a box and adds the hidden inputs. Both use two cores as they can.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
PLAIN = """c = get_config()
c.CourseDirectory.course_id = "mlopt-lessons"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.ignore = ["judge.py"]
"""
# What is handed in: lesson, how many, a line that each puts before its first answer, its name here.
NUMPY = ("01_cost", 24, "", "an exercise in numpy")
TORCH = ("05_quantization", 12, "import torch\n", "one that imports torch")
HUGE = ("01_cost", 4, "print('x' * 300_000_000)\n", "one that prints 300 MB")


def make_class(folder: Path, lesson: str, count: int, line: str) -> None:
    """A class folder with `count` solved hand-ins of one lesson."""
    shutil.copytree(ROOT / "solutions" / lesson, folder / "solutions" / lesson)
    for config in ("nbgrader_config.py", "nbgrader_config.json"):
        shutil.copy(ROOT / config, folder)
    notebook = nbformat.read(folder / "solutions" / lesson / f"{lesson}.ipynb", as_version=4)
    first = next(cell for cell in notebook.cells if _is_answer(cell))
    first.source = line + first.source
    for number in range(count):
        target = folder / "submitted" / f"learner{number:02d}" / lesson
        target.mkdir(parents=True)
        nbformat.write(notebook, target / f"{lesson}.ipynb")
    _run(folder, "nbgrader", "generate_assignment", lesson, "--force", "--create")


def a_minute(folder: Path, count: int, *command: str) -> tuple[float, float]:
    """Hand-ins graded a minute by a command run in the folder, and MB of its own process at its peak."""
    before = time.perf_counter()
    peak = _run(folder, *command)
    return 60 * count / (time.perf_counter() - before), peak


def grading_rows() -> list[tuple[str, str]]:
    """What was timed, and the result, for the README."""
    rows = []
    for lesson, count, line, name in (NUMPY, TORCH, HUGE):
        with tempfile.TemporaryDirectory() as temporary:
            boxed, plain = Path(temporary, "boxed"), Path(temporary, "plain")
            boxed.mkdir()
            make_class(boxed, lesson, count, line)
            ours, memory = a_minute(boxed, count, "mlopt", "class", "grade", lesson)
            told = f"{ours:.0f} a minute in boxes, the grader at {memory:.0f} MB"
            if line != HUGE[2]:
                shutil.copytree(boxed, plain, ignore=shutil.ignore_patterns("autograded"))
                (plain / "nbgrader_config.py").write_text(PLAIN, encoding="utf-8")
                (plain / "nbgrader_config.json").unlink()
                theirs, _ = a_minute(plain, count, "nbgrader", "autograde", lesson, "--force")
                told += f"; plain nbgrader, without a box, {theirs:.0f}"
            rows.append((f"hand-ins graded, {name}", told))
    return rows


def _is_answer(cell: nbformat.NotebookNode) -> bool:
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and bool(marks.get("solution"))


def _run(folder: Path, *command: str) -> float:
    """Runs a command in the folder; the MB that its own process, without its boxes, held at its peak."""
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic by name
    environment = os.environ | {"PATH": os.pathsep.join([programs, os.environ["PATH"]])}
    with (
        tempfile.TemporaryFile() as output,
        subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=environment
        ) as process,
    ):
        peak = 0.0
        while process.poll() is None:
            peak = _peak_mb(process.pid) or peak
            time.sleep(0.05)
        output.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} failed: {output.read().decode()[-2000:]}")
    return peak


def _peak_mb(pid: int) -> float:
    """What the kernel calls VmHWM: the most memory that a process has held so far; 0 once it is gone."""
    with suppress(OSError):
        for row in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if row.startswith("VmHWM"):
                return int(row.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    for what, result in grading_rows():
        print(f"{what}: {result}")
