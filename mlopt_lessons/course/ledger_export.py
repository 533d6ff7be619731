"""The ledger as files: a page that prints and needs nothing else, and a table for a spreadsheet."""

import csv
import hashlib
import io
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date as Date
from html import escape
from itertools import count
from pathlib import Path

from mlopt_lessons.course.calibration import calibrate
from mlopt_lessons.course.ledger_page import (
    calibration_html,
    html_table,
    ledger_rows,
    takeaway_card,
)
from mlopt_lessons.course.ledger_table import LedgerLine, ledger_lines, ledger_sentences
from mlopt_lessons.course.provenance import Figure
from mlopt_lessons.course.store import Store, StoreError, find_workspace, open_store

NAMES = ("ledger.html", "ledger.csv")
NOTE = "export/"
NO_WORKSPACE = (
    "Nothing written: this is no workspace, and the ledger is empty. "
    "To start the course: mlopt lab FOLDER."
)
STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1a1a1a; --line: #ccc; }
@media (prefers-color-scheme: dark) { :root { --paper: #1b1b1b; --ink: #eee; --line: #555; } }
body { font: 15px/1.45 system-ui, sans-serif; background: var(--paper); color: var(--ink);
  max-width: 78em; margin: 2em auto; padding: 0 1em; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1em 0; font-size: .9em; }
th, td { border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { white-space: nowrap; }
@page { size: A4 landscape; margin: 12mm; }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --line: #999; }
  body { margin: 0; max-width: none; font-size: 9.5pt; } .wide { overflow: visible; }
  tr { break-inside: avoid; } thead { display: table-header-group; } }
"""
COLUMNS = (
    "claim", "section", "statement", "figure", "story", "unit", "rule", "predicted", "predicted_unit",
    "predicted_at", "case", "found", "found_unit", "low", "high", "verdict", "dollars", "dollars_unit",
    "kind", "detail", "date", "machine", "seed", "dollars_from", "why", "notebook",
)  # fmt: skip


@dataclass(frozen=True)
class Exported:
    """The files written, none outside a workspace, and what was done in a sentence."""

    paths: tuple[Path, ...]
    sentence: str

    def __repr__(self) -> str:
        return self.sentence


def export_ledger(folder: Path | str | None = None) -> Exported:
    """Writes ledger.html and ledger.csv into `folder` (default: `ledger` in the workspace), made if missing.

    An earlier export that nobody changed is replaced; any other file stays, and the new ones get a
    number. The sentence says which. Raises OSError with a sentence where the folder cannot be used;
    nothing half-written is left.
    """
    workspace = find_workspace()
    if folder is None and workspace is None:
        return Exported((), NO_WORKSPACE)
    place = Path(folder).expanduser() if folder is not None else Path(workspace or "") / "ledger"
    contents = [ledger_html().encode(), ledger_csv().encode("utf-8-sig")]
    store = open_store()
    try:
        place.mkdir(parents=True, exist_ok=True)
        paths, kept = _free(place, store)
        replaced = [path.name for path in paths if path.exists()]
        for path, content in zip(paths, contents, strict=True):
            _write(path, content, store)
    except OSError as error:
        raise OSError(_reason(place, error)) from error
    return Exported(tuple(paths), _sentence(paths, contents, replaced, kept))


def ledger_html() -> str:
    """One HTML page with everything in it: ledger, calibration, takeaways; light, dark and on paper."""
    store = open_store()
    lines = ledger_lines(store)
    sentences = "".join(f"<p>{escape(each)}</p>" for each in ledger_sentences(lines))
    parts = [
        f"<h1>The ledger</h1><p>{Date.today().isoformat()}</p>{sentences}",
        _wide("The ledger", html_table(ledger_rows(lines), grouped=3)),
        f"<h2>Calibration</h2>{_wide('Calibration', calibration_html(calibrate(store)))}",
        f"<h2>What was found</h2>{takeaway_card().still_html}",
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}<title>The ledger</title>'
        f"<style>{STYLE}</style></head>\n<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _wide(name: str, html: str) -> str:
    """A part that scrolls sideways on a narrow screen, also by keyboard."""
    return f'<div class="wide" role="region" aria-label="{name}" tabindex="0">{html}</div>'


def ledger_csv() -> str:
    """The ledger as CSV: a line a figure and case, numbers as numbers, empty where there is nothing."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_fields(each) for each in ledger_lines(open_store()))
    return out.getvalue()


def _fields(line: LedgerLine) -> dict[str, object]:
    said, found = line.predicted, line.found
    row: dict[str, object] = {
        "claim": line.claim.id,
        "section": line.claim.section,
        "statement": line.claim.statement,
        "figure": line.story.name,
        "story": line.story.value,
        "unit": line.story.unit,
        "rule": line.story.rule,
        "verdict": line.state,
        "notebook": line.notebook,
    }
    if said:
        row |= {
            "predicted": said.value,
            "predicted_unit": said.unit,
            "predicted_at": said.locked_at,
        }
    if found:
        row |= {"case": found.case, "why": found.why} | _found(found.figure)
        row |= _dollars(found.dollars) if found.dollars else {}
    return row


def _found(figure: Figure) -> dict[str, object]:
    where = figure.provenance
    low, high = figure.interval or (None, None)
    row: dict[str, object] = {"found": figure.value, "found_unit": figure.unit}
    row |= {"low": low, "high": high, "kind": where.kind, "detail": where.detail}
    return row | {"date": where.date, "machine": where.machine, "seed": where.seed}


def _dollars(figure: Figure) -> dict[str, object]:
    where = figure.provenance
    return {
        "dollars": figure.value,
        "dollars_unit": figure.unit,
        "dollars_from": f"{where} ({where.date})",
    }


def _free(folder: Path, store: Store) -> tuple[list[Path], list[str]]:
    """The first pair of names that is free or holds an earlier export; and the files that stay."""
    kept: list[str] = []
    for number in count(1):
        paths = [folder / _numbered(name, number) for name in NAMES]
        other = [path.name for path in paths if path.exists() and not _ours(path, store)]
        if not other:
            break
        kept += other
    return paths, kept


def _numbered(name: str, number: int) -> str:
    path = Path(name)
    return name if number == 1 else f"{path.stem}-{number}{path.suffix}"


def _ours(path: Path, store: Store) -> bool:
    """Whether the file is an export that nobody has changed since."""
    note = NOTE + str(path.resolve())
    return path.is_file() and store.notes(note).get(note) == _hash(path.read_bytes())


def _write(path: Path, content: bytes, store: Store) -> None:
    """Writes a file whole or not at all; killed in between, the earlier one is still there."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".ledger-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    with suppress(StoreError):  # then the next export takes another name
        store.save_note(NOTE + str(path.resolve()), _hash(content))


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _sentence(
    paths: Sequence[Path], contents: Sequence[bytes], replaced: Sequence[str], kept: Sequence[str]
) -> str:
    written = " and ".join(str(path) for path in paths)
    size = sum(len(content) for content in contents) / 1000
    told = f"The ledger is in {written} ({size:.0f} kB)."
    if replaced:
        told += f" Replaced, an earlier export: {', '.join(replaced)}."
    if kept:
        told += f" Not written by this or changed since, and left as they are: {', '.join(kept)}."
    return told


def _reason(folder: Path, error: OSError) -> str:
    if isinstance(error, NotADirectoryError | FileExistsError):
        return f"The ledger cannot be written: {folder} is a file or lies in one; name a folder."
    if isinstance(error, PermissionError) or error.errno == 30:
        return f"The ledger cannot be written into {folder}; name a folder of your own."
    if error.errno == 28:
        return f"The ledger was not written: the disk of {folder} is full. Free some space and try again."
    return f"The ledger cannot be written into {folder} ({error.strerror or error}); name another folder."
