"""The rules of who may import whom, and how quickly the package loads."""

import ast
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mlopt_lessons"
LESSONS = {"cost", "resources", "spot", "gpu", "quantization", "pruning"}
ALL_LESSONS = LESSONS | {"combined"}
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
QUICK_SECONDS = 0.3
DRAWING = {"matplotlib", "ipywidgets", "IPython"}


def imported(path: Path) -> set[str]:
    """Full names of all modules that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(("mlopt_lessons", *path.parts[: len(path.parts) - node.level]))
            base = f"{package}.{node.module or ''}".rstrip(".") if node.level else node.module or ""
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def rooms(path: Path) -> set[str]:
    """The rooms of the package that a file imports: "course", "workbench", a lesson."""
    return {name.split(".")[1] for name in imported(path) if name.startswith("mlopt_lessons.")}


def topic_files() -> list[Path]:
    """Computation of the lessons: all but what draws, binds, commands or checks."""
    drawing = {"figures.py", "lab_figures.py", "lab.py"}
    other = {"__init__.py", "command.py", "exercise.py"} | drawing
    return [path for path in FILES if path.parts[0] in ALL_LESSONS and path.name not in other]


def in_fresh_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_there_is_something_to_check() -> None:
    assert len(topic_files()) > 10
    assert Path("course/store.py") in FILES


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_lesson_imports_another(path: Path) -> None:
    allowed = {path.parts[0]} | (LESSONS if path.parts[0] == "combined" else set())
    assert rooms(path) & ALL_LESSONS <= allowed


@pytest.mark.parametrize("path", [p for p in FILES if p.parts[0] == "grading"], ids=str)
def test_grading_knows_exercises_by_their_judge_only(path: Path) -> None:
    assert rooms(path) <= {"grading", "course", "sentences"}


@pytest.mark.parametrize("path", [p for p in FILES if p.parts[0] != "grading"], ids=str)
def test_nobody_needs_grading(path: Path) -> None:
    assert "grading" not in rooms(path)


@pytest.mark.parametrize("path", [p for p in FILES if p.parts[0] == "course"], ids=str)
def test_course_needs_neither_torch_nor_workbench(path: Path) -> None:
    assert not {name for name in imported(path) if name.split(".")[0] == "torch"}
    assert "workbench" not in rooms(path)


@pytest.mark.parametrize("path", [p for p in FILES if p.parts[0] == "workbench"], ids=str)
def test_workbench_takes_only_the_machine_from_course(path: Path) -> None:
    course = {name for name in imported(path) if name.startswith("mlopt_lessons.course")}
    assert all(name.startswith("mlopt_lessons.course.machine") for name in course)


@pytest.mark.parametrize("path", topic_files(), ids=str)
def test_computation_never_draws(path: Path) -> None:
    assert "course" not in rooms(path)
    assert not {name.split(".")[0] for name in imported(path)} & DRAWING


@pytest.mark.parametrize("path", [p for p in FILES if p.name == "exercise.py"], ids=str)
def test_visible_checks_hold_no_solution(path: Path) -> None:
    assert rooms(path) <= {"course"}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_files_stay_short(path: Path) -> None:
    assert len((PACKAGE / path).read_text(encoding="utf-8").splitlines()) < 300


def test_the_package_and_the_command_load_nothing_heavy() -> None:
    loaded = in_fresh_python(
        "import sys, mlopt_lessons, mlopt_lessons.cli; print(*sorted(sys.modules), sep='\\n')"
    )
    heavy = {"torch", "matplotlib", "numpy", "pandas", "ipywidgets", "onnxruntime"}
    assert not heavy & set(loaded.splitlines())


def test_the_package_loads_quickly() -> None:
    def seconds(code: str) -> float:
        start = time.perf_counter()
        in_fresh_python(code)
        return time.perf_counter() - start

    bare = [seconds("pass") for _ in range(5)]
    full = [seconds("import mlopt_lessons, mlopt_lessons.cli") for _ in range(5)]
    assert statistics.median(full) - statistics.median(bare) < QUICK_SECONDS


@pytest.mark.parametrize("stub", sorted(PACKAGE.rglob("__init__.pyi")), ids=lambda p: p.parent.name)
def test_no_lazy_name_is_also_a_file(stub: Path) -> None:
    """`package.name` would be the function or the module, whichever was loaded first."""
    names = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(stub.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert names
    assert not names & {path.stem for path in stub.parent.glob("*.py")}
