"""A hand-in put back into the form of its exercise: locked cells are the exercise's own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from nbformat import NotebookNode

Kind = Literal["locked", "answer", "check", "own", "written", "text"]
OPEN = ("answer", "written")  # where the learner writes
LONGEST = 100_000  # characters; a cell of any exercise is shorter
MOST_NAMED = 3  # names that only the learner knows, in a note


@dataclass(frozen=True)
class HandedCell:
    """A cell as it was handed in: of type code, markdown or raw, and with or without a grade_id."""

    cell_type: str
    source: str
    grade_id: str = ""


@dataclass(frozen=True)
class MergedCell:
    """A cell as it is graded.

    `kind` is "locked", "check" or "text" for a cell of the exercise, "answer" or "written" for
    what the learner writes in it, and "own" for the learner's further cells.
    """

    kind: Kind
    grade_id: str
    source: str
    cell_type: str


@dataclass(frozen=True)
class Merged:
    """All cells in the order in which they run, and a sentence for each sort of change."""

    cells: tuple[MergedCell, ...]
    notes: tuple[str, ...] = ()


def merge(release: NotebookNode, cells: Sequence[HandedCell]) -> Merged:
    """Puts what was handed in into the cells of the release.

    Locked cells and texts come from the release, in its order. The learner's own cells stay after
    the cell that they stood after; an answer that stands there again runs where it stands.
    """
    exercise = [_of_release(cell) for cell in release.cells]
    found = _matched(exercise, cells)
    merged, adopted = _woven(exercise, found)
    notes = _notes(exercise, found, adopted) if cells else []
    return Merged(tuple(merged), tuple(notes))


@dataclass
class _Found:
    """Of each cell of the exercise what was handed in, by its place, and what stood after it.

    `order` are the places as they were found, with those that were found again.
    """

    first: dict[int, HandedCell] = field(default_factory=dict)
    after: dict[int, list[MergedCell]] = field(default_factory=lambda: defaultdict(list))
    order: list[int] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def plain(source: str) -> str:
    """A source without the white space that editors add and take; one too long for any cell as it is."""
    if len(source) > LONGEST:
        return source
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def kind_of(cell: NotebookNode) -> Kind:
    """The kind of a cell of a release."""
    marks = cell.metadata.get("nbgrader", {})
    if marks.get("solution"):
        return "answer" if cell.cell_type == "code" else "written"
    if marks.get("grade"):
        return "check"
    return "locked" if cell.cell_type == "code" else "text"


def _of_release(cell: NotebookNode) -> MergedCell:
    name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    return MergedCell(kind_of(cell), name, cell.source, cell.cell_type)


def _matched(exercise: Sequence[MergedCell], cells: Sequence[HandedCell]) -> _Found:
    """Finds cells by grade_id, and by their text where a tool has left none."""
    by_name = {cell.grade_id: place for place, cell in enumerate(exercise) if cell.grade_id}
    named = {cell.grade_id for cell in cells}
    by_text = {
        plain(cell.source): place
        for place, cell in enumerate(exercise)
        if cell.kind not in OPEN and (not cell.grade_id or cell.grade_id not in named)
    }
    found, last = _Found(), -1
    for cell in cells:
        by, key = (by_name, cell.grade_id) if cell.grade_id else (by_text, plain(cell.source))
        place = by.get(key)
        if place is None:
            found.unknown += [cell.grade_id] if cell.grade_id else []
            found.after[last] += _own(cell)
            continue
        found.order.append(place)
        if place not in found.first:
            found.first[place] = cell
            last = place
        elif exercise[place].kind in OPEN:
            found.after[last].append(replace(exercise[place], source=cell.source))
    return found


def _own(cell: HandedCell) -> list[MergedCell]:
    """The learner's own cell, unless it is empty; what is no code is text."""
    kind = "code" if cell.cell_type == "code" else "markdown"
    return [MergedCell("own", "", cell.source, kind)] if cell.source.strip() else []


def _woven(
    exercise: Sequence[MergedCell], found: _Found
) -> tuple[list[MergedCell], list[MergedCell]]:
    """The cells in order, and those of the exercise for which the learner's own were taken.

    Own cells wait for the next cell that was handed in, or for a check: an answer that was deleted
    and written anew must not be undone by the empty one, and must be there when it is checked.
    """
    merged: list[MergedCell] = []
    adopted = []
    waiting = list(found.after[-1])
    for place, cell in enumerate(exercise):
        anew = cell.kind in OPEN and any(_fits(each, cell) for each in waiting)
        if place not in found.first and anew:
            adopted.append(cell)
            waiting = [_adopted(each, cell) for each in waiting]
        else:
            if place in found.first or cell.kind == "check":
                merged += waiting
                waiting = []
            merged.append(_filled(cell, found.first.get(place)))
        waiting += found.after[place]
    return [*merged, *waiting], adopted


def _fits(own: MergedCell, cell: MergedCell) -> bool:
    return own.kind == "own" and own.cell_type == cell.cell_type


def _adopted(own: MergedCell, cell: MergedCell) -> MergedCell:
    return replace(own, kind=cell.kind, grade_id=cell.grade_id) if _fits(own, cell) else own


def _filled(cell: MergedCell, handed: HandedCell | None) -> MergedCell:
    if handed is None or cell.kind not in OPEN:
        return cell
    return replace(cell, source=handed.source)


def _notes(
    exercise: Sequence[MergedCell], found: _Found, adopted: Sequence[MergedCell]
) -> list[str]:
    """What was put right, a sentence for each sort of change."""
    sorts = _sorts(exercise, found, adopted)
    notes = [f"{says}: {', '.join(names)}." for says, names in sorts.items() if names]
    order = list(found.first)
    if order != sorted(order):
        notes.append("The cells stood in another order; they ran in that of the exercise.")
    if found.unknown:
        notes.append(f"Not in the exercise, run as the learner's own: {_some(found.unknown)}.")
    return notes


def _sorts(
    exercise: Sequence[MergedCell], found: _Found, adopted: Sequence[MergedCell]
) -> dict[str, list[str]]:
    """For each sort of change, how a sentence on it begins, and the cells."""
    named = {n: cell for n, cell in enumerate(exercise) if cell.grade_id}
    met = {n: (cell, found.first[n]) for n, cell in named.items() if n in found.first}
    times = Counter(found.order)
    missing = [c for n, c in named.items() if n not in found.first and c not in adopted]
    changed = [c for c, handed in met.values() if c.kind not in OPEN and _differs(c, handed)]
    retyped = [c for c, handed in met.values() if c.cell_type != handed.cell_type]
    again = [c for n, c in named.items() if times[n] > 1]
    return {
        "Missing, and written anew in cells of the learner's own": _names(adopted),
        "Missing, and put back": _names(missing),
        "Changed, and taken from the exercise": _names(changed),
        "Of another type, and put right": _names(retyped),
        "There more than once, and each run": _names(c for c in again if c.kind in OPEN),
        "There more than once, and taken once": _names(c for c in again if c.kind not in OPEN),
    }


def _differs(cell: MergedCell, handed: HandedCell) -> bool:
    return plain(cell.source) != plain(handed.source)


def _names(cells: Iterable[MergedCell]) -> list[str]:
    return [cell.grade_id for cell in cells]


def _some(names: Sequence[str]) -> str:
    """Names that a learner made up, some of them, as text that a terminal only shows."""
    shown = [ascii(name[:40]) for name in dict.fromkeys(names)]
    more = len(shown) - MOST_NAMED
    return ", ".join(shown[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
