"""Every claim of the story is there, with the story's own figures (copied here by hand)."""

import math
import re

import pytest

from mlopt_lessons.course.claims import CLAIMS, ClaimFigure, claim

# id → section, and each figure that the story states: name → value and unit.
STORY: dict[str, tuple[int, dict[str, tuple[float, str]]]] = {
    "cost-1": (1, {"saving": (80, "%"), "dollars": (800, "$")}),
    "resources-1": (2, {"cpu": (14, "CPUs"), "memory": (56, "GB")}),
    "resources-2": (2, {"cpu": (4, "CPUs"), "memory": (16, "GB")}),
    "spot-1": (3, {"discount": (70, "%")}),
    "spot-2": (3, {"notice": (120, "s")}),
    "spot-3": (3, {"saving": (70, "%")}),
    "spot-4": (3, {"cost": (700, "$"), "saving": (1700, "$")}),
    "gpu-1": (4, {"saving": (4.5, "$"), "slowdown": (1.5, "×")}),
    "gpu-2": (4, {"waste": (80, "%")}),
    "gpu-3": (4, {"jobs": (2, "jobs")}),
    "quant-1": (5, {"size": (4, "×")}),
    "quant-2": (5, {"loss": (1.5, "points")}),
    "quant-3": (5, {"speed": (4, "×"), "size": (4, "×"), "loss": (1.5, "points")}),
    "prune-1": (6, {"loss": (0, "points")}),
    "prune-2": (
        6,
        {
            "size-50": (50, "%"), "size-70": (30, "%"), "size-90": (10, "%"),
            "speed-50": (1.5, "×"), "speed-70": (2, "×"), "speed-90": (4, "×"),
            "accuracy-50": (99, "%"), "accuracy-70": (98, "%"), "accuracy-90": (95, "%"),
        },
    ),
    "prune-3": (
        6,
        {
            "size": (100 * 1.8 / 6, "%"), "speed": (15 / 5, "×"),
            "memory": (100 * 3 / 8, "%"), "quality": (97, "%"),
        },
    ),
    "total-1": (7, {"left": (10_000 * 0.4 * 0.7 * 0.8, "$"), "saved": (7760, "$")}),
}  # fmt: skip

# Numbers that the sentence of each claim must state, as the story writes them.
STATED = {
    "cost-1": "100 1,000 20 200 800",
    "resources-1": "16 64 2 8 14 56",
    "resources-2": "4 16",
    "spot-1": "70 90",
    "spot-2": "2",
    "spot-3": "8 24 7 70",
    "spot-4": "2,400 700 1,700",
    "gpu-1": "100 3.00 2 6.00 4 0.50 3 1.50 4.50 4,500 1,000",
    "gpu-2": "20 80",
    "gpu-3": "",
    "quant-1": "32 8 4 1 250",
    "quant-2": "1 2",
    "quant-3": "4 10 1 40 1.5",
    "prune-1": "100 30",
    "prune-2": "0 50 70 90 100 50 30 10 1 1.5 2 4 100 99 98 95",
    "prune-3": "6 5 8 1.8 15 3 70 97",
    "total-1": "10,000 60 4,000 30 1,200 20 560 2,240 7,760",
}
UNITS = {"%", "$", "×", "points", "CPUs", "GB", "s", "jobs"}
FIGURES = [(each.id, figure) for each in CLAIMS.values() for figure in each.figures]
ids = [f"{id}/{figure.name}" for id, figure in FIGURES]


def test_every_claim_of_the_story_is_there_in_its_order() -> None:
    assert list(CLAIMS) == list(STORY)
    assert {id: each.section for id, each in CLAIMS.items()} == {
        id: section for id, (section, _) in STORY.items()
    }


@pytest.mark.parametrize("id", STORY)
def test_figures_are_the_storys(id: str) -> None:
    found = {figure.name: (figure.value, figure.unit) for figure in CLAIMS[id].figures}
    wanted = STORY[id][1]
    assert list(found) == list(wanted)
    for name, (value, unit) in wanted.items():
        assert found[name][0] == pytest.approx(value)
        assert found[name][1] == unit


@pytest.mark.parametrize("id", STORY)
def test_sentences_state_the_storys_numbers(id: str) -> None:
    stated = re.findall(r"\d[\d,]*(?:\.\d+)?", CLAIMS[id].statement)
    missing = [each for each in STATED[id].split() if each not in [s.rstrip(",") for s in stated]]
    assert missing == []


@pytest.mark.parametrize(("id", "figure"), FIGURES, ids=ids)
def test_a_range_holds_the_storys_own_figure(id: str, figure: ClaimFigure) -> None:
    assert figure.low <= figure.value <= figure.high
    assert figure.low < figure.high
    assert figure.unit in UNITS
    assert all(map(math.isfinite, (figure.value, figure.low, figure.high)))


@pytest.mark.parametrize(("id", "figure"), FIGURES, ids=ids)
def test_a_rule_says_its_range_in_words(id: str, figure: ClaimFigure) -> None:
    """ "within 10 % of" means that; "at least" and "at most" name the end that binds."""
    numbers = [float(n.replace(",", "")) for n in re.findall(r"\d[\d,]*(?:\.\d+)?", figure.rule)]
    if figure.rule.startswith("within 10 %") or "asks within 10 %" in figure.rule:
        assert figure.low == pytest.approx(0.9 * figure.value)
        assert figure.high == pytest.approx(1.1 * figure.value)
        assert figure.value in numbers
    elif figure.rule.startswith("at least"):
        words = {"two": 2.0}
        named = numbers[0] if numbers else words[figure.rule.split()[2]]
        assert figure.low == pytest.approx(named)
    elif figure.rule.startswith("at most"):
        named = 0.5 if "half a point" in figure.rule else numbers[0]
        assert figure.high == pytest.approx(named, rel=0.01)
    else:
        assert figure.low in numbers or figure.value in numbers


@pytest.mark.parametrize("id", STORY)
def test_a_claim_says_what_it_says_and_hides(id: str) -> None:
    found = claim(id)
    assert found is CLAIMS[id]
    assert found.statement.endswith(".")
    assert found.hidden.strip()
    names = [figure.name for figure in found.figures]
    assert len(names) == len(set(names)) > 0
    assert found.figure() is found.figures[0]
    for name in names:
        assert found.figure(name).name == name


def test_a_range_includes_its_ends() -> None:
    size = claim("quant-1").figure("size")
    assert size.agrees(3.6)
    assert size.agrees(4.4)
    assert not size.agrees(3.5999)
    assert not size.agrees(4.4001)


def test_unknown_names_get_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"no claim 'quant-9'.*quant-1"):
        claim("quant-9")
    with pytest.raises(ValueError, match=r"no figure 'colour'; it has speed, size, loss"):
        claim("quant-3").figure("colour")
