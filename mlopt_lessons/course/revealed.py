"""What came out for a prediction, kept in the progress file so that lesson 8 can compare."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass

from mlopt_lessons.course.provenance import Figure
from mlopt_lessons.course.store import Store, StoreError

PREFIX = "reveal/"


@dataclass(frozen=True)
class Revealed:
    """The figure shown for a prediction: number, unit, provenance; for a choice the right answer."""

    value: float
    unit: str
    where: str
    right: str | None = None


def remember(store: Store, id: str, figure: Figure, right: str | None = None) -> None:
    """Keeps what was shown for the prediction `id`, in the place of an earlier run's.

    Where nothing can be written, the figure was shown all the same, and lesson 8 does without it: the
    card of the prediction has said why.
    """
    kept = Revealed(figure.value, figure.unit, str(figure.provenance), right)
    with suppress(StoreError):
        if revealed(store).get(id) != kept:
            store.save_note(PREFIX + id, json.dumps(asdict(kept)))


def revealed(store: Store) -> dict[str, Revealed]:
    """What was shown, by the id of its prediction. Raises StoreError where nothing can be read."""
    notes = store.notes(PREFIX)
    return {id.removeprefix(PREFIX): Revealed(**json.loads(text)) for id, text in notes.items()}
