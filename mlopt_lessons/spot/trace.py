"""Availability traces of spot machines: reading, checking, writing.

Record your own: ask for a spot machine of your type every few minutes, write 1 when it is granted and 0
when it is refused, and save the list with `save_trace`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, eq=False)
class Trace:
    """When spot machines could be had: one value a tick of `tick_s` seconds, True = available.

    `source` says where it comes from: "recorded: …" or "simulated: …, seed …". Raises ValueError for
    an empty trace and a tick that is not above 0.
    """

    available: NDArray[np.bool_]
    tick_s: float
    zone: str
    source: str

    def __post_init__(self) -> None:
        if self.available.dtype != np.bool_ or self.available.ndim != 1:
            raise TypeError("A trace needs a one-dimensional array of bool, True = available.")
        if not len(self.available):
            raise ValueError(f"The trace of {self.zone} is empty; record at least one tick.")
        if not 0 < self.tick_s < np.inf:
            raise ValueError(f"A tick must last more than 0 s, got {self.tick_s:g}.")

    @property
    def hours(self) -> float:
        """Length in hours."""
        return len(self.available) * self.tick_s / SECONDS_PER_HOUR

    @property
    def share(self) -> float:
        """Part of the time in which spot could be had."""
        return float(self.available.mean())

    def stretches_h(self, available: bool = True) -> NDArray[np.float64]:
        """Hours of each unbroken stretch of capacity, or of none, in the order of time."""
        edges = np.flatnonzero(np.diff(self.available)) + 1
        starts = np.concatenate(([0], edges))
        lengths = np.diff(np.concatenate((starts, [len(self.available)])))
        return lengths[self.available[starts] == available] * self.tick_s / SECONDS_PER_HOUR


def load_trace(path: str | Path) -> Trace:
    """Reads the public JSON format: {"metadata": {"gap_seconds": 600}, "data": [1, 0, …]}, 1 = available.

    That is the polarity of the recorded AWS traces of "Can't Be Late" (NSDI'24); some simulators use
    the opposite. Raises ValueError with a sentence for anything else.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} is not JSON: {error}. Save it as a trace again.") from error
    metadata, values = _parts(path.name, content)
    return Trace(
        _as_bool(path.name, values), _gap(path.name, metadata), path.stem, f"recorded: {path.name}"
    )


def _parts(name: str, content: Any) -> tuple[dict[str, Any], list[Any]]:
    expected = {"metadata", "data"}
    if not isinstance(content, dict) or not expected <= content.keys():
        raise ValueError(f'{name} needs the keys "metadata" and "data".')
    if unknown := sorted(content.keys() - expected):
        raise ValueError(f"{name} has keys that this reader does not know: {', '.join(unknown)}.")
    metadata, values = content["metadata"], content["data"]
    if not isinstance(metadata, dict) or not isinstance(values, list):
        raise ValueError(f'{name} needs an object as "metadata" and a list as "data".')
    return metadata, values


def _gap(name: str, metadata: dict[str, Any]) -> float:
    gap = metadata.get("gap_seconds")
    if isinstance(gap, bool) or not isinstance(gap, int | float) or not 0 < gap < np.inf:
        raise ValueError(f'{name} needs "gap_seconds" above 0 in its metadata, got {gap!r}.')
    if unknown := sorted(metadata.keys() - {"gap_seconds"}):
        raise ValueError(f"{name} has metadata that is not known here: {', '.join(unknown)}.")
    return float(gap)


def _as_bool(name: str, values: list[Any]) -> NDArray[np.bool_]:
    for place, value in enumerate(values):
        if isinstance(value, bool) or value not in (0, 1):
            raise ValueError(f"Tick {place} of {name} is {value!r}; a tick is 1 (available) or 0.")
    return np.array(values, dtype=np.bool_)


def load_zones(paths: Sequence[str | Path]) -> list[Trace]:
    """Reads the traces of several zones of the same time.

    Raises ValueError when there is none, or when ticks or lengths differ.
    """
    return check_aligned([load_trace(path) for path in paths])


def check_aligned(traces: Sequence[Trace]) -> list[Trace]:
    """The traces as a list. Raises ValueError unless all have one tick and one length."""
    if not traces:
        raise ValueError("At least one trace is needed.")
    first = traces[0]
    for each in traces[1:]:
        if each.tick_s != first.tick_s or len(each.available) != len(first.available):
            raise ValueError(
                f"{each.zone} has {len(each.available)} ticks of {each.tick_s:g} s and {first.zone} "
                f"{len(first.available)} of {first.tick_s:g} s; zones must cover the same time."
            )
    return list(traces)


def save_trace(trace: Trace, path: str | Path) -> None:
    """Writes a trace in the format that `load_trace` reads."""
    content = {
        "metadata": {"gap_seconds": trace.tick_s},
        "data": trace.available.astype(int).tolist(),
    }
    Path(path).write_text(json.dumps(content), encoding="utf-8")
