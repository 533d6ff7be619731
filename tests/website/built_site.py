"""The built website as the tests read it: its pages, what they load, and where their links lead."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXERCISES = sorted((ROOT / "exercises").glob("*/*.ipynb"))
DOCS = sorted((ROOT / "docs").glob("*.md"))
LOADING = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
}
LOADING_RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "manifest"}


def page_of(source: Path, site: Path) -> Path:
    """The page that a notebook or a document becomes."""
    return site / source.relative_to(ROOT).with_suffix(".html")


@cache
def soup(page: Path) -> BeautifulSoup:
    """A page, parsed once for all tests; they leave it as it is."""
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


def article(page: Path) -> Tag:
    """A page's own text, without the menus around it."""
    return soup(page).find("article")


def loaded(parsed: BeautifulSoup) -> list[str]:
    """Addresses that a browser fetches by itself when it opens the page."""
    found = [
        tag[attribute]
        for name, attribute in LOADING.items()
        for tag in parsed.find_all(name)
        if tag.get(attribute)
    ]
    found += [
        link["href"] for link in parsed.find_all("link") if LOADING_RELATIONS & set(link["rel"])
    ]
    for style in parsed.find_all("style"):
        found += loaded_by_style(style.get_text())
    return found


def loaded_by_style(text: str) -> list[str]:
    """Addresses in a style sheet: `url(...)`, and `@import` with a bare string."""
    plain = re.findall(r"@import\s+[\"']([^\"']+)", text)
    return plain + re.findall(r"url\(\s*[\"']?([^\"')]+)", text)


def is_external(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme in {"http", "https", "ftp"}


def broken_links(page: Path) -> list[str]:
    """Links of a page to a file, or to a place in it, that is not there; other sites are not asked."""
    parsed = soup(page)
    links = [link["href"] for link in parsed.find_all("a", href=True)]
    return [link for link in links if not is_external(link) and not _leads_somewhere(page, link)]


def _leads_somewhere(page: Path, link: str) -> bool:
    parts = urlsplit(link)
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return False
    if not parts.fragment or target.suffix != ".html":
        return True
    return unquote(parts.fragment) in _places(target)


@cache
def _places(page: Path) -> frozenset[str]:
    return frozenset(tag["id"] for tag in soup(page).find_all(id=True))
