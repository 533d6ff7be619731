"""How hand-ins were graded, as it stands in two tables of our own beside nbgrader's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, MetaData, String, Table, Text

from mlopt_lessons.grading.records import Graded, PartMark, TaskMark

TABLES = MetaData()
# `notebook` is nbgrader's id of the submitted notebook: where that is gone, the row counts no more.
GRADED = Table(
    "mlopt_graded",
    TABLES,
    Column("student", String(128), primary_key=True),
    Column("lesson", String(128), primary_key=True),
    Column("notebook", String(32), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("graded_at", DateTime, nullable=False),
    Column("outcome", Text, nullable=False),
)
SEEDS = Table(
    "mlopt_seed",
    TABLES,
    Column("lesson", String(128), primary_key=True),
    Column("seed", BigInteger, nullable=False),
)


@dataclass(frozen=True)
class Recorded:
    """How a hand-in was graded last: as in `Graded`, without the sheet; `graded_at` is UTC."""

    student: str
    lesson: str
    fingerprint: str
    seed: int
    graded_at: datetime
    marks: tuple[TaskMark, ...]
    written: Mapping[str, bool]
    notes: tuple[str, ...]
    seconds: float


def as_row(graded: Graded, notebook: str) -> dict[str, Any]:
    """The row of a hand-in that was graded now."""
    outcome = {
        "marks": [asdict(mark) for mark in graded.marks],
        "written": dict(graded.written),
        "notes": graded.notes,
        "seconds": graded.seconds,
    }
    return {
        "student": graded.student,
        "lesson": graded.lesson,
        "notebook": notebook,
        "fingerprint": graded.fingerprint,
        "seed": graded.seed,
        "graded_at": datetime.now(UTC).replace(tzinfo=None),
        "outcome": json.dumps(outcome, allow_nan=False),  # in ASCII, which every database takes
    }


def recorded(row: Mapping[str, Any]) -> Recorded:
    """What a row says."""
    outcome = json.loads(row["outcome"])
    marks = [
        TaskMark(**mark | {"parts": tuple(PartMark(**part) for part in mark["parts"])})
        for mark in outcome["marks"]
    ]
    return Recorded(
        row["student"],
        row["lesson"],
        row["fingerprint"],
        row["seed"],
        row["graded_at"],
        tuple(marks),
        outcome["written"],
        tuple(outcome["notes"]),
        outcome["seconds"],
    )
