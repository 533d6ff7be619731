"""The website in a real browser: light and dark, on a phone, its search, and axe's findings."""

import os
from pathlib import Path

import pytest
from browser.headless import MISSING, find_chromium
from site_visits import SCHEMES, WIDTHS, Walk, walk

PAGES = ["index.html", "notebooks/01_cost.html", "notebooks/05_quantization.html"]
VISITS = [(page, scheme, width) for page in PAGES for scheme in SCHEMES for width in WIDTHS]


@pytest.fixture(scope="module")
def walked(site: Path) -> Walk:
    program = find_chromium()
    if program is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return walk(program, site, PAGES, "checkpoint")


@pytest.mark.parametrize(("page", "scheme", "width"), VISITS)
def test_a_page_in_light_and_dark_wide_and_on_a_phone(
    walked: Walk, page: str, scheme: str, width: str
) -> None:
    (visit,) = [v for v in walked.visits if (v.page, v.scheme, v.width) == (page, scheme, width)]
    assert visit.theme == scheme
    assert visit.overflow == 0
    assert visit.grave == ()
    assert visit.elsewhere == ()


def test_the_search_finds_checkpoints_in_the_lesson_on_spot(walked: Walk) -> None:
    assert any(address.endswith("notebooks/03_spot.html") for address in walked.found)
