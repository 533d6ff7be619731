"""A class's folder with two exercises, exports of hand-ins for it, and what intake made of them."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from mlopt_lessons.grading.intake import intake
from mlopt_lessons.grading.intake_learner import Taken

ROOT = Path(__file__).parents[2]
LESSONS = ("01_cost", "02_resources")
OWN = (".intake.lock", "timestamp.txt")
RECEIVED = datetime(2026, 11, 25, 10, 0, 0)


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


COST, RESOURCES = answered("01_cost"), answered("02_resources")


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


def with_bob(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    """A zip of these entries and of an honest hand-in, which must be taken whatever they are."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
        archive.writestr("bob/01_cost.ipynb", COST)
    return path


def take(
    root: Path,
    files: Mapping[str, bytes],
    *,
    zipped: bool = True,
    name: str = "export",
    **options: object,
) -> list[Taken]:
    """Takes in an export with these files."""
    path = root.parent / (f"{name}.zip" if zipped else name)
    source = (make_zip if zipped else make_folder)(path, files)
    return intake(source, root, **options)  # type: ignore[arg-type]


def actions(taken: list[Taken]) -> dict[str, str]:
    return {each.path_in_source: each.action for each in taken}


def only(taken: list[Taken]) -> Taken:
    assert len(taken) == 1, [str(each) for each in taken]
    return taken[0]


def submitted(root: Path) -> dict[str, bytes]:
    """All that lies in submitted/, by path, but for the lock and the times."""
    above = root / "submitted"
    found = {str(path.relative_to(above)): path for path in above.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if Path(name).name not in OWN}


def stamp(root: Path, student: str, lesson: str = "01_cost") -> str | None:
    path = root / "submitted" / student / lesson / "timestamp.txt"
    return path.read_text().strip() if path.exists() else None


def refused(root: Path, source: Path) -> dict[str, str]:
    return {
        each.path_in_source: each.says for each in intake(source, root) if each.action == "refused"
    }


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def handed_in(root: Path) -> set[str]:
    return {
        name
        for name in files_below(root / "submitted")
        if not name.endswith(("stamp.txt", ".lock"))
    }
