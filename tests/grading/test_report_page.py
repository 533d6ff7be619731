"""The page on a class: what it says, that nothing in it runs or loads, and how a browser shows it."""

import base64
import io
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.headless import MISSING, find_chromium, launched
from bs4 import BeautifulSoup
from class_records import class_of, final, recorded, task_mark, waiting
from PIL import Image

from mlopt_lessons.course.questions import misconceptions
from mlopt_lessons.grading import report_figures as figures
from mlopt_lessons.grading import report_tables as tables
from mlopt_lessons.grading.report import report_files
from mlopt_lessons.grading.report_data import HandIn, Learner, Lesson
from mlopt_lessons.grading.report_page import picture, report_page

HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>',
    "</main></body>", "&lt;b&gt;", "javascript:alert(1)", "' onclick='x", "{{7*7}}", "$x^2$", "\u202eevil",
)  # fmt: skip
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SCROLLED = (
    "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth).length"
)
WIDTHS = (1280, 390)
SCHEMES = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 30)"}


def a_class():
    """Seven learners, one lesson of two tasks: what waits, what is late, and what is missing."""
    judged = []
    for number, id in enumerate("abcdef"):
        right = number < 2
        parts = [("the amount", 2, 2), ("an empty bill", 2, 2 if right else 0)]
        mistake, told = (None, "That is right.") if right else ("no-clip", "Clip the values first.")
        marks = task_mark(1, 2), task_mark(2, 4 if right else 2, 4, mistake, told, parts)
        judged.append(
            recorded(id, "01_cost", *marks, notes=("Stopped: too much memory.",) * (id == "f"))
        )
    handins = [final("a", 6, 3), final("b", 6, 2, penalty=1), *(final(id, 4, 1) for id in "cd")]
    handins += [waiting("e", 4), waiting("f", 4), HandIn("g", "01_cost", graded=False)]
    learners = [Learner("a", "Ada", "Byron"), *map(Learner, "bcdefgh")]
    return class_of(*handins, learners=learners, lessons=(Lesson("01_cost", 6, 3),), judged=judged)


def hostile_class():
    judged = [
        recorded(text, "01_cost", task_mark(1, 0, mistake=text, message=text), notes=(text,))
        for text in HOSTILE
    ]
    learners = [Learner(text, text, text, text, text) for text in HOSTILE]
    handins = [final(text, 1) for text in HOSTILE[:5]] + [waiting(text, 1) for text in HOSTILE[5:]]
    return class_of(*handins, learners=learners, judged=judged)


def soup(record, told=None):
    return BeautifulSoup(report_page(record, told or {}), "html.parser")


def rows(parsed, caption):
    """The texts of a table's body, row by row."""
    (found,) = [t for t in parsed.find_all("table") if caption in t.caption.get_text()]
    return [
        [cell.get_text() for cell in row.find_all(["th", "td"])]
        for row in found.tbody.find_all("tr")
    ]


@pytest.fixture(scope="module")
def parsed():
    return soup(a_class(), {"Before you import": ["Ghost is nobody in the roster."]})


def test_the_lesson_in_numbers(parsed):
    assert rows(parsed, "Hand-ins of each lesson") == [
        ["01_cost", "7", "4", "2", "1", "1", "1", "4 of 6 of the tasks"]
    ]


def test_grades_have_a_dash_where_there_is_none_yet(parsed):
    found = {row[0]: row[1:] for row in rows(parsed, "Points: tasks 6, written 3")}
    assert found["Ada Byron (a)"] == ["6", "3", "", "9", "final"]
    assert found["b"] == ["6", "2", "−1", "7", "final"]
    assert found["e"] == ["4", "–", "", "–", "waits for grading by hand (3 points)"]
    assert found["g"] == ["–", "–", "–", "–", "not graded yet"]
    assert found["h"] == ["–", "–", "–", "–", "nothing handed in"]


