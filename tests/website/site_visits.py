"""Visits to the built website in a real browser: light and dark, wide and on a phone."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from browser.headless import launched
from playwright.sync_api import Browser, Page

WIDTHS = {"wide": 1280, "phone": 390}
SCHEMES = ("light", "dark")
# axe takes seconds a lesson: contrast hangs on the scheme, what can be reached on the width.
AUDITED = {("light", "phone"), ("dark", "wide")}
GRAVE = {"serious", "critical"}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
THEME = "document.documentElement.dataset.theme"
# A page fades into its scheme once it is loaded: axe would judge colours halfway between two.
STILL = "Promise.allSettled(document.getAnimations().map((each) => each.finished))"


@dataclass(frozen=True)
class Visit:
    """What one page showed in one colour scheme ("light", "dark") at one width ("wide", "phone").

    `overflow` is by how many pixels the page is wider than the window; `grave` are axe's findings
    that it calls serious or critical, where it is AUDITED; `elsewhere` the addresses asked for outside the site.
    """

    page: str
    scheme: str
    width: str
    theme: str
    overflow: int
    grave: tuple[str, ...]
    elsewhere: tuple[str, ...]


@dataclass(frozen=True)
class Walk:
    """All visits, and the pages that a search for one word found."""

    visits: tuple[Visit, ...]
    found: tuple[str, ...]


def walk(program: str, site: Path, pages: list[str], word: str) -> Walk:
    """Visits every page in both schemes and widths with the browser `program`, and searches once.

    It runs in a thread of its own, as Playwright allows one browser a thread: in a run of all tests
    the labs' browser is still open in this one.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_walk, program, site, pages, word).result()


def _walk(program: str, site: Path, pages: list[str], word: str) -> Walk:
    with _served(site) as address, launched(program) as browser:
        visits = [
            visit
            for scheme in SCHEMES
            for width in WIDTHS
            for visit in _visits(browser, address, pages, scheme, width)
        ]
        return Walk(tuple(visits), _search(browser, address, word))


def _visits(
    browser: Browser, address: str, pages: list[str], scheme: str, width: str
) -> Iterator[Visit]:
    viewport = {"width": WIDTHS[width], "height": 844}
    context = browser.new_context(viewport=viewport, color_scheme=scheme)
    tab = context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    for page in pages:
        asked.clear()
        tab.goto(address + page, wait_until="load")
        yield _seen(tab, page, scheme, width, address, asked)
    context.close()


def _seen(tab: Page, page: str, scheme: str, width: str, address: str, asked: list[str]) -> Visit:
    grave = _grave(tab) if (scheme, width) in AUDITED else ()
    own = (address, "data:", "blob:")
    elsewhere = [url for url in asked if not url.startswith(own)]
    theme, overflow = tab.evaluate(THEME), tab.evaluate(OVERFLOW)
    return Visit(page, scheme, width, theme, overflow, grave, tuple(elsewhere))


def _grave(tab: Page) -> tuple[str, ...]:
    tab.evaluate(STILL)
    findings = Axe().run(tab).response["violations"]
    return tuple(_told(each) for each in findings if each["impact"] in GRAVE)


def _told(finding: dict[str, Any]) -> str:
    where = ", ".join(str(node["target"]) for node in finding["nodes"][:5])
    return f"{finding['id']}: {finding['help']} ({where})"


def _search(browser: Browser, address: str, word: str) -> tuple[str, ...]:
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{address}search.html?q={word}")
    tab.wait_for_selector("#search-results ul.search li a", timeout=20_000)
    links = tab.locator("#search-results ul.search li a").all()
    found = tuple(link.get_attribute("href").partition("?")[0].partition("#")[0] for link in links)
    context.close()
    return found


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: a test's output is for failures."""


@contextmanager
def _served(site: Path) -> Iterator[str]:
    """The folder on a port of this machine, while the block runs; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
