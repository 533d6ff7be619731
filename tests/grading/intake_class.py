"""A class's folder with two exercises, and exports of hand-ins made for the tests of intake."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
LESSONS = ("01_cost", "02_resources")


def make_class(folder: Path) -> Path:
    """The repository's own configuration and two of its exercises."""
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for lesson in LESSONS:
        for step in ("solutions", "exercises"):
            (folder / step / lesson).mkdir(parents=True)
            shutil.copy(ROOT / step / lesson / f"{lesson}.ipynb", folder / step / lesson)
        (folder / "solutions" / lesson / "judge.py").write_text("HIDDEN = {}\n")
    return folder


def answered(lesson: str = "01_cost", answer: str = "answer = 42") -> bytes:
    """A learner's notebook: the release with something written into its first answer."""
    notebook = json.loads(
        (ROOT / "exercises" / lesson / f"{lesson}.ipynb").read_text(encoding="utf-8")
    )
    cells = notebook["cells"]
    first = next(
        cell for cell in cells if cell["metadata"].get("nbgrader", {}).get("grade_id") == "task-1"
    )
    first["source"] = answer
    return json.dumps(notebook).encode()


def make_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def make_zip(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip with these files, all of one time."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, (2026, 11, 25, 10, 0, 0))
            entry.compress_type = method
            archive.writestr(entry, content)
    return path
