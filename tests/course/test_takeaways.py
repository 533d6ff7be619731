"""The takeaways: the story's six lines, with the learner's figures where there are some."""

from pathlib import Path

import pytest
from ledger_story import half_way

from mlopt_lessons.course import measured, recorded, six_takeaways, verdict
from mlopt_lessons.course.claims import CLAIMS
from mlopt_lessons.course.store import open_store
from mlopt_lessons.course.takeaways import CLOSING, FORMULA, PROMISE, SIX, all_together

STORY = Path(__file__).parents[3] / "shared" / "story.md"


def sentences() -> dict[int, list[str]]:
    return {each.section: [f.sentence for f in each.figures] for each in six_takeaways()}


def test_without_figures_all_six_are_the_storys_and_say_so(no_workspace: Path) -> None:
    found = six_takeaways()
    assert [each.section for each in found] == [1, 2, 3, 4, 5, 6]
    assert not any(each.own for each in found)
    assert all(f.sentence.endswith("(quoted: the story)") for each in found for f in each.figures)
    assert sentences()[3] == [
        "discount: 70 % (quoted: the story)",
        "saved on a $2,400 job: $1,700 (quoted: the story)",
    ]
    assert all_together().sentence == "left of $10,000 a month: $2,240 (quoted: the story)"


def test_own_figures_take_the_storys_place(workspace: Path) -> None:
    half_way(open_store())
    assert sentences()[5] == [
        "smaller: 4× (quoted: the story)",  # measured, and not predicted yet
        "faster: 0.6× to 3.9× (measured; the story's 4× holds in 1 of 3 cases)",
        "accuracy lost: 1.5 points (quoted: the story)",
    ]
    assert [each.own for each in six_takeaways()] == [False, False, False, False, True, False]


def test_one_case_and_cases_of_two_kinds(no_workspace: Path) -> None:
    verdict("cost-1", measured(85.0, "%", "a meter"), of="saving")
    verdict("spot-1", recorded(68.0, "%", "a provider", "2026"), case="A")
    verdict("spot-1", measured(68.01, "%", "a probe"), case="B")
    verdict("total-1", measured(5001.0, "$", "all levers"), of="left")
    assert sentences()[1] == ["saved on the same model: 85 % (measured; the story's 80 % holds)"]
    both = "discount: 68 % (recorded and measured; the story's 70 % holds in 0 of 2 cases)"
    assert sentences()[3][0] == both
    assert all_together().sentence.startswith("left of $10,000 a month: $5,001 (measured")


def test_every_figure_belongs_to_its_section() -> None:
    for each in SIX:
        for _, claim, name in each.figures:
            assert CLAIMS[claim].section == each.section
            assert CLAIMS[claim].figure(name)


def test_the_words_are_those_of_the_story() -> None:
    if not STORY.is_file():
        pytest.skip("The story lies in ../shared/story.md, which is not here.")
    told = " ".join(STORY.read_text(encoding="utf-8").split()).lower()
    assert FORMULA.lower() in told
    for word in ("don't pay for what you don't use", "match resources to actual needs"):
        assert word in told
        assert any(word in each.sentence for each in SIX)
    for each in SIX:
        assert each.picture.lower() in told
    for part in PROMISE.removeprefix("the ").replace("for ", "").replace("with ", "").split(", "):
        assert part in told
    assert "uses them wisely" in told
    assert "uses them wisely" in CLOSING
