"""The wheel carries the whole course: installed in a new environment, it opens without the repository."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CARRIED = (
    "mlopt_lessons/_content/notebooks/00_smart_bakery.ipynb",
    "mlopt_lessons/_content/notebooks/01_cost.ipynb",
    "mlopt_lessons/_content/notebooks/07_putting_it_together.ipynb",
    "mlopt_lessons/_content/notebooks/08_takeaways.ipynb",
    "mlopt_lessons/_content/exercises/07_putting_it_together/07_putting_it_together.ipynb",
    "mlopt_lessons/combined/data/frontier.csv",
    "mlopt_lessons/_content/notebooks/02_resources.ipynb",
    "mlopt_lessons/_content/notebooks/03_spot.ipynb",
    "mlopt_lessons/_content/notebooks/04_gpu.ipynb",
    "mlopt_lessons/_content/notebooks/05_quantization.ipynb",
    "mlopt_lessons/_content/notebooks/06_pruning.ipynb",
    "mlopt_lessons/_content/exercises/01_cost/01_cost.ipynb",
    "mlopt_lessons/_content/exercises/02_resources/02_resources.ipynb",
    "mlopt_lessons/_content/exercises/03_spot/03_spot.ipynb",
    "mlopt_lessons/_content/exercises/04_gpu/04_gpu.ipynb",
    "mlopt_lessons/_content/exercises/05_quantization/05_quantization.ipynb",
    "mlopt_lessons/_content/exercises/06_pruning/06_pruning.ipynb",
    "mlopt_lessons/course/__init__.pyi",
    "mlopt_lessons/course/data/claims.json",
    "mlopt_lessons/course/data/quizzes/01_cost.json",
    "mlopt_lessons/course/data/quizzes/02_resources.json",
    "mlopt_lessons/course/data/quizzes/03_spot.json",
    "mlopt_lessons/course/data/quizzes/04_gpu.json",
    "mlopt_lessons/course/data/quizzes/05_quantization.json",
    "mlopt_lessons/gpu/data/profiles.json",
    "mlopt_lessons/gpu/data/utilisation_summary.csv",
    "mlopt_lessons/course/data/quizzes/06_pruning.json",
    "mlopt_lessons/pruning/data/pruning_sweep.csv",
    "mlopt_lessons/pruning/weights/gpt.json",
    "mlopt_lessons/pruning/weights/gpt_removed.safetensors",
    "mlopt_lessons/quantization/data/accuracy_sweep.csv",
    "mlopt_lessons/workbench/data/cmti10.png",
    "mlopt_lessons/workbench/data/digits_order.csv",
    "mlopt_lessons/workbench/data/gpu_prices.csv",
    "mlopt_lessons/workbench/data/gpus.csv",
    "mlopt_lessons/workbench/data/prices.csv",
    "mlopt_lessons/workbench/weights/mlp.safetensors",
    "mlopt_lessons/py.typed",
)
START_SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def mlopt(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`mlopt` in a new environment that sees this one's libraries, but not the repository."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    site = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()
    )  # fmt: skip
    # The libraries, without the editable link to the repository.
    libraries = folder / "libraries"
    libraries.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if "mlopt" not in entry.name.lower() and entry.suffix != ".pth":
            (libraries / entry.name).symlink_to(entry)
    (site / "libraries.pth").write_text(str(libraries))
    install = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--no-deps",
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True)
    return folder / "bin" / "mlopt"


def test_the_wheel_carries_the_course_and_no_solution(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in CARRIED if name not in names] == []
    stray = ("solutions/", "tests/", "judge.py", "gradebook.db", "__pycache__")
    assert [name for name in names if any(part in name for part in stray)] == []


def test_the_installed_package_is_not_the_repository(mlopt: Path, tmp_path: Path) -> None:
    code = "import mlopt_lessons; print(mlopt_lessons.__file__)"
    done = subprocess.run(
        [mlopt.parent / "python", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(ROOT) not in done.stdout


@pytest.fixture
def lab(mlopt: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`mlopt lab` started in an empty folder, as a learner does."""
    settings = {
        name: str(tmp_path / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")
    }
    environment = os.environ | settings | {"JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    (tmp_path / "empty").mkdir()
    with subprocess.Popen(
        [mlopt, "lab", "my-course", "--no-browser"],
        cwd=tmp_path / "empty",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.terminate()


@pytest.mark.skipif(shutil.which("true") is None, reason="needs a POSIX system")
def test_lab_opens_from_an_empty_folder(lab: subprocess.Popen[str]) -> None:
    address = _address(lab)
    base, token = re.fullmatch(r"(http://\S+?)/lab\?token=(\w+)", address).groups()
    request = urllib.request.Request(
        f"{base}/api/contents/notebooks", headers={"Authorization": f"token {token}"}
    )
    names = [entry["name"] for entry in _answer(request)["content"]]
    assert "05_quantization.ipynb" in names


def _address(process: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + START_SECONDS
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://(?:localhost|127\.0\.0\.1):\d+/lab\?token=\w+", line):
            return found[0]
        assert time.monotonic() < deadline, "JupyterLab printed no address in time"
    raise AssertionError("JupyterLab stopped before it printed an address")


def _answer(request: urllib.request.Request) -> dict:
    """The server's answer; its address is printed a moment before it listens."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
