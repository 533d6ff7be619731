"""The nine notebooks as one course: each claim in one place, the same rhythm, declared times.

Everything is read from the files: claims, notebooks with their outputs, exercises.
"""

import json
import re

import pytest
from lesson_books import ROOT, Book, Call, book

import mlopt_lessons

STORY = ROOT.parent / "shared" / "story.md"
OPENING, TAKEAWAYS = "00_smart_bakery", "08_takeaways"
LESSONS = (
    "01_cost",
    "02_resources",
    "03_spot",
    "04_gpu",
    "05_quantization",
    "06_pruning",
    "07_putting_it_together",
)
COURSE = (OPENING, *LESSONS, TAKEAWAYS)
TIMES = re.compile(r"^\*\*Teaching: (\d+) minutes\. Exercise: (?:(\d+) minutes|none)\.", re.M)
CLAIMS = json.loads((ROOT / "mlopt_lessons/course/data/claims.json").read_text(encoding="utf-8"))
every_claim = pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
every_lesson = pytest.mark.parametrize("lesson", LESSONS)


def claim_of(prediction: str) -> str:
    """Claim of a prediction's id: "gpu-1/memory" belongs to gpu-1."""
    return prediction.partition("/")[0]


def stated(lesson: str) -> list[str]:
    """Claims in the table of a lesson's first cell."""
    return re.findall(r"^\| ([a-z]+-\d+) \|", book(lesson).intro, re.M)


def lesson_of(claim: dict) -> str:
    return LESSONS[claim["section"] - 1]


def where(name: str, claim: str) -> set[str]:
    """Lessons 0 to 7 that call `name` for a claim."""
    found = [each for each in COURSE[:-1] if exists(each)]
    return {each for each in found if claim in {claim_of(c.text) for c in book(each).named(name)}}


def exists(name: str) -> bool:
    return (ROOT / "notebooks" / f"{name}.ipynb").is_file()


def test_the_claims_are_those_of_the_story() -> None:
    if not STORY.is_file():
        pytest.skip("The story lies in ../shared/story.md, which is not here.")
    told = re.findall(r"^\| ([a-z]+-\d+) \|", STORY.read_text(encoding="utf-8"), re.M)
    assert [claim["id"] for claim in CLAIMS] == told


def test_the_course_is_nine_notebooks() -> None:
    found = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert found == sorted(COURSE)


@every_claim
def test_a_claim_is_stated_in_its_lesson_alone(claim: dict) -> None:
    assert claim["id"] in stated(lesson_of(claim))
    others = [each for each in COURSE[:-1] if each != lesson_of(claim) and exists(each)]
    assert [each for each in others if claim["id"] in stated(each)] == []


@every_claim
@pytest.mark.parametrize("name", ["course.predict", "course.verdict"])
def test_a_claim_is_predicted_and_judged_in_its_lesson_alone(claim: dict, name: str) -> None:
    assert where(name, claim["id"]) == {lesson_of(claim)}


@every_claim
def test_a_claim_is_predicted_before_it_is_judged(claim: dict) -> None:
    lesson = book(lesson_of(claim))
    predicted, judged = (
        min(c.cell for c in lesson.named(f"course.{name}") if claim_of(c.text) == claim["id"])
        for name in ("predict", "verdict")
    )
    assert predicted < judged


@every_claim
def test_every_figure_of_a_claim_is_judged_where_it_can_be_read(claim: dict) -> None:
    lesson = book(lesson_of(claim))
    shown = "\n\n".join(lesson.shown(n) for n in range(len(lesson.cells)))
    cards = re.findall(rf"claim: {claim['id']}: .*?\nthe story says: (\S+) ", _joined(shown), re.S)
    rows = re.findall(rf"^{claim['id']} (\S+) \|", shown, re.M)
    assert {figure["name"] for figure in claim["figures"]} == {*cards, *rows}


def _joined(shown: str) -> str:
    return re.sub(r"\nmeasured on: .*", "", shown)


@every_claim
def test_a_claim_is_shown_in_the_takeaways(claim: dict) -> None:
    last = book(TAKEAWAYS)
    shown = "\n".join(last.shown(n) for n in range(len(last.cells)))
    assert re.search(rf"\b{claim['id']}\b", shown)


@pytest.mark.parametrize("name", [OPENING, TAKEAWAYS])
def test_what_has_no_claim_of_its_own_judges_none(name: str) -> None:
    assert book(name).named("course.verdict") == []
    asked = {claim_of(call.text) for call in book(name).named("course.predict")}
    assert asked & {claim["id"] for claim in CLAIMS} == set()


@every_lesson
def test_no_claim_is_made_up(lesson: str) -> None:
    known = {claim["id"] for claim in CLAIMS if lesson_of(claim) == lesson}
    assert set(stated(lesson)) == known
    for name in ("course.predict", "course.reveal", "course.verdict"):
        named = book(lesson).named(name)
        assert named
        assert {claim_of(call.text) for call in named} <= known


