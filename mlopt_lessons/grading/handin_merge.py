"""A hand-in put back into the form of its exercise: locked cells are the exercise's own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from nbformat import NotebookNode

Kind = Literal["locked", "answer", "check", "own", "written", "text"]
OPEN = ("answer", "written")  # where the learner writes
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
    """A source without the white space that editors add and take."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _of_release(cell: NotebookNode) -> MergedCell:
    marks = cell.metadata.get("nbgrader", {})
    kind: Kind
    if marks.get("solution"):
        kind = "answer" if cell.cell_type == "code" else "written"
    elif marks.get("grade"):
        kind = "check"
    else:
        kind = "locked" if cell.cell_type == "code" else "text"
    return MergedCell(kind, marks.get("grade_id", ""), cell.source, cell.cell_type)


def _matched(exercise: Sequence[MergedCell], cells: Iterable[HandedCell]) -> _Found:
    """Finds cells by grade_id, and those without one, as some tools leave them, by their text."""
    by_name = {cell.grade_id: place for place, cell in enumerate(exercise) if cell.grade_id}
    by_text = {plain(cell.source): n for n, cell in enumerate(exercise) if cell.kind not in OPEN}
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
    places = [place for place, cell in enumerate(exercise) if cell.grade_id]
    missing = [n for n in places if n not in found.first and exercise[n] not in adopted]
    met = [n for n in places if n in found.first]
    retyped = [n for n in met if found.first[n].cell_type != exercise[n].cell_type]
    changed = [
        n
        for n in met
        if exercise[n].kind not in OPEN
        and plain(found.first[n].source) != plain(exercise[n].source)
    ]
    again = [n for n, times in Counter(found.order).items() if times > 1 and n in places]
    twice = [n for n in again if exercise[n].kind in OPEN]
    sorts = [
        ("Put back, since it was missing", missing),
        ("Taken from the exercise, since it was changed", changed),
        ("Put back to its type, which was changed", retyped),
        ("Run each time that it stood there", twice),
        ("Taken once, though it stood there again", [n for n in again if n not in twice]),
    ]
    notes = [f"{says}: {_names(exercise[n] for n in sort)}." for says, sort in sorts if sort]
    if adopted:
        notes.append(f"Written anew in cells of the learner's own: {_names(adopted)}.")
    if any(one > next_ for one, next_ in zip(met_order(found), met_order(found)[1:], strict=False)):
        notes.append("The cells stood in another order; they ran in the order of the exercise.")
    if found.unknown:
        notes.append(f"Run as cells of the learner's own: {_shortened(found.unknown)}.")
    return notes


def met_order(found: _Found) -> list[int]:
    """The places in the order in which they were first found."""
    return list(found.first)


def _names(cells: Iterable[MergedCell]) -> str:
    return ", ".join(cell.grade_id for cell in cells)


def _shortened(names: Sequence[str]) -> str:
    """Names that a learner made up, some of them, as text that a terminal only shows."""
    shown = [ascii(name[:40]) for name in dict.fromkeys(names)]
    more = len(shown) - MOST_NAMED
    return ", ".join(shown[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
