"""Results on the page that wait for a prediction in this kernel, and fill themselves in once it is locked."""

from collections.abc import Callable, Iterable

WAITING = "Lock in your prediction above; then this fills itself in."

_waiting: dict[str, list[Callable[[], None]]] = {}


def when_locked(ids: Iterable[str], fill_in: Callable[[], None]) -> None:
    """Has `fill_in` called once when any of these predictions is locked."""
    for each in ids:
        _waiting.setdefault(each, []).append(fill_in)


def locked(id: str) -> None:
    """Fills in what waits for this prediction."""
    for fill_in in _waiting.pop(id, []):
        fill_in()
