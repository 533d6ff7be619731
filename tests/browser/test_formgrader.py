"""nbgrader's formgrader in JupyterLab: its button grades in the box, and a score by hand is kept."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from headless import VIEWPORT
from lab_server import LabServer, serve
from playwright.sync_api import Browser, Page, expect

ROOT = Path(__file__).parents[2]
LESSON = "01_cost"
TAKES_OVER = "document.title = 'taken over'"
SCRIPT = f'<script>{TAKES_OVER}</script><img src=x onerror="{TAKES_OVER}">[a](javascript:alert())'
AUTOMATIC, WRITTEN = 11, 3


@pytest.fixture(scope="module")
def class_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class in which one learner has solved everything, and wrote a script besides."""
    folder = tmp_path_factory.mktemp("class")
    shutil.copytree(ROOT / "solutions" / LESSON, folder / "solutions" / LESSON)
    shutil.copytree(ROOT / "exercises" / LESSON, folder / "exercises" / LESSON)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    shutil.copy(ROOT / "nbgrader_config.json", folder)
    notebook = nbformat.read(folder / "solutions" / LESSON / f"{LESSON}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "written":
            cell.source = f"Less waste. {SCRIPT}"
        elif cell.metadata.get("nbgrader", {}).get("grade_id") == "task-2":
            show = f"from IPython.display import HTML, display\ndisplay(HTML({SCRIPT!r}))\n"
            cell.source = f"{show}print({SCRIPT!r})\n{cell.source}"
    target = folder / "submitted" / "ada" / LESSON
    target.mkdir(parents=True)
    nbformat.write(notebook, target / f"{LESSON}.ipynb")
    return folder


@pytest.fixture
def formgrader(
    browser: Browser, class_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Page, LabServer]]:
    with serve(class_folder, tmp_path_factory.mktemp("jupyter")) as server:
        context = browser.new_context(viewport=VIEWPORT)
        page = context.new_page()
        page.goto(f"{server.url}lab?token={server.token}")
        yield page, server
        context.close()


def test_the_button_grades_in_the_box_and_shows_text_as_text(
    formgrader: tuple[Page, LabServer], class_folder: Path
) -> None:
    page, server = formgrader
    page.goto(f"{server.url}formgrader/manage_submissions/{LESSON}")
    row = page.locator("tr", has_text="ada")
    row.locator(".autograde a").click()
    expect(page.locator(".modal-title", has_text="Success")).to_be_visible(timeout=60_000)
    marks = sqlite3.connect(class_folder / "gradebook.db")
    query = "SELECT id FROM submitted_notebook"
    (notebook,) = marks.execute(query).fetchone()
    page.goto(f"{server.url}formgrader/submissions/{notebook}/")
    answer = page.locator("pre", has_text="Less waste.")
    expect(answer).to_contain_text(SCRIPT)
    assert page.locator("script", has_text="taken over").count() == 0
    assert page.locator("img[onerror], a[href^='javascript']").count() == 0
    assert "taken over" not in page.title()
    page.locator("input.score").last.fill("2.5")
    page.locator("input.score").last.press("Tab")
    scored = "SELECT SUM(COALESCE(manual_score, auto_score)) FROM grade"
    page.wait_for_timeout(1500)
    assert marks.execute(scored).fetchone() == (AUTOMATIC + 2.5,)
