"""When hand-ins came, as far as what was exported tells, or the instructor does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from mlopt_lessons.grading.intake_learner import Handin

ONE_MOMENT = timedelta(minutes=10)  # a download or a copy of a class takes no longer
FORM = "%Y-%m-%d %H:%M:%S UTC"


def times(handins: Sequence[Handin]) -> list[datetime | None]:
    """When each was handed in, by its name or by its file, where these can tell."""
    by_file = [_changed(each) for each in handins]
    known = [at for at in by_file if at]
    alone = [each.notebook.named.platform for each in handins] == [""]
    if not alone and known and max(known) - min(known) <= ONE_MOMENT:
        by_file = [None] * len(by_file)
    return [each.notebook.named.at or at for each, at in zip(handins, by_file, strict=True)]


def utc(received: datetime | None) -> datetime | None:
    """A time that was told, which is UTC where it has no zone."""
    if received is None or received.tzinfo is None:
        return received.replace(tzinfo=UTC) if received else None
    return received.astimezone(UTC)


def corrects(received: datetime | None, known: datetime | None, told: datetime | None) -> bool:
    """Whether a time that the instructor gives takes the place of a known one.

    It does where no time is known, or only the one that the source tells itself; otherwise only an
    earlier one, as an export holds all hand-ins again, also those that came in time.
    """
    if received is None or known is None:
        return received is not None
    return (told is not None and known == _plain(told)) or _plain(received) < known


def _plain(at: datetime) -> datetime:
    """As a hand-in's timestamp.txt holds it: UTC without a zone, to the second."""
    return at.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _changed(handin: Handin) -> datetime | None:
    """When the notebook's file was changed, where that can tell when it was handed in."""
    return handin.notebook.found.at if handin.notebook.named.platform in ("", "Moodle") else None
