"""Sphinx settings of the course's website; `make site` runs it on the pages that make_site gathers."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from notebook_pages import readable_page  # noqa: E402

project = "Same results, less money"
author = "the mlopt-lessons developers"
html_title = "Same results, less money"
language = "en_GB"

extensions = ["myst_nb"]
source_suffix = {".ipynb": "myst-nb", ".md": "myst-nb"}
exclude_patterns = ["README.md"]  # the first page shows a part of it
nitpicky = True
highlight_language = "text"  # commands and trees in the documents; notebooks name their language

nb_execution_mode = "off"  # the notebooks hold their outputs
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # by default two scripts from the web
myst_enable_extensions: list[str] = []  # no dollarmath: a dollar is money here
myst_heading_anchors = 3

html_theme = "sphinx_book_theme"
html_static_path = [str(HERE / "_static")]
html_context = {"default_mode": "auto"}  # light or dark as the reader's system is
html_favicon = str(HERE / "_static" / "favicon.svg")
html_css_files = ["course.css"]
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {
    "use_download_button": True,
    "use_fullscreen_button": False,
    "use_repository_button": False,
    "navbar_persistent": [],  # the search stands in the side bar
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def setup(app: Sphinx) -> None:
    app.connect("source-read", readable_page)
