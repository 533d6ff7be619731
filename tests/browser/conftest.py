"""A real browser and a real JupyterLab for the tests in this folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bare_path import BarePath
from headless import MISSING, VIEWPORT, find_chromium, launched
from lab_page import NotebookPage
from lab_server import LabServer, serve
from playwright.sync_api import Browser, Page

from mlopt_lessons.course.workspace import sync

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with launched(program) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=VIEWPORT)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A learner's workspace, made the way `mlopt lab` makes it."""
    folder = tmp_path_factory.mktemp("workspace")
    sync(folder)
    return folder


@pytest.fixture(scope="session")
def server(
    browser: Browser, workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabServer]:
    """JupyterLab on the learner's workspace; without a browser it does not start."""
    with serve(workspace, tmp_path_factory.mktemp("jupyter")) as running:
        yield running


@pytest.fixture(scope="session")
def bare(browser: Browser, server: LabServer) -> BarePath:
    return BarePath(browser, server)


@pytest.fixture(scope="module", params=LESSONS)
def lesson(
    request: pytest.FixtureRequest, browser: Browser, server: LabServer
) -> Iterator[NotebookPage]:
    """Each lesson's notebook in turn, opened and run from top to bottom."""
    context = browser.new_context(viewport=VIEWPORT)
    notebook = NotebookPage(context.new_page(), server, f"notebooks/{request.param}.ipynb")
    notebook.run_all()
    yield notebook
    context.close()


@pytest.fixture
def results_folder(tmp_path: Path) -> Path:
    """Where latencies are written: benchmarks/results, or a temporary folder where it cannot be."""
    try:
        RESULTS.mkdir(parents=True, exist_ok=True)
        writable = os.access(RESULTS, os.W_OK)
    except OSError:
        writable = False
    return RESULTS if writable else tmp_path
