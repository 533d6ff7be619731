"""Builds the website of the course: `python site/make_site.py [folder]`, by default site/_build/html."""

import shutil
import sys
import tempfile
from pathlib import Path

from sphinx.cmd.build import build_main

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGES = (
    "site/*.md",
    "notebooks/*.ipynb",
    "exercises/*/*.ipynb",
    "docs/*.md",
    "docs/*.png",
)
BESIDE = ("README.md", "CHANGELOG.md", "LICENSE", "CITATION.cff")


def gather(pages: Path) -> None:
    """Copies every page to `pages`, with the folders that the links between them expect."""
    found = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    found += [ROOT / name for name in BESIDE if (ROOT / name).exists()]
    for path in found:
        within = path.relative_to(HERE if path.is_relative_to(HERE) else ROOT)
        (pages / within).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, pages / within)


def build(site: Path) -> int:
    """Writes the website to the folder `site` and returns Sphinx's exit status.

    A warning fails the build, and then nothing is written. Nothing is executed or fetched.
    """
    with tempfile.TemporaryDirectory() as folder:
        pages, html = Path(folder, "pages"), Path(folder, "html")
        gather(pages)
        options = [
            "--quiet",
            "--fail-on-warning",
            "-c",
            str(HERE),
            "-d",
            str(Path(folder, "trees")),
        ]
        status = build_main(["-b", "html", *options, str(pages), str(html)])
        if status == 0:
            shutil.copytree(html, site, dirs_exist_ok=True)
    return status


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "_build" / "html"))
