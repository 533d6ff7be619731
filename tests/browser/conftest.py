"""A real browser and a real JupyterLab for the tests in this folder."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_page import NotebookPage
from lab_server import LabServer, serve
from playwright.sync_api import Browser, Page, sync_playwright

from mlopt_lessons.course.workspace import sync

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MISSING = (
    "No Chromium was found, so the browser tests are left out. Install it (on Debian: "
    "apt-get install chromium) or name its program in MLOPT_CHROMIUM."
)


def find_chromium() -> str | None:
    """Return the browser's program: MLOPT_CHROMIUM, or the first of the usual names on PATH."""
    named = os.environ.get("MLOPT_CHROMIUM")
    candidates = (named,) if named else NAMES
    return next((found for name in candidates if (found := shutil.which(name))), None)


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
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=program, args=list(FLAGS), headless=True
        )
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
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


@pytest.fixture
def open_lesson(page: Page, server: LabServer) -> Callable[[str], NotebookPage]:
    """Return a function that opens one lesson's notebook, by its name without the ending."""
    return lambda lesson: NotebookPage(page, server, f"notebooks/{lesson}.ipynb")


@pytest.fixture
def results_folder(tmp_path: Path) -> Path:
    """Where latencies are written: benchmarks/results, or a temporary folder where it cannot be."""
    try:
        RESULTS.mkdir(parents=True, exist_ok=True)
        writable = os.access(RESULTS, os.W_OK)
    except OSError:
        writable = False
    return RESULTS if writable else tmp_path
