"""The id that a learner's name becomes: safe as a folder's name, and no other learner's."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.grading.platforms import student_id

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
NAMES = st.text(min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ada", "ada"),
        ("a.lovelace-7", "a.lovelace-7"),
        ("Ada Lovelace", "Ada_Lovelace"),
        ("  Ada Lovelace ", "Ada_Lovelace"),
    ],
)
def test_safe_names_stay_as_they_are(name: str, expected: str) -> None:
    assert student_id(name) == expected


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Müller", "Muller-"),
        ("Łukasz Świątek", "Lukasz_Swiatek-"),
        ("Søren Æbelø", "Soren_Aebelo-"),
        ("王伟", "learner-"),
        ("ada@uni.edu", "ada_at_uni.edu-"),
        ("..", "learner-"),
        ("../../etc/passwd", "etcpasswd-"),
        (".hidden", "hidden-"),
        ("-rf", "rf-"),
        ("", "learner-"),
        ("a" * 300, "a" * 47 + "-"),
    ],
)
def test_other_names_are_spelt_and_told_apart(name: str, start: str) -> None:
    assert re.fullmatch(re.escape(start) + "[0-9a-f]{16}", student_id(name))


def test_an_id_that_was_made_cannot_be_chosen() -> None:
    made = student_id("Müller")
    assert student_id(made) != made


@pytest.mark.parametrize(
    ("one", "other"), [("ﬁ", "fi"), ("①", "1"), ("Ａda", "Ada"), ("ada", "Ada")]
)
def test_letters_that_only_look_alike_are_not_one_name(one: str, other: str) -> None:
    assert student_id(one) != student_id(other)


def test_composed_and_decomposed_letters_are_one_name() -> None:
    assert student_id("Mu\u0308ller") == student_id("M\u00fcller")


@given(NAMES)
def test_every_id_is_safe(name: str) -> None:
    made = student_id(name)
    assert SAFE.fullmatch(made)
    assert len(made) <= 64
    assert not made.endswith(".")


def same_name(one: str, other: str) -> bool:
    """Alike but for composed letters, and spaces where the other has underscores."""
    plain = [
        re.sub(r"\s", "_", unicodedata.normalize("NFC", each).strip()) for each in (one, other)
    ]
    return plain[0] == plain[1]


@given(st.sets(NAMES | st.text("aä_ .-é1", min_size=1, max_size=6), min_size=2, max_size=20))
def test_different_names_have_different_ids(names: set[str]) -> None:
    ordered = sorted(names)
    for place, name in enumerate(ordered):
        for other in ordered[:place]:
            assert (student_id(name) == student_id(other)) == same_name(name, other)
