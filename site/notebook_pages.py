"""How a text changes before it becomes a page: dollars, words for every picture, links to README."""

import json
from pathlib import Path
from typing import Any

DOLLAR = "<span>\\$</span>"  # so written for JupyterLab, which would read two dollars as a formula
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")
Cell = dict[str, Any]


def readable_page(app: Any, name: str, source: list[str]) -> None:
    """Replaces the text of a notebook or a document by the page's (Sphinx's event source-read)."""
    if Path(app.env.doc2path(name)).suffix == ".ipynb":
        source[0] = json.dumps(page_of(json.loads(source[0])))
    else:
        source[0] = source[0].replace("](../README.md", "](../index.md")  # it holds README's start


def page_of(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook with plain dollars, and its pictures' findings as their alternative text.

    Raises ValueError if a picture comes without words.
    """
    cells = [part for cell in notebook["cells"] for part in _parts(cell)]
    return notebook | {"cells": cells}


def alternative_text(output: dict[str, Any]) -> str | None:
    """What a stored picture says: its text/plain. None if the output is no picture.

    Raises ValueError if a picture has no such text.
    """
    data = output.get("data", {})
    if not any(kind in data for kind in PICTURES):
        return None
    words = " ".join("".join(data.get("text/plain", "")).split())
    if not words or words.startswith("<"):
        raise ValueError(
            "A picture in a notebook has no words. Show it by course.show, which asks for its finding."
        )
    return words


def _parts(cell: Cell) -> list[Cell]:
    if cell["cell_type"] == "markdown":
        return [cell | {"source": "".join(cell["source"]).replace(DOLLAR, "\\$")}]
    if cell["cell_type"] != "code":
        return [cell]
    return [_with_words(part) for part in _one_picture_each(cell)]


def _one_picture_each(cell: Cell) -> list[Cell]:
    """The cell, cut before its second picture and each later one: words are set for a whole cell."""
    parts, seen = [cell | {"outputs": []}], 0
    for output in cell["outputs"]:
        if alternative_text(output) is not None:
            seen += 1
            if seen > 1:
                parts.append(_continuation(cell, seen))
        parts[-1]["outputs"].append(output)
    return parts


def _continuation(cell: Cell, number: int) -> Cell:
    tags = [*cell["metadata"].get("tags", []), "remove-input"]
    metadata = cell["metadata"] | {"tags": tags}
    own = {"outputs": [], "metadata": metadata, "id": f"{cell.get('id', 'cell')}-{number}"}
    return cell | own


def _with_words(cell: Cell) -> Cell:
    words = [text for each in cell["outputs"] if (text := alternative_text(each)) is not None]
    if not words:
        return cell
    metadata = cell["metadata"] | {"mystnb": {"image": {"alt": words[0]}}}
    return cell | {"metadata": metadata}
