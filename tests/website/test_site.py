"""The built website: a page for every notebook, words for every picture, and nothing from elsewhere."""

import importlib.util
import json
from copy import copy
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from built_site import (
    DOCS,
    EXERCISES,
    LESSONS,
    ROOT,
    article,
    broken_links,
    is_external,
    loaded,
    loaded_by_style,
    page_of,
    soup,
)

QUIZZES = ROOT / "mlopt_lessons" / "course" / "data" / "quizzes"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def stored_pictures(notebook: Path) -> list[str]:
    """The findings that a notebook's pictures were stored with, in order."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    findings = ["".join(data["text/plain"]) for data in outputs if "image/png" in data]
    return [" ".join(finding.split()) for finding in findings]


def picture(finding: str) -> dict[str, Any]:
    data = {"image/png": PNG, "text/plain": finding}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def code_cell(*outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": "a",
        "source": "show()",
        "execution_count": 1,
        "metadata": {"tags": ["kept"]},
        "outputs": list(outputs),
    }


@pytest.fixture(scope="module")
def notebook_pages() -> ModuleType:
    path = ROOT / "site" / "notebook_pages.py"
    spec = importlib.util.spec_from_file_location("notebook_pages", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("source", [*LESSONS, *EXERCISES, *DOCS], ids=lambda path: path.stem)
def test_every_notebook_and_document_has_a_page_that_the_start_leads_to(
    site: Path, source: Path
) -> None:
    page = page_of(source, site)
    assert page.is_file()
    hrefs = [link["href"] for link in article(site / "index.html").find_all("a", href=True)]
    assert str(page.relative_to(site)) in hrefs


def test_lessons_stand_in_their_order(site: Path) -> None:
    hrefs = [link["href"] for link in article(site / "index.html").find_all("a", href=True)]
    lessons = [href for href in hrefs if href.startswith("notebooks/")]
    assert lessons == [f"notebooks/{path.stem}.html" for path in LESSONS]


@pytest.mark.parametrize("notebook", LESSONS, ids=lambda path: path.stem)
def test_pictures_are_told_by_their_findings(site: Path, notebook: Path) -> None:
    images = article(page_of(notebook, site)).select(".cell_output img")
    assert [image["alt"] for image in images] == stored_pictures(notebook)


def test_no_picture_is_without_words(site: Path) -> None:
    images = [
        (page, image) for page in site.rglob("*.html") for image in soup(page).find_all("img")
    ]
    assert images
    assert not [page for page, image in images if not image.get("alt", "").strip()]


def test_links_lead_to_pages_that_exist(site: Path) -> None:
    broken = {page.name: found for page in site.rglob("*.html") if (found := broken_links(page))}
    assert not broken


def test_pages_load_nothing_from_other_sites(site: Path) -> None:
    addresses = [each for page in site.rglob("*.html") for each in loaded(soup(page))]
    for sheet in site.rglob("*.css"):
        addresses += loaded_by_style(sheet.read_text(encoding="utf-8"))
    assert addresses
    assert not [address for address in addresses if is_external(address)]


def test_a_dollar_is_money_and_never_a_formula(site: Path) -> None:
    for page in [page_of(path, site) for path in (*LESSONS, *EXERCISES)]:
        prose = copy(article(page))
        for code in prose.select("pre, code"):
            code.decompose()
        assert "\\$" not in prose.get_text(), page
        assert not soup(page).select(".math"), page
        assert "mathjax" not in "".join(loaded(soup(page))).lower(), page
    heading = article(site / "notebooks" / "03_spot.html").select_one(
        "#claim-spot-3-24-h-or-7-h h2"
    )
    assert heading.get_text().startswith("Claim spot-3: $24/h or $7/h")


def test_widgets_are_shown_as_text(site: Path) -> None:
    for path in LESSONS:
        page = page_of(path, site)
        assert not soup(page).select('script[type^="application/vnd.jupyter"]'), path
        assert "VBox(" not in article(page).get_text(), path


@pytest.mark.parametrize("lesson", ["01_cost", "05_quantization", "06_pruning"])
def test_a_quiz_reads_as_a_list_of_answers(site: Path, lesson: str) -> None:
    questions = json.loads((QUIZZES / f"{lesson}.json").read_text(encoding="utf-8"))
    page = article(site / "notebooks" / f"{lesson}.html")
    shown = {item.get_text() for item in page.select(".cell_output li")}
    assert {option["text"] for question in questions for option in question["options"]} <= shown


def test_two_pictures_of_a_cell_keep_their_own_words(notebook_pages: ModuleType) -> None:
    text = {"output_type": "stream", "name": "stdout", "text": "between"}
    cell = code_cell(picture("It rises."), text, picture("It falls."))
    first, second = notebook_pages.page_of({"cells": [cell]})["cells"]
    assert [each["metadata"]["mystnb"]["image"]["alt"] for each in (first, second)] == [
        "It rises.",
        "It falls.",
    ]
    assert first["outputs"] + second["outputs"] == cell["outputs"]
    assert "remove-input" not in first["metadata"]["tags"]
    assert second["metadata"]["tags"] == ["kept", "remove-input"]
    assert first["id"] != second["id"]


@pytest.mark.parametrize("words", ["", "  ", "<Figure size 640x480 with 1 Axes>"])
def test_a_picture_without_a_finding_stops_the_build(
    notebook_pages: ModuleType, words: str
) -> None:
    with pytest.raises(ValueError, match=r"has no words\. Show it by course\.show"):
        notebook_pages.page_of({"cells": [code_cell(picture(words))]})