def test_tasks_parts_and_misconceptions(parsed):
    assert rows(parsed, "Tasks and their parts") == [
        ["Task 2, title", "67 % (n = 6)", "2 of 6"],
        ["an empty bill", "33 % (n = 6)", "2 of 6"],
        ["the amount", "100 % (n = 6)", "6 of 6"],
        ["Task 1, title", "100 % (n = 6)", "6 of 6"],
    ]
    assert rows(parsed, "Misconceptions") == [
        [misconceptions()["no-clip"]["name"], "Task 2, title", "4 of 6", "Clip the values first."]
    ]


def test_notes_who_handed_in_nothing_and_what_to_do(parsed):
    assert rows(parsed, "Hand-ins with a problem") == [
        ["f", "01_cost", "Stopped: too much memory."]
    ]
    items = [item.get_text() for item in parsed.find_all("li")]
    assert items == ["Ghost is nobody in the roster.", "Of any lesson: h."]


def test_every_picture_says_its_finding(parsed):
    alts = [image["alt"] for image in parsed.find_all("img")]
    assert alts == [
        "Most missed: Task 2, title (01_cost), 67 % (n = 6) of the points earned.",
        f"Most common misconception: {misconceptions()['no-clip']['name']}, 4 of 6 learners, "
        "in Task 2, title (01_cost).",
        "01_cost, n = 6: median 4 of 6 points of the tasks, without what waits for grading by hand; "
        "from 4 to 6.",
    ]
    for image in parsed.find_all("img"):
        png = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
        assert Image.open(io.BytesIO(png)).size == (int(image["width"]), int(image["height"]))


def test_headings_and_tables_have_their_places(parsed):
    assert [each.name for each in parsed.find_all(["h1", "h2", "h3"])].count("h1") == 1
    assert parsed.html["lang"] == "en"
    for found in parsed.find_all("table"):
        assert all(head["scope"] == "col" for head in found.thead.find_all("th"))
        assert all(row.th["scope"] == "row" for row in found.tbody.find_all("tr"))
        widths = {len(row.find_all(["th", "td"])) for row in found.find_all("tr")}
        assert len(widths) == 1


def test_people_of_the_roster_alone_are_among_those_who_handed_in_nothing():
    made = report_page(a_class(), {}, ["Weil, Simone", "<i>Zola"])
    (section,) = [
        each
        for each in BeautifulSoup(made, "html.parser").find_all("section")
        if each.h2.get_text() == "Learners who handed in nothing"
    ]
    assert [item.get_text() for item in section.find_all("li")] == [
        "Of any lesson: h.",
        "In the roster, without a hand-in here: Weil, Simone, <i>Zola.",
    ]


def test_one_lesson_is_told_as_one(parsed):
    assert "8 learners, 1 lesson." in parsed.get_text()


def test_what_several_were_told_alike_is_shown_and_what_one_was_is_not():
    marks = [task_mark(1, 0, message="It is None."), task_mark(2, 0, message="It is 4.")]
    judged = [recorded("a", "01_cost", *marks), recorded("b", "01_cost", marks[0])]
    found = rows(soup(class_of(final("a", 0), final("b", 0), judged=judged)), "Misconceptions")
    assert [row[3] for row in found] == ["Most often: It is None.", ""]


def test_a_few_hand_ins_come_with_a_warning():
    record = class_of(
        final("a", 5), final("b", 4), judged=[recorded("a", "01_cost", task_mark(1, 1))]
    )
    text = soup(record).get_text(" ")
    assert "Only 2 hand-ins: shares and medians of so few say little." in text
    assert "1 of 2 (n = 1)" in text
    assert "%" not in text.replace("points earned (%)", "")


