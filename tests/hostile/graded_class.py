"""A class of attacks, graded once by the command's own function in a process of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from attacks_base import SEGMENT, Attack
from class_folder import LESSON, ROOT, Handed, build_class
from nbgrader.api import Gradebook
from watch import (
    Listeners,
    become_subreaper,
    bury,
    carrying,
    descendants,
    named,
    settings,
    shared_memory,
    snapshot,
)

# Grades the class, and prints last how much memory this process itself held at its peak.
GRADER = """
import json, sys
from pathlib import Path
from mlopt_lessons.grading.batch import grade_class
from mlopt_lessons.grading.classroom import Classroom
from mlopt_lessons.grading.records import Limits

limits = Limits(cell_s=3, wall_s=10, cpu_s=20, memory_mb=700, scratch_mb=64, file_mb=32, extras_mb=5)
summary = grade_class(Classroom(Path(sys.argv[1])), sys.argv[2], limits=limits, jobs=2)
held = next(l for l in open("/proc/self/status") if l.startswith("VmHWM"))
print(json.dumps({"graded": summary.graded, "failed": [f.student + ": " + f.why for f in summary.failed],
                  "peak_mb": int(held.split()[1]) / 1024}))
"""
WORLD = ("/tmp", "/var/tmp", "/dev/shm", "/run")


@dataclass
class Row:
    """What the gradebook says of one hand-in: automatic scores by cell, and points by cell."""

    scores: dict[str, float | None]
    points: dict[str, float]
    notebooks: int
    comments: int


@dataclass
class Outcome:
    """All that the batch left behind."""

    handed: list[Handed]
    folder: Path
    mark: str
    returncode: int = -1
    printed: str = ""
    seconds: float = 0.0
    summary: dict = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    processes: list[str] = field(default_factory=list)
    files_before: dict[str, str] = field(default_factory=dict)
    files_after: dict[str, str] = field(default_factory=dict)
    settings_before: dict[str, str] = field(default_factory=dict)
    settings_after: dict[str, str] = field(default_factory=dict)
    segments: int = 0
    marked: list[str] = field(default_factory=list)
    temporary: list[str] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)

    def sheet(self, student: str) -> Path:
        """The graded notebook of a student."""
        return self.folder / "autograded" / student / LESSON / f"{LESSON}.ipynb"


def grade_attacks(base: Path, attacks: Iterable[Attack]) -> Outcome:
    """Makes the class below `base`, grades it once, and tells all that came of it."""
    folder, home, scratch = base / "class", base / "home", base / "scratch"
    for each in (folder, home / ".ssh", scratch):
        each.mkdir(parents=True)
    mark, secret = f"pwned{uuid.uuid4().hex[:8]}", f"secret{uuid.uuid4().hex}"
    (home / ".ssh" / "id_secret").write_text("SECRET")
    (home / ".netrc").write_text("SECRET")
    with Listeners(base, mark) as listeners:
        knows = _known(folder, home, secret, listeners)
        outcome = Outcome(build_class(folder, attacks, knows, mark), folder, mark)
        _grade(outcome, home, scratch, secret)
        outcome.heard = listeners.heard
    return outcome


def _known(folder: Path, home: Path, secret: str, listeners: Listeners) -> dict:
    """What an insider could know."""
    spaces = ("net", "ipc", "mnt", "uts", "user")
    return {
        "class": str(folder),
        "home": str(home),
        "package": str(ROOT / "mlopt_lessons"),
        "secret": secret,
        "tcp": listeners.port("tcp"),
        "udp": listeners.port("udp"),
        "abstract": listeners.abstract,
        "unix": listeners.path,
        "host": socket.gethostname(),
        "host_ip": _own_address(),
        "outside": os.getpid(),
        "pid_namespace": os.readlink("/proc/self/ns/pid"),
        "namespaces": {name: os.readlink(f"/proc/self/ns/{name}") for name in spaces},
    }


def _own_address() -> str:
    try:
        return socket.gethostbyname(socket.gethostname())
    except OSError:
        return "127.0.1.1"


def _grade(outcome: Outcome, home: Path, scratch: Path, secret: str) -> None:
    """Runs the grader, and looks before and after."""
    become_subreaper()
    guarded = [outcome.folder / part for part in ("solutions", "exercises", "submitted")]
    guarded += [home / ".ssh", ROOT / "mlopt_lessons", ROOT / "solutions", ROOT / "exercises"]
    outcome.files_before, outcome.settings_before = snapshot(*guarded), settings()
    before, segments = descendants(), shared_memory(SEGMENT)
    environment = os.environ | {"HOME": str(home), "TMPDIR": str(scratch), "MLOPT_SECRET": secret}
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", GRADER, str(outcome.folder), LESSON],
        env=environment,
        cwd=outcome.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    outcome.seconds = time.monotonic() - started
    outcome.returncode, outcome.printed = done.returncode, done.stdout.decode(errors="replace")
    if done.returncode == 0:
        outcome.summary = json.loads(outcome.printed.strip().splitlines()[-1])
    time.sleep(1)  # what was killed is gone by then
    bury()
    outcome.processes = [f"child {pid}" for pid, _ in descendants() - before]
    outcome.processes += carrying(outcome.mark) + carrying(secret)
    outcome.files_after, outcome.settings_after = snapshot(*guarded), settings()
    outcome.segments = shared_memory(SEGMENT) - segments
    outcome.temporary = sorted(str(path) for path in scratch.iterdir())
    places = [*map(Path, WORLD), home, ROOT, Path.home()]
    submitted = str(outcome.folder / "submitted")
    outcome.marked = [p for p in named(outcome.mark, *places) if not p.startswith(submitted)]
    outcome.rows = _rows(outcome.folder)


def _rows(folder: Path) -> dict[str, Row]:
    """The gradebook, read by nbgrader's own interface."""
    rows = {}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        for submission in book.assignment_submissions(LESSON):
            notebook = submission.notebooks[0]
            rows[submission.student_id] = Row(
                {grade.name: grade.auto_score for grade in notebook.grades},
                {grade.name: grade.max_score for grade in notebook.grades},
                len(submission.notebooks),
                len(notebook.comments),
            )
    return rows
