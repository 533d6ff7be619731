"""Tags are read from every spelling that exports use."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopt_lessons.cost.tags import parse_tags

TAGS = {"team": "search", "env": "dev"}


@pytest.mark.parametrize(
    "value",
    [
        '{"team": "search", "env": "dev"}',
        "team=search;env=dev",
        " team = search ; env = dev ; ",
        '[{"Key": "team", "Value": "search"}, {"key": "env", "value": "dev"}]',
        [("team", "search"), ("env", "dev")],
        {"team": "search", "env": "dev"},
        {"team": "search", "env": "dev", "cost-center": None},
    ],
)
def test_all_spellings_mean_the_same(value):
    assert parse_tags(value) == TAGS


@pytest.mark.parametrize("value", [None, float("nan"), "", "  ", "NULL", "{}", "[]", {}])
def test_no_tags(value):
    assert parse_tags(value) == {}


def test_values_are_texts_and_a_key_without_a_value_is_true():
    assert parse_tags('{"spot": true, "cost-center": 12}') == {"spot": "true", "cost-center": "12"}


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_json_comes_back_as_it_was(tags):
    assert parse_tags(json.dumps(tags)) == tags


@pytest.mark.parametrize("value", ["team", "=search", '{"team"', "[1, 2]", '["team"]', 7])
def test_what_cannot_be_read_is_told_with_what_can(value):
    with pytest.raises(ValueError, match=r'Expected {"team": "search"}'):
        parse_tags(value)
