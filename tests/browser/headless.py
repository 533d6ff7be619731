"""The browser program on this machine, and how the tests start it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
VIEWPORT = {"width": 1280, "height": 1000}
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
    "No Chromium was found, and the browser tests need one. Install it (on Debian: "
    "apt-get install chromium) or name its program in MLOPT_CHROMIUM."
)


def find_chromium() -> str | None:
    """Return the browser's program: MLOPT_CHROMIUM, or the first of the usual names on PATH."""
    named = os.environ.get("MLOPT_CHROMIUM")
    candidates = (named,) if named else NAMES
    return next((found for name in candidates if (found := shutil.which(name))), None)


@contextmanager
def launched(program: str) -> Iterator[Browser]:
    """Run the browser without a window; close it at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()