@every_lesson
def test_nothing_is_revealed_before_it_is_predicted(lesson: str) -> None:
    first: dict[str, int] = {}
    for call in book(lesson).named("course.predict"):
        assert call.text not in first, f"{call.text} is asked twice"
        first[call.text] = call.cell
    for call in book(lesson).named("course.reveal"):
        assert first[call.text] < call.cell


@every_lesson
def test_the_rhythm(lesson: str) -> None:
    """Story and claim, predict, do and reveal, play, verdict, check yourself, work, exercise."""
    read = book(lesson)
    story = read.intro.partition("| claim |")[0]
    assert len(story.split("\n\n")) >= 3, "the story comes before the claim"
    predicted, revealed, judged, played = (
        [call.cell for call in found]
        for found in (
            read.named("course.predict"),
            read.named("course.reveal"),
            read.named("course.verdict"),
            labs(read),
        )
    )
    asked = [call for call in read.named("course.quiz") if call.text == lesson]
    assert len(asked) == 1
    check, work = read.heading("Check yourself"), read.heading("Take it to work")
    assert 0 < min(predicted) < min(revealed) < check
    assert min(predicted) < min(judged) <= max(judged) < check
    assert played, "a lesson has a lab"
    assert max(played) < check < asked[0].cell < work < read.heading("What you found")


def labs(read: Book) -> list[Call]:
    return [call for call in read.calls if re.fullmatch(r"\w*lab\.\w+_lab", call.name)]


@pytest.mark.parametrize("lesson", [OPENING, *LESSONS])
def test_a_lab_has_the_same_without_sliders_beside_it(lesson: str) -> None:
    """The next code cell shows a table, a picture or figures, and asks nothing."""
    read = book(lesson)
    for lab in labs(read):
        after = next(
            n for n, cell in enumerate(read.cells) if n > lab.cell and cell.cell_type == "code"
        )
        assert read.shown(after), f"cell {after} after {lab.name} shows nothing"
        names = {call.name for call in read.calls if call.cell == after}
        assert not names & {"course.predict", "course.quiz"}


@pytest.mark.parametrize("lesson", LESSONS[1:])
def test_from_lesson_2_on_earlier_questions_come_first(lesson: str) -> None:
    read = book(lesson)
    reviewed = read.named("course.review")
    assert [call.text for call in reviewed] == [lesson]
    assert read.heading("Before you start") < reviewed[0].cell
    assert reviewed[0].cell < min(call.cell for call in read.named("course.predict"))


@every_lesson
def test_work_has_code_or_a_command_and_the_end_links_to_the_exercise(lesson: str) -> None:
    read = book(lesson)
    end = read.cells[-1].source
    work = "\n".join(cell.source for cell in read.cells[read.heading("Take it to work") :])
    assert "mlopt " in work
    link = f"../exercises/{lesson}/{lesson}.ipynb"
    assert f"]({link})" in end
    assert (ROOT / "notebooks" / link).is_file()
    assert (ROOT / "solutions" / lesson / f"{lesson}.ipynb").is_file()


def minutes(name: str) -> tuple[int, int | None]:
    found = TIMES.search(book(name).intro)
    assert found, f"{name} does not say how long it takes"
    return int(found[1]), int(found[2]) if found[2] else None


@every_lesson
def test_a_lesson_takes_30_to_45_minutes_and_its_exercise_what_it_says(lesson: str) -> None:
    teaching, exercise = minutes(lesson)
    assert 30 <= teaching <= 45
    assert f"{exercise} minutes." in book(lesson).cells[-1].source


def test_the_opening_takes_15_minutes_and_has_no_exercise() -> None:
    assert minutes(OPENING) == (15, None)


@pytest.mark.parametrize("name", COURSE[1:])
def test_the_map_of_the_opening_is_true(name: str) -> None:
    """Its row of a lesson: link, claims, minutes of teaching and of the exercise."""
    row = next(line for line in book(OPENING).intro.splitlines() if f"]({name}.ipynb)" in line)
    *_, claims, teaching, exercise = [cell.strip() for cell in row.strip("|").split("|")]
    taught, practised = minutes(name)
    assert teaching == f"{taught} min"
    assert exercise == (f"{practised} min" if practised else "–")
    if name in LESSONS:
        ids = [claim["id"] for claim in CLAIMS if lesson_of(claim) == name]
        assert claims in (", ".join(ids), f"{ids[0]} to {ids[-1]}")


def test_the_map_adds_up() -> None:
    row = next(line for line in book(OPENING).intro.splitlines() if line.startswith("| together"))
    taught, practised = zip(*(minutes(name) for name in COURSE), strict=True)
    sums = (f"{len(CLAIMS)} claims", f"{sum(taught)} min", f"{sum(filter(None, practised))} min")
    assert [cell.strip() for cell in row.strip("|").split("|")][2:] == [*sums]


def test_the_citation_names_this_version() -> None:
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert f"version: {mlopt_lessons.__version__}" in lines