def test_hostile_texts_are_texts():
    made = report_page(hostile_class(), {"<b>head": HOSTILE})
    parsed = BeautifulSoup(made, "html.parser")
    allowed = {"html", "head", "meta", "title", "style", "body", "main", "section", "h1", "h2", "p", "ul", "li",
               "div", "table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "img",
               "details", "summary"}  # fmt: skip
    assert {tag.name for tag in parsed.find_all()} <= allowed
    for tag in parsed.find_all():
        assert not {name for name in tag.attrs if name.startswith("on")} | {"href"} & set(tag.attrs)
    assert HOSTILE[0] in parsed.get_text()
    assert "\u202e" not in made
    assert made.count("</main>") == 1


def test_nothing_is_loaded_and_nothing_may_run(parsed):
    assert all(
        image["src"].startswith("data:image/png;base64,") for image in parsed.find_all("img")
    )
    assert not parsed.find_all(["script", "link", "iframe"])
    (policy,) = parsed.find_all("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none';")


def test_the_same_class_gives_the_same_page():
    assert report_files(a_class()) == report_files(a_class())


def test_the_histogram_shows_counts_and_median():
    found = tables.distribution(a_class(), Lesson("01_cost", 6, 3))
    axis = figures.points_histogram(found).axes[0]
    steps = axis.patches[0].get_data()
    np.testing.assert_array_equal(steps.values, [0, 0, 0, 0, 4, 0, 2])
    np.testing.assert_array_equal(steps.edges, np.arange(8) - 0.5)
    assert axis.get_xlim() == (-0.5, 6.5)
    assert list(axis.lines[0].get_xdata()) == [4, 4]
    assert axis.get_xlabel() == "points of the tasks, of 6"


def test_bars_show_shares_and_counts():
    record = a_class()
    tasks = [row for row in tables.missed(record) if not row.part]
    axis = figures.missed_tasks(tasks).axes[0]
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([200 / 3, 100])
    assert [text.get_text() for text in axis.texts] == ["67 % (n = 6)", "100 % (n = 6)"]
    axis = figures.common_mistakes(tables.mistakes(record)).axes[0]
    assert [bar.get_width() for bar in axis.patches] == [4]
    assert axis.texts[0].get_text() == "4 of 6"


def test_a_dollar_sign_in_a_title_begins_no_formula():
    row = tables.Missed("01_cost", "01-1", r"Task 1, $\badcommand$ or $7", "", 1, 4, 0, 9)
    assert "img" in picture(figures.missed_tasks([row]), "x")


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """What a browser shows of an honest and of a hostile class, by scheme and width."""
    program = find_chromium()
    if program is None:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("report")
    for name, record in (("honest", a_class()), ("hostile", hostile_class())):
        (folder / f"{name}.html").write_text(report_page(record, {}), encoding="utf-8")
    with ThreadPoolExecutor(1) as thread:  # Playwright allows one browser a thread
        return thread.submit(_visits, program, folder).result()


def _visits(program, folder):
    with launched(program) as browser:
        return {
            (name, scheme, width): _visit(browser, folder / f"{name}.html", scheme, width)
            for name in ("honest", "hostile")
            for scheme in SCHEMES
            for width in WIDTHS
        }


def _visit(browser, page, scheme, width):
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, bypass_csp=True
    )  # axe is a script, which the page's own policy would stop
    tab = context.new_page()
    asked, said = [], []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    tab.goto(page.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    findings = Axe().run(tab).response["violations"]
    paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    elsewhere = [url for url in asked if not url.startswith(("file:", "data:"))]
    shape = tab.evaluate(OVERFLOW), tab.evaluate(SCROLLED)
    found = paper, *shape, [each["id"] for each in findings], elsewhere + said
    context.close()
    return found


@pytest.mark.parametrize("name", ["honest", "hostile"])
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_in_light_and_dark_wide_and_on_a_phone(shown, name, scheme, width):
    paper, overflow, _, findings, asked = shown[name, scheme, width]
    assert (paper, overflow, findings, asked) == (SCHEMES[scheme], 0, [], [])


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_of_a_table_is_out_of_sight(shown, scheme, width):
    assert shown["honest", scheme, width][2] == 0
